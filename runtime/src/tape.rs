//! JSON read in one pass into a flat list of tokens: nothing is copied, and nothing is allocated but the list.
//!
//! This is the quick reading of what `json.rs` reads with care. It says only "here it is" or "I don't know": whoever
//! gets the latter reads the same bytes with [`crate::Json::parse`], which knows what is wrong, or that nothing is. So
//! nothing may be accepted here that is refused there. Knows nothing of claw's types.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use crate::decimal::plain_decimal;
use crate::{Json, Limits};

mod text;

/// How deep this reader goes, whatever the limits say: it calls itself.
const DEEPEST: usize = 128;

/// How many members of an object are compared each with each for finding one that occurs twice.
const FEW: usize = 12;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number,
    Text,
    Array,
    Object,
}

/// A value, or an object's key, which stands before its value.
#[derive(Clone, Copy, Debug)]
struct Token {
    kind: Kind,
    /// A text without escapes; a whole number that is written as plainly as possible.
    plain: bool,
    /// Where it stands in the text; quotes do not belong to it, brackets do.
    start: u32,
    end: u32,
    /// The token after all that belongs to this value.
    next: u32,
}

/// A document that is well-formed and within the limits, no key twice.
#[derive(Debug)]
pub(crate) struct Tape<'a> {
    text: &'a str,
    tokens: Vec<Token>,
}

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'t> {
    tape: &'t Tape<'t>,
    token: &'t Token,
    /// Where the token stands in the list.
    at: u32,
}

impl<'a> Tape<'a> {
    /// Reads a document; `None` if that is not certain to succeed with [`Json::parse`].
    pub(crate) fn read(bytes: &'a [u8], limits: &Limits) -> Option<Tape<'a>> {
        if bytes.len() > limits.bytes || u32::try_from(bytes.len()).is_err() {
            return None;
        }
        let text = std::str::from_utf8(bytes).ok()?;
        let mut tokens = SPARE.try_with(Cell::take).unwrap_or_default();
        tokens.clear();
        let mut reader = Reader { text, bytes, at: 0, limits, nodes: 0, tokens };
        reader.space();
        let whole = reader.value(0).is_some_and(|()| {
            reader.space();
            reader.at == bytes.len()
        });
        let tape = Tape { text, tokens: reader.tokens };
        whole.then_some(tape)
    }

    /// The document as a value.
    pub(crate) fn root(&self) -> Option<Item<'_>> {
        self.item(0)
    }

    /// The text that was read.
    pub(crate) fn text(&self) -> &'a str {
        self.text
    }

    fn item(&self, at: u32) -> Option<Item<'_>> {
        Some(Item { tape: self, token: self.tokens.get(at as usize)?, at })
    }
}

/// How many tokens a thread keeps room for.
const KEPT: usize = 4096;

thread_local! {
    /// The memory of the last list, for the next one.
    static SPARE: Cell<Vec<Token>> = const { Cell::new(Vec::new()) };
}

impl Drop for Tape<'_> {
    fn drop(&mut self) {
        if self.tokens.capacity() <= KEPT {
            // A thread that ends keeps nothing.
            let _ = SPARE.try_with(|spare| spare.set(std::mem::take(&mut self.tokens)));
        }
    }
}

impl<'t> Item<'t> {
    pub(crate) fn kind(self) -> Kind {
        self.token.kind
    }

    pub(crate) fn is_null(self) -> bool {
        self.token.kind == Kind::Null
    }

    /// As it is written; a string without its quotes.
    pub(crate) fn source(self) -> &'t str {
        self.tape.text.get(self.token.start as usize..self.token.end as usize).unwrap_or_default()
    }

    /// A string that is written without escapes.
    pub(crate) fn plain(self) -> Option<&'t str> {
        (self.token.kind == Kind::Text && self.token.plain).then(|| self.source())
    }

    /// A string.
    pub(crate) fn text(self) -> Option<Cow<'t, str>> {
        match self.token.kind {
            Kind::Text if self.token.plain => Some(Cow::Borrowed(self.source())),
            Kind::Text => text::unescaped(self.source()).map(Cow::Owned),
            _ => None,
        }
    }

    /// A string as values keep it.
    pub(crate) fn shared(self) -> Option<Arc<str>> {
        self.text().map(Arc::from)
    }

    /// A number in plain decimal notation without superfluous zeros, of at most so many characters.
    pub(crate) fn number(self, max: usize) -> Option<Cow<'t, str>> {
        match self.token.kind {
            Kind::Number if self.token.plain => Some(Cow::Borrowed(self.source())),
            Kind::Number => plain_decimal(self.source(), max).map(Cow::Owned),
            _ => None,
        }
    }

    /// The elements of an array; nothing for another value.
    pub(crate) fn items(self) -> impl Iterator<Item = Item<'t>> + use<'t> {
        let end = if self.token.kind == Kind::Array { self.token.next } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let item = self.tape.item(at).filter(|_| at < end)?;
            at = item.token.next;
            Some(item)
        })
    }

    /// The members of an object, as they stand there; nothing for another value.
    pub(crate) fn members(self) -> impl Iterator<Item = (&'t str, Item<'t>)> + use<'t> {
        let end = if self.token.kind == Kind::Object { self.token.next } else { 0 };
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let key = self.tape.item(at).filter(|_| at < end)?;
            let value = self.tape.item(at + 1)?;
            at = value.token.next;
            Some((key.source(), value))
        })
    }

    /// The member of an object.
    pub(crate) fn get(self, key: &str) -> Option<Item<'t>> {
        self.members().find(|(name, _)| *name == key).map(|(_, value)| value)
    }

    /// The value with everything in it.
    pub(crate) fn json(self, limits: &Limits) -> Option<Json> {
        Some(match self.token.kind {
            Kind::Null => Json::Null,
            Kind::Bool(b) => Json::Bool(b),
            Kind::Number => Json::Num(self.number(limits.number)?.into()),
            Kind::Text => Json::Str(self.shared()?),
            Kind::Array => Json::Arr(self.items().map(|item| item.json(limits)).collect::<Option<_>>()?),
            Kind::Object => {
                let members = self.members().map(|(key, value)| Some((Arc::from(key), value.json(limits)?)));
                Json::Obj(members.collect::<Option<_>>()?)
            }
        })
    }
}

/// Reads a document token by token; `None` is "I don't know".
struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    limits: &'a Limits,
    nodes: usize,
    tokens: Vec<Token>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    /// Steps over this byte, if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// Bounded by the document's length, which fits.
    fn here(&self) -> u32 {
        self.at as u32
    }

    fn push(&mut self, kind: Kind, plain: bool, start: u32) {
        let next = self.tokens.len() as u32 + 1;
        self.tokens.push(Token { kind, plain, start, end: self.here(), next });
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return None;
        }
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.container(Kind::Object, depth),
            b'[' => self.container(Kind::Array, depth),
            b't' => self.word(b"true", Kind::Bool(true)),
            b'f' => self.word(b"false", Kind::Bool(false)),
            b'n' => self.word(b"null", Kind::Null),
            _ => self.number(),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Option<()> {
        let start = self.here();
        self.at += word.len();
        self.bytes.get(start as usize..self.at).filter(|found| *found == word)?;
        self.push(kind, true, start);
        Some(())
    }

    /// A string, of which the quote is next.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        let start = self.at;
        let mut plain = true;
        loop {
            self.at += text::clean(self.bytes.get(self.at..)?);
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    plain = false;
                    let (_, len) = text::escape(self.bytes.get(self.at..)?)?;
                    self.at += len;
                }
                _ => return None,
            }
        }
        // What it stands for is no longer than what is written.
        if self.at - start > self.limits.string {
            return None;
        }
        self.push(Kind::Text, plain, start as u32);
        self.at += 1;
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let start = self.at;
        let negative = self.skip(b'-');
        let zero = self.skip(b'0');
        if !zero {
            self.digits()?;
        }
        let mut plain = !(negative && zero);
        if self.skip(b'.') {
            plain = false;
            self.digits()?;
        }
        let max = self.limits.number;
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            plain = false;
            let _ = self.skip(b'-') || self.skip(b'+');
            self.digits()?;
            plain_decimal(self.text.get(start..self.at)?, max)?;
        }
        // Without an exponent the plain form is no longer than what is written.
        if self.at - start > max {
            return None;
        }
        self.push(Kind::Number, plain, start as u32);
        Some(())
    }

    fn container(&mut self, kind: Kind, depth: usize) -> Option<()> {
        if depth >= self.limits.depth.min(DEEPEST) {
            return None;
        }
        let close = if kind == Kind::Object { b'}' } else { b']' };
        let index = self.tokens.len();
        self.push(kind, true, self.here());
        self.at += 1;
        self.space();
        let mut count = 0;
        if !self.skip(close) {
            loop {
                count += 1;
                if kind == Kind::Object {
                    self.key()?;
                }
                self.value(depth + 1)?;
                self.space();
                if self.skip(close) {
                    break;
                }
                if !self.skip(b',') || count == self.limits.elements {
                    return None;
                }
                self.space();
            }
        }
        if count > self.limits.elements {
            return None;
        }
        let (end, next) = (self.here(), self.tokens.len() as u32);
        let token = self.tokens.get_mut(index)?;
        (token.end, token.next) = (end, next);
        if kind == Kind::Object { self.distinct(index, count) } else { Some(()) }
    }

    /// A key and what separates it from its value. One with escapes is left to the careful reader.
    fn key(&mut self) -> Option<()> {
        self.peek().filter(|byte| *byte == b'"')?;
        self.string()?;
        self.tokens.last().filter(|key| key.plain)?;
        self.space();
        if !self.skip(b':') {
            return None;
        }
        self.space();
        Some(())
    }

    /// Is there no key twice in the object that was just read?
    fn distinct(&self, object: usize, count: usize) -> Option<()> {
        let mut at = object + 1;
        let mut keys = std::iter::from_fn(|| {
            let (key, value) = (self.tokens.get(at)?, self.tokens.get(at + 1)?);
            at = value.next as usize;
            self.bytes.get(key.start as usize..key.end as usize)
        });
        if count <= FEW {
            let mut seen = [&b""[..]; FEW];
            // One bit for each sort of key that was seen: most keys need not be compared with any other.
            let mut sorts = 0u64;
            for (i, key) in keys.enumerate() {
                let ends =
                    key.first().zip(key.last()).map_or(0, |(first, last)| 7 * usize::from(*first) + usize::from(*last));
                let sort = 1 << ((ends + 3 * key.len()) % 64);
                if sorts & sort != 0 && seen.get(..i)?.contains(&key) {
                    return None;
                }
                sorts |= sort;
                *seen.get_mut(i)? = key;
            }
            return Some(());
        }
        let mut keys: Vec<&[u8]> = keys.by_ref().collect();
        keys.sort_unstable();
        keys.array_windows().all(|[a, b]| a != b).then_some(())
    }
}

#[cfg(test)]
mod tests;
