//! Reads tables of TOML so that all mistakes are found in one run: each value is asked for by its key and by what it has
//! to be, and keys that nobody asked for are mistakes.
//!
//! Knows TOML, texts, durations, sizes and where secrets are; nothing of gateways.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};
use std::time::Duration;

use claw_compiler::suggest;
use claw_runtime::Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Secret;
use super::finding::{Finding, Findings};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place in the text.
    pub span: Range<usize>,
}

impl<T> At<T> {
    /// The same place with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> At<U> {
        At { value: change(self.value), span: self.span }
    }
}

/// Where secrets are looked up.
#[derive(Clone, Copy)]
pub struct Surroundings<'s> {
    /// The value of an environment variable.
    pub variable: &'s dyn Fn(&str) -> Option<String>,
    /// Whether secrets that are not there are errors; else warnings, for checks on another machine.
    pub secrets: bool,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("secrets", &self.secrets).finish_non_exhaustive()
    }
}

/// What all tables of a document share.
#[derive(Debug)]
pub struct Notes<'s> {
    /// The folder that relative paths start from.
    pub base: PathBuf,
    /// Where secrets are looked up.
    pub surroundings: Surroundings<'s>,
    /// What was found.
    pub findings: RefCell<Findings>,
}

impl Notes<'_> {
    /// Notes a mistake.
    pub fn add(&self, finding: Finding) {
        self.findings.borrow_mut().list.push(finding);
    }

    /// A path of the file as the process can open it.
    pub fn path(&self, text: &str) -> PathBuf {
        self.base.join(text)
    }
}

/// A table that is being read.
#[derive(Debug)]
pub struct Table<'d> {
    entries: BTreeMap<&'d str, (Range<usize>, &'d Spanned<DeValue<'d>>)>,
    /// How users know it: `[http]`.
    pub name: String,
    /// Where it stands.
    pub span: Range<usize>,
    /// What is shared.
    pub notes: &'d Notes<'d>,
    asked: RefCell<Vec<&'d str>>,
}

impl<'d> Table<'d> {
    /// Starts to read a table.
    pub fn new(table: &'d DeTable<'d>, span: Range<usize>, name: &str, notes: &'d Notes<'d>) -> Table<'d> {
        let entries = table.iter().map(|(key, value)| (&**key.get_ref(), (key.span(), value))).collect();
        Table { entries, name: name.to_owned(), span, notes, asked: RefCell::default() }
    }

    fn get(&self, key: &'d str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.borrow_mut().push(key);
        self.entries.get(key).map(|(_, value)| *value)
    }

    /// Whether a key is there.
    pub fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether a key was asked for.
    pub fn was_asked(&self, key: &str) -> bool {
        self.asked.borrow().contains(&key)
    }

    /// Takes a key for one that was asked for: what is wrong with it was said.
    pub fn ignore(&self, key: &'d str) {
        self.asked.borrow_mut().push(key);
    }

    /// Whether a key is probably there, misspelt: then that is the mistake, and not that it is missing.
    pub fn misspelt(&self, key: &str) -> bool {
        !self.has(key) && self.entries.keys().any(|there| suggest::nearest(there, [key]).is_some())
    }

    /// Where a key stands; the table's place, if it is not there.
    pub fn span_of(&self, key: &str) -> Range<usize> {
        self.entries.get(key).map_or_else(|| self.span.clone(), |(span, _)| span.clone())
    }

    /// Notes that a value is not what it has to be.
    fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) {
        let found = kind(value.get_ref());
        self.notes.add(
            Finding::error(value.span(), format!("`{key}` of {} has to be {wanted}, not {found}", self.name))
                .label(format!("this is {found}")),
        );
    }

    /// A text.
    pub fn text(&self, key: &'d str) -> Option<At<String>> {
        let value = self.get(key)?;
        match value.get_ref() {
            DeValue::String(text) => Some(At { value: text.to_string(), span: value.span() }),
            _ => {
                self.wrong(key, value, "a text");
                None
            }
        }
    }

    /// A text, if it is one; that it is something else is no mistake.
    pub fn plain(&self, key: &'d str) -> Option<At<String>> {
        let value = self.get(key)?;
        value.get_ref().as_str().map(|text| At { value: text.to_owned(), span: value.span() })
    }

    /// A text that must be there and must not be empty.
    pub fn needed(&self, key: &'d str) -> Option<At<String>> {
        if !self.has(key) {
            self.get(key);
            if !self.misspelt(key) {
                self.notes.add(
                    Finding::error(self.span.clone(), format!("{} has no `{key}`", self.name))
                        .label(format!("`{key}` is missing")),
                );
            }
            return None;
        }
        let text = self.text(key)?;
        if text.value.trim().is_empty() {
            self.notes.add(Finding::error(text.span, format!("`{key}` of {} is empty", self.name)));
            return None;
        }
        Some(text)
    }

    /// A text that must not be empty where it is there.
    pub fn word(&self, key: &'d str) -> Option<At<String>> {
        if self.has(key) { self.needed(key) } else { self.text(key) }
    }

    /// `true` or `false`.
    pub fn flag(&self, key: &'d str, default: bool) -> bool {
        let Some(value) = self.get(key) else { return default };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => {
                self.wrong(key, value, "`true` or `false`");
                default
            }
        }
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, key: &'d str, choices: &[(&str, T)]) -> Option<At<T>> {
        let text = self.text(key)?;
        choose(self.notes, &self.name, key, &text, choices).map(|value| At { value, span: text.span })
    }

    /// A whole number within bounds.
    pub fn number(&self, key: &'d str, range: RangeInclusive<u64>, default: usize) -> usize {
        let Some(value) = self.get(key) else { return default };
        let DeValue::Integer(number) = value.get_ref() else {
            self.wrong(key, value, "a whole number");
            return default;
        };
        let parsed = u64::from_str_radix(number.as_str(), number.radix()).ok();
        self.bounded(key, value.span(), parsed, range, default, &|n| n.to_string())
    }

    /// A number of bytes: `4194304` or `"4 MiB"`.
    pub fn bytes(&self, key: &'d str, range: RangeInclusive<u64>, default: usize) -> usize {
        let Some(value) = self.get(key) else { return default };
        let parsed = match value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::String(text) => match size(text) {
                Some(size) => Some(size),
                None => {
                    let finding = Finding::error(value.span(), format!("`{text}` is no size"));
                    self.notes.add(finding.help("a size is written like `512 KiB`, `4 MiB` or `10 MB`"));
                    return default;
                }
            },
            _ => {
                self.wrong(key, value, "a size such as `\"4 MiB\"`");
                return default;
            }
        };
        self.bounded(key, value.span(), parsed, range, default, &shown_size)
    }

    fn bounded(
        &self,
        key: &str,
        span: Range<usize>,
        number: Option<u64>,
        range: RangeInclusive<u64>,
        default: usize,
        show: &dyn Fn(u64) -> String,
    ) -> usize {
        let fits = number.filter(|number| range.contains(number)).and_then(|number| usize::try_from(number).ok());
        fits.unwrap_or_else(|| {
            let (least, most) = (show(*range.start()), show(*range.end()));
            let message = format!("`{key}` of {} has to be between {least} and {most}", self.name);
            self.notes.add(Finding::error(span, message));
            default
        })
    }

    /// A duration such as `"30s"`.
    pub fn duration(&self, key: &'d str, range: RangeInclusive<Duration>, default: Duration) -> Duration {
        let Some(text) = self.text(key) else { return default };
        let parsed = match claw_runtime::Duration::parse(&text.value) {
            Ok(parsed) => u64::try_from(parsed.as_millis()).ok().map(Duration::from_millis),
            Err(message) => {
                let finding = Finding::error(text.span, format!("`{}` is no duration", text.value)).help(message);
                self.notes.add(finding);
                return default;
            }
        };
        parsed.filter(|parsed| range.contains(parsed)).unwrap_or_else(|| {
            let shown = |bound: &Duration| {
                claw_runtime::Duration::from_millis(i64::try_from(bound.as_millis()).unwrap_or(i64::MAX)).to_string()
            };
            let (least, most) = (shown(range.start()), shown(range.end()));
            let message = format!("`{key}` of {} has to be between {least} and {most}", self.name);
            self.notes.add(Finding::error(text.span, message));
            default
        })
    }

    /// A list of texts.
    pub fn texts(&self, key: &'d str) -> Option<Vec<At<String>>> {
        let value = self.get(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong(key, value, "a list of texts");
            return None;
        };
        let mut texts = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => texts.push(At { value: text.to_string(), span: item.span() }),
                other => {
                    let message = format!("`{key}` of {} is a list of texts; this is {}", self.name, kind(other));
                    self.notes.add(Finding::error(item.span(), message));
                }
            }
        }
        Some(texts)
    }

    /// A table inside of this one.
    pub fn table(&self, key: &'d str) -> Option<Table<'d>> {
        let value = self.get(key)?;
        let name = if self.name.is_empty() { format!("[{key}]") } else { format!("`{key}` of {}", self.name) };
        match value.get_ref() {
            DeValue::Table(table) => Some(Table::new(table, self.place(key, value), &name, self.notes)),
            _ => {
                self.wrong(key, value, "a table");
                None
            }
        }
    }

    /// A table's key, for its value may span many lines.
    fn place(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Range<usize> {
        self.entries.get(key).map_or_else(|| value.span(), |(span, _)| span.clone())
    }

    /// A list of tables: `[[key]]`.
    pub fn tables(&self, key: &'d str) -> Vec<Table<'d>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            let found = kind(value.get_ref());
            self.notes.add(
                Finding::error(self.place(key, value), format!("`{key}` is a list of tables, not {found}"))
                    .help(format!("begin each with `[[{key}]]`")),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref() {
                DeValue::Table(table) => {
                    tables.push(Table::new(table, item.span(), &format!("[[{key}]]"), self.notes));
                }
                other => {
                    self.notes.add(Finding::error(item.span(), format!("this has to be a table, not {}", kind(other))))
                }
            }
        }
        tables
    }

    /// A list whose items are texts or tables; each is given to `read`.
    pub fn either<T>(
        &self,
        key: &'d str,
        text: impl Fn(At<String>) -> Option<T>,
        table: impl Fn(&Table<'d>) -> Option<T>,
    ) -> Vec<T> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let name = format!("`{key}` of {}", self.name);
        let one = |item: &'d Spanned<DeValue<'d>>| match item.get_ref() {
            DeValue::String(word) => text(At { value: word.to_string(), span: item.span() }),
            DeValue::Table(inner) => {
                let inner = Table::new(inner, item.span(), &name, self.notes);
                let read = table(&inner);
                inner.finish();
                read
            }
            other => {
                self.notes.add(Finding::error(item.span(), format!("{name} can't be {}", kind(other))));
                None
            }
        };
        match value.get_ref() {
            DeValue::Array(items) => items.iter().filter_map(one).collect(),
            _ => one(value).into_iter().collect(),
        }
    }

    /// Every key that was not asked for, as JSON: attributes whose names are the policy's.
    pub fn rest(&self) -> Vec<(&'d str, Range<usize>, Json)> {
        let asked: Vec<&str> = self.asked.borrow().clone();
        let mut rest = Vec::new();
        for (key, (span, value)) in self.entries.iter().filter(|(key, _)| !asked.contains(key)) {
            self.asked.borrow_mut().push(key);
            if let Some(json) = self.json(value) {
                rest.push((*key, span.clone(), json));
            }
        }
        rest
    }

    /// The keys that were not asked for.
    pub fn keys(&self) -> Vec<&'d str> {
        self.entries.keys().copied().collect()
    }

    fn json(&self, value: &Spanned<DeValue<'_>>) -> Option<Json> {
        Some(match value.get_ref() {
            DeValue::String(text) => Json::Str((&**text).into()),
            DeValue::Boolean(flag) => Json::Bool(*flag),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Json::int(number),
                Err(_) => {
                    self.notes.add(Finding::error(value.span(), "this number is too large"));
                    return None;
                }
            },
            DeValue::Float(number) => {
                let json = Json::parse(number.as_str().as_bytes(), &claw_runtime::Limits::default());
                let Ok(json @ Json::Num(_)) = json else {
                    self.notes.add(Finding::error(value.span(), format!("`{}` is no number of JSON", number.as_str())));
                    return None;
                };
                json
            }
            DeValue::Datetime(time) => Json::Str(time.to_string().into()),
            DeValue::Array(items) => Json::Arr(items.iter().map(|item| self.json(item)).collect::<Option<_>>()?),
            DeValue::Table(table) => {
                let pairs = table.iter().map(|(key, value)| Some(((&**key.get_ref()).into(), self.json(value)?)));
                Json::Obj(pairs.collect::<Option<_>>()?)
            }
        })
    }

    /// `{ env = "NAME" }` or `{ file = "path" }`, looked up.
    pub fn secret(&self, key: &'d str) -> Option<At<Secret>> {
        let value = self.get(key)?;
        let name = format!("`{key}` of {}", self.name);
        match value.get_ref() {
            DeValue::Table(table) => {
                let table = Table::new(table, value.span(), &name, self.notes);
                let secret = table.looked_up();
                table.finish();
                secret
            }
            DeValue::String(_) => {
                self.notes.add(literal_secret(value.span(), &name));
                None
            }
            _ => {
                self.wrong(key, value, "`{ env = \"NAME\" }` or `{ file = \"path\" }`");
                None
            }
        }
    }

    /// The secret that this table leads to.
    pub fn looked_up(&self) -> Option<At<Secret>> {
        let (env, file) = (self.word("env"), self.word("file"));
        let (span, found) = match (env, file) {
            (Some(env), None) => {
                let found = (self.notes.surroundings.variable)(&env.value).filter(|value| !value.is_empty());
                (env.span, found.ok_or_else(|| format!("there is no `{}` in the environment", env.value)))
            }
            (None, Some(file)) => {
                let path = self.notes.path(&file.value);
                if let Some(finding) = readable_by_others(&path, &file.span) {
                    self.notes.add(finding);
                }
                (file.span, read_secret(&path))
            }
            _ => {
                let message = format!("{} has to say `env` or `file`", self.name);
                self.notes.add(Finding::error(self.span.clone(), message));
                return None;
            }
        };
        match found {
            Ok(value) => Some(At { value: Secret(value), span }),
            Err(message) if self.notes.surroundings.secrets => {
                self.notes.add(Finding::error(span, message));
                None
            }
            Err(message) => {
                self.notes.add(Finding::warning(span.clone(), message));
                Some(At { value: Secret(String::new()), span })
            }
        }
    }

    /// Names and what they stand for: texts, or secrets that are looked up. `secret` says which names hold secrets, whose
    /// values can't stand in the file.
    pub fn values(&self, key: &'d str, secret: impl Fn(&str) -> bool) -> BTreeMap<String, Secret> {
        let Some(table) = self.table(key) else { return BTreeMap::new() };
        let mut values = BTreeMap::new();
        for key in table.keys() {
            let Some(value) = table.get(key) else { continue };
            let name = format!("`{key}` of {}", table.name);
            match value.get_ref() {
                DeValue::String(_) if secret(key) => self.notes.add(literal_secret(value.span(), &name)),
                DeValue::String(text) => drop(values.insert(key.to_owned(), Secret(text.to_string()))),
                DeValue::Table(inner) => {
                    let inner = Table::new(inner, value.span(), &name, self.notes);
                    if let Some(found) = inner.looked_up() {
                        values.insert(key.to_owned(), found.value);
                    }
                    inner.finish();
                }
                _ => table.wrong(key, value, "a text, `{ env = \"NAME\" }` or `{ file = \"path\" }`"),
            }
        }
        values
    }

    /// Done: keys that nobody asked for are mistakes.
    pub fn finish(self) {
        let asked = self.asked.borrow();
        for (key, (span, _)) in self.entries.iter().filter(|(key, _)| !asked.contains(key)) {
            let place = if self.name.is_empty() { "a configuration".to_owned() } else { self.name.clone() };
            let mut finding = Finding::error(span.clone(), format!("{place} has no `{key}`")).label("unknown key");
            finding.help = match suggest::nearest(key, asked.iter().copied()) {
                Some(near) => Some(format!("did you mean `{near}`?")),
                None => Some(format!(
                    "known here: {}",
                    asked.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
                )),
            };
            self.notes.add(finding);
        }
    }
}

/// One of some words, or a mistake that names them.
pub fn choose<T: Copy>(
    notes: &Notes<'_>,
    table: &str,
    key: &str,
    text: &At<String>,
    choices: &[(&str, T)],
) -> Option<T> {
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text.value) {
        return Some(*value);
    }
    let words = || choices.iter().map(|(word, _)| *word);
    let finding = Finding::error(text.span.clone(), format!("`{key}` of {table} can't be `{}`", text.value));
    notes.add(finding.help(match suggest::nearest(&text.value, words()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it is one of {}", suggest::list(words())),
    }));
    None
}

fn literal_secret(span: Range<usize>, name: &str) -> Finding {
    Finding::error(span, format!("{name} is a secret and can't stand in this file"))
        .label("secret")
        .help("say where it is: `{ env = \"NAME\" }` or `{ file = \"path\" }`")
}

/// The longest secret, in bytes.
const MAX_SECRET: u64 = 64 << 10;

fn read_secret(path: &Path) -> Result<String, String> {
    use std::io::Read as _;
    let failed =
        |error: std::io::Error| format!("cannot read `{}`: {}", path.display(), crate::failure::describe(&error));
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(format!("`{}` is not a file", path.display()));
    }
    file.take(MAX_SECRET).read_to_string(&mut text).map_err(failed)?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() { Err(format!("`{}` is empty", path.display())) } else { Ok(text.to_owned()) }
}

#[cfg(unix)]
fn readable_by_others(path: &Path, span: &Range<usize>) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).ok()?.permissions().mode();
    (mode & 0o007 != 0).then(|| {
        Finding::warning(span.clone(), format!("everyone on this machine can read `{}`", path.display()))
            .help(format!("`chmod 600 {}`", path.display()))
    })
}

#[cfg(not(unix))]
fn readable_by_others(_: &Path, _: &Range<usize>) -> Option<Finding> {
    None
}

/// `4 MiB`, `10MB`, `512 KiB`, `4096`: bytes.
fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_').unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(end)?;
    let factor: u64 = match unit.trim() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    digits.replace('_', "").parse::<u64>().ok()?.checked_mul(factor)
}

/// The same the other way round.
fn shown_size(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(factor, _)| bytes >= *factor && bytes.is_multiple_of(*factor));
    unit.map_or_else(
        || format!("{bytes} B"),
        |(factor, name)| format!("{} {name}", bytes.checked_div(factor).unwrap_or(0)),
    )
}

/// What kind of value it is, with its article.
fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_have_units() {
        let read = ["4096", "4 MiB", "10MB", "1_000 kB", "4 megs", "", "-1", "99999999999999999999 GB"].map(size);
        let expected = [Some(4096), Some(4 << 20), Some(10_000_000), Some(1_000_000), None, None, None, None];
        assert_eq!(read, expected);
    }
}
