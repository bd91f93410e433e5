//! Variables: which are set, and which of them change what programs do.

use super::{Context, PARTS, Reader, Unit};
use crate::shell::script::{OpaqueReason, Script, Span, Word};

/// Variables that choose programs, libraries, start-up files or options of other programs.
#[rustfmt::skip]
const DANGEROUS: &[&str] = &[
    "AR", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "BASHOPTS", "BASH_ENV", "BUNDLE_GEMFILE", "BUN_OPTIONS", "CARGO_HOME",
    "CC", "CDPATH", "CLASSPATH", "CVS_RSH", "CXX", "ENV", "EXINIT", "FPATH", "GCONV_PATH", "GLOBIGNORE", "GOFLAGS", "GRADLE_OPTS",
    "GREP_OPTIONS", "HGRCPATH", "HISTFILE", "HOME", "IFS", "INPUTRC", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "KUBECONFIG", "LD",
    "LESS", "LESSCLOSE", "LESSKEY", "LESSOPEN", "MAKEFLAGS", "MANOPT", "MAVEN_OPTS", "NIX_PATH", "NODE_OPTIONS", "NODE_PATH",
    "OPENSSL_CONF", "OPENSSL_MODULES", "PATH", "PERL5DB", "PERL5LIB", "PERL5OPT", "PERLLIB", "PIP_CONFIG_FILE", "PIP_INDEX_URL", "POSIXLY_CORRECT",
    "PROMPT_COMMAND", "PS0", "PS4", "PSQLRC", "PYTHONBREAKPOINT", "PYTHONHOME", "PYTHONINSPECT", "PYTHONPATH", "PYTHONSTARTUP",
    "PYTHONUSERBASE", "PYTHONWARNINGS", "RIPGREP_CONFIG_PATH", "RSYNC_RSH", "RUBYLIB", "RUBYOPT", "RUSTC", "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER", "RUSTDOC", "RUSTFLAGS", "SHELL", "SHELLOPTS", "SVN_SSH", "TAR_OPTIONS", "UNZIP", "VIMINIT",
    "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME", "ZDOTDIR", "ZIPOPT", "_JAVA_OPTIONS",
];

/// All variables whose names begin so.
const DANGEROUS_PREFIXES: &[&str] =
    &["BASH_FUNC_", "CARGO_BUILD_", "CARGO_TARGET_", "CGO_", "DYLD_", "GIT_", "LD_", "NPM_CONFIG_", "npm_config_"];

/// Variables that name a program to show, edit or ask something with.
const HELPERS: &[&str] = &[
    "BROWSER",
    "EDITOR",
    "FCEDIT",
    "GH_PAGER",
    "GIT_EDITOR",
    "GIT_PAGER",
    "GIT_SEQUENCE_EDITOR",
    "HGEDITOR",
    "MANPAGER",
    "PAGER",
    "PSQL_EDITOR",
    "PSQL_PAGER",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "SUDO_EDITOR",
    "SYSTEMD_EDITOR",
    "SYSTEMD_PAGER",
    "VISUAL",
    "AWS_PAGER",
    "BAT_PAGER",
    "DELTA_PAGER",
    "KUBE_EDITOR",
    "KUBECTL_EXTERNAL_DIFF",
];

/// Programs that change nothing, with which a helper is often switched off.
const HARMLESS_HELPERS: &[&str] = &["", ":", "cat", "true", "/bin/cat", "/bin/true", "/usr/bin/cat", "/usr/bin/true"];

/// Variables of `git` that say who, not how.
const HARMLESS_GIT: &[&str] = &[
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_LITERAL_PATHSPECS",
    "GIT_MERGE_AUTOEDIT",
    "GIT_OPTIONAL_LOCKS",
    "GIT_TERMINAL_PROMPT",
];

/// May setting this variable, to this value if it is known, change what programs run?
fn is_dangerous(name: &str, value: Option<&Word>) -> bool {
    if HELPERS.contains(&name) {
        return !value.and_then(Word::known).is_some_and(|value| HARMLESS_HELPERS.contains(&value));
    }
    let listed = DANGEROUS.contains(&name) || DANGEROUS_PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    listed && !HARMLESS_GIT.contains(&name)
}

/// Builtins whose operands are variables that they set.
pub(super) fn declares(builtin: &str) -> bool {
    matches!(builtin, "export" | "declare" | "typeset" | "local" | "readonly")
}

impl Reader {
    /// A variable is set: is it one that changes what programs do?
    pub(crate) fn variable(&mut self, name: &str, value: Option<&Word>, span: Span) {
        if is_dangerous(name, value) {
            self.doubt(OpaqueReason::Environment, span, name);
        }
    }

    /// Variables that a script sets for all that follows; where exactly they are set is not followed.
    pub(super) fn standing(&mut self, context: &mut Context, script: &Script) {
        let mut add = |name: &str| {
            if context.env.len() < PARTS && !name.is_empty() && !context.env.iter().any(|known| **known == *name) {
                context.env.push(name.into());
            }
        };
        // A loop's variable matters only where programs look for it.
        script.sets.iter().filter(|(name, _)| is_dangerous(name, None)).for_each(|(name, _)| add(name));
        for simple in &script.commands {
            if simple.words.is_empty() {
                simple.assignments.iter().for_each(|assignment| add(&assignment.name));
            }
            if simple.words.first().and_then(Word::known).is_some_and(declares) {
                let operands = simple.words.iter().skip(1).filter(|word| !word.prefix().starts_with(['-', '+']));
                operands.for_each(|word| add(assigned(word.prefix()).unwrap_or(word.prefix())));
            }
        }
    }

    /// The operands of `export` and the like.
    pub(super) fn declared(&mut self, unit: &Unit) {
        for arg in unit.rest().iter().filter(|arg| !arg.prefix().starts_with(['-', '+'])) {
            match (assigned(arg.prefix()), arg.known()) {
                (Some(name), _) => {
                    let value = arg.tail(arg.prefix().find('=').map_or(0, |at| at + 1));
                    self.variable(name, Some(&value.word), arg.span());
                }
                (None, Some(name)) => self.variable(name, None, arg.span()),
                (None, None) => self.doubt(OpaqueReason::Environment, arg.span(), &arg.shown),
            }
        }
    }
}

/// The name in `NAME=value`, `NAME+=value` and `NAME[i]=value`.
pub(crate) fn assigned(text: &str) -> Option<&str> {
    let (name, _) = text.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let name = name.split_once('[').map_or(name, |(name, _)| name);
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b == b'_' || b.is_ascii_alphabetic());
    (first && bytes.all(|b| b == b'_' || b.is_ascii_alphanumeric())).then_some(name)
}
