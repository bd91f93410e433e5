//! The policies that `clawc init` writes, as text before it is laid out.

use std::collections::BTreeSet;

use claw_compiler::import::{self, Declaration, Declarations, OwnType, Param, Presence, Shape, Ty};
use claw_syntax::KEYWORDS;

/// What the author was asked.
#[derive(Clone, Debug)]
pub struct Answers {
    pub package: String,
    /// The role of the agent.
    pub role: String,
}

impl Answers {
    /// The role of the person who agrees: not the agent's.
    fn approver(&self) -> &'static str {
        if self.role == "owner" { "approver" } else { "owner" }
    }
}

/// A policy to start from: three tools, a grant, an approval, three rules, and tests of all of them.
pub fn starter(answers: &Answers) -> String {
    STARTER
        .replace("<package>", &answers.package)
        .replace("<role>", &answers.role)
        .replace("<approver>", answers.approver())
}

const STARTER: &str = r#"//! What the agent may do. Whatever no grant covers is denied.
package <package>

environments dev, prod
roles        <role>, <approver>

// The tools of the agent. `clawc import mcp` writes these from what a server offers.

/// Looks an order up.
tool get_order(id: string)
/// Sends a mail.
tool send_email(to: list<email>, subject: string, body: string)
/// Pays a customer back.
tool refund(order_id: string, amount: decimal)

// Only a grant permits; everything below it restricts, and the strictest wins.
grant get_order, send_email, refund to <role>

/// A person agrees before the call is made.
approval consent {
  by      1 of <approver>
  expires 15m
}

rule mail_stays_inside {
  on      send_email
  when    any(a in args.to: not a.domain under "example.com")
  deny    "mail may only go to example.com, not to {args.to}"
  suggest "ask for an address at example.com"
}

rule large_refunds_need_consent {
  on      refund
  when    args.amount > 100.00
  require consent
}

rule look_before_refunding {
  on     refund
  unless prior get_order(prior.id == args.order_id) within 10m
  deny   "look the order up first"
}

test "mail to a colleague, not to a stranger" {
  as     agent "agent-1" { roles: [<role>] }
  in     prod
  call   send_email { to: ["eva@example.com"], subject: "hi", body: "…" }
  expect allow
  call   send_email { to: ["x@elsewhere.example"], subject: "hi", body: "…" }
  expect deny because mail_stays_inside
}

test "a refund after a look, and a large one with consent" {
  as     agent "agent-1" { roles: [<role>] }
  in     prod
  at     2026-03-02T10:00:00Z
  call   refund { order_id: "o-1", amount: 5.00 }
  expect deny because look_before_refunding
  call   get_order { id: "o-1" }
  expect allow
  call   refund { order_id: "o-1", amount: 5.00 }
  expect allow
  call   refund { order_id: "o-1", amount: 500.00 }
  expect require consent because large_refunds_need_consent
}

test "nothing for an agent without a role" {
  as     agent "agent-2" { roles: [] }
  in     prod
  call   get_order { id: "o-1" }
  expect deny reason not_granted
}
"#;

/// A policy over imported tools in which every call waits for a person, until the author has looked at the tool.
///
/// Tools that nobody has reviewed stand in one scope, each on a line of its own: taking a line out is the review. A tool
/// that a later import adds stands in no scope and is granted to nobody.
pub fn imported(answers: &Answers, declarations: &Declarations, tried: Option<&str>) -> String {
    let (role, approver) = (&answers.role, answers.approver());
    let taken: BTreeSet<&str> = declarations.items.iter().map(|item| item.name.as_str()).collect();
    let free = |name: &str| {
        let mut name = name.to_owned();
        while taken.contains(name.as_str()) {
            name.push('_');
        }
        name
    };
    let (scope, approval, rule) = (free("unreviewed"), free("consent"), free("unreviewed_calls_need_consent"));
    let targets: String = declarations.items.iter().map(|item| format!("  on {}\n", path(&item.name))).collect();
    let sources = import::source(declarations);
    let mut text = format!(
        r#"//! What the agent may do. Whatever no grant covers is denied.
package {package}

environments dev, prod
roles        {role}, {approver}

{sources}
// Tools that nobody has looked at yet. To review one, take it out of this list, and grant it again in a scope that says
// with which arguments: `scope issues {{ on list_issues where args.project in ["site"] }}` and `grant issues to {role}`.
// `clawc check` says what is still open.
scope {scope} {{
{targets}}}

grant {scope} to {role}

/// A person agrees before the call is made.
approval {approval} {{
  by      1 of {approver}
  expires 15m
}}

rule {rule} {{
  on      {scope}
  require {approval}
}}
"#,
        package = answers.package,
    );
    if let Some(call) = tried {
        text.push_str(&format!(
            r#"
test "nobody has looked at it yet: a person must agree" {{
  as     agent "agent-1" {{ roles: [{role}] }}
  in     prod
  call   {call}
  expect require {approval} because {rule}
}}

test "nothing for an agent without a role" {{
  as     agent "agent-2" {{ roles: [] }}
  in     dev
  call   {call}
  expect deny reason not_granted
}}
"#
        ));
    }
    text
}

/// Calls for a test, the simplest first: of each declaration with just what it requires.
pub fn calls(declarations: &Declarations) -> Vec<String> {
    let mut calls: Vec<(usize, String)> = declarations.items.iter().filter_map(call).collect();
    calls.sort();
    calls.into_iter().map(|(_, call)| call).collect()
}

/// With the number of its arguments.
fn call(item: &Declaration) -> Option<(usize, String)> {
    let arguments = arguments(item, &item.params)?;
    Some((arguments.len(), format!("{} {}", path(&item.name), object(&arguments))))
}

/// A value for every parameter that must be given.
fn arguments(item: &Declaration, params: &[Param]) -> Option<Vec<String>> {
    let required = params.iter().filter(|param| param.presence == Presence::Required);
    required.map(|param| Some(format!("{}: {}", field(&param.name), sample(item, &param.ty)?))).collect()
}

fn object(fields: &[String]) -> String {
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

/// Some value of a type; `None` where none is sure to be one.
fn sample(item: &Declaration, ty: &Ty) -> Option<String> {
    let word = match ty {
        Ty::Word(word) => *word,
        Ty::List(_) => return Some("[]".to_owned()),
        Ty::Own(own) => {
            return match &item.types.get(*own)? {
                OwnType { shape: Shape::Enum(values), .. } => values.first().map(|value| format!("{value:?}")),
                OwnType { shape: Shape::Record(fields), .. } => Some(object(&arguments(item, fields)?)),
            };
        }
    };
    let sample = match word {
        "string" | "json" => "\"x\"",
        "int" => "1",
        "decimal" => "1.00",
        "bool" => "true",
        "email" => "\"eva@example.com\"",
        "host" => "\"example.com\"",
        "url" => "\"https://example.com/\"",
        "path" => "\"/srv/x\"",
        "date" => "2026-03-02",
        "duration" => "1m",
        "time" => "2026-03-02T10:00:00Z",
        _ => return None,
    };
    Some(sample.to_owned())
}

fn is_word(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A dotted name, with backticks around reserved words.
fn path(name: &str) -> String {
    let quoted = |word: &str| if KEYWORDS.contains(&word) { format!("`{word}`") } else { word.to_owned() };
    name.split('.').map(quoted).collect::<Vec<_>>().join(".")
}

/// The name of an argument, before whose colon every word is free.
fn field(name: &str) -> String {
    if is_word(name) { name.to_owned() } else { format!("`{name}`") }
}
