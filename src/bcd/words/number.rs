//! Numbers.

/// A number, decimal or hexadecimal with `0x`.
pub(super) fn number(text: &str) -> Option<u64> {
    hexadecimal(text).or_else(|| plain(text, 10))
}

/// A hexadecimal number with `0x`.
pub(super) fn hexadecimal(text: &str) -> Option<u64> {
    plain(text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?, 16)
}

/// A number without a sign.
pub(super) fn plain(digits: &str, radix: u32) -> Option<u64> {
    let is_plain = digits.bytes().all(|digit| digit.is_ascii_alphanumeric());
    is_plain.then(|| u64::from_str_radix(digits, radix).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let cases = [
            ("0", Some(0)),
            ("30", Some(30)),
            ("0x1F", Some(31)),
            ("0Xff", Some(255)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("0x10000000000000000", None),
            ("1f", None),
            ("+1", None),
            ("-1", None),
            ("0x-1", None),
            ("0x", None),
            ("", None),
            ("1 2", None),
        ];
        for (text, expected) in cases {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
