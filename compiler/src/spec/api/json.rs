//! Values of a spec as the JSON that a body holds: numbers digit by digit as they were written,
//! text escaped once. Refuses numbers that YAML knows and JSON does not.

use crate::escape::quoted;
use crate::spec::error::SpecError;
use crate::spec::fields::Cursor;
use crate::spec::node::Value;

/// The value under `cursor` as JSON text.
pub(super) fn json(cursor: &Cursor<'_>) -> Result<String, SpecError> {
    let mut out = String::new();
    append(cursor, &mut out)?;
    Ok(out)
}

/// Goes down as deep as YAML may nest here, which `node` limits.
fn append(cursor: &Cursor<'_>, out: &mut String) -> Result<(), SpecError> {
    match &cursor.node.value {
        Value::Null => out.push_str("null"),
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Text(text) => out.push_str(&quoted(text)),
        Value::Number(digits) if is_number(digits) => out.push_str(digits),
        Value::Number(digits) => {
            let what = format!("JSON has no number `{digits}`");
            return Err(cursor.error(what, "write decimal digits, like 16 or 0.5, or quote it"));
        }
        Value::List(_) => {
            out.push('[');
            for (i, item) in cursor.list()?.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                append(item, out)?;
            }
            out.push(']');
        }
        Value::Map(_) => {
            out.push('{');
            for (i, (key, value)) in cursor.entries()?.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                out.push_str(&quoted(key.text));
                out.push(':');
                append(value, out)?;
            }
            out.push('}');
        }
    }
    Ok(())
}

/// RFC 8259, section 6.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.map(|text| text.strip_prefix(['+', '-']).unwrap_or(text));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_those_of_json() {
        for good in ["0", "-0", "10", "0.5", "-1.25e+10", "1E5", "2e-3"] {
            assert!(is_number(good), "{good}");
        }
        for bad in [
            "", "-", "01", ".5", "5.", "+1", "0x10", "1_000", "1e", "1e+", ".", "1.e5",
        ] {
            assert!(!is_number(bad), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_one_if_a_json_reader_says_so(text in "[-+0-9.eE]{1,8}") {
            let parsed = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            prop_assert_eq!(is_number(&text), parsed.is_ok());
        }
    }
}
