//! What a gateway is told about itself: `claw-gateway.toml`, read and checked.
//!
//! Everything in it is the host's word: who calls with which token, in which environment, which servers stand behind.
//! Secrets are not in it but where it says they are; tokens are kept as digests.

mod finding;
mod fit;
mod principals;
mod read;
mod reader;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use claw_runtime::{AgentInput, Time, UserInput};

pub(crate) use self::finding::position;
pub use self::finding::{Finding, Findings, Severity};
pub use self::fit::fit;
pub(crate) use self::read::own_url;
pub use self::read::{CallerPlaces, LISTEN, Places, Reading, Words};
pub use self::reader::{At, Surroundings};
use crate::failure::Failure;

/// A gateway's configuration. Paths are absolute, or relative to the working directory of the process.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from, for messages.
    pub file: PathBuf,
    /// The folder for everything that the gateway keeps.
    pub data: PathBuf,
    /// The environment of calls whose caller has none.
    pub environment: String,
    /// What listens on HTTP, if anything does.
    pub http: Option<Http>,
    /// The policies in force.
    pub policies: Policies,
    /// The MCP servers behind the gateway, by unique names.
    pub servers: Vec<Arc<Server>>,
    /// Who may call, by unique names. Over stdio, the one called `stdio` calls, or the only one.
    pub callers: Vec<Arc<Caller>>,
    /// Who may sign in to the page and vote, by unique names.
    pub people: Vec<Arc<Person>>,
    /// How approvals are asked for.
    pub approvals: Approvals,
    /// Where the audit log is written.
    pub audit: Audit,
    /// Where past calls are kept.
    pub state: Store,
    /// Where askings are kept.
    pub ledger: Store,
    /// Bounds.
    pub bounds: Bounds,
}

/// The HTTP listener.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where it listens, such as `127.0.0.1:8787`.
    pub listen: SocketAddr,
    /// How people and clients reach it, without a slash at the end: links lead there, and no other `Host` or `Origin` is
    /// served. `http://` and the listener's address by default.
    pub public_url: url::Url,
    /// TLS, unless something before the gateway does it.
    pub tls: Option<Tls>,
    /// Who may read `/metrics`: anyone who can reach it, unless a token's digest is given.
    pub metrics_token: Option<TokenDigest>,
}

/// Files of a TLS server.
#[derive(Clone, Debug)]
pub struct Tls {
    /// Certificates, in PEM.
    pub certificate: PathBuf,
    /// The secret key, in PEM.
    pub key: PathBuf,
    /// Who signs the certificates of clients, in PEM. With it no connection is served without one.
    pub client_ca: Option<PathBuf>,
}

/// SHA-256 of a token. Tokens are long and random, so no slow digest is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TokenDigest(pub [u8; 32]);

/// A token that is accepted, kept as its digest, and until when.
#[derive(Clone, Debug)]
pub struct Token {
    /// Its digest.
    pub digest: TokenDigest,
    /// The first moment at which it is refused.
    pub expires: Option<Time>,
}

/// Where policies come from.
#[derive(Clone, Debug)]
pub struct Policies {
    /// The policy of calls without a tenant, or of all tenants if `shared`: a bundle, a `.claw` file or a folder.
    pub path: Option<PathBuf>,
    /// Policies of tenants.
    pub tenants: BTreeMap<String, PathBuf>,
    /// Whether `path` is for all tenants.
    pub shared: bool,
    /// Files of public keys. With any, only bundles signed by one of them are loaded.
    pub signed_by: Vec<PathBuf>,
    /// Modules that every bundle must contain, with their digests.
    pub modules: BTreeMap<String, claw_runtime::Digest>,
    /// Whether changed files are loaded.
    pub watch: bool,
}

/// An MCP server behind the gateway.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its name in the configuration, in policies (`on server "…"`) and in addresses (`/mcp/NAME`).
    pub name: String,
    /// How it is reached.
    pub reach: Reach,
    /// After how long a call is given up.
    pub timeout: Duration,
    /// Labels that a session carries once it has seen a result of this server.
    pub labels: Vec<String>,
    /// Where values come from that this server answered, in the policy's words.
    pub origins: Vec<String>,
    /// How far its definitions are trusted.
    pub pin: Pin,
}

/// How an MCP server is reached.
#[derive(Clone, Debug)]
pub enum Reach {
    /// A child process that speaks on standard input and output; one for each session.
    Child {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Its environment: these, and of the gateway's own only `PATH`, `HOME`, `LANG`, `TMPDIR`, `USER`.
        env: BTreeMap<String, Secret>,
        /// Its working directory.
        cwd: Option<PathBuf>,
    },
    /// Streamable HTTP.
    Http {
        /// Its endpoint.
        url: url::Url,
        /// Headers of each request.
        headers: BTreeMap<String, Secret>,
    },
}

/// A text that is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What becomes of a tool whose definition is not the one that was first seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pin {
    /// It is neither listed nor called until someone accepts the new definition (`claw-gateway pins accept`).
    FirstSeen,
    /// Only what the policy pins is held.
    Policy,
}

/// Who calls, known by a token. What the token gives, no request can change.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Its name, for messages and metrics.
    pub name: String,
    /// Its tokens; none for one that only calls over stdio.
    pub tokens: Vec<Token>,
    /// SHA-256 of certificates (DER) by which it is known as well, where clients show one.
    pub certificates: Vec<TokenDigest>,
    /// What it may do.
    pub may: Vec<Ability>,
    /// Whose it is.
    pub tenant: Option<String>,
    /// Where it works; the gateway's environment otherwise.
    pub environment: Option<String>,
    /// The agent that calls.
    pub agent: AgentInput,
    /// The person it works for.
    pub user: Option<UserInput>,
    /// Facts of the host.
    pub context: Option<claw_runtime::Json>,
    /// The servers that it reaches: all, unless some are named.
    pub servers: Option<Vec<String>>,
    /// What the calls of one session have in common.
    pub session: SessionBy,
}

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// Call tools through the proxy.
    Mcp,
    /// Ask the decision service as a host: it says itself who calls, within its tenant.
    Decide,
    /// Load policies and roll them back.
    Manage,
}

/// What the calls of one session have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionBy {
    /// The MCP connection.
    Connection,
    /// The caller: all it ever does.
    Caller,
    /// The value of an HTTP header, which the caller's harness sets and no model.
    Header(String),
}

/// Who votes, known by a token.
#[derive(Clone, Debug)]
pub struct Person {
    /// Their name: the one that users and owners in requests have.
    pub name: String,
    /// Their tokens.
    pub tokens: Vec<Token>,
    /// The roles in which they vote.
    pub roles: Vec<String>,
    /// Whose askings they see: only those.
    pub tenant: Option<String>,
}

/// How approvals are asked for.
#[derive(Clone, Debug)]
pub struct Approvals {
    /// How long a call waits for votes before it answers that it is pending.
    pub wait: Duration,
    /// Whether the acting user may confirm (`by user`) in the client, by MCP's elicitation.
    pub elicitation: bool,
    /// Who is told of new askings.
    pub webhook: Option<Webhook>,
}

/// An address that is told of askings.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// Where it is.
    pub url: url::Url,
    /// Signs what is sent.
    pub secret: Secret,
    /// After how long one attempt is given up.
    pub timeout: Duration,
}

/// Where the audit log is written.
#[derive(Clone, Debug)]
pub enum Audit {
    /// Files in a folder.
    Files {
        /// The folder.
        folder: PathBuf,
        /// Whether each record is on the disk before its answer is out; else each second, and what a machine's crash may
        /// take is the last second. A crash of the gateway alone never takes any.
        synced: bool,
    },
    /// A PostgreSQL database.
    Postgres {
        /// Its address, with the password.
        url: Secret,
        /// The log's name there; each gateway writes one of its own.
        log: String,
    },
    /// Nowhere.
    Off,
}

/// Where something is kept.
#[derive(Clone, Debug)]
pub enum Store {
    /// In the process: gone with it.
    Memory,
    /// In a SQLite file.
    Sqlite {
        /// The file.
        file: PathBuf,
        /// Whether what is written is on the disk before the answer is out; else a machine's crash may take the last calls
        /// with it, and with them what they have spent. Askings always are.
        synced: bool,
    },
    /// In Redis: for past calls only.
    Redis(Secret),
    /// In PostgreSQL: for askings only.
    Postgres(Secret),
}

/// What is refused for its size or number.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// The longest HTTP body or MCP message, in bytes.
    pub body: usize,
    /// How long an HTTP request may take that does not stream.
    pub timeout: Duration,
    /// MCP sessions at a time.
    pub sessions: usize,
    /// How long an MCP session may be idle.
    pub session_idle: Duration,
    /// Tools, resources or prompts that one server may list.
    pub listed: usize,
    /// Calls that wait for votes at a time.
    pub waiting: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds {
            body: 4 << 20,
            timeout: Duration::from_secs(60),
            sessions: 1_000,
            session_idle: Duration::from_secs(30 * 60),
            listed: 20_000,
            waiting: 1_000,
        }
    }
}

impl Config {
    /// Reads a configuration, with all that is wrong with it. What a policy says is not looked at.
    ///
    /// # Errors
    /// [`Failure`] where the file can't be read at all.
    pub fn open(file: &Path, surroundings: Surroundings<'_>) -> Result<Reading, Failure> {
        use std::io::Read as _;
        let opened = std::fs::File::open(file).map_err(|error| {
            let failure = Failure::io("read", file, &error);
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    failure.help("`claw-gateway init` writes one to start from; `--config` names another")
                }
                _ => failure,
            }
        })?;
        if opened.metadata().is_ok_and(|meta| meta.is_dir()) {
            return Err(Failure::new(format!("`{}` is a directory, not a file", file.display())));
        }
        let mut bytes = Vec::new();
        opened
            .take(read::MAX_CONFIG.saturating_add(1))
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::io("read", file, &error))?;
        if bytes.len() as u64 > read::MAX_CONFIG {
            return Err(Failure::new(format!("`{}` is larger than {} MiB", file.display(), read::MAX_CONFIG >> 20)));
        }
        let text = String::from_utf8(bytes).map_err(|_| Failure::new(format!("`{}` is not UTF-8", file.display())))?;
        Ok(Config::read(file, &text, surroundings))
    }

    /// Reads a configuration from its text; relative paths in it start from the folder of `file`.
    #[must_use]
    pub fn read(file: &Path, text: &str, surroundings: Surroundings<'_>) -> Reading {
        read::read(file, text, surroundings)
    }
}
