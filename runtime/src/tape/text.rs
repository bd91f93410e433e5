//! The inside of a JSON string: where it ends, and what its escapes stand for.

/// How many bytes are looked at eight at a time, before it pays to look at whole blocks.
const SHORT: usize = 32;

/// The length of what begins here and is neither a quote, nor an escape, nor a control character.
pub(super) fn clean(bytes: &[u8]) -> usize {
    let head = by_words(bytes.get(..SHORT).unwrap_or(bytes));
    if head < SHORT {
        return head;
    }
    let rest = bytes.get(SHORT..).unwrap_or_default();
    let blocks = rest.as_chunks::<64>().0.iter().take_while(|block| is_clean(block)).count();
    let at = SHORT + 64 * blocks;
    at + by_words(bytes.get(at..).unwrap_or_default())
}

fn special(byte: u8) -> bool {
    byte < b' ' || byte == b'"' || byte == b'\\'
}

/// All bytes are looked at, whatever the first one says: that can be done for many at once.
fn is_clean(block: &[u8; 64]) -> bool {
    block.iter().fold(0, |found, byte| found | u8::from(special(*byte))) == 0
}

fn by_words(bytes: &[u8]) -> usize {
    let (words, tail) = bytes.as_chunks::<8>();
    for (i, word) in words.iter().enumerate() {
        let found = special_in(u64::from_le_bytes(*word));
        if found != 0 {
            return 8 * i + found.trailing_zeros() as usize / 8;
        }
    }
    8 * words.len() + tail.iter().take_while(|byte| !special(**byte)).count()
}

/// The lowest bit set here is the highest bit of the first special byte.
fn special_in(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let control = below(word, b' ');
    let quote = below(word ^ (ONES * u64::from(b'"')), 1);
    let escape = below(word ^ (ONES * u64::from(b'\\')), 1);
    (control | quote | escape) & (ONES << 7)
}

/// The character that the escape at the beginning stands for, and how long it is. Half of a pair stands for nothing.
pub(super) fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let c = match bytes.get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(bytes),
        _ => return None,
    };
    Some((c, 2))
}

fn unicode(bytes: &[u8]) -> Option<(char, usize)> {
    let first = unit(bytes)?;
    if let Some(c) = char::from_u32(first) {
        return Some((c, 6));
    }
    let second = unit(bytes.get(6..)?)?;
    let pair = (0xd800..0xdc00).contains(&first) && (0xdc00..0xe000).contains(&second);
    let c = 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff);
    pair.then(|| char::from_u32(c)).flatten().map(|c| (c, 12))
}

/// `\uXXXX`
fn unit(bytes: &[u8]) -> Option<u32> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0, |unit, digit| Some(unit << 4 | char::from(*digit).to_digit(16)?))
}

/// What a string with escapes stands for.
pub(super) fn unescaped(source: &str) -> Option<String> {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at)?);
        let (c, len) = escape(rest.as_bytes().get(at..)?)?;
        out.push(c);
        rest = rest.get(at + len..)?;
    }
    out.push_str(rest);
    Some(out)
}
