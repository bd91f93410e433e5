//! What is done with a simple command: listed as a call, or taken apart further.

use super::{Arg, DEPTH, Reader, Unit};
use crate::shell::script::OpaqueReason;
use crate::shell::{interpreters, wrappers};

impl Reader {
    /// Takes one command on.
    pub(super) fn unit(&mut self, mut unit: Unit) {
        let Some(program) = unit.arg(0) else {
            if unit.more {
                // `xargs` and the like: the words that arrive are the program.
                self.doubt(OpaqueReason::Program, unit.span, unit.context.wrappers.last().map_or("", |name| &**name));
                unit.args.push(Arg::unknown(unit.span));
            }
            return self.list(unit);
        };
        let Some(name) = program.base().map(str::to_owned) else {
            self.doubt(OpaqueReason::Program, program.span(), &program.shown);
            if program.splits() && unit.args.len() > 1 && unit.context.depth < DEPTH {
                // It may be no word at all, or a wrapper: then what follows is the command.
                let mut rest = unit.clone();
                rest.args.remove(0);
                rest.context.depth = rest.context.depth.saturating_add(1);
                self.push(rest);
            }
            return self.list(unit);
        };
        if unit.context.depth >= DEPTH {
            self.doubt(OpaqueReason::TooLarge, unit.span, &name);
            return self.list(unit);
        }
        if self.builtin(&name, &mut unit) || wrappers::unwrap(self, &name, &mut unit) {
            return;
        }
        interpreters::read(self, &name, &mut unit);
        self.list(unit);
    }

    /// The program is a wrapper, but `unit` itself has to be seen as well: its directory is not one of the system's,
    /// or what it does goes beyond running a command.
    pub(crate) fn list_wrapper(&mut self, unit: &Unit, always: bool) {
        let trusted = unit.arg(0).and_then(Arg::known).is_some_and(|path| !path.contains('/') || is_system(path));
        if always || !trusted {
            self.list(unit.clone());
        }
    }
}

/// Is this the path of a program in one of the system's directories?
pub(crate) fn is_system(path: &str) -> bool {
    let directory = path.rsplit_once('/').map(|(directory, _)| directory);
    matches!(directory, Some("/bin" | "/usr/bin" | "/usr/local/bin" | "/sbin" | "/usr/sbin"))
}
