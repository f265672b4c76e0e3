//! Texts as addresses, forms and IAM write them: with `%` and two digits for other bytes.

/// Encodes all but ASCII letters, digits and `kept`.
pub(crate) fn encoded(text: &str, kept: &[u8]) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || kept.contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16));
            encoded.push('%');
            encoded.extend(digits.into_iter().flatten().map(|digit| digit.to_ascii_uppercase()));
        }
    }
    encoded
}

/// Encodes a value of a query or a form (<https://www.rfc-editor.org/rfc/rfc3986#section-2.3>).
pub(crate) fn value(text: &str) -> String {
    encoded(text, b"-._~")
}

/// Decodes a text; `None` if it is not one that was encoded so.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high << 4 | low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_again() {
        for text in ["", "a b", "{\"Version\":\"2012-10-17\"}", "日本 1+2%"] {
            assert_eq!(decoded(&value(text)).as_deref(), Some(text));
        }
        assert_eq!(value("a b/c+d~"), "a%20b%2Fc%2Bd~");
        assert_eq!(decoded("a+b").as_deref(), Some("a+b"), "a plus is itself");
    }

    #[test]
    fn what_was_not_encoded_so_is_not_decoded() {
        for text in ["%", "%4", "%zz", "%ff", "100%"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}
