//! Connects the calls by their pipes, once all are listed.

use std::sync::Arc;

use super::{Meaning, PARTS, Reader, Stdin, Unit};
use crate::call::{Call, Text};
use crate::shell::script::{OpaqueReason, Span};

/// Pairs of calls that are connected by a pipe; beyond this a command is opaque.
const PIPES: usize = 16_384;

impl Reader {
    pub(super) fn finish(mut self) -> Meaning {
        let mut pipes = Vec::new();
        for reader in 0..self.calls.len() {
            let (names, sources) = self.sources(reader);
            if pipes.len() + sources.len() > PIPES || names.len() > PARTS {
                self.doubt(OpaqueReason::TooLarge, Span::default(), "|");
                break;
            }
            pipes.extend(sources.into_iter().map(|source| (reader as u32, source)));
            if let Some(call) = self.calls.get_mut(reader) {
                call.stdin_from = names;
            }
        }
        self.doubts.sort_by_key(|doubt| doubt.span);
        Meaning {
            plain: self.plain && self.doubts.is_empty() && self.calls.iter().all(is_plain),
            calls: self.calls.into_iter().map(Arc::new).collect(),
            pipes,
            opaque: self.doubts,
            substitutions: self.substitutions,
        }
    }

    /// The programs whose output a call may read, and the calls of which that is known.
    fn sources(&self, reader: usize) -> (Vec<Text>, Vec<u32>) {
        let (mut names, mut calls): (Vec<Text>, Vec<u32>) = (Vec::new(), Vec::new());
        let mut at = self.call_links.get(reader).copied();
        while let Some(link) = at.and_then(|at| self.links.get(at as usize)) {
            for source in &link.sources {
                let Some(source) = self.links.get(*source as usize) else { continue };
                for index in source.first..source.end {
                    let Some(call) = self.calls.get(index as usize) else { continue };
                    let name = base_name(call);
                    if !names.contains(&name) {
                        names.push(name);
                    }
                    calls.push(index);
                    if calls.len() > PIPES || names.len() > PARTS {
                        return (names, calls);
                    }
                }
                if source.first == source.end {
                    names.push(unknown());
                }
            }
            if !link.sources.is_empty() {
                break;
            }
            at = link.parent;
        }
        (names, calls)
    }
}

fn unknown() -> Text {
    Text { prefix: "".into(), suffix: Some("".into()), splits: false, pattern: None, shown: "…".into() }
}

/// The name of a call's program without its directory.
pub(crate) fn base_name(call: &Call) -> Text {
    known_base(&call.program).map_or_else(unknown, Text::known)
}

fn known_base(program: &Text) -> Option<&str> {
    let text = match &program.suffix {
        None => &program.prefix,
        Some(_) if program.splits => return None,
        Some(suffix) => suffix.contains('/').then_some(suffix)?,
    };
    let name = text.rsplit_once('/').map_or(&**text, |(_, name)| name);
    (!name.is_empty()).then_some(name)
}

fn is_plain(call: &Call) -> bool {
    let known = call.args.iter().chain([&call.program]).all(|text| text.text().is_some());
    known && call.wrappers.is_empty() && call.env.is_empty()
}

impl Unit {
    /// Its standard input is a pipe.
    pub(crate) fn is_piped(&self) -> bool {
        self.reads_pipe && matches!(self.context.stdin, Stdin::Inherited)
    }
}
