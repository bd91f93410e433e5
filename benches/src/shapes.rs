//! Policies of other shapes than [`source`](crate::source), as claw source, and requests that they allow.
//!
//! Knows nothing of how they are measured. `peers/` says the same policies in other languages.

use serde_json::{Value, json};

/// A request in claw's wire form, by `bot-7` with the role `agent` in `prod`.
pub fn request(tool: &str, args: Value) -> Value {
    json!({
        "call_id": "c-1", "time": "2026-03-02T09:00:00Z", "session": "s-9", "environment": "prod",
        "agent": { "id": "bot-7", "roles": ["agent"] }, "tool": tool, "args": args,
    })
}

fn quoted(items: &[String]) -> String {
    items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ")
}

/// So many roles, each of which may call one tool.
pub fn roles(count: usize) -> String {
    let names: Vec<String> = (0..count).map(|i| format!("role_{i}")).collect();
    let mut text = format!("package bench\nenvironments prod\nroles {}\n", names.join(", "));
    for i in 0..count {
        text += &format!("tool tool_{i}(id: string)\ngrant tool_{i} to role_{i}\n");
    }
    text
}

/// The domains of [`hosts`].
pub fn domains(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("site-{i}.example")).collect()
}

/// Pages may be fetched from so many domains and what is below them.
pub fn hosts(count: usize) -> String {
    format!(
        "package bench\nenvironments prod\nroles agent\ntool fetch(site: url)\n\
         let known: set<host> = [{}]\nscope pages {{ on fetch where args.site.host under known }}\ngrant pages to agent\n",
        quoted(&domains(count))
    )
}

/// The folders of [`folders`].
pub fn open_folders(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("/srv/app-{i}/data")).collect()
}

/// Files may be read in so many folders.
pub fn folders(count: usize) -> String {
    format!(
        "package bench\nenvironments prod\nroles agent\ntool read(path: path)\n\
         let open: set<path> = [{}]\nscope files {{ on read where args.path under open }}\ngrant files to agent\n",
        quoted(&open_folders(count))
    )
}

/// A call of [`folders`]; the host has resolved the path.
pub fn reading(path: &str) -> Value {
    let mut request = request("read", json!({ "path": path }));
    request["resolved"] = json!({ "/args/path": path });
    request
}

/// The expressions of [`regexes`].
pub fn expressions(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("bad-{i}-[a-z]+[0-9]*")).collect()
}

/// Names that match one of so many regular expressions are refused, by a rule for each.
pub fn regexes(count: usize) -> String {
    let mut text =
        String::from("package bench\nenvironments prod\nroles agent\ntool put(name: string)\ngrant put to agent\n");
    for (i, regex) in expressions(count).iter().enumerate() {
        text += &format!("rule rule_{i} {{ on put when args.name matches r\"{regex}\" deny \"no\" }}\n");
    }
    text
}

/// A quantifier within a quantifier, over two lists of the request.
pub const LISTS: &str = "package bench\nenvironments prod\nroles agent\ntool send(to: list<string>, barred: list<string>)\n\
    grant send to agent\n\
    rule barred { on send when any(a in args.to: any(b in args.barred: a == b)) deny \"barred\" }\n";

/// How many environments [`matrix`] has.
pub const ENVIRONMENTS: usize = 8;
/// The least amount of each of its tiers but the first.
pub const STEPS: [i64; 4] = [10, 100, 1_000, 10_000];

/// A cell of the matrix denies from this environment on.
pub fn denied(tier: usize, environment: usize) -> bool {
    tier + environment >= 7
}

/// Five tiers by an amount, eight environments.
pub fn matrix() -> String {
    let names = |joint: &str| (0..ENVIRONMENTS).map(|e| format!("e{e}")).collect::<Vec<_>>().join(joint);
    let mut text = format!(
        "package bench\ntiers t0 < t1 < t2 < t3 < t4\nenvironments {}\nroles agent\ntool pay(amount: int)\n\
         grant pay to agent\nclassify {{\n  t0 on pay\n",
        names(", ")
    );
    for (i, step) in STEPS.iter().enumerate() {
        text += &format!("  t{} on pay when args.amount >= {step}\n", i + 1);
    }
    text += &format!("}}\nmatrix {{\n  tier | {}\n", names(" | "));
    for t in 0..=STEPS.len() {
        let cells: Vec<&str> = (0..ENVIRONMENTS).map(|e| if denied(t, e) { "deny" } else { "allow" }).collect();
        text += &format!("  t{t} | {}\n", cells.join(" | "));
    }
    text + "}\n"
}

/// What a policy asks about the past.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// Whether the session carries a label.
    pub label: bool,
    /// How much of a limit is used, for each user.
    pub limit: bool,
    /// Whether the order was looked up in this session.
    pub prior: bool,
}

impl Past {
    /// Everything.
    pub const ALL: Past = Past { label: true, limit: true, prior: true };
}

/// Refunds, with one question about the past for each that is wanted.
pub fn past(asked: Past) -> String {
    let mut text = String::from(
        "package bench\nenvironments prod\nroles agent\nlabels seen, untrusted\n\
         tool get_order(id: string)\ntool refund(order: string, amount: decimal)\ntool read(page: string)\n\
         grant any to agent\nrule sees { on read mark seen }\n\
         rule dear { on refund when args.amount > 1000.00 deny \"too dear\" }\n",
    );
    for (wanted, rule) in [
        (asked.label, "rule careful { on refund when untrusted in session.labels deny \"not after reading pages\" }\n"),
        (asked.limit, "limit pot { on refund sum args.amount max 1000000000.00 per 24h each user }\n"),
        (
            asked.prior,
            "rule looked_up { on refund unless prior get_order(prior.id == args.order) within 24h deny \"look first\" }\n",
        ),
    ] {
        if wanted {
            text += rule;
        }
    }
    text
}

/// A call of [`past`], so many steps of 20 ms after the first.
pub fn past_call(step: usize, user: usize, tool: &str, args: Value) -> Value {
    let mut request = request(tool, args);
    request["call_id"] = json!(format!("c-{step}"));
    request["user"] = json!({ "id": format!("u-{user}") });
    let ms = step * 20;
    let (h, m, s) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60);
    request["time"] = json!(format!("2026-03-02T{h:02}:{m:02}:{s:02}.{:03}Z", ms % 1_000));
    request
}

/// Mail with a body and attachments, of which rules read the address and the subject.
pub const MAIL: &str = "package bench\nenvironments prod\nroles agent\n\
    record Part { name: string, kind: string, size: int }\n\
    tool send(to: email, subject: string, body: string, parts: list<Part>)\n\
    grant send to agent\n\
    rule ours { on send when not (args.to.domain under \"acme.com\") deny \"only to us\" }\n\
    rule quiet { on send when args.subject like \"*password*\" deny \"no passwords\" }\n";

/// The arguments of a call of [`MAIL`] that takes about so many bytes: half of what is free are records, the rest is text.
pub fn mail(bytes: usize, i: usize) -> Value {
    let domain = if i % 4 == 3 { "evil.example" } else { "mail.acme.com" };
    let mut args = json!({ "to": format!("eva@{domain}"), "subject": format!("Report {i}"), "body": "", "parts": [] });
    let free = |args: &Value| bytes.saturating_sub(request("send", args.clone()).to_string().len());
    let parts: Vec<Value> = (0..free(&args) / 2 / 65)
        .map(|k| json!({ "name": format!("report-{k:04}-{i}.pdf"), "kind": "application/pdf", "size": 1_000 + k }))
        .collect();
    args["parts"] = json!(parts);
    let line = "The quick brown fox jumps over the lazy dog, and the dog does not mind at all.\n";
    let body: String = line.chars().cycle().take(free(&args)).collect();
    args["body"] = json!(body);
    args
}

/// A policy whose rules are all about one tool and have two tests each of their own: no switch answers them together.
pub fn crowded(rules: usize) -> String {
    let mut text = String::from(
        "package bench\nenvironments prod\nroles agent\ntool send(name: string, amount: int)\ngrant send to agent\n",
    );
    for i in 0..rules {
        text += &format!(
            "rule rule_{i} {{ on send when args.amount > {i} when args.name like \"*-{i}-*\" deny \"no\" }}\n"
        );
    }
    text
}
