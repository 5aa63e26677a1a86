//! Bytes ↔ base64, for what is not UTF-8 in JSON.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// With padding, as RFC 4648 has it.
pub(crate) fn push(bytes: &[u8], out: &mut Vec<u8>) {
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place > group.len() { b'=' } else { digit });
        }
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    let mut digits = Vec::new();
    push(bytes, &mut digits);
    String::from_utf8(digits).expect("base64 is ASCII")
}

/// With padding or without; `None`: something in it is no digit.
pub(crate) fn bytes(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut bits = 0;
        for place in 0..4 {
            let digit = group.get(place).unwrap_or(&DIGITS[0]);
            let value = DIGITS.iter().position(|known| known == digit)?;
            bits = bits << 6 | value as u32;
        }
        let [_, all @ ..] = bits.to_be_bytes();
        bytes.extend_from_slice(&all[..group.len() - 1]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        let check = |content: &str, expected: &str| {
            assert_eq!(text(content.as_bytes()), expected);
            assert_eq!(bytes(expected).unwrap(), content.as_bytes());
        };
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
    }

    #[test]
    fn what_is_no_base64_has_no_bytes() {
        for wrong in ["Zg!=", "Z g=", "é", "=Zg="] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
        assert_eq!(bytes("Z"), Some(Vec::new()));
    }
}
