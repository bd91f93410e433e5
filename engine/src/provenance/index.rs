//! Everything that one kind of source has said, so that it can be told quickly whether a value occurs in it.
//!
//! Adding a text costs its length. A value is looked up by its rarest word, and compared with the text wherever that
//! word stands; fragments by the hashes of chosen windows ("winnowing" after Schleimer, Wilkerson and Aiken, 2003). A hash
//! is only ever a hint where trust depends on it. Knows texts in normal form; nothing of requests.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use claw_runtime::Decimal;

use super::normal::{Class, Edge, Normal, class, edge, words};

/// Parts texts from each other; no text in normal form has it.
const END: char = '\u{1}';
/// Windows are of so many bytes, of letters and digits only.
const WINDOW: usize = 16;
/// Of so many neighbouring windows one is remembered: a fragment of 20 such bytes is always found, one of less than 16
/// never.
const CHOICE: usize = 5;
/// Bytes of a phrase: of a text, line or word that is found as a whole within a longer value.
const PHRASE: std::ops::RangeInclusive<usize> = 8..=64;
/// Words of a phrase at most.
const PHRASE_WORDS: usize = 8;
/// A value of fewer characters has to stand by itself.
const SHORT: usize = 4;

/// How a value occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    No,
    /// As words that are written together with others, as in `acme.com` of `https://acme.com/x`.
    Part,
    /// By itself.
    Whole,
}

/// How many comparisons a look-up may still cost.
#[derive(Debug)]
pub(super) struct Work(pub(super) u64);

impl Work {
    fn spend(&mut self, cost: usize) -> bool {
        self.0 = self.0.saturating_sub(u64::try_from(cost).unwrap_or(u64::MAX));
        self.0 > 0
    }

    pub(super) fn is_spent(&self) -> bool {
        self.0 == 0
    }
}

/// A value to look up.
#[derive(Debug)]
pub(super) struct Needle {
    text: String,
    words: Vec<(usize, usize)>,
    /// By number rather than by text.
    number: Option<String>,
    /// The number that the text is, which may have been written in another way.
    value: Option<String>,
    short: bool,
}

impl Needle {
    pub(super) fn text(normal: Normal) -> Needle {
        let words = words(&normal.text);
        let short = normal.text.chars().take(SHORT).count() < SHORT;
        let (digits, negative) = normal.text.strip_prefix('-').map_or((normal.text.as_str(), false), |d| (d, true));
        Needle { words, short, number: None, value: number(digits, negative), text: normal.text }
    }

    /// A JSON number, found wherever a number of this value stands.
    pub(super) fn number(text: &str) -> Needle {
        let mut needle = Needle::text(Normal::of(text, usize::MAX));
        needle.number = Decimal::parse(text).ok().map(|d| d.to_string());
        needle
    }

    /// What fragments of it there may be. Costs a multiple of its length.
    pub(super) fn quotes(&self) -> Quotes {
        let mut phrases = Vec::new();
        for (i, (start, _)) in self.words.iter().enumerate() {
            for (_, end) in self.words.iter().skip(i).take(PHRASE_WORDS) {
                phrases.extend(phrase(&self.text, *start, *end));
            }
        }
        Quotes { phrases, windows: windows(&self.text) }
    }
}

/// The fragments of a value.
#[derive(Debug)]
pub(super) struct Quotes {
    phrases: Vec<u64>,
    windows: Vec<u64>,
}

/// A word in the text, and the same word before it.
#[derive(Clone, Copy, Debug)]
struct Word {
    start: u32,
    previous: Option<u32>,
}

/// The latest occurrence of a word, and how many there are.
#[derive(Clone, Copy, Debug)]
struct Chain {
    latest: u32,
    count: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    text: String,
    words: Vec<Word>,
    chains: HashMap<u64, Chain>,
    /// Numbers that stand by themselves, and those that are written together with something (`500eur`).
    numbers: HashSet<Box<str>>,
    joined_numbers: HashSet<Box<str>>,
    phrases: HashSet<u64>,
    windows: HashSet<u64>,
}

impl Index {
    /// Adds a text. What all texts have together must stay below 4 GiB.
    pub(super) fn add(&mut self, normal: &Normal) {
        let text = normal.text.as_str();
        let base = self.text.len();
        self.text.push_str(text);
        self.text.push(END);
        let words = words(text);
        for (start, end) in &words {
            self.add_word(base.saturating_add(*start), hash(slice(text, *start, *end)));
        }
        self.add_lines(normal, &words);
        self.add_tokens(text, &words);
        choose(&windows(text), &mut self.windows);
    }

    fn add_word(&mut self, start: usize, hash: u64) {
        let (Ok(start), Ok(this)) = (u32::try_from(start), u32::try_from(self.words.len())) else { return };
        let chain = self.chains.get(&hash).copied();
        self.words.push(Word { start, previous: chain.map(|chain| chain.latest) });
        let count = chain.map_or(0, |chain| chain.count).saturating_add(1);
        self.chains.insert(hash, Chain { latest: this, count });
    }

    /// Each line is a phrase, and so is what stands in double quotes, if it is short.
    fn add_lines(&mut self, normal: &Normal, words: &[(usize, usize)]) {
        let mut rest = words;
        for line_end in normal.breaks.iter().copied().chain([normal.text.len()]) {
            let (line, after) = rest.split_at(rest.partition_point(|(start, _)| *start < line_end));
            if let (Some((start, _)), Some((_, end)), true) = (line.first(), line.last(), line.len() <= PHRASE_WORDS) {
                self.phrases.extend(phrase(&normal.text, *start, *end));
            }
            rest = after;
        }
    }

    /// What is written together is a phrase if it looks like a name, an address or a number; and may be a number.
    fn add_tokens(&mut self, text: &str, words: &[(usize, usize)]) {
        let mut rest = words;
        while let Some((start, first_end)) = rest.first().copied() {
            let mut end = first_end;
            let mut len = 1_usize;
            while let Some((next, next_end)) = rest.get(len).copied()
                && slice(text, end, next).chars().all(|c| class(c) == Class::Joiner)
                && edge(slice(text, 0, end), slice(text, end, text.len())) != Edge::Free
            {
                end = next_end;
                len = len.saturating_add(1);
            }
            let token = slice(text, start, end);
            if len <= PHRASE_WORDS && (len > 1 || token.bytes().any(|b| b.is_ascii_digit())) {
                self.phrases.extend(phrase(text, start, end));
            }
            self.add_numbers(token, is_minus(slice(text, 0, start)));
            rest = rest.get(len..).unwrap_or_default();
        }
    }

    fn add_numbers(&mut self, token: &str, negative: bool) {
        if let Some(number) = number(token, negative) {
            self.numbers.insert(number.into());
            return;
        }
        for run in token.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ','))) {
            let run = run.trim_matches(['.', ',']);
            if run.len() >= SHORT
                && let Some(number) = number(run, false)
            {
                self.joined_numbers.insert(number.into());
            }
        }
    }

    /// Where and how a value occurs, at its best. `No` if the work is spent: ask [`Work::is_spent`].
    pub(super) fn find(&self, needle: &Needle, work: &mut Work) -> Found {
        if let Some(number) = &needle.number {
            return match (self.numbers.contains(number.as_str()), self.joined_numbers.contains(number.as_str())) {
                (true, _) => Found::Whole,
                (_, true) => Found::Part,
                _ => Found::No,
            };
        }
        let found = self.find_text(needle, work);
        match &needle.value {
            Some(value) if !needle.short && self.numbers.contains(value.as_str()) => found.max(Found::Part),
            _ => found,
        }
    }

    fn find_text(&self, needle: &Needle, work: &mut Work) -> Found {
        let mut rarest: Option<(Chain, usize)> = None;
        for (start, end) in &needle.words {
            let Some(chain) = self.chains.get(&hash(slice(&needle.text, *start, *end))) else { return Found::No };
            if rarest.is_none_or(|(known, _)| chain.count < known.count) {
                rarest = Some((*chain, *start));
            }
        }
        let Some((chain, offset)) = rarest else { return Found::No };
        let mut best = Found::No;
        let mut next = Some(chain.latest);
        while let Some(word) = next.and_then(|i| self.words.get(usize::try_from(i).ok()?)) {
            if !work.spend(needle.text.len() / 32 + 1) {
                return Found::No;
            }
            best = best.max(self.at(word.start, offset, needle));
            if best == Found::Whole {
                return best;
            }
            next = word.previous;
        }
        best
    }

    /// Does the value stand where its word at `offset` is at `start`?
    fn at(&self, start: u32, offset: usize, needle: &Needle) -> Found {
        let place = usize::try_from(start).ok().and_then(|start| start.checked_sub(offset));
        let Some(start) = place else { return Found::No };
        let end = start.saturating_add(needle.text.len());
        if self.text.as_bytes().get(start..end) != Some(needle.text.as_bytes()) {
            return Found::No;
        }
        let (before, after) = (slice(&self.text, 0, start), slice(&self.text, end, self.text.len()));
        let left = edge(before, slice(&self.text, start, self.text.len()));
        match left.min(edge(slice(&self.text, 0, end), after)) {
            Edge::Free => Found::Whole,
            Edge::Joined if !needle.short => Found::Part,
            _ => Found::No,
        }
    }

    /// Bytes of memory, about: tables have a byte of their own for each place, and an eighth of the places free.
    pub(super) fn memory(&self) -> usize {
        let table = |places: usize, size: usize| places.saturating_mul(size.saturating_add(1)).saturating_mul(8) / 7;
        let numbers = self.numbers.iter().chain(&self.joined_numbers).map(|number| number.len().saturating_add(16));
        [
            self.text.capacity(),
            self.words.capacity().saturating_mul(size_of::<Word>()),
            table(self.chains.capacity(), size_of::<(u64, Chain)>()),
            table(self.phrases.capacity(), size_of::<u64>()),
            table(self.windows.capacity(), size_of::<u64>()),
            table(self.numbers.capacity(), size_of::<Box<str>>()),
            table(self.joined_numbers.capacity(), size_of::<Box<str>>()),
        ]
        .into_iter()
        .chain(numbers)
        .fold(0, usize::saturating_add)
    }

    /// Is a fragment of the value from here?
    pub(super) fn is_quoted(&self, quotes: &Quotes) -> bool {
        quotes.phrases.iter().any(|hash| self.phrases.contains(hash))
            || quotes.windows.iter().any(|hash| self.windows.contains(hash))
    }
}

fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

fn hash(text: &str) -> u64 {
    hash_bytes(text.as_bytes())
}

/// With fixed keys, so that two machines choose the same windows. The tables hash it again, with keys of their own.
fn hash_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn phrase(text: &str, start: usize, end: usize) -> Option<u64> {
    let phrase = slice(text, start, end);
    PHRASE.contains(&phrase.len()).then(|| hash(phrase))
}

/// The hashes of all windows over the letters and digits of a text.
fn windows(text: &str) -> Vec<u64> {
    let squeezed: String = text.chars().filter(|c| matches!(class(*c), Class::Word | Class::Single)).collect();
    squeezed.as_bytes().windows(WINDOW).map(hash_bytes).collect()
}

/// The smallest of each `CHOICE` neighbours; of fewer, the smallest of them.
fn choose(windows: &[u64], chosen: &mut HashSet<u64>) {
    if windows.len() < CHOICE {
        chosen.extend(windows.iter().min());
    }
    chosen.extend(windows.windows(CHOICE).filter_map(|neighbours| neighbours.iter().min()));
}

/// Does the text end in a sign of the number after it?
fn is_minus(before: &str) -> bool {
    let free = |c: char| class(c) != Class::Word && c != '-';
    before.strip_suffix('-').is_some_and(|before| before.chars().next_back().is_none_or(free))
}

/// The value of `12`, `12.50`, `1,000.5` or `12,5`. Not of `007`, which is a name.
fn number(text: &str, negative: bool) -> Option<String> {
    let zeros = text.strip_prefix('0').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if zeros || !text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')) {
        return None;
    }
    let mut plain = if text.contains(',') { without_commas(text)? } else { text.to_owned() };
    if negative {
        plain.insert(0, '-');
    }
    Decimal::parse(&plain).ok().map(|d| d.to_string())
}

/// Commas part thousands, or one of them is the decimal comma.
fn without_commas(text: &str) -> Option<String> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let mut groups = whole.split(',');
    let first = groups.next()?.len();
    if (1..=3).contains(&first) && groups.all(|group| group.len() == 3) {
        let digits = whole.replace(',', "");
        return Some(fraction.map_or(digits.clone(), |fraction| format!("{digits}.{fraction}")));
    }
    (fraction.is_none() && text.matches(',').count() == 1).then(|| text.replace(',', "."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(texts: &[&str]) -> Index {
        let mut index = Index::default();
        texts.iter().for_each(|text| index.add(&Normal::of(text, usize::MAX)));
        index
    }

    fn find(index: &Index, value: &str) -> Found {
        index.find(&Needle::text(Normal::of(value, usize::MAX)), &mut Work(1_000_000))
    }

    #[test]
    fn values_in_texts() {
        let index = index(&[
            "Mail bob@acme.com.au and Ann's boss, please. See https://evil.example/x or /srv/data/a.txt",
            "transfer 12.50 to DE02 9988",
        ]);
        for (value, expected) in [
            ("bob@acme.com.au", Found::Whole),
            ("BOB@ACME.COM.AU", Found::Whole),
            ("bob@acme.com", Found::Part),
            ("ann", Found::Whole),
            ("ann's boss", Found::Whole),
            ("evil.example", Found::Part),
            ("https://evil.example/x", Found::Whole),
            ("/srv/data/a.txt", Found::Whole),
            ("/srv/data", Found::Part),
            ("srv/data/a.txt", Found::Part),
            ("a.txt", Found::Part),
            ("de02  9988", Found::Whole),
            ("ob@acme.com.au", Found::No),
            ("9988 mail", Found::No),
            ("a.txt transfer", Found::No),
            ("x", Found::No),
            ("", Found::No),
            ("--", Found::No),
            ("de02", Found::Whole),
            ("e02", Found::No),
        ] {
            assert_eq!(find(&index, value), expected, "{value}");
        }
    }

    #[test]
    fn numbers_by_value() {
        let index =
            index(&["pay 12.50, 1,000 and 7,5 or -3; 500eur 2500eur, account 007, 5%, 1.2.3, 4-6, balance: 1,234.00"]);
        for (value, expected) in [
            ("12.5", Found::Whole),
            ("12.50", Found::Whole),
            ("1000", Found::Whole),
            ("7.5", Found::Whole),
            ("-3", Found::Whole),
            ("3", Found::No),
            ("5", Found::Whole),
            ("7", Found::No),
            ("500", Found::No),
            ("2500", Found::Part),
            ("1234", Found::Whole),
            ("6", Found::No),
            ("-6", Found::No),
        ] {
            assert_eq!(index.find(&Needle::number(value), &mut Work(1000)), expected, "{value}");
        }
    }

    #[test]
    fn scripts_without_spaces() {
        let index = index(&["我住在北京市"]);
        assert_eq!(find(&index, "北京"), Found::Whole);
        assert_eq!(find(&index, "南京"), Found::No);
    }

    #[test]
    fn fragments() {
        let index = index(&["The quick brown fox jumps over the lazy dog\nIBAN: DE0299887766 for Jane Doe\nJane Doe"]);
        let quoted = |text: &str| index.is_quoted(&Needle::text(Normal::of(text, usize::MAX)).quotes());
        assert!(quoted("he wrote: quick brown FOX jumps, over"));
        assert!(quoted("xxquick brown fox jumpsyy"));
        assert!(quoted("send it to DE0299887766 today"));
        assert!(quoted("dear Jane Doe, hello"));
        assert!(!quoted("a quick dog and a brown fox"));
        assert!(!quoted("the quick"));
    }

    #[test]
    fn work_is_bounded() {
        let index = index(&[&"ab ".repeat(10_000)]);
        let mut work = Work(100);
        assert_eq!(index.find(&Needle::text(Normal::of("ab ab-", 100)), &mut work), Found::No);
        assert!(work.is_spent());
    }
}
