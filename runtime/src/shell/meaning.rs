//! What a command would run: the calls in a [`Script`], wrappers taken off, inner commands read in turn.
//!
//! Works through a list of what is left to do rather than by recursion, and within fixed bounds, so that
//! nested text such as `bash -c "bash -c …"` costs no more than it is long. Knows programs only by the tables
//! of its neighbours; what an option means beyond "here the inner command begins" is not known here.

mod arg;
mod builtins;
mod dispatch;
mod doubt;
mod environment;
mod finish;
mod inner;
#[cfg(test)]
mod tests;
mod unit;

use std::sync::Arc;

pub(crate) use self::arg::Arg;
pub(crate) use self::builtins::is_harmless_option;
pub(crate) use self::dispatch::is_system;
pub(crate) use self::doubt::Doubt;
pub(crate) use self::finish::base_name;
pub(crate) use self::inner::quote_words;
pub(crate) use self::unit::{Context, Stdin, Unit};

use super::script::{Opaque, OpaqueReason, Script, Span};
use crate::ShellDialect;
use crate::call::Call;

/// Scripts and wrappers within one another beyond this are opaque.
const DEPTH: u8 = 12;
/// Calls beyond this are opaque.
const CALLS: usize = 8_192;
/// Bytes of inner scripts that are read in all.
const INNER_BYTES: usize = 512 * 1024;
/// Steps: commands read and wrappers taken off.
const STEPS: usize = 32_768;
/// Redirections and variables of one call; a call has no more of them in earnest.
pub(crate) const PARTS: usize = 64;
/// Reasons kept; that there is one is what counts.
const DOUBTS: usize = 32;

/// What a command would run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The simple commands that may run, in the order of the text.
    pub calls: Vec<Arc<Call>>,
    /// For each call that reads a pipe: its index, and the index of a call whose output it may read.
    pub pipes: Vec<(u32, u32)>,
    /// What is not understood; further calls may hide there. Empty: these calls are all.
    pub opaque: Vec<Doubt>,
    /// The texts of the substitutions.
    pub substitutions: Vec<Arc<str>>,
    /// Nothing but calls of known words, joined by `;`, newline, `&&`, `||` and `|`; no wrapper taken off.
    pub plain: bool,
}

/// What a script would run.
pub(crate) fn meaning(dialect: ShellDialect, text: &Arc<str>) -> Meaning {
    let mut reader = Reader { plain: true, ..Reader::default() };
    reader.todo.push(Todo::Script(Inner {
        dialect,
        text: text.clone(),
        context: Context::default(),
        link: None,
        placeholder: None,
    }));
    reader.run();
    reader.finish()
}

/// A script that is still to be read.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub dialect: ShellDialect,
    pub text: Arc<str>,
    /// What its commands inherit from the call that runs it.
    pub context: Context,
    /// The simple command that it is part of.
    pub link: Option<u32>,
    /// A text that stands for one that is not known: `{}`.
    pub placeholder: Option<Arc<str>>,
}

/// What is left to do, last first.
#[derive(Debug)]
enum Todo {
    Script(Inner),
    Unit(Unit),
    /// The calls of this simple command follow.
    Open(u32),
    /// All calls of this simple command are listed.
    Close(u32),
}

/// A simple command of some script: which calls came of it, and whose output it reads.
#[derive(Debug, Default)]
struct Link {
    first: u32,
    end: u32,
    sources: Vec<u32>,
    /// The simple command whose inner script it is in.
    parent: Option<u32>,
    /// What it prints, if that is known: `echo ls`.
    prints: Option<Arc<str>>,
}

/// Reads scripts; see [`meaning`].
#[derive(Debug, Default)]
pub(crate) struct Reader {
    todo: Vec<Todo>,
    calls: Vec<Call>,
    /// For each call, the simple command that it came of.
    call_links: Vec<u32>,
    links: Vec<Link>,
    doubts: Vec<Doubt>,
    substitutions: Vec<Arc<str>>,
    plain: bool,
    inner_bytes: usize,
    steps: usize,
}

impl Reader {
    fn run(&mut self) {
        while let Some(todo) = self.todo.pop() {
            self.steps += 1;
            if self.steps > STEPS || self.calls.len() > CALLS {
                self.doubt(OpaqueReason::TooLarge, Span::default(), "…");
                return;
            }
            match todo {
                Todo::Script(inner) => self.script(inner),
                Todo::Unit(unit) => self.unit(unit),
                Todo::Open(link) => self.edge(link, |link, at| link.first = at),
                Todo::Close(link) => self.edge(link, |link, at| link.end = at),
            }
        }
    }

    /// Further calls may hide here.
    pub(crate) fn doubt(&mut self, reason: OpaqueReason, span: Span, what: &str) {
        if self.doubts.len() < DOUBTS {
            let doubt = Doubt::new(reason, span, what);
            if !self.doubts.contains(&doubt) {
                self.doubts.push(doubt);
            }
        }
    }

    /// Reads a script into its simple commands, which are then taken one by one.
    fn script(&mut self, inner: Inner) {
        let depth = inner.context.depth;
        self.inner_bytes = self.inner_bytes.saturating_add(inner.text.len());
        if depth > DEPTH || (depth > 0 && self.inner_bytes > INNER_BYTES) {
            return self.doubt(OpaqueReason::TooLarge, inner.context.at.unwrap_or_default(), &inner.text);
        }
        let mut script = parse(inner.dialect, &inner.text);
        if let Some(placeholder) = &inner.placeholder {
            script.commands.iter_mut().for_each(|simple| arg::mark_simple(simple, placeholder));
        }
        self.plain &= script.flat && depth == 0;
        for Opaque { reason, span } in &script.opaque {
            let what = snippet(&inner.text, *span);
            self.doubt(*reason, inner.context.at.unwrap_or(*span), what);
        }
        for (name, span) in &script.sets {
            self.variable(name, None, inner.context.at.unwrap_or(*span));
        }
        for span in &script.substitutions {
            self.substitutions.push(snippet(&inner.text, *span).into());
        }
        self.simples(inner, script);
    }

    fn simples(&mut self, mut inner: Inner, script: Script) {
        let base = self.links.len() as u32;
        self.standing(&mut inner.context, &script);
        let mut units = Vec::with_capacity(script.commands.len());
        for (index, simple) in script.commands.iter().enumerate() {
            let sources = simple.stdin_from.iter().map(|source| base.saturating_add(*source)).collect();
            let prints = inner::prints(simple, &script);
            self.links.push(Link { sources, parent: inner.link, prints, ..Link::default() });
            if let Some(unit) = self.intake(&inner, simple, base.saturating_add(index as u32)) {
                self.function(&unit, &script);
                units.push(unit);
            }
        }
        for unit in units.into_iter().rev() {
            let link = unit.link;
            self.todo.extend([Todo::Close(link), Todo::Unit(unit), Todo::Open(link)]);
        }
    }

    /// Lists a call.
    pub(crate) fn list(&mut self, unit: Unit) {
        let link = unit.link;
        if let Some(call) = unit.into_call() {
            self.call_links.push(link);
            self.calls.push(call);
        }
    }

    /// Takes a command on, once all that is on the list after it is done.
    pub(crate) fn push(&mut self, unit: Unit) {
        self.todo.push(Todo::Unit(unit));
    }

    fn edge(&mut self, link: u32, set: fn(&mut Link, u32)) {
        let at = self.calls.len() as u32;
        if let Some(link) = self.links.get_mut(link as usize) {
            set(link, at);
        }
    }
}

/// The script taken apart.
pub(crate) fn parse(dialect: ShellDialect, text: &str) -> Script {
    super::parse::parse(dialect, text, super::parse::ShellLimits::default())
}

/// A part of a text.
pub(crate) fn snippet(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}
