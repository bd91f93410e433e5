//! Who calls, who votes and what stands behind: `[[server]]`, `[[caller]]`, `[[person]]`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use claw_compiler::suggest;
use claw_runtime::{AgentInput, Json, Time, UserInput};

use super::finding::Finding;
use super::read::{CallerPlaces, Places, Words, hex_digest, in_the_clear, url};
use super::reader::{At, Notes, Table, choose};
use super::{Ability, Caller, Person, Pin, Reach, Server, SessionBy, Token, TokenDigest};

/// The longest name of anything, in bytes.
const MAX_NAME: usize = 64;

/// The servers behind the gateway.
pub fn servers<'d>(top: &Table<'d>, places: &mut Places) -> Vec<At<Server>> {
    let mut servers: Vec<At<Server>> = Vec::new();
    for table in top.tables("server") {
        if let Some(name) = table.text("name") {
            places.server_names.push(name.value);
        }
        let name = table.needed("name").filter(|name| is_name(name, &table));
        let reach = reach(&table);
        let most = Duration::from_secs(24 * 3600);
        let timeout = table.duration("timeout", Duration::from_millis(1)..=most, Duration::from_secs(60));
        let words = Words {
            labels: table.texts("labels").unwrap_or_default(),
            origins: table.texts("origins").unwrap_or_default(),
        };
        let pins = [("first-seen", Pin::FirstSeen), ("policy", Pin::Policy)];
        let pin = table.choice("pin", &pins).map_or(Pin::FirstSeen, |at| at.value);
        let notes = table.notes;
        table.finish();
        let (Some(name), Some(reach)) = (name, reach) else { continue };
        if name.value.contains("__") {
            notes.add(
                Finding::error(name.span.clone(), format!("a server can't be called `{}`", name.value))
                    .help("`__` stands between a server's name and a tool's where several servers are seen as one"),
            );
        }
        if let Some(before) = places.servers.insert(name.value.clone(), name.span.clone()) {
            repeated(notes, "server", &name, &before);
            continue;
        }
        let values = |words: &[At<String>]| words.iter().map(|at| at.value.clone()).collect();
        let server = Server {
            name: name.value.clone(),
            reach,
            timeout,
            labels: values(&words.labels),
            origins: values(&words.origins),
            pin,
        };
        places.words.insert(name.value, words);
        servers.push(At { value: server, span: name.span });
    }
    servers
}

fn reach(table: &Table<'_>) -> Option<Reach> {
    let command = table.word("command");
    let address = table.word("url");
    let args = table.texts("args");
    let cwd = table.word("cwd").map(|at| table.notes.path(&at.value));
    match (command, address) {
        (Some(command), None) => {
            let env = table.values("env", |_| false);
            secrets_in_env(table);
            // A command with a slash is a file; others are looked for in the PATH.
            let path = command.value.contains('/').then(|| table.notes.path(&command.value).display().to_string());
            let args = args.unwrap_or_default().into_iter().map(|at| at.value).collect();
            reject(table, "headers", "is for servers with a `url`");
            Some(Reach::Child { command: path.unwrap_or(command.value), args, env, cwd })
        }
        (None, Some(address)) => {
            let headers = table.values("headers", sounds_secret);
            for key in ["args", "env", "cwd"] {
                reject(table, key, "is for servers with a `command`");
            }
            let parsed = url(&address, table.notes)?;
            if in_the_clear(&parsed) {
                let message = format!("calls would travel in the clear to `{}`", address.value);
                table.notes.add(Finding::warning(address.span, message).help("use `https://`"));
            }
            Some(Reach::Http { url: parsed, headers })
        }
        (command, address) => {
            let both = command.is_some() && address.is_some();
            if both || !(table.misspelt("command") || table.misspelt("url")) {
                let message = if both {
                    "a server has a `command` or a `url`, not both"
                } else {
                    "nothing says how to reach this server"
                };
                let finding = Finding::error(table.span.clone(), message);
                table.notes.add(finding.help("write `command` and `args` for a program, or `url`"));
            }
            for key in ["headers", "env"] {
                table.ignore(key);
            }
            None
        }
    }
}

/// Secrets that a program takes from its environment are better not in the file; but names only look like it.
fn secrets_in_env(table: &Table<'_>) {
    let Some(env) = table.table("env") else { return };
    for key in env.keys().into_iter().filter(|key| sounds_secret(key)) {
        if let Some(text) = env.plain(key) {
            table.notes.add(
                Finding::warning(text.span, format!("`{key}` looks like a secret, and stands in this file"))
                    .help("say where it is: `{ env = \"NAME\" }` or `{ file = \"path\" }`"),
            );
        }
    }
}

/// Notes a key that means nothing here.
fn reject(table: &Table<'_>, key: &'static str, why: &str) {
    table.ignore(key);
    if table.has(key) {
        table.notes.add(Finding::error(table.span_of(key), format!("`{key}` {why}")));
    }
}

/// Whether a header or a variable of this name holds a secret.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["authorization", "cookie", "token", "key", "secret", "password"].iter().any(|word| name.contains(word))
}

/// The callers.
pub fn callers<'d>(top: &Table<'d>, places: &mut Places) -> Vec<At<Caller>> {
    let mut callers: Vec<At<Caller>> = Vec::new();
    for table in top.tables("caller") {
        let name = table.needed("name").filter(|name| is_name(name, &table));
        let mut place = CallerPlaces::default();
        let caller = caller(&table, name.as_ref(), &places.server_names, &mut place);
        let notes = table.notes;
        table.finish();
        let (Some(name), Some(caller)) = (name, caller) else { continue };
        place.name = name.span.clone();
        if let Some(before) = places.callers.get(&name.value) {
            repeated(notes, "caller", &name, &before.name);
            continue;
        }
        places.callers.insert(name.value, place);
        callers.push(At { value: caller, span: name.span });
    }
    callers
}

fn caller(
    table: &Table<'_>,
    name: Option<&At<String>>,
    servers: &[String],
    place: &mut CallerPlaces,
) -> Option<Caller> {
    let tokens = tokens(table);
    let certificates = table.texts("certificate_sha256").unwrap_or_default();
    let certificates = certificates.iter().filter_map(|text| digest(text, table.notes)).collect();
    let abilities = [("mcp", Ability::Mcp), ("decide", Ability::Decide), ("manage", Ability::Manage)];
    let may = match table.texts("may") {
        None => vec![Ability::Mcp],
        Some(words) => {
            let one = |word: &At<String>| choose(table.notes, &table.name, "may", word, &abilities);
            words.iter().filter_map(one).collect()
        }
    };
    let environment = table.word("environment");
    place.environment = environment.as_ref().map(|at| at.span.clone());
    let agent = agent(table, name, place);
    let user = user(table, place);
    let context = table.table("context").map(|inner| {
        place.context_root = inner.span.clone();
        let facts = inner.rest();
        place.context = facts.iter().map(|(key, span, _)| ((*key).to_owned(), span.clone())).collect();
        Json::Obj(facts.into_iter().map(|(key, _, json)| (key.into(), json)).collect())
    });
    Some(Caller {
        name: name?.value.clone(),
        tokens,
        certificates,
        may,
        tenant: table.word("tenant").map(|at| at.value),
        environment: environment.map(|at| at.value),
        agent,
        user,
        context,
        servers: reached(table, servers),
        session: session(table),
    })
}

/// The servers that a caller reaches.
fn reached(table: &Table<'_>, servers: &[String]) -> Option<Vec<String>> {
    let named = table.texts("servers")?;
    let known = || servers.iter().map(String::as_str);
    for name in named.iter().filter(|name| known().all(|known| known != name.value)) {
        let finding = Finding::error(name.span.clone(), format!("there is no server `{}`", name.value));
        table.notes.add(match suggest::nearest(&name.value, known()) {
            Some(near) => finding.help(format!("did you mean `{near}`?")),
            None => finding.help("servers are declared with `[[server]]`"),
        });
    }
    Some(named.into_iter().map(|at| at.value).collect())
}

fn session(table: &Table<'_>) -> SessionBy {
    let Some(text) = table.text("session") else { return SessionBy::Connection };
    match text.value.as_str() {
        "connection" => SessionBy::Connection,
        "caller" => SessionBy::Caller,
        other => match other.strip_prefix("header:").map(str::trim) {
            Some(header) if !header.is_empty() && header.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
                SessionBy::Header(header.to_owned())
            }
            _ => {
                let finding = Finding::error(text.span, format!("`session` can't be `{other}`"));
                table.notes.add(finding.help("it is `connection`, `caller`, or `header:` and a header's name"));
                SessionBy::Connection
            }
        },
    }
}

fn agent(table: &Table<'_>, name: Option<&At<String>>, place: &mut CallerPlaces) -> AgentInput {
    let mut agent = AgentInput::new(name.map_or_else(String::new, |name| name.value.clone()));
    let Some(inner) = table.table("agent") else { return agent };
    if let Some(id) = inner.word("id") {
        agent.id = id.value;
    }
    place.agent_roles = inner.texts("roles").unwrap_or_default();
    agent.roles = place.agent_roles.iter().map(|at| at.value.clone()).collect();
    agent.owner = inner.word("owner").map(|at| at.value);
    for (key, span, json) in inner.rest() {
        place.agent.insert(key.to_owned(), span);
        agent.attrs.push((key.to_owned(), json));
    }
    agent
}

fn user(table: &Table<'_>, place: &mut CallerPlaces) -> Option<UserInput> {
    let inner = table.table("user")?;
    let mut user = UserInput::new(inner.needed("id").map(|at| at.value).unwrap_or_default());
    place.user_roles = inner.texts("roles").unwrap_or_default();
    user.roles = place.user_roles.iter().map(|at| at.value.clone()).collect();
    for (key, span, json) in inner.rest() {
        place.user.insert(key.to_owned(), span);
        user.attrs.push((key.to_owned(), json));
    }
    Some(user)
}

/// Who votes.
pub fn people<'d>(top: &Table<'d>, places: &mut Places) -> Vec<At<Person>> {
    let mut people: Vec<At<Person>> = Vec::new();
    for table in top.tables("person") {
        let name = table.needed("name");
        let tokens = tokens(&table);
        let roles = table.texts("roles").unwrap_or_default();
        let tenant = table.word("tenant").map(|at| at.value);
        let notes = table.notes;
        table.finish();
        let Some(name) = name else { continue };
        if let Some(before) = people.iter().find(|person| person.value.name == name.value) {
            repeated(notes, "person", &name, &before.span);
            continue;
        }
        if tokens.is_empty() {
            notes.add(
                Finding::warning(name.span.clone(), format!("`{}` has no token and can't sign in", name.value))
                    .help("`claw-gateway token` makes one"),
            );
        }
        let person = Person {
            name: name.value.clone(),
            tokens,
            roles: roles.iter().map(|at| at.value.clone()).collect(),
            tenant,
        };
        places.people.insert(name.value, roles);
        people.push(At { value: person, span: name.span });
    }
    people
}

/// `token_sha256`: a digest or several, or `{ sha256 = "…", expires = "…" }`.
fn tokens(table: &Table<'_>) -> Vec<Token> {
    for key in ["token", "tokens"].into_iter().filter(|key| table.has(key)) {
        table.ignore(key);
        table.notes.add(
            Finding::error(table.span_of(key), "a token is a secret and can't stand in this file")
                .help("`claw-gateway token` prints a new one with its digest, for `token_sha256`"),
        );
    }
    let plain = |text: At<String>| digest(&text, table.notes).map(|digest| Token { digest, expires: None });
    let dated = |inner: &Table<'_>| {
        let digest = inner.needed("sha256").and_then(|text| digest(&text, inner.notes));
        let expires = inner.word("expires").map(|text| expiry(&text, inner.notes));
        match expires {
            Some(None) => None,
            expires => Some(Token { digest: digest?, expires: expires.flatten() }),
        }
    };
    table.either("token_sha256", plain, dated)
}

/// A day, whose beginning in UTC is meant, or a time.
fn expiry(text: &At<String>, notes: &Notes<'_>) -> Option<Time> {
    let day = format!("{}T00:00:00Z", text.value);
    let parsed = Time::parse(&text.value).or_else(|_| Time::parse(&day)).ok();
    if parsed.is_none() {
        let finding = Finding::error(text.span.clone(), format!("`{}` is no time", text.value));
        notes.add(finding.help("write a day, `2027-01-31`, or a time, `2027-01-31T12:00:00Z`"));
    }
    parsed
}

/// A digest of a token or certificate.
pub fn digest(text: &At<String>, notes: &Notes<'_>) -> Option<TokenDigest> {
    let digest = hex_digest(&text.value);
    if digest.is_none() {
        notes.add(
            Finding::error(text.span.clone(), "this is no SHA-256: that has 64 hexadecimal digits")
                .help("`claw-gateway token` prints a new token with its digest; a token itself must not stand here"),
        );
    }
    digest
}

/// Two that have the same token could not be told apart.
pub fn distinct(callers: &[At<Caller>], people: &[At<Person>], notes: &Notes<'_>) {
    let mut seen: BTreeMap<[u8; 32], String> = BTreeMap::new();
    let of_callers = callers.iter().flat_map(|caller| {
        let Caller { name, tokens, certificates, .. } = &caller.value;
        let digests = tokens.iter().map(|token| token.digest).chain(certificates.iter().copied());
        digests.map(move |digest| (format!("the caller `{name}`"), caller.span.clone(), digest))
    });
    let of_people = people.iter().flat_map(|person| {
        let name = &person.value.name;
        person.value.tokens.iter().map(move |token| (format!("`{name}`"), person.span.clone(), token.digest))
    });
    for (who, span, digest) in of_callers.chain(of_people) {
        if let Some(other) = seen.insert(digest.0, who.clone()) {
            let message = if other == who {
                format!("{who} has the same token twice")
            } else {
                format!("{who} has the token of {other}")
            };
            notes.add(Finding::error(span, message).help("`claw-gateway token` makes another"));
        }
    }
}

fn is_name(name: &At<String>, table: &Table<'_>) -> bool {
    let fits = name.value.len() <= MAX_NAME
        && name.value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        && name.value.bytes().any(|byte| byte.is_ascii_alphanumeric());
    if !fits {
        table.notes.add(
            Finding::error(
                name.span.clone(),
                format!("`{}` can't be the name of a {}", name.value, table.name.trim_matches(['[', ']'])),
            )
            .help("names are made of letters, digits, `-`, `_` and `.`"),
        );
    }
    fits
}

fn repeated(notes: &Notes<'_>, what: &str, name: &At<String>, before: &Range<usize>) {
    let text = notes.findings.borrow().text.get(..before.start).unwrap_or_default().matches('\n').count();
    let line = text.saturating_add(1);
    notes.add(
        Finding::error(name.span.clone(), format!("there is a {what} `{}` already", name.value))
            .help(format!("the first stands on line {line}")),
    );
}
