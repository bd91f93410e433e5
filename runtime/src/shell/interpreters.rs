//! Programs that get a program in another language: `python -c …`, `psql -c …`, `awk '…'`.
//!
//! Which word is that text, or that it comes from elsewhere. What the text says is not read here.

use super::meaning::{Arg, Reader, Stdin, Unit};
use super::script::{OpaqueReason, Span};
use super::wrappers::Options;
use crate::call::Text;

/// An interpreter.
#[derive(Clone, Copy, Debug)]
struct Interpreter {
    names: &'static [&'static str],
    /// Options whose value is code.
    code: &'static [&'static str],
    options: Options,
    /// Letters of short options that take the rest of their word, if anything: `perl -MFile::Path`.
    attached: &'static str,
    /// What its operands are.
    operands: Operands,
    /// Its language runs commands as a shell does: what it says is opaque.
    shell: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operands {
    /// The first is a script's file; without one, code comes on the input.
    File,
    /// The first is code, unless an option gives it: `awk`.
    Code,
    /// The second is code; without it, code comes on the input: `sqlite3 db 'select 1'`.
    SecondCode,
    /// They are no code; without a code option, code comes on the input: `psql db`.
    Other,
}

const NONE: Options = Options { flags: "", values: "", long_flags: &[], long_values: &[] };

const PLAIN: Interpreter =
    Interpreter { names: &[], code: &[], options: NONE, attached: "", operands: Operands::File, shell: false };

/// Programs by name; a version at the end (`python3.12`) does not matter.
static INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "pypy", "ipython", "jython"],
        code: &["-c"],
        options: Options { values: "cWXm", ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &["node", "nodejs"],
        code: &["-e", "-p", "--eval", "--print", "-pe"],
        options: Options {
            values: "eprC",
            long_values: &["--eval", "--print", "--require", "--import", "--loader"],
            ..NONE
        },
        ..PLAIN
    },
    Interpreter {
        names: &["bun", "tsx", "ts-node"],
        code: &["-e", "-p", "--eval", "--print", "--execute"],
        options: Options { values: "epr", long_values: &["--eval", "--print", "--preload"], ..NONE },
        operands: Operands::Other,
        ..PLAIN
    },
    Interpreter { names: &["deno"], code: &["eval", "--eval"], operands: Operands::Other, ..PLAIN },
    Interpreter {
        names: &["ruby", "jruby", "irb"],
        code: &["-e"],
        options: Options { values: "eICEr", ..NONE },
        attached: "FKTWix",
        ..PLAIN
    },
    Interpreter {
        names: &["perl"],
        code: &["-e", "-E"],
        options: Options { values: "eEI", ..NONE },
        attached: "CDFMVimx",
        ..PLAIN
    },
    Interpreter {
        names: &["php"],
        code: &["-r", "-B", "-R", "-E", "--run"],
        options: Options { values: "rBREdcz", ..NONE },
        ..PLAIN
    },
    Interpreter { names: &["lua", "luajit"], code: &["-e"], options: Options { values: "el", ..NONE }, ..PLAIN },
    Interpreter {
        names: &["awk", "gawk", "mawk", "nawk", "bwk"],
        code: &["-e", "--source"],
        options: Options {
            values: "eFfvilE",
            long_values: &["--source", "--file", "--field-separator", "--assign", "--include", "--load", "--exec"],
            ..NONE
        },
        operands: Operands::Code,
        ..PLAIN
    },
    Interpreter { names: &["osascript"], code: &["-e"], options: Options { values: "els", ..NONE }, ..PLAIN },
    Interpreter {
        names: &["Rscript", "R", "littler", "r"],
        code: &["-e"],
        options: Options { values: "e", ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &["julia"],
        code: &["-e", "-E", "--eval", "--print"],
        options: Options { values: "eELp", long_values: &["--eval", "--print", "--project"], ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &[
            "elixir", "iex", "erl", "groovy", "scala", "swift", "crystal", "guile", "racket", "sbcl", "clojure", "bb",
            "ghc", "raku", "nim", "dart",
        ],
        code: &["-e", "--eval", "-eval", "-c"],
        options: Options { values: "ec", long_values: &["--eval"], ..NONE },
        operands: Operands::Other,
        ..PLAIN
    },
    Interpreter {
        names: &["psql", "pgcli"],
        code: &["-c", "--command"],
        operands: Operands::Other,
        options: Options { values: "cdfFhLoPpRTUv", long_values: &["--command"], ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &["mysql", "mariadb", "mycli"],
        code: &["-e", "--execute"],
        operands: Operands::Other,
        options: Options { values: "eDhPSu", long_values: &["--execute"], ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &["sqlite", "duckdb"],
        code: &["-cmd", "-c", "-s"],
        operands: Operands::SecondCode,
        options: Options { values: "cs", ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &[
            "clickhouse-client",
            "clickhouse",
            "snowsql",
            "cockroach",
            "usql",
            "sqlcmd",
            "mongosh",
            "mongo",
            "redis-cli",
            "cqlsh",
            "trino",
            "presto",
        ],
        code: &["-q", "-Q", "-e", "-c", "--query", "--eval", "--execute", "--command"],
        operands: Operands::Other,
        options: Options { values: "qQec", long_values: &["--query", "--eval", "--execute", "--command"], ..NONE },
        ..PLAIN
    },
    Interpreter {
        names: &[
            "fish",
            "csh",
            "tcsh",
            "pwsh",
            "powershell",
            "nu",
            "xonsh",
            "elvish",
            "cmd",
            "cmd.exe",
            "powershell.exe",
        ],
        code: &["-c", "--command", "-Command", "-command", "--commands", "-EncodedCommand", "/c", "/C"],
        options: Options { values: "cC", long_values: &["--command"], ..NONE },
        shell: true,
        ..PLAIN
    },
    Interpreter {
        names: &["tclsh", "wish", "expect"],
        code: &["-c"],
        options: Options { values: "c", ..NONE },
        shell: true,
        ..PLAIN
    },
    Interpreter {
        names: &["ed", "ex", "vi", "vim", "nvim", "view", "emacs"],
        code: &["-c", "--cmd", "--eval", "-eval", "-S"],
        options: Options { values: "cSp", ..NONE },
        operands: Operands::Other,
        ..PLAIN
    },
];

/// Finds the code that a program is given.
pub(super) fn read(reader: &mut Reader, name: &str, unit: &mut Unit) {
    if matches!(name, "sed" | "gsed") {
        unit.code = sed(unit).map(|script| script.text());
        return;
    }
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-');
    let fits = |interpreter: &&Interpreter| interpreter.names.contains(&name) || interpreter.names.contains(&stem);
    let Some(interpreter) = INTERPRETERS.iter().find(fits) else { return };
    unit.code = interpreter.code(unit);
    if interpreter.shell && (unit.code.is_some() || unit.args.len() > 1) {
        reader.doubt(OpaqueReason::Inner, unit.span, name);
    }
}

impl Interpreter {
    fn code(&self, unit: &Unit) -> Option<Text> {
        let (mut code, mut operands) = (Vec::new(), Vec::new());
        let (mut index, mut own, mut informs) = (1, false, false);
        while let Some(arg) = unit.arg(index) {
            index += 1;
            match self.option(arg) {
                Part::Code(attached) => {
                    let value = attached.or_else(|| unit.arg(index).cloned());
                    index += usize::from(attached_is_next(arg, self));
                    code.push(value.unwrap_or_else(|| Arg::unknown(unit.span)));
                    if self.operands == Operands::File {
                        break; // what follows belongs to the code
                    }
                }
                Part::Value => {
                    own |= matches!(arg.known(), Some("-m" | "-f" | "--file" | "-E" | "--exec"));
                    index += 1;
                }
                Part::Option => {
                    informs |= matches!(arg.known(), Some("--version" | "--help" | "-h" | "-V" | "-v" | "-l"))
                }
                Part::Unknown => code.push(Arg::unknown(arg.span())),
                Part::Operand => {
                    operands.push(arg.clone());
                    if self.operands == Operands::File || self.operands == Operands::Code {
                        break;
                    }
                }
            }
        }
        if !code.is_empty() {
            return Some(joined(&code, unit.more));
        }
        let by_operand = match self.operands {
            Operands::Code if !own => operands.first().map(Arg::text),
            Operands::SecondCode if operands.len() > 1 => {
                Some(joined(operands.get(1..).unwrap_or_default(), unit.more))
            }
            _ => None,
        };
        let file =
            self.operands == Operands::File && (own || operands.first().is_some_and(|file| file.known() != Some("-")));
        if by_operand.is_some() || file || informs {
            return by_operand;
        }
        if unit.more {
            return Some(Arg::unknown(unit.span).text());
        }
        self.input(unit)
    }

    /// Code that comes on the input.
    fn input(&self, unit: &Unit) -> Option<Text> {
        if self.operands == Operands::Code {
            return None;
        }
        match (&unit.context.stdin, Reader::stdin_text(unit)) {
            (_, Some(text)) => Some(text.text()),
            (Stdin::Nothing, None) => None,
            (Stdin::Inherited, None) if !unit.reads_pipe && self.operands != Operands::File => None,
            _ => Some(Arg::unknown(unit.span).text()),
        }
    }

    /// What a word is to this interpreter.
    fn option(&self, arg: &Arg) -> Part {
        let word = arg.prefix();
        if self.code.contains(&word) && arg.known().is_some() {
            return Part::Code(None);
        }
        if arg.known().is_none() && (arg.splits() || word.is_empty()) && arg.may_be_option() {
            return if arg.splits() { Part::Unknown } else { Part::Operand };
        }
        if let Some((name, _)) = word.split_once('=').filter(|_| word.starts_with("--")) {
            return if self.code.contains(&name) { Part::Code(Some(arg.tail(name.len() + 1))) } else { Part::Option };
        }
        if word == "-" || !word.starts_with('-') {
            return Part::Operand;
        }
        if word.starts_with("--") {
            return if self.options.long_values.contains(&word) { Part::Value } else { Part::Option };
        }
        for (at, letter) in word.char_indices().skip(1) {
            let after = at + letter.len_utf8();
            let last = after == word.len() && arg.known().is_some();
            if self.attached.contains(letter) {
                return Part::Option;
            }
            if self.options.values.contains(letter) {
                let code =
                    self.code.iter().any(|name| name.strip_prefix('-').is_some_and(|name| name.chars().eq([letter])));
                return match (code, last) {
                    (true, true) => Part::Code(None),
                    (true, false) => Part::Code(Some(arg.tail(after))),
                    (false, true) => Part::Value,
                    (false, false) => Part::Option,
                };
            }
        }
        Part::Option
    }
}

/// What a word is to an interpreter.
enum Part {
    /// An option for code; the code, if it is attached.
    Code(Option<Arg>),
    /// An option with its value in the next word.
    Value,
    Option,
    Operand,
    /// No telling.
    Unknown,
}

fn attached_is_next(arg: &Arg, interpreter: &Interpreter) -> bool {
    matches!(interpreter.option(arg), Part::Code(None))
}

/// Several pieces of code, one per line.
fn joined(code: &[Arg], more: bool) -> Text {
    match code {
        [one] if !more => one.text(),
        _ if !more && code.iter().all(|arg| arg.known().is_some()) => {
            let lines: Vec<&str> = code.iter().filter_map(Arg::known).collect();
            Text::known(lines.join("\n"))
        }
        _ => Arg::unknown(code.first().map_or(Span::default(), Arg::span)).text(),
    }
}

/// The script of `sed`, if it may do more than change the text that passes through: `e`, `w`, `r`.
fn sed(unit: &Unit) -> Option<Arg> {
    let mut scripts = Vec::new();
    let mut index = 1;
    let mut file = false;
    while let Some(arg) = unit.arg(index) {
        index += 1;
        match arg.prefix() {
            "-e" | "--expression" if arg.known().is_some() => {
                scripts.push(unit.arg(index).cloned().unwrap_or_else(|| Arg::unknown(unit.span)));
                index += 1;
            }
            "-f" | "--file" => {
                file = true;
                index += 1;
            }
            word if word.starts_with("--expression=") => scripts.push(arg.tail("--expression=".len())),
            word if word.starts_with("-e")
                || word.starts_with("-ne")
                || word.starts_with("-f")
                || word.starts_with("--file") =>
            {
                if word == "-ne" {
                    scripts.push(unit.arg(index).cloned().unwrap_or_else(|| Arg::unknown(unit.span)));
                    index += 1;
                } else {
                    scripts.push(Arg::unknown(arg.span()));
                }
            }
            word if word.starts_with('-') && word.len() > 1 => {}
            _ => {
                if scripts.is_empty() && !file {
                    scripts.push(arg.clone());
                }
                break;
            }
        }
    }
    if file {
        return Some(Arg::unknown(unit.span));
    }
    let odd = |script: &Arg| script.known().is_none_or(|script| !script.split([';', '\n']).all(is_mere_sed));
    scripts.iter().any(odd).then(|| match scripts.as_slice() {
        [one] => one.clone(),
        _ => Arg::unknown(unit.span),
    })
}

/// Is this one command of `sed` that prints, deletes or substitutes?
fn is_mere_sed(command: &str) -> bool {
    let command = command.trim().trim_matches(['{', '}']).trim();
    let Some(command) = after_addresses(command) else { return false };
    let mut chars = command.chars();
    match chars.next() {
        None => true,
        Some('p' | 'd' | 'q' | '=' | 'D' | 'P' | 'n' | 'N' | 'g' | 'G' | 'h' | 'H' | 'x' | 'l') => {
            chars.as_str().trim().bytes().all(|b| b.is_ascii_digit())
        }
        Some('s' | 'y') => is_mere_substitution(chars.as_str()),
        _ => false,
    }
}

/// What follows the addresses in `/from/,/to/p` and `1,$p`.
fn after_addresses(command: &str) -> Option<&str> {
    let mut rest = command;
    for _ in 0..2 {
        if let Some(pattern) = rest.strip_prefix('/') {
            let (pattern, after) = pattern.split_once('/')?;
            if pattern.contains('\\') {
                return None; // where it ends is another question
            }
            rest = after.trim_start_matches(['I', ' ']);
        }
        let counts = |c: char| c.is_ascii_digit() || matches!(c, ',' | '$' | '~' | '+' | '!' | ' ');
        rest = rest.trim_start_matches(counts);
    }
    Some(rest)
}

/// The rest of `s/from/to/flags`, without flags that run or write something.
fn is_mere_substitution(text: &str) -> bool {
    let mut chars = text.chars();
    let Some(delimiter) = chars.next() else { return false };
    let mut parts = 0;
    while let Some(c) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == delimiter {
            parts += 1;
            if parts == 2 {
                break;
            }
        }
    }
    let harmless = |c| matches!(c, 'g' | 'p' | 'i' | 'I' | 'm' | 'M' | '0'..='9');
    parts == 2 && chars.as_str().trim().chars().all(harmless)
}
