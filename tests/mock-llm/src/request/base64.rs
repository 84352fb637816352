//! Whether a text is base64 (RFC 4648, section 4, with padding). Nothing is decoded.

/// Whether `text` can be decoded to at least one byte.
pub fn is_base64(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = bytes
        .strip_suffix(b"==")
        .or_else(|| bytes.strip_suffix(b"="))
        .unwrap_or(bytes);
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    !bytes.is_empty() && bytes.len().is_multiple_of(4) && digits.iter().all(is_digit)
}

/// Whether `url` is a data URL of this kind of media (`image/`) in base64.
pub fn is_data_url(url: &str, kind: &str) -> bool {
    let Some((head, data)) = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
    else {
        return false;
    };
    head.starts_with(kind) && head.ends_with(";base64") && is_base64(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_decoded_is_told() {
        for good in ["QQ==", "QUI=", "QUJD", "+/+/"] {
            assert!(is_base64(good), "{good}");
        }
        for bad in [
            "", "Q", "QQ=", "QQ=A", "=QQQ", "Q===", "QUJ\n", "QU-D", "é===",
        ] {
            assert!(!is_base64(bad), "{bad}");
        }
        assert!(is_data_url("data:image/png;base64,QUJD", "image/"));
        for bad in [
            "data:image/png,QUJD",
            "data:audio/wav;base64,QUJD",
            "image/png;base64,QUJD",
        ] {
            assert!(!is_data_url(bad, "image/"), "{bad}");
        }
    }
}
