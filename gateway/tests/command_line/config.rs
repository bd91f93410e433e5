//! Configurations: what is read, and how mistakes are told.

use std::path::Path;
use std::time::Duration;

use claw_gateway::config::{self, Ability, Audit, Config, Pin, Reach, Reading, SessionBy, Store, Surroundings};

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const OTHER: &str = "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752";

fn read(text: &str) -> Reading {
    let variable = |name: &str| (name == "SET").then(|| "s3cret".to_owned());
    Config::read(Path::new("claw-gateway.toml"), text, Surroundings { variable: &variable, secrets: true })
}

/// The configuration of a text without mistakes.
fn good(text: &str) -> Config {
    let reading = read(text);
    assert!(reading.findings.list.is_empty(), "{}", reading.findings.render(false));
    reading.config
}

fn mistakes(text: &str) -> String {
    read(text).findings.render(false)
}

/// A folder with a policy and a configuration, and what does not fit.
fn misfits(policy: &str, text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("policy")).unwrap();
    std::fs::write(folder.path().join("policy/main.claw"), policy).unwrap();
    let mut reading = Config::read(
        &folder.path().join("claw-gateway.toml"),
        text,
        Surroundings { variable: &|_| None, secrets: true },
    );
    config::fit(&mut reading);
    reading.findings.render(false).replace(&folder.path().display().to_string(), "DIR")
}

pub fn snapshot(name: &str, text: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, text) });
}

#[test]
fn little_is_needed() {
    let config = good("environment = \"dev\"\n[policy]\npath = \"policy\"\n");
    assert_eq!(config.data, Path::new("claw-data"));
    assert_eq!(config.policies.path.as_deref(), Some(Path::new("policy")));
    assert!(config.policies.watch && !config.policies.shared);
    let http = config.http.unwrap();
    assert_eq!(
        (http.listen.to_string(), http.public_url.as_str()),
        ("127.0.0.1:8787".into(), "http://127.0.0.1:8787/")
    );
    assert!(matches!(config.audit, Audit::Files { folder, synced: false } if folder == Path::new("claw-data/audit")));
    assert!(matches!(config.state, Store::Sqlite { file, synced: false } if file == Path::new("claw-data/state.db")));
    assert!(matches!(config.ledger, Store::Sqlite { file, synced: true } if file == Path::new("claw-data/ledger.db")));
    assert_eq!(config.approvals.wait, Duration::from_secs(30));
    assert_eq!((config.bounds.body, config.bounds.sessions, config.bounds.waiting), (4 << 20, 1_000, 1_000));
}

#[test]
fn everything_can_be_said() {
    let config = good(&format!(
        r#"
environment = "prod"
data = "/var/lib/claw"
[http]
listen = "0.0.0.0:443"
public_url = "https://claw.example.com"
tls = {{ certificate = "tls/cert.pem", key = "tls/key.pem", client_ca = "tls/ca.pem" }}
metrics_token_sha256 = "sha256:{DIGEST}"
[policy]
path = "acme.clawb"
signed_by = ["release.pub"]
watch = false
modules = {{ "acme.company" = "sha256:{DIGEST}" }}
tenants = {{ beta = "beta.clawb" }}
[[server]]
name = "files"
command = "./bin/files"
args = ["--root", "data"]
env = {{ LOG = "debug", API_TOKEN = {{ env = "SET" }} }}
cwd = "work"
timeout = "2m"
labels = ["untrusted"]
origins = ["web"]
pin = "policy"
[[server]]
name = "search"
url = "https://mcp.example.com/mcp"
headers = {{ Authorization = {{ env = "SET" }}, X-Team = "search" }}
[[caller]]
name = "support-bot"
token_sha256 = [{{ sha256 = "{DIGEST}", expires = "2027-01-31" }}]
certificate_sha256 = ["{OTHER}"]
may = ["mcp", "decide", "manage"]
tenant = "beta"
environment = "staging"
agent = {{ id = "bot-7", roles = ["support"], owner = "olga", purpose = "support", level = 3 }}
user = {{ id = "emma", roles = ["clerk"], department = "sales" }}
context = {{ ticket = "T-1", budget = 12.50 }}
servers = ["files"]
session = "header:X-Conversation"
[[person]]
name = "olga"
token_sha256 = "{}"
roles = ["sre"]
tenant = "beta"
[approvals]
wait = "0s"
elicitation = false
webhook = {{ url = "https://chat.example.com/hook", secret = {{ env = "SET" }}, timeout = "2s" }}
[audit]
store = "postgres"
url = {{ env = "SET" }}
log = "eu-1"
[state]
store = "redis"
url = {{ env = "SET" }}
[ledger]
store = "postgres"
url = {{ env = "SET" }}
[bounds]
body = "10MB"
timeout = "5m"
sessions = 10
session_idle = "1h"
listed = 100
waiting = 5
"#,
        OTHER.replace('6', "7")
    ));
    let [files, search] = config.servers.as_slice() else { panic!("{:?}", config.servers) };
    let Reach::Child { command, args, env, cwd } = &files.reach else { panic!("{files:?}") };
    assert_eq!((command.as_str(), args.len(), cwd.as_deref()), ("./bin/files", 2, Some(Path::new("work"))));
    assert_eq!((env["LOG"].0.as_str(), env["API_TOKEN"].0.as_str()), ("debug", "s3cret"));
    assert_eq!((files.timeout, files.pin), (Duration::from_secs(120), Pin::Policy));
    assert!(matches!(&search.reach, Reach::Http { headers, .. } if headers["X-Team"].0 == "search"));
    let caller = &config.callers[0];
    assert_eq!(caller.may, [Ability::Mcp, Ability::Decide, Ability::Manage]);
    assert_eq!(caller.tokens[0].expires.unwrap().to_string(), "2027-01-31T00:00:00Z");
    assert_eq!(caller.agent.attrs.len(), 2);
    assert_eq!(caller.context.as_ref().unwrap().canonical(), r#"{"budget":12.5,"ticket":"T-1"}"#);
    assert_eq!(caller.session, SessionBy::Header("X-Conversation".into()));
    assert_eq!(config.bounds.body, 10_000_000);
    assert!(matches!(&config.audit, Audit::Postgres { log, .. } if log == "eu-1"));
    assert!(!format!("{config:?}").contains("s3cret"), "secrets are never shown");
}

#[test]
fn mistakes_are_told_all_at_once() {
    snapshot(
        "mistakes",
        &mistakes(&format!(
            r#"
enviroment = "dev"
[http]
listen = "8787"
tls = {{ certificate = "cert.pem" }}
[policy]
path = ""
wach = true
signed_by = "release.pub"
[[server]]
name = "my files"
command = "npx"
url = "https://example.com"
[[server]]
name = "search"
url = "ftp://example.com"
timeout = "soon"
pin = "first_seen"
[[server]]
name = "web"
url = "https://emma:pw@example.com"
headers = {{ Authorization = "Bearer abc" }}
env = {{ A = "b" }}
[[caller]]
name = "bot"
token = "abc"
token_sha256 = "abc"
may = ["mpc"]
servers = ["serch"]
session = "header:"
agent = {{ roles = "support" }}
[[caller]]
name = "bot"
environment = 3
token_sha256 = {{ sha256 = "{DIGEST}", expires = "soon", until = 1 }}
[[person]]
token_sha256 = ["{DIGEST}"]
[approvals]
wait = "2h"
webhook = {{ url = "http://chat.example.com/hook" }}
[audit]
store = "sqlite"
[state]
store = "redis"
file = "state.db"
[ledger]
store = "postgres"
url = "postgresql://user:pw@host/db"
[bounds]
body = "4 megs"
sessions = 0
"#
        )),
    );
}

#[test]
fn a_text_that_is_no_toml_is_told_where() {
    snapshot("no_toml", &mistakes("environment = dev\n[policy\npath = \"policy\"\n"));
}

#[test]
fn tokens_in_the_clear_are_refused() {
    let with = |rest: &str| {
        mistakes(&format!("environment = \"dev\"\n[policy]\npath = \"p\"\n[http]\nlisten = \"0.0.0.0:80\"\n{rest}"))
    };
    assert!(with("").contains("tokens would travel in the clear to `0.0.0.0:80`"));
    assert!(with("behind_proxy = true").contains("no findings"));
    assert!(with("tls = { certificate = \"c\", key = \"k\" }").contains("no findings"));
}

#[test]
fn two_with_one_token_are_refused() {
    let text = format!(
        "environment = \"dev\"\n[policy]\npath = \"p\"\n[[caller]]\nname = \"a\"\ntoken_sha256 = \"{DIGEST}\"\n[[person]]\nname = \"b\"\ntoken_sha256 = \"{}\"\n",
        DIGEST.to_uppercase()
    );
    assert!(mistakes(&text).contains("`b` has the token of the caller `a`"), "{}", mistakes(&text));
}

#[test]
fn a_secret_that_is_not_there_is_an_error_where_it_is_needed() {
    let text = "environment = \"dev\"\n[policy]\npath = \"p\"\n[state]\nstore = \"redis\"\nurl = { env = \"UNSET\" }\n";
    assert!(mistakes(text).contains("error: there is no `UNSET` in the environment"));
    let lax = Config::read(Path::new("c.toml"), text, Surroundings { variable: &|_| None, secrets: false });
    assert!(lax.findings.render(false).contains("warning: there is no `UNSET` in the environment"));
    assert!(!lax.findings.has_errors());
}

#[test]
fn what_looks_like_a_secret_is_said() {
    let text = "environment = \"dev\"\n[policy]\npath = \"p\"\n[[server]]\nname = \"s\"\ncommand = \"x\"\n\
                env = { LOG = \"debug\", GITHUB_TOKEN = \"abc\" }\n";
    assert!(mistakes(text).contains("warning: `GITHUB_TOKEN` looks like a secret"), "{}", mistakes(text));
    assert_eq!(read(text).findings.list.len(), 1);
}

#[test]
fn a_secret_may_be_in_a_file_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("redis");
    std::fs::write(&secret, "redis://:pw@localhost\n").unwrap();
    let text =
        "environment = \"dev\"\n[policy]\npath = \"p\"\n[state]\nstore = \"redis\"\nurl = { file = \"redis\" }\n";
    let read =
        || Config::read(&folder.path().join("c.toml"), text, Surroundings { variable: &|_| None, secrets: true });
    assert!(matches!(&read().config.state, Store::Redis(url) if url.0 == "redis://:pw@localhost"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read().findings.render(false).contains("everyone on this machine can read"));
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read().findings.list.is_empty());
    }
}

#[test]
fn everything_is_relative_to_the_file() {
    let text = "environment = \"dev\"\ndata = \"d\"\n[policy]\npath = \"/abs/p\"\n[audit]\nfolder = \"log\"\n";
    let config = Config::read(Path::new("/etc/claw/c.toml"), text, Surroundings { variable: &|_| None, secrets: true });
    assert_eq!(config.config.data, Path::new("/etc/claw/d"));
    assert_eq!(config.config.policies.path.as_deref(), Some(Path::new("/abs/p")));
    assert!(matches!(config.config.audit, Audit::Files { folder, .. } if folder == Path::new("/etc/claw/log")));
    assert!(matches!(config.config.state, Store::Sqlite { file, .. } if file == Path::new("/etc/claw/d/state.db")));
}

const POLICY: &str = r#"
package acme
environments dev, prod
roles support, sre
roles admin includes (sre)
labels untrusted
agent { purpose: string }
context { ticket: string, note?: string }
tool search(q: string) on server "search"
tool restart(service: string) on server "ops"
grant search, restart to support in prod
approval two_keys { by 2 of sre expires 15m }
approval own_word { by user expires 15m }
rule restarts { on restart require two_keys }
rule searches { on search when args.q == "secret" require own_word }
constraints { timeout: duration = min, redact: set<string> = union, regions: set<string> = intersect }
"#;

#[test]
fn what_does_not_fit_the_policy_is_told() {
    snapshot(
        "misfits",
        &misfits(
            POLICY,
            &format!(
                r#"
environment = "dev"
[policy]
path = "policy"
[[server]]
name = "serch"
command = "x"
labels = ["untrustd"]
[[caller]]
name = "in-dev"
agent = {{ roles = ["support"], purpose = "help" }}
[[caller]]
name = "in-prod"
environment = "prd"
agent = {{ roles = ["support"], purpose = "help" }}
[[caller]]
name = "roleless"
environment = "prod"
agent = {{ roles = ["suport"], purpose = "help", porpose = "x" }}
[[caller]]
name = "elsewhere"
environment = "prod"
context = {{ tickett = "T-1" }}
agent = {{ roles = ["support"], purpose = "help" }}
[[caller]]
name = "tenant"
tenant = "beta"
[[caller]]
name = "purposeless"
environment = "prod"
agent = {{ roles = ["support"] }}
[[person]]
name = "olga"
token_sha256 = "{DIGEST}"
roles = ["admin"]
[[person]]
name = "paul"
token_sha256 = "{OTHER}"
roles = ["sree"]
"#
            ),
        ),
    );
}

#[test]
fn what_fits_is_fine() {
    let text = format!(
        r#"
environment = "prod"
[policy]
path = "policy"
[[server]]
name = "search"
command = "x"
labels = ["untrusted"]
[[caller]]
name = "bot"
agent = {{ roles = ["support"], purpose = "help" }}
user = {{ id = "emma" }}
[[person]]
name = "olga"
token_sha256 = "{DIGEST}"
roles = ["admin"]
[[person]]
name = "paul"
token_sha256 = "{OTHER}"
roles = ["sre"]
"#
    );
    let policy = POLICY.replace(", regions: set<string> = intersect", "");
    assert_eq!(misfits(&policy, &text), "no findings\n");
}

#[test]
fn a_policy_with_errors_is_shown_as_the_compiler_shows_it() {
    let text = "environment = \"prod\"\n[policy]\npath = \"policy\"\n";
    snapshot(
        "broken_policy",
        &misfits("package acme\nenvironments prod\nroles bot\ngrant serch to bot\ntool search(q: string)\n", text),
    );
    let missing = misfits(POLICY, "environment = \"prod\"\n[policy]\npath = \"policies\"\n");
    assert!(missing.contains("cannot read the policy `DIR/policies`"), "{missing}");
    let unsigned = misfits(POLICY, "environment = \"prod\"\n[policy]\npath = \"policy\"\nsigned_by = [\"key.pub\"]\n");
    assert!(unsigned.contains("cannot read the key `DIR/key.pub`"), "{unsigned}");
}

/// What the documentation and the example say is what is read.
#[test]
fn documented_configurations_are_right() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = std::fs::read_to_string(root.join("docs/gateway.md")).unwrap();
    let blocks: Vec<&str> = page.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        good(block);
    }
    let file = root.join("examples/gateway/claw-gateway.toml");
    let mut example = Config::open(&file, Surroundings { variable: &|_| None, secrets: true }).unwrap();
    config::fit(&mut example);
    assert_eq!(example.findings.render(false), "no findings\n");
}
