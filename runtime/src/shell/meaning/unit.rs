//! One simple command on its way to a call: its words, and what surrounds them.

use std::sync::Arc;

use super::{Arg, Inner, PARTS, Reader, snippet};
use crate::ShellDialect;
use crate::call::{Call, Text};
use crate::shell::options::Answers;
use crate::shell::script::{OpaqueReason, Redirect, RedirectOp, Script, Simple, Span, Word};

/// What a command's standard input is.
#[derive(Clone, Debug, Default)]
pub(crate) enum Stdin {
    /// Whatever its surroundings have: a pipe, or the host's input.
    #[default]
    Inherited,
    /// A here-document or here-string.
    Text(Arg),
    /// A file.
    File,
    /// Nothing: `/dev/null`, or closed.
    Nothing,
}

/// What surrounds a command, and what commands inside it inherit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    pub env: Vec<Arc<str>>,
    pub wrappers: Vec<Arc<str>>,
    pub reads: Vec<Text>,
    pub writes: Vec<Text>,
    pub network: bool,
    pub stdin: Stdin,
    /// How many scripts and wrappers are around it.
    pub depth: u8,
    /// Where the word stands, in the outermost text, that an inner script comes from.
    pub at: Option<Span>,
}

/// A simple command on its way to a call.
#[derive(Clone, Debug)]
pub(crate) struct Unit {
    pub dialect: ShellDialect,
    /// The program and its arguments.
    pub args: Vec<Arg>,
    pub context: Context,
    /// Further arguments may follow.
    pub more: bool,
    pub link: u32,
    pub span: Span,
    /// What it prints, if it reads a pipe and that is known.
    pub piped: Option<Arc<str>>,
    /// It reads a pipe.
    pub reads_pipe: bool,
    pub code: Option<Text>,
}

impl Unit {
    pub(crate) fn arg(&self, index: usize) -> Option<&Arg> {
        self.args.get(index)
    }

    /// The program's name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.args.first()?.base()
    }

    /// The arguments.
    pub(crate) fn rest(&self) -> &[Arg] {
        self.args.get(1..).unwrap_or_default()
    }

    /// The command that begins at word `from`, with this one's program as a wrapper taken off.
    pub(crate) fn unwrap_at(&self, from: usize) -> Unit {
        self.unwrap_words(self.args.get(from..).unwrap_or_default().to_vec())
    }

    /// A command of these words, with this one's program as a wrapper taken off.
    pub(crate) fn unwrap_words(&self, args: Vec<Arg>) -> Unit {
        let mut context = self.context.clone();
        context.depth = context.depth.saturating_add(1);
        context.wrappers.push(self.name().unwrap_or_default().into());
        Unit { args, context, code: None, ..self.clone_without_args() }
    }

    fn clone_without_args(&self) -> Unit {
        Unit {
            dialect: self.dialect,
            args: Vec::new(),
            context: Context::default(),
            more: self.more,
            link: self.link,
            span: self.span,
            piped: self.piped.clone(),
            reads_pipe: self.reads_pipe,
            code: None,
        }
    }

    /// Sets a variable for it.
    pub(crate) fn set(&mut self, name: &str) {
        if self.context.env.len() < PARTS && !self.context.env.iter().any(|known| **known == *name) {
            self.context.env.push(name.into());
        }
    }

    /// The call, unless there is nothing at all.
    pub(super) fn into_call(self) -> Option<Call> {
        let mut args = self.args.iter().map(Arg::text);
        let program = args.next().unwrap_or_else(|| Text::known(":"));
        let args: Vec<Text> = args.collect();
        let Context { env, wrappers, reads, writes, network, .. } = self.context;
        let args = if env.iter().any(|name| **name == *"HOME") { without_home(args) } else { args };
        Some(Call {
            program,
            args,
            env,
            wrappers,
            reads,
            writes,
            stdin_from: Vec::new(),
            code: self.code,
            connects: network,
            more_args: self.more,
            answers: Answers::default(),
        })
    }
}

impl Reader {
    /// Takes a simple command in. `None` if it runs nothing.
    pub(super) fn intake(&mut self, inner: &Inner, simple: &Simple, link: u32) -> Option<Unit> {
        let arg = |word: &Word| {
            let shown = snippet(&inner.text, word.span).into();
            let span = inner.context.at.unwrap_or(word.span);
            Arg { word: Word { span, ..word.clone() }, shown }
        };
        let span = inner.context.at.unwrap_or(simple.span);
        let mut unit = Unit {
            dialect: inner.dialect,
            args: simple.words.iter().map(arg).collect(),
            context: inner.context.clone(),
            more: false,
            link,
            span,
            piped: None,
            reads_pipe: false,
            code: None,
        };
        if !simple.stdin_from.is_empty() {
            unit.context.stdin = Stdin::Inherited;
        }
        self.reads_from(&mut unit);
        for word in &simple.words {
            self.hidden_arithmetic(&word.text, inner.context.at.unwrap_or(word.span));
        }
        for assignment in &simple.assignments {
            let span = inner.context.at.unwrap_or(assignment.value.span);
            self.hidden_arithmetic(&assignment.value.text, span);
            let read = unit.name().is_some_and(|name| matches!(name, "read" | "mapfile" | "readarray"));
            if !(assignment.name == "IFS" && read) {
                self.variable(&assignment.name, Some(&assignment.value), span);
            }
            if !simple.words.is_empty() {
                unit.set(&assignment.name);
            }
        }
        if unit.context.env.len() >= PARTS || simple.redirects.len() > PARTS {
            self.doubt(OpaqueReason::TooLarge, span, snippet(&inner.text, simple.span));
        }
        for redirect in simple.redirects.iter().take(PARTS) {
            redirected(&mut unit, redirect, arg(&redirect.target));
        }
        (!unit.args.is_empty() || simple.redirects.iter().any(is_file)).then_some(unit)
    }

    /// Finds the pipe that a command reads, its own or that of what surrounds it.
    fn reads_from(&self, unit: &mut Unit) {
        let mut at = Some(unit.link);
        while let Some(link) = at.and_then(|at| self.links.get(at as usize)) {
            if let [first, rest @ ..] = link.sources.as_slice() {
                unit.reads_pipe = true;
                let only = rest.is_empty().then_some(*first);
                unit.piped = only.and_then(|source| self.links.get(source as usize)?.prints.clone());
                return;
            }
            at = link.parent;
        }
    }

    /// Bash evaluates the text of a subscript wherever it takes a text for a number: `x='a[$(rm f)]'; (( x ))`.
    fn hidden_arithmetic(&mut self, text: &str, span: Span) {
        let starts = text.match_indices('[').filter(|(at, _)| {
            let before = text.get(..*at).and_then(|before| before.bytes().next_back());
            before.is_some_and(|b| b == b'_' || b.is_ascii_alphanumeric())
        });
        for (at, _) in starts.take(PARTS) {
            let rest = text.get(at..).unwrap_or_default();
            let subscript = rest.split_once(']').map_or(rest, |(subscript, _)| subscript);
            if subscript.contains("$(") || subscript.contains('`') {
                return self.doubt(OpaqueReason::Evaluated, span, text);
            }
        }
    }

    /// A call of a function: its body's commands are listed where they stand, but not what arrives on their input.
    /// The call itself stays listed, as the definition may not be in force: `if x; then f() { …; }; fi`.
    pub(super) fn function(&mut self, unit: &Unit, script: &Script) {
        let Some(name) = unit.arg(0).and_then(Arg::known) else { return };
        let fed = unit.reads_pipe || !matches!(unit.context.stdin, Stdin::Inherited);
        if fed && script.functions.iter().any(|function| function == name) {
            self.doubt(OpaqueReason::Inner, unit.span, name);
        }
    }
}

/// Where `HOME` is set, `~` is anything.
fn without_home(mut args: Vec<Text>) -> Vec<Text> {
    for arg in &mut args {
        arg.pattern.take_if(|pattern| pattern.starts_with('~'));
    }
    args
}

fn is_file(redirect: &Redirect) -> bool {
    matches!(redirect.op, RedirectOp::Read | RedirectOp::Write | RedirectOp::Append | RedirectOp::ReadWrite)
}

/// Notes what a redirection does to a command.
fn redirected(unit: &mut Unit, redirect: &Redirect, target: Arg) {
    let input = redirect.fd.is_none_or(|fd| fd == 0);
    let context = &mut unit.context;
    if is_file(redirect) {
        context.network |= ["/dev/tcp/", "/dev/udp/"].iter().any(|device| target.prefix().starts_with(device));
        let text = target.text();
        let (reads, writes) = match redirect.op {
            RedirectOp::Read => (true, false),
            RedirectOp::ReadWrite => (true, true),
            _ => (false, true),
        };
        if writes && context.writes.len() < PARTS {
            context.writes.push(text.clone());
        }
        if reads && context.reads.len() < PARTS {
            context.reads.push(text);
        }
        if reads && input {
            let nothing = target.known() == Some("/dev/null");
            context.stdin = if nothing { Stdin::Nothing } else { Stdin::File };
        }
    } else if input {
        match redirect.op {
            RedirectOp::HereDoc | RedirectOp::HereString => context.stdin = Stdin::Text(target),
            RedirectOp::Duplicate if redirect.fd == Some(0) => context.stdin = Stdin::File,
            _ => {}
        }
    }
}
