//! Takes a call's arguments apart into options, their values and operands.
//!
//! What is reported as `sure` is so whatever the unknown words turn out to be. After a word that may be any
//! option, or no word at all, nothing is sure: it may swallow the next word, and `--` may be its value. From
//! there each word is reported in all ways it may be read.

use std::sync::Arc;

use super::spec::{Arity, Options, Spec, UNLISTED, listed, program};
use super::table;
use crate::call::{Call, Text};

/// The value of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<'a> {
    /// It has none.
    Nothing,
    /// This.
    Known(&'a str),
    /// This, if it takes one.
    Perhaps(&'a str),
    /// If it takes one, it is the next word, which is reported by itself.
    Next,
    /// It has one that is not known.
    Unknown,
}

/// What a word is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind<'a> {
    /// A letter of a cluster.
    Letter(char),
    /// An option whose name is a word: without its dashes, then as written without its value.
    Name(&'a str, &'a str),
    /// An operand. `swallowed`: or the value of the option before it.
    Operand { text: &'a Text, swallowed: bool },
    /// A word that may be an option, several words, or none. It is reported once, and never as an operand.
    Any(&'a Text),
    /// There may be more words. `ended`: they are operands.
    More { ended: bool },
}

/// A part of a call's arguments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub kind: Kind<'a>,
    pub value: Given<'a>,
    /// The word that it stands in, or what is known of its beginning; empty for `More`.
    pub word: &'a str,
    /// The word is known.
    pub whole: bool,
    /// It is so whatever the unknown words are.
    pub sure: bool,
    /// The value is a folder that the program works in.
    pub place: bool,
}

/// The program's way with options; without a table, the usual way.
pub(super) fn spec_of(call: &Call) -> (&'static Spec, bool) {
    const USUAL: Spec = program(UNLISTED);
    match *call.answers.spec.get_or_init(|| call.program().and_then(table::spec)) {
        Some(spec) => (spec, true),
        None => (&USUAL, false),
    }
}

/// Reports the parts of a call's arguments, in their order.
pub(super) fn scan<'a>(call: &'a Call, see: &mut dyn FnMut(Item<'a>)) {
    let (spec, _) = spec_of(call);
    // Which options take values is not known if the program is not.
    let sure = call.program().is_some() && !call.program.splits;
    let mut scanner = Scanner {
        spec,
        options: spec.options,
        commands: spec.commands,
        args: &call.args,
        next: 0,
        more: call.more_args,
        sure,
        pending: false,
        ended: false,
        operands: 0,
        whole: true,
        see,
    };
    scanner.run(&call.program);
}

struct Scanner<'a, 's> {
    spec: &'static Spec,
    options: Options,
    /// The next operand is a subcommand.
    commands: bool,
    args: &'a [Text],
    next: usize,
    more: bool,
    sure: bool,
    /// The next word may be the value of the option before it.
    pending: bool,
    ended: bool,
    /// How many operands there were, of programs whose options end after some.
    operands: u8,
    /// The word at hand is known.
    whole: bool,
    see: &'s mut dyn FnMut(Item<'a>),
}

impl<'a> Scanner<'a, '_> {
    fn run(&mut self, program: &'a Text) {
        if program.splits {
            self.see(Kind::Any(program), Given::Nothing, "");
        }
        while let Some(text) = self.args.get(self.next) {
            self.next += 1;
            self.whole = text.text().is_some();
            match text.text() {
                _ if self.ended => self.operand(text),
                Some(word) => self.known(text, word),
                None => self.partial(text),
            }
        }
        if self.more {
            self.see(Kind::More { ended: self.ended }, Given::Nothing, "");
        }
    }

    fn see(&mut self, kind: Kind<'a>, value: Given<'a>, word: &'a str) {
        let mut letter = [0; 4];
        let place = match kind {
            Kind::Letter(c) => listed(self.spec.places, c.encode_utf8(&mut letter)),
            Kind::Name(name, _) => listed(self.spec.places, name),
            _ => false,
        };
        (self.see)(Item { kind, value, word, whole: self.whole, sure: self.sure, place });
    }

    /// From here on nothing is sure.
    fn lose(&mut self) {
        self.sure = false;
        self.pending = false;
        if self.commands {
            self.options = UNLISTED;
        }
    }

    fn known(&mut self, text: &'a Text, word: &'a Arc<str>) {
        let first = self.next == 1;
        if &**word == "--" && self.spec.dashes {
            if self.pending || !self.sure {
                self.lose();
                self.see(Kind::Operand { text, swallowed: false }, Given::Nothing, word);
            } else {
                self.ended = true;
            }
        } else if first && self.spec.old && !word.starts_with('-') {
            self.cluster(word, word, true);
        } else if word.len() < 2 || !word.starts_with('-') {
            self.operand(text);
        } else if word.starts_with("--") || self.spec.words {
            self.name(word);
        } else if self.number(word) {
            // `-5` of `head -5`, `-9` of `kill -9`
            self.see(Kind::Name(word, word), Given::Nothing, word);
            self.pending = !self.options.is_complete();
        } else {
            self.cluster(word.get(1..).unwrap_or_default(), word, true);
        }
    }

    /// `-5`, where no digit is an option with a value, as in `join -1 2`.
    fn number(&self, word: &str) -> bool {
        let value = |c| self.options.letter(c) == Arity::Value;
        word.chars().skip(1).all(|c| c.is_ascii_digit() && !value(c))
    }

    fn operand(&mut self, text: &'a Text) {
        if !self.spec.inner.is_empty() && text.text().is_some_and(|word| matches!(&**word, "!" | "(" | ")" | ",")) {
            return;
        }
        let swallowed = self.pending && !self.ended;
        self.see(Kind::Operand { text, swallowed }, Given::Nothing, text.text().map_or("", |word| word));
        self.pending = false;
        if self.ended || !self.sure {
            return;
        }
        if self.options.stops > 0 {
            self.operands += 1;
            match self.operands >= self.options.stops {
                _ if swallowed => self.lose(),
                true => self.ended = true,
                // How many operands it becomes is not known.
                false if text.splits => self.lose(),
                false => {}
            }
        } else if self.commands {
            self.subcommand(text, swallowed);
        }
    }

    fn subcommand(&mut self, text: &'a Text, swallowed: bool) {
        match text.text() {
            Some(name) if !swallowed => {
                self.commands = false;
                self.options = self.spec.sub(name);
            }
            _ => self.lose(),
        }
    }

    /// What a letter takes here, and before the subcommand if that counts.
    fn letter_takes(&self, letter: char) -> Arity {
        match self.options.letter(letter) {
            Arity::Unsure if self.inherits() && self.spec.options.letter(letter) == Arity::Value => Arity::Value,
            arity => arity,
        }
    }

    fn name_takes(&self, name: &str) -> Arity {
        match self.options.name(name, self.spec.abbreviates) {
            Arity::Unsure if self.inherits() && self.spec.options.knows(name) => self.spec.options.name(name, false),
            arity => arity,
        }
    }

    fn inherits(&self) -> bool {
        self.spec.inherits && !self.commands
    }

    fn name(&mut self, word: &'a str) {
        let body = word.trim_start_matches('-');
        if let Some((name, value)) = body.split_once('=') {
            let written = word.get(..word.len() - value.len() - 1).unwrap_or(word);
            self.pending = false;
            return self.see(Kind::Name(name, written), Given::Known(value), word);
        }
        let kind = Kind::Name(body, word);
        if listed(self.spec.inner, body) && self.sure {
            self.see(kind, Given::Nothing, word);
            return self.skip_command();
        }
        let arity = self.name_takes(body);
        self.option(kind, arity, word);
    }

    /// The words of a command, to `;` or `+`.
    fn skip_command(&mut self) {
        while let Some(text) = self.args.get(self.next) {
            self.next += 1;
            match text.text() {
                Some(word) if matches!(&**word, ";" | "+") => return,
                None if text.may_be(";") || text.may_be("+") => return self.lose(),
                _ => {}
            }
        }
    }

    /// An option with nothing attached.
    fn option(&mut self, kind: Kind<'a>, arity: Arity, word: &'a str) {
        match arity {
            Arity::Value => self.separate(kind, word),
            Arity::Nothing | Arity::Attached => {
                self.see(kind, Given::Nothing, word);
                self.pending = false;
            }
            Arity::Unsure => {
                let value = match self.args.get(self.next).map(Text::text) {
                    Some(Some(value)) if !value.starts_with('-') && self.sure => Given::Perhaps(value),
                    None if !self.more => Given::Nothing,
                    _ => Given::Next,
                };
                self.see(kind, value, word);
                self.pending = true;
            }
        }
    }

    /// An option whose value is the next word.
    fn separate(&mut self, kind: Kind<'a>, word: &'a str) {
        if self.pending {
            // Or this is itself a value, and the next word is what it looks like. The option is there all the same:
            // where that is not known, it is reported.
            self.see(kind, self.whatever_follows(), word);
            return self.lose();
        }
        if !self.sure {
            return self.see(kind, self.whatever_follows(), word);
        }
        let (value, splits) = match self.args.get(self.next) {
            None if self.more => (Given::Unknown, false),
            None => (Given::Nothing, false),
            Some(text) => (text.text().map_or(Given::Unknown, |value| Given::Known(value)), text.splits),
        };
        self.see(kind, value, word);
        if splits { self.lose() } else { self.next += 1 }
    }

    /// The value of an option that is read in more ways than one.
    fn whatever_follows(&self) -> Given<'a> {
        if self.next < self.args.len() || self.more { Given::Next } else { Given::Nothing }
    }

    /// The letters of a cluster; `whole`: nothing unknown follows them in the word.
    fn cluster(&mut self, letters: &'a str, word: &'a str, whole: bool) {
        // An earlier letter may have taken the rest as its value.
        let mut vague = false;
        for (at, letter) in letters.char_indices() {
            let kind = Kind::Letter(letter);
            let rest = letters.get(at + letter.len_utf8()..).unwrap_or_default();
            let ends = rest.is_empty() && whole;
            let arity = self.letter_takes(letter);
            if self.spec.last.contains(letter) && self.sure && !vague {
                return self.last(kind, rest, word, whole);
            }
            match arity {
                Arity::Nothing => self.see(kind, Given::Nothing, word),
                Arity::Attached if ends => self.see(kind, Given::Nothing, word),
                Arity::Value if ends => {
                    self.pending |= vague;
                    return self.separate(kind, word);
                }
                Arity::Value | Arity::Attached => {
                    let known = if vague { Given::Perhaps(rest) } else { Given::Known(rest) };
                    self.see(kind, if whole { known } else { Given::Unknown }, word);
                    // `-X$m`: if `$m` is empty, the next word is the value.
                    return self.attached(whole || !rest.is_empty() || arity == Arity::Attached);
                }
                Arity::Unsure if ends => return self.option(kind, arity, word),
                Arity::Unsure => {
                    let first = whole && !vague;
                    self.see(kind, if first { Given::Perhaps(rest) } else { Given::Unknown }, word);
                    vague = true;
                }
            }
        }
        self.attached(whole);
    }

    fn attached(&mut self, sure: bool) {
        self.pending = false;
        if !sure {
            self.lose();
        }
    }

    /// A letter after which all is for another program.
    fn last(&mut self, kind: Kind<'a>, rest: &'a str, word: &'a str, whole: bool) {
        if rest.is_empty() && whole {
            self.separate(kind, word);
        } else {
            self.see(kind, if whole { Given::Known(rest) } else { Given::Unknown }, word);
            self.attached(whole || !rest.is_empty());
        }
        self.ended = self.sure;
    }

    /// A word of which some parts are not known.
    fn partial(&mut self, text: &'a Text) {
        let prefix: &'a str = &text.prefix;
        let first_old = self.next == 1 && self.spec.old;
        if !first_old && !text.may_be_option() {
            return self.operand(text);
        }
        let long = prefix.starts_with("--") || prefix.starts_with('-') && self.spec.words;
        let letters = prefix.strip_prefix('-').unwrap_or_default();
        if long && prefix.contains('=') {
            let body = prefix.trim_start_matches('-');
            let name = body.split_once('=').map_or(body, |(name, _)| name);
            let written = prefix.split_once('=').map_or(prefix, |(written, _)| written);
            self.see(Kind::Name(name, written), Given::Unknown, prefix);
            self.pending = false;
            if !text.splits {
                return;
            }
        } else if !long && !letters.is_empty() && !self.number(prefix) {
            self.cluster(letters, prefix, false);
            let value_is_rest = self.sure;
            if value_is_rest && !text.splits {
                return;
            }
        }
        self.lose();
        self.see(Kind::Any(text), Given::Nothing, prefix);
    }
}
