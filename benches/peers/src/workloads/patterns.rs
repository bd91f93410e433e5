//! Many patterns on one argument: suffixes of hosts, prefixes of paths, regular expressions.

use std::collections::HashSet;

use claw_benches::shapes;
use serde_json::json;

use crate::workload::{ByHand, Casbin, Case, CelRules, Workload};

/// A model whose policy lines are tried one after the other.
fn table(request: &'static str, line: &str, effect: &str, matcher: &str, policies: Vec<Vec<String>>) -> Casbin {
    let model = format!(
        "[request_definition]\nr = {request}\n[policy_definition]\np = {line}, eft\n\
         [policy_effect]\ne = {effect}\n[matchers]\nm = {matcher}\n"
    );
    Casbin { model, policies, request: vec![request] }
}

const SOME: &str = "some(where (p.eft == allow))";
const NONE: &str = "!some(where (p.eft == deny))";

fn quoted(items: &[String], quote: char) -> String {
    items.iter().map(|item| format!("{quote}{item}{quote}")).collect::<Vec<_>>().join(", ")
}

/// Pages may be fetched from these domains and what is below them.
pub fn hosts(count: usize) -> Workload {
    let domains: Vec<String> = shapes::domains(count);
    let cases: Vec<Case> = (0..64)
        .map(|i| {
            let known = i % 2 == 0;
            let host =
                if known { format!("www.site-{}.example", i * 37 % count) } else { format!("www.site-{i}.evil") };
            let args = json!({ "site": format!("https://{host}/x") });
            Case { claw: shapes::request("fetch", args).to_string(), facts: json!({ "host": host }), allowed: known }
        })
        .collect();
    Workload {
        name: "hosts",
        size: count,
        about: "pages of these domains and their subdomains",
        claw: shapes::hosts(count),
        cedar: Ok(domains
            .iter()
            .map(|d| format!("permit (principal, action, resource) when {{ context.host == \"{d}\" || context.host like \"*.{d}\" }};\n"))
            .collect()),
        rego: Ok(format!(
            "package bench\nimport rego.v1\ndefault allow := false\nknown := [{}]\n\
             allow if {{\n  some domain in known\n  input.host == domain\n}}\n\
             allow if {{\n  some domain in known\n  endswith(input.host, concat(\"\", [\".\", domain]))\n}}\n",
            quoted(&domains, '"')
        )),
        cel: Ok(CelRules {
            permit: domains.iter().map(|d| format!("host == '{d}' || host.endsWith('.{d}')")).collect(),
            forbid: Vec::new(),
        }),
        casbin: Ok(table(
            "host",
            "domain, dotted",
            SOME,
            "r.host == p.domain || endsWith(r.host, p.dotted)",
            domains.iter().map(|d| vec![d.clone(), format!(".{d}"), "allow".to_owned()]).collect(),
        )),
        by_hand: suffixes(domains, &cases),
        cases,
    }
}

fn suffixes(domains: Vec<String>, cases: &[Case]) -> ByHand {
    let known: HashSet<String> = domains.into_iter().collect();
    let hosts: Vec<String> = texts(cases, "host");
    Box::new(move |i| {
        let mut rest = hosts[i].as_str();
        loop {
            if known.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
    })
}

fn texts(cases: &[Case], name: &str) -> Vec<String> {
    cases.iter().map(|case| case.facts[name].as_str().unwrap().to_owned()).collect()
}

/// Files may be read in these folders.
pub fn folders(count: usize) -> Workload {
    let folders: Vec<String> = shapes::open_folders(count);
    let cases: Vec<Case> = (0..64)
        .map(|i| {
            let known = i % 2 == 0;
            let path = if known {
                format!("/srv/app-{}/data/in/a.txt", i * 37 % count)
            } else {
                format!("/srv/app-{i}/secret")
            };
            Case { claw: shapes::reading(&path).to_string(), facts: json!({ "path": path }), allowed: known }
        })
        .collect();
    Workload {
        name: "folders",
        size: count,
        about: "files in these folders",
        claw: shapes::folders(count),
        cedar: Ok(folders
            .iter()
            .map(|f| format!("permit (principal, action, resource) when {{ context.path == \"{f}\" || context.path like \"{f}/*\" }};\n"))
            .collect()),
        rego: Ok(format!(
            "package bench\nimport rego.v1\ndefault allow := false\nopen := [{}]\n\
             allow if {{\n  some folder in open\n  startswith(input.path, concat(\"\", [folder, \"/\"]))\n}}\n",
            quoted(&folders, '"')
        )),
        cel: Ok(CelRules {
            permit: folders.iter().map(|f| format!("path == '{f}' || path.startsWith('{f}/')")).collect(),
            forbid: Vec::new(),
        }),
        casbin: Ok(table(
            "path",
            "folder, below",
            SOME,
            "r.path == p.folder || startsWith(r.path, p.below)",
            folders.iter().map(|f| vec![f.clone(), format!("{f}/"), "allow".to_owned()]).collect(),
        )),
        by_hand: prefixes(folders, &cases),
        cases,
    }
}

fn prefixes(folders: Vec<String>, cases: &[Case]) -> ByHand {
    let open: HashSet<String> = folders.into_iter().collect();
    let paths = texts(cases, "path");
    Box::new(move |i| {
        let mut rest = paths[i].as_str();
        loop {
            if open.contains(rest) {
                return true;
            }
            match rest.rsplit_once('/') {
                Some((before, _)) => rest = before,
                None => return false,
            }
        }
    })
}

/// Names that look like one of these are refused.
pub fn names(count: usize) -> Workload {
    let regexes: Vec<String> = shapes::expressions(count);
    let cases: Vec<Case> = (0..64)
        .map(|i| {
            let bad = i % 2 == 0;
            let name = if bad { format!("bad-{}-abc{i}", i * 37 % count) } else { format!("good-{i}-abc") };
            Case {
                claw: shapes::request("put", json!({ "name": name })).to_string(),
                facts: json!({ "name": name }),
                allowed: !bad,
            }
        })
        .collect();
    let mut rego = String::from("package bench\nimport rego.v1\ndefault allow := false\nallow if not denied\n");
    for regex in &regexes {
        rego += &format!("denied if regex.match(`^{regex}$`, input.name)\n");
    }
    let set = regex::RegexSet::new(regexes.iter().map(|r| format!("^(?:{r})$"))).expect("regular expressions");
    let facts = texts(&cases, "name");
    Workload {
        name: "regexes",
        size: count,
        about: "names that match any of these regular expressions are refused",
        claw: shapes::regexes(count),
        cedar: Err("has no regular expressions"),
        rego: Ok(rego),
        cel: Ok(CelRules {
            permit: vec!["true".to_owned()],
            forbid: regexes.iter().map(|r| format!("name.matches('^{r}$')")).collect(),
        }),
        casbin: Ok(table(
            "name",
            "regex",
            NONE,
            "regexMatch(r.name, p.regex)",
            regexes.iter().map(|r| vec![format!("^{r}$"), "deny".to_owned()]).collect(),
        )),
        by_hand: Box::new(move |i| !set.is_match(&facts[i])),
        cases,
    }
}
