//! The escapes of `$'…'`.

use super::source::Source;

/// What an escape stands for.
pub(super) enum Escape {
    Char(char),
    /// A backslash that begins no escape is kept.
    Two(char, char),
    /// A byte that is no character, or text that ends at NUL.
    Unknown,
}

/// Reads an escape after its backslash.
pub(super) fn escape(source: &mut Source<'_>) -> Escape {
    let Some(c) = source.bump_raw() else { return Escape::Char('\\') };
    Escape::Char(match c {
        'a' => '\u{7}',
        'b' => '\u{8}',
        'e' | 'E' => '\u{1B}',
        'f' => '\u{C}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{B}',
        '\\' | '\'' | '"' | '?' => c,
        'x' => return byte(digits(source, 16, 2, None), c),
        'u' => return code(digits(source, 16, 4, None), c),
        'U' => return code(digits(source, 16, 8, None), c),
        '0'..='7' => return byte(digits(source, 8, 2, c.to_digit(8)), c),
        'c' => {
            source.bump_raw();
            return Escape::Unknown;
        }
        _ => return Escape::Two('\\', c),
    })
}

/// Up to `most` digits; `None` if there are none.
fn digits(source: &mut Source<'_>, radix: u32, most: usize, first: Option<u32>) -> Option<u32> {
    let mut value = first;
    for _ in 0..most {
        let Some(digit) = source.peek_raw().and_then(|c| c.to_digit(radix)) else { break };
        source.bump_raw();
        value = Some(value.unwrap_or(0).saturating_mul(radix).saturating_add(digit));
    }
    value
}

fn byte(value: Option<u32>, letter: char) -> Escape {
    match value {
        None => Escape::Two('\\', letter),
        // A byte above 127 is a part of a character.
        Some(value @ 1..=127) => char::from_u32(value).map_or(Escape::Unknown, Escape::Char),
        Some(_) => Escape::Unknown,
    }
}

fn code(value: Option<u32>, letter: char) -> Escape {
    match value {
        None => Escape::Two('\\', letter),
        Some(0) => Escape::Unknown,
        // Which bytes a character becomes depends on the locale.
        Some(value @ 1..=127) => char::from_u32(value).map_or(Escape::Unknown, Escape::Char),
        Some(_) => Escape::Unknown,
    }
}
