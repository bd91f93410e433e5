//! The builtins of shells that run commands, or change what the words of later commands mean.

use super::environment::declares;
use super::{Arg, Reader, Unit};
use crate::shell::script::OpaqueReason;

impl Reader {
    /// Deals with a builtin. False if the command is to be taken on as any other.
    pub(super) fn builtin(&mut self, name: &str, unit: &mut Unit) -> bool {
        let evaluates = match name {
            "eval" => {
                let from = if unit.arg(1).and_then(Arg::known) == Some("--") { 2 } else { 1 };
                let words = unit.args.get(from..).unwrap_or_default();
                if unit.more || words.iter().any(|word| word.known().is_none()) {
                    self.doubt(OpaqueReason::Evaluated, unit.span, name);
                }
                self.joined(unit, from, unit.dialect);
                return true;
            }
            "trap" => return self.trap(unit),
            "source" | "." | "bind" | "enable" | "fc" | "alias" => !unit.rest().is_empty() || name == "fc",
            "hash" => has(unit, 'p'),
            "complete" | "compgen" => has(unit, 'C') || has(unit, 'F'),
            "mapfile" | "readarray" => {
                self.names(unit, "dnOsuCc");
                has(unit, 'C')
            }
            "read" => {
                self.names(unit, "adinNptu");
                subscripts(unit.rest())
            }
            "getopts" | "unset" | "let" => subscripts(unit.rest()),
            "wait" => has(unit, 'p') && subscripts(unit.rest()),
            "test" | "[" | "[[" => unit.rest().windows(2).any(|pair| {
                matches!(pair, [option, name] if matches!(option.known(), Some("-v" | "-R")) && subscripts(std::slice::from_ref(name)))
            }),
            "printf" => {
                self.printf(unit);
                has(unit, 'v') && unit.arg(1).is_some_and(|arg| arg.prefix().starts_with("-v")) && subscripts(unit.args.get(1..3).unwrap_or_default())
            }
            "shopt" => unit.rest().iter().any(|arg| arg.known().is_none_or(|word| word == "expand_aliases")),
            "set" => changes_reading(unit.rest()),
            name if declares(name) => {
                self.declared(unit);
                has(unit, 'i') && subscripts(unit.rest())
            }
            _ => return false,
        };
        if evaluates {
            self.doubt(OpaqueReason::Evaluated, unit.span, name);
        }
        self.list(unit.clone());
        true
    }

    /// `trap 'commands' EXIT`
    fn trap(&mut self, unit: &Unit) -> bool {
        let operands = unit.rest().iter().enumerate().filter(|(_, arg)| arg.known() != Some("--"));
        let mut operands = operands.map(|(index, _)| index + 1);
        let (first, second) = (operands.next(), operands.next());
        let action = first.and_then(|index| unit.arg(index));
        match (action, second) {
            // Without a signal, and with `-` or a number, traps are shown or reset.
            (Some(action), Some(_)) if !matches!(action.known(), Some("-" | "-l" | "-p" | "")) => {
                self.inline(unit, action, unit.dialect);
            }
            (Some(action), None) if action.known().is_none() => {
                self.doubt(OpaqueReason::Evaluated, unit.span, "trap");
                self.list(unit.clone());
            }
            _ => self.list(unit.clone()),
        }
        true
    }

    /// The operands of `read` and the like are variables that are set to what is not known.
    fn names(&mut self, unit: &Unit, with_values: &str) {
        let mut skip = false;
        for arg in unit.rest() {
            let Some(word) = arg.known() else {
                self.doubt(OpaqueReason::Environment, arg.span(), &arg.shown);
                continue;
            };
            if std::mem::take(&mut skip) {
                self.variable(word, None, arg.span());
            } else if word.starts_with('-') {
                skip = word.chars().next_back().is_some_and(|last| with_values.contains(last));
            } else if word != "IFS" {
                self.variable(word, None, arg.span());
            }
        }
    }

    /// `printf -v NAME`
    fn printf(&mut self, unit: &Unit) {
        match unit.arg(1).and_then(Arg::known) {
            Some("-v") => match unit.arg(2) {
                Some(arg) if arg.known().is_some() => self.variable(arg.known().unwrap_or_default(), None, arg.span()),
                _ => self.doubt(OpaqueReason::Environment, unit.span, "printf -v"),
            },
            Some(word) if word.starts_with("-v") => {
                self.variable(word.get(2..).unwrap_or_default(), None, unit.span);
            }
            _ => {}
        }
    }
}

/// Bash evaluates the subscript in the name of a variable, which may run commands: `unset 'a[$(rm x)]'`.
fn subscripts(names: &[Arg]) -> bool {
    names.iter().any(|name| name.known().is_none_or(|name| name.contains('[')))
}

/// Is this short option given, perhaps in a cluster, or may it be?
fn has(unit: &Unit, option: char) -> bool {
    unit.rest().iter().any(|arg| match arg.known() {
        Some(word) => word.starts_with('-') && word.contains(option),
        None => arg.may_be_option(),
    })
}

/// Does `set` change how later words are read? The usual options (`-euo pipefail`) do not.
pub(crate) fn changes_reading(args: &[Arg]) -> bool {
    let mut takes_name = false;
    for arg in args {
        let Some(word) = arg.known() else { return arg.may_be_option() };
        if std::mem::take(&mut takes_name) {
            if !is_harmless_option(word) {
                return true;
            }
        } else if matches!(word, "--" | "-") {
            return false;
        } else if let Some(letters) = word.strip_prefix(['-', '+']) {
            if !letters.bytes().all(|b| b"abefhmnptuvxCEPTo".contains(&b)) {
                return true;
            }
            takes_name = letters.contains('o');
        } else {
            return false;
        }
    }
    false
}

/// An option by its long name, as after `set -o`.
pub(crate) fn is_harmless_option(name: &str) -> bool {
    matches!(
        name,
        "allexport"
            | "errexit"
            | "errtrace"
            | "functrace"
            | "hashall"
            | "monitor"
            | "noclobber"
            | "noexec"
            | "noglob"
            | "notify"
            | "nounset"
            | "onecmd"
            | "physical"
            | "pipefail"
            | "verbose"
            | "xtrace"
    )
}
