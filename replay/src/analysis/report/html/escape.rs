//! Text from files within HTML: names, commands and specs are never markup.

use std::fmt;

/// Text that is shown as it stands, in an element or in a quoted attribute.
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => out.write_str("&amp;"),
            '<' => out.write_str("&lt;"),
            '>' => out.write_str("&gt;"),
            '"' => out.write_str("&quot;"),
            '\'' => out.write_str("&#39;"),
            // No control character but these is allowed in a document; nor are marks that turn
            // the direction of writing to be trusted.
            '\n' | '\t' => write!(out, "{c}"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.write_str("\u{fffd}"),
            _ if c.is_control() => out.write_str("\u{fffd}"),
            _ => write!(out, "{c}"),
        })
    }
}

/// JSON within a script element: no `<` may end it.
pub fn json(value: &serde_json::Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let hostile = "</script><img src=x onerror='a' alt=\"b\">&\u{0}\u{202e}";
        let shown = Escaped(hostile).to_string();
        assert!(
            !shown.contains(['<', '>', '"', '\'', '\u{0}', '\u{202e}']),
            "{shown}"
        );
        assert!(shown.starts_with("&lt;/script&gt;"));
        let value = serde_json::json!({ "name": "</script><!--" });
        let text = json(&value);
        assert!(!text.contains('<'), "{text}");
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&text).unwrap(),
            value
        );
    }
}
