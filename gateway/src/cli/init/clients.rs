//! The servers of a client's configuration: `mcpServers` as Claude Desktop, Claude Code, Cursor and others write it, or
//! `servers` as VS Code does.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Map, Value};

use crate::failure::Failure;

/// The longest configuration of a client, in bytes.
const MAX: u64 = 4 << 20;

/// Servers as the gateway's configuration says them.
#[derive(Debug, Default)]
pub(super) struct Servers {
    /// The tables.
    pub(super) toml: String,
    /// What the user should know of them.
    pub(super) notes: String,
}

/// Reads a client's configuration.
///
/// # Errors
/// [`Failure`] where it can't be read, or names no server.
pub(super) fn read(file: &Path) -> Result<Servers, Failure> {
    let length = std::fs::metadata(file).map_err(|error| Failure::io("read", file, &error))?.len();
    if length > MAX {
        return Err(Failure::new(format!("`{}` is larger than {} MiB", file.display(), MAX >> 20)));
    }
    let text = std::fs::read_to_string(file).map_err(|error| Failure::io("read", file, &error))?;
    let json: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::new(format!("`{}` is no JSON: {error}", file.display())))?;
    let servers = ["mcpServers", "servers"].iter().find_map(|key| json.get(key)?.as_object());
    let servers = servers.filter(|servers| !servers.is_empty()).ok_or_else(|| {
        Failure::new(format!("`{}` names no server", file.display()))
            .help("a client's servers stand under `mcpServers`")
    })?;
    let mut found = Servers::default();
    let mut names = Vec::new();
    for (name, server) in servers {
        let mut plain = plain(name);
        while names.contains(&plain) {
            plain.push('2');
        }
        if plain != *name {
            let _ = writeln!(found.notes, "note: the server `{name}` is called `{plain}` here");
        }
        found.server(&plain, server);
        names.push(plain);
    }
    Ok(found)
}

/// A name that a configuration can have.
fn plain(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).take(48).collect();
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { "server".to_owned() } else { name.to_owned() }
}

impl Servers {
    fn server(&mut self, name: &str, server: &Value) {
        let text = |key: &str| server.get(key).and_then(Value::as_str);
        let empty = Map::new();
        let pairs = |key: &str| server.get(key).and_then(Value::as_object).unwrap_or(&empty).clone();
        let mut table = format!("[[server]]\nname = {}\n", quoted(name));
        if let Some(command) = text("command") {
            let args = server.get("args").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            let args: Vec<String> = args.map(quoted).collect();
            let _ = writeln!(table, "command = {}\nargs = [{}]", quoted(command), args.join(", "));
            if let Some(cwd) = text("cwd") {
                let _ = writeln!(table, "cwd = {}", quoted(cwd));
            }
            let values = self.values(name, &pairs("env"), |name| name.to_owned());
            if !values.is_empty() {
                let _ = writeln!(table, "env = {{ {values} }}");
            }
        } else if let Some(url) = text("url").or_else(|| text("serverUrl")) {
            let _ = writeln!(table, "url = {}", quoted(url));
            let variable = |header: &str| format!("{name}_{header}").to_uppercase().replace(['-', '.'], "_");
            let values = self.values(name, &pairs("headers"), variable);
            if !values.is_empty() {
                let _ = writeln!(table, "headers = {{ {values} }}");
            }
        } else {
            let _ = writeln!(self.notes, "note: the server `{name}` has neither a command nor a url, and was left out");
            return;
        }
        self.toml.push_str(&table);
        self.toml.push('\n');
    }

    /// An inline table's content. Values that look like secrets are taken from the environment.
    fn values(&mut self, server: &str, pairs: &Map<String, Value>, variable: impl Fn(&str) -> String) -> String {
        let mut parts = Vec::new();
        for (key, value) in pairs {
            let Some(value) = value.as_str() else { continue };
            // `${NAME}` and `${env:NAME}` are how clients themselves speak of their environment.
            let named = value.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
            let variable = match named.map(|name| name.strip_prefix("env:").unwrap_or(name)) {
                Some(name) => name.to_owned(),
                None if is_secret(key) || is_secret(value) => {
                    let name = variable(key);
                    let _ = writeln!(
                        self.notes,
                        "note: `{key}` of `{server}` looks like a secret and was not copied: set `{name}` in the gateway's environment"
                    );
                    name
                }
                None => {
                    parts.push(format!("{} = {}", bare(key), quoted(value)));
                    continue;
                }
            };
            parts.push(format!("{} = {{ env = {} }}", bare(key), quoted(&variable)));
        }
        parts.join(", ")
    }
}

fn is_secret(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words = ["token", "secret", "password", "passwd", "authorization", "bearer", "credential", "cookie", "apikey"];
    let prefixes = ["sk-", "ghp_", "github_pat_", "xoxb-", "xoxp-", "glpat-"];
    words.iter().any(|word| lower.contains(word))
        || lower.split(['_', '-']).any(|word| word == "key" || word == "pat")
        || prefixes.iter().any(|prefix| lower.starts_with(prefix))
        // An address with a password in it.
        || url::Url::parse(text).is_ok_and(|url| url.password().is_some())
}

/// A key of TOML, in quotation marks where it needs them.
fn bare(key: &str) -> String {
    let plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if plain { key.to_owned() } else { quoted(key) }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
