//! From the text of a configuration to a [`Config`], with every mistake in it.
//!
//! Reads no policy: what fits a policy and what does not, `fit` says. Secrets are the one thing that is looked up.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeTable;

use super::finding::{Finding, Findings};
use super::principals;
use super::reader::{At, Notes, Surroundings, Table};
use super::{Ability, Approvals, Audit, Bounds, Caller, Config, Http, Policies, Store, Tls, TokenDigest, Webhook};

/// Where the gateway listens, unless it is told.
pub const LISTEN: &str = "127.0.0.1:8787";
/// The longest configuration, in bytes.
pub const MAX_CONFIG: u64 = 4 << 20;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

/// What a text was read as.
#[derive(Debug)]
pub struct Reading {
    /// The configuration; complete where no finding is an error.
    pub config: Config,
    /// What is wrong with it.
    pub findings: Findings,
    /// Where its parts stand.
    pub places: Places,
}

/// Where the parts of a configuration stand in its text, for what is found later.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// `[policy]` or its `path`.
    pub policy: Range<usize>,
    /// `environment`, if it is there.
    pub environment: Option<Range<usize>>,
    /// By names of tenants: their policies.
    pub tenants: BTreeMap<String, Range<usize>>,
    /// By names of servers.
    pub servers: BTreeMap<String, Range<usize>>,
    /// The names of all servers, also of those that have mistakes.
    pub server_names: Vec<String>,
    /// By names of servers: labels and origins, each with its word.
    pub words: BTreeMap<String, Words>,
    /// By names of callers.
    pub callers: BTreeMap<String, CallerPlaces>,
    /// By names of people: their roles.
    pub people: BTreeMap<String, Vec<At<String>>>,
}

/// Where the words of a server stand.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Of its labels.
    pub labels: Vec<At<String>>,
    /// Of its origins.
    pub origins: Vec<At<String>>,
}

/// Where the parts of a caller stand.
#[derive(Clone, Debug, Default)]
pub struct CallerPlaces {
    /// Its name.
    pub name: Range<usize>,
    /// Its environment.
    pub environment: Option<Range<usize>>,
    /// The roles of its agent.
    pub agent_roles: Vec<At<String>>,
    /// The roles of its user.
    pub user_roles: Vec<At<String>>,
    /// The agent's attributes.
    pub agent: BTreeMap<String, Range<usize>>,
    /// The user's attributes.
    pub user: BTreeMap<String, Range<usize>>,
    /// `context`, and the facts in it.
    pub context_root: Range<usize>,
    /// Each fact.
    pub context: BTreeMap<String, Range<usize>>,
}

/// Reads a configuration. Relative paths in it start from the folder of `file`, which need not be there.
#[must_use]
pub fn read(file: &Path, text: &str, surroundings: Surroundings<'_>) -> Reading {
    let base = file.parent().unwrap_or(Path::new("")).to_owned();
    let notes = Notes { base, surroundings, findings: Findings::new(file, text).into() };
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        notes.add(Finding::error(span, format!("this is no TOML: {}", error.message())));
    }
    let mut places = Places::default();
    let top = Table::new(document.get_ref(), 0..0, "", &notes);
    let config = sections(file, &top, &mut places, &notes);
    if errors.is_empty() {
        top.finish();
    }
    let mut findings = notes.findings.into_inner();
    if !errors.is_empty() {
        // What a broken table seems to lack may be there.
        findings.list.retain(|finding| finding.message.starts_with("this is no TOML"));
    }
    findings.sort();
    Reading { config, findings, places }
}

fn sections<'d>(file: &Path, top: &Table<'d>, places: &mut Places, notes: &'d Notes<'d>) -> Config {
    let environment = top.word("environment");
    places.environment = environment.as_ref().map(|at| at.span.clone());
    let data = notes.path(&top.word("data").map_or_else(|| "claw-data".to_owned(), |at| at.value));
    let http = http(top, notes);
    let policies = policies(top, places, notes);
    let servers = principals::servers(top, places);
    let callers = principals::callers(top, places);
    let people = principals::people(top, places);
    principals::distinct(&callers, &people, notes);
    if environment.is_none() && !top.misspelt("environment") {
        let placeless =
            |caller: &&At<Caller>| caller.value.environment.is_none() && caller.value.may.contains(&Ability::Mcp);
        for caller in callers.iter().filter(placeless) {
            notes.add(
                Finding::error(
                    caller.span.clone(),
                    format!("nobody says where the caller `{}` works", caller.value.name),
                )
                .help("write `environment = \"…\"` there, or once for all at the top of the file"),
            );
        }
    }
    Config {
        file: file.to_owned(),
        environment: environment.map(|at| at.value).unwrap_or_default(),
        http,
        policies,
        servers: servers.into_iter().map(|at| at.value.into()).collect(),
        callers: callers.into_iter().map(|at| at.value.into()).collect(),
        people: people.into_iter().map(|at| at.value.into()).collect(),
        approvals: approvals(top, notes),
        audit: audit(top, &data, notes),
        state: store(top, "state", &data.join("state.db"), notes),
        ledger: store(top, "ledger", &data.join("ledger.db"), notes),
        bounds: bounds(top),
        data,
    }
}

fn http<'d>(top: &Table<'d>, notes: &'d Notes<'d>) -> Option<Http> {
    let table = top.table("http");
    let Some(table) = table else { return LISTEN.parse().ok().and_then(|listen| plain(listen, None)) };
    let listen = table.word("listen").unwrap_or(At { value: LISTEN.to_owned(), span: table.span.clone() });
    let behind_proxy = table.flag("behind_proxy", false);
    let tls = table.table("tls").and_then(|inner| {
        let file = |text: At<String>| notes.path(&text.value);
        let (certificate, key) = (inner.needed("certificate").map(file), inner.needed("key").map(file));
        let client_ca = inner.word("client_ca").map(file);
        inner.finish();
        Some(Tls { certificate: certificate?, key: key?, client_ca })
    });
    let public = table.word("public_url").and_then(|text| public_url(&text, notes));
    let metrics_token = table.word("metrics_token_sha256").and_then(|text| principals::digest(&text, notes));
    table.finish();
    if listen.value == "off" {
        return None;
    }
    let Ok(address) = listen.value.parse::<SocketAddr>() else {
        notes.add(
            Finding::error(listen.span, format!("`{}` is no address to listen on", listen.value))
                .help("it is an IP address and a port, such as `127.0.0.1:8787` or `[::]:8787`, or `off`"),
        );
        return None;
    };
    if tls.is_none() && !behind_proxy && !address.ip().is_loopback() {
        notes.add(
            Finding::error(listen.span, format!("tokens would travel in the clear to `{address}`"))
                .label("reachable from other machines, without TLS")
                .help("give `tls`, listen on 127.0.0.1, or write `behind_proxy = true` if a proxy before it does TLS"),
        );
    }
    let http = plain(address, tls)?;
    Some(Http { public_url: public.unwrap_or(http.public_url), metrics_token, ..http })
}

/// A listener without further ado.
fn plain(listen: SocketAddr, tls: Option<Tls>) -> Option<Http> {
    Some(Http { listen, public_url: own_url(listen, tls.is_some())?, tls, metrics_token: None })
}

/// How a listener is reached where nothing else is said.
pub(crate) fn own_url(listen: SocketAddr, tls: bool) -> Option<url::Url> {
    let scheme = if tls { "https" } else { "http" };
    let host = match listen.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        std::net::IpAddr::V4(ip) => ip.to_string(),
    };
    url::Url::parse(&format!("{scheme}://{host}:{}", listen.port())).ok()
}

fn public_url(text: &At<String>, notes: &Notes<'_>) -> Option<url::Url> {
    let parsed = url(text, notes)?;
    if parsed.path() != "/" || parsed.query().is_some() || parsed.fragment().is_some() {
        let finding = Finding::error(text.span.clone(), "`public_url` ends with its host and port");
        notes.add(finding.help(format!("write `{}`", parsed.origin().ascii_serialization())));
        return None;
    }
    Some(parsed)
}

/// An address of the web.
pub(super) fn url(text: &At<String>, notes: &Notes<'_>) -> Option<url::Url> {
    let parsed = url::Url::parse(&text.value).ok();
    let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    let Some(parsed) = parsed else {
        notes.add(
            Finding::error(text.span.clone(), format!("`{}` is no address of the web", text.value))
                .help("it begins with `https://` or `http://`"),
        );
        return None;
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        notes.add(
            Finding::error(text.span.clone(), "a secret stands in this address")
                .help("give it as a header: `headers = { Authorization = { env = \"NAME\" } }`"),
        );
        return None;
    }
    Some(parsed)
}

/// Whether what is sent there can be read on the way.
pub(super) fn in_the_clear(url: &url::Url) -> bool {
    let local = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    };
    url.scheme() == "http" && !local
}

fn policies<'d>(top: &Table<'d>, places: &mut Places, notes: &'d Notes<'d>) -> Policies {
    let mut policies = Policies {
        path: None,
        tenants: BTreeMap::new(),
        shared: false,
        signed_by: Vec::new(),
        modules: BTreeMap::new(),
        watch: true,
    };
    let Some(table) = top.table("policy") else {
        let finding = Finding::error(0..0, "there is no policy: whatever no policy grants is denied");
        notes.add(finding.label("no `[policy]` in this file").help("write `[policy]` and `path = \"policy\"`"));
        return policies;
    };
    let path = table.word("path");
    places.policy = path.as_ref().map_or_else(|| table.span.clone(), |at| at.span.clone());
    policies.path = path.map(|at| notes.path(&at.value));
    policies.shared = table.flag("shared", false);
    policies.watch = table.flag("watch", true);
    policies.signed_by =
        table.texts("signed_by").unwrap_or_default().into_iter().map(|at| notes.path(&at.value)).collect();
    if let Some(tenants) = table.table("tenants") {
        for name in tenants.keys() {
            let Some(path) = tenants.needed(name) else { continue };
            places.tenants.insert(name.to_owned(), path.span);
            policies.tenants.insert(name.to_owned(), notes.path(&path.value));
        }
        tenants.finish();
    }
    if let Some(modules) = table.table("modules") {
        for name in modules.keys() {
            let Some(digest) = modules.needed(name) else { continue };
            match digest.value.parse() {
                Ok(parsed) => drop(policies.modules.insert(name.to_owned(), parsed)),
                Err(message) => notes.add(
                    Finding::error(digest.span, message)
                        .help("`clawc inspect` shows the digests of a bundle's modules"),
                ),
            }
        }
        modules.finish();
    }
    let said = table.has("path") || table.has("tenants") || table.misspelt("path");
    if policies.path.is_none() && policies.tenants.is_empty() && !said {
        notes.add(
            Finding::error(table.span.clone(), "`[policy]` names no policy")
                .help("write `path = \"policy\"`: a bundle, a `.claw` file, or a folder with a `main.claw`"),
        );
    }
    if policies.shared && !policies.tenants.is_empty() {
        notes.add(
            Finding::error(table.span_of("shared"), "one policy is shared by all tenants, and some have their own")
                .help("remove `shared`, or the policies of tenants"),
        );
    }
    table.finish();
    policies
}

fn approvals<'d>(top: &Table<'d>, notes: &'d Notes<'d>) -> Approvals {
    let default = Approvals { wait: Duration::from_secs(30), elicitation: true, webhook: None };
    let Some(table) = top.table("approvals") else { return default };
    let wait = table.duration("wait", Duration::ZERO..=HOUR, default.wait);
    let elicitation = table.flag("elicitation", true);
    let webhook = table.table("webhook").and_then(|inner| {
        let url = inner.needed("url").and_then(|text| {
            let parsed = url(&text, notes)?;
            if in_the_clear(&parsed) {
                let message = format!("what is asked for would travel in the clear to `{}`", text.value);
                notes.add(Finding::error(text.span.clone(), message).help("use `https://`"));
            }
            Some(parsed)
        });
        if !inner.has("secret") {
            notes.add(
                Finding::error(inner.span.clone(), "a webhook without `secret` could not be told from a forged one")
                    .help("write `secret = { env = \"NAME\" }`"),
            );
        }
        let secret = inner.secret("secret");
        let timeout = inner.duration("timeout", Duration::from_millis(100)..=SECOND * 60, SECOND * 5);
        inner.finish();
        Some(Webhook { url: url?, secret: secret?.value, timeout })
    });
    table.finish();
    Approvals { wait, elicitation, webhook }
}

#[derive(Clone, Copy)]
enum Where {
    Files,
    Memory,
    Sqlite,
    Redis,
    Postgres,
    Off,
}

fn audit<'d>(top: &Table<'d>, data: &Path, notes: &'d Notes<'d>) -> Audit {
    let files = |folder: Option<PathBuf>, synced| Audit::Files { folder: folder.unwrap_or(data.join("audit")), synced };
    let Some(table) = top.table("audit") else { return files(None, false) };
    let choices = [("files", Where::Files), ("postgres", Where::Postgres), ("off", Where::Off)];
    let store = table.choice("store", &choices).map_or(Where::Files, |at| at.value);
    let audit = match store {
        Where::Postgres => {
            let log = table.word("log").map_or_else(|| "gateway".to_owned(), |at| at.value);
            Audit::Postgres { url: connection(&table), log }
        }
        Where::Off => Audit::Off,
        _ => {
            let folder = table.word("folder").map(|at| notes.path(&at.value));
            files(folder, table.flag("synced", false))
        }
    };
    finish_store(table, &["folder", "synced", "url", "log"]);
    audit
}

fn store<'d>(top: &Table<'d>, key: &'static str, file: &Path, notes: &'d Notes<'d>) -> Store {
    let Some(table) = top.table(key) else { return Store::Sqlite { file: file.to_owned(), synced: key == "ledger" } };
    let shared = if key == "state" { ("redis", Where::Redis) } else { ("postgres", Where::Postgres) };
    let choices = [("sqlite", Where::Sqlite), ("memory", Where::Memory), shared];
    let store = match table.choice("store", &choices).map_or(Where::Sqlite, |at| at.value) {
        Where::Memory => Store::Memory,
        Where::Redis => Store::Redis(connection(&table)),
        Where::Postgres => Store::Postgres(connection(&table)),
        _ => {
            let file = table.word("file").map_or_else(|| file.to_owned(), |at| notes.path(&at.value));
            Store::Sqlite { file, synced: key == "ledger" || table.flag("synced", false) }
        }
    };
    finish_store(table, if key == "ledger" { &["file", "url"] } else { &["file", "synced", "url"] });
    store
}

/// The address of a database, which holds its password.
fn connection(table: &Table<'_>) -> super::Secret {
    if !table.has("url") {
        table.notes.add(
            Finding::error(table.span.clone(), format!("{} does not say where its database is", table.name))
                .help("write `url = { env = \"NAME\" }`"),
        );
    }
    table.secret("url").map_or(super::Secret(String::new()), |at| at.value)
}

/// Keys that belong to another store are a mistake of their own.
fn finish_store(table: Table<'_>, of_others: &[&'static str]) {
    let unasked: Vec<&str> = of_others.iter().copied().filter(|key| table.has(key) && !table.was_asked(key)).collect();
    for key in unasked {
        table.ignore(key);
        let finding =
            Finding::error(table.span_of(key), format!("`{key}` means nothing for this store of {}", table.name));
        table.notes.add(finding.label("belongs to another `store`"));
    }
    table.finish();
}

fn bounds(top: &Table<'_>) -> Bounds {
    let defaults = Bounds::default();
    let Some(table) = top.table("bounds") else { return defaults };
    let bounds = Bounds {
        body: table.bytes("body", 1024..=1 << 30, defaults.body),
        timeout: table.duration("timeout", SECOND..=HOUR, defaults.timeout),
        sessions: table.number("sessions", 1..=1_000_000, defaults.sessions),
        session_idle: table.duration("session_idle", SECOND..=HOUR * 24 * 7, defaults.session_idle),
        listed: table.number("listed", 1..=1_000_000, defaults.listed),
        waiting: table.number("waiting", 1..=1_000_000, defaults.waiting),
    };
    table.finish();
    bounds
}

/// SHA-256 in hexadecimal digits, with or without `sha256:` before it.
pub(super) fn hex_digest(text: &str) -> Option<TokenDigest> {
    let hex = text.strip_prefix("sha256:").unwrap_or(text).to_ascii_lowercase();
    format!("sha256:{hex}").parse::<claw_runtime::Digest>().ok().map(|digest| TokenDigest(digest.0))
}
