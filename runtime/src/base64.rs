//! Base64 (RFC 4648, standard alphabet, padded) for the type `bytes`. Only the canonical encoding is read.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn digit(sextet: u32) -> char {
    ALPHABET.get((sextet & 63) as usize).map_or('=', |b| char::from(*b))
}

fn sextet(byte: u8) -> Option<u32> {
    ALPHABET.iter().position(|b| *b == byte).and_then(|i| u32::try_from(i).ok())
}

/// The padded encoding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() { digit(bits >> (18 - 6 * i)) } else { '=' });
        }
    }
    out
}

/// The bytes; `None` unless `text` is exactly what [`encode`] makes of them.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.as_bytes().chunks(4) {
        let padding = chunk.iter().rev().take_while(|b| **b == b'=').count();
        let digits = chunk.get(..4usize.checked_sub(padding)?)?;
        let bits = digits.iter().try_fold(0u32, |bits, b| Some(bits << 6 | sextet(*b)?))? << (6 * padding);
        let [_, a, b, c] = bits.to_be_bytes();
        out.extend([a, b, c].iter().take(3usize.checked_sub(padding)?));
    }
    // Padding in the middle, missing padding and stray bits all show as a different encoding.
    (encode(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vectors() {
        for (plain, encoded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(plain.as_bytes()));
        }
        for text in ["Zg", "Zg=", "Zh==", "Zg==Zg==", "Z===", "====", "Zm9v\n", "Zm-_", "é==="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn round_trips(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }

        #[test]
        fn never_panics(text in ".{0,20}|[A-Za-z=]{0,12}") {
            let _ = decode(&text);
        }
    }
}
