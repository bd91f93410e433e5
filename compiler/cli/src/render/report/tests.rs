//! The page of a report: complete, harmless, and whole in its links.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use claw_compiler::hir::{Decl, Package};
use claw_compiler::report::report;
use claw_compiler::{Analysis, Checked, Workspace};

use super::page;
use crate::project::Project;

fn page_of(analysis: &Analysis) -> String {
    let checked = Checked::new(Arc::clone(&analysis.package), analysis.has_errors());
    let checked = checked.unwrap_or_else(|| panic!("{:#?}", analysis.diagnostics));
    // Running the tests of large policies takes longer than all else.
    let coverage = analysis.package.tools.len() < 10;
    page(&report(analysis, &checked, coverage).unwrap())
}

fn analysis(text: &str) -> Analysis {
    let mut workspace = Workspace::new();
    workspace.set_file("main.claw", text);
    workspace.analyze("main.claw")
}

fn examples() -> impl Iterator<Item = (&'static str, Analysis)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    ["payments", "support-bot", "org-layers", "coding-agent"]
        .into_iter()
        .map(move |name| (name, Project::open(&folder.join(name).join("main.claw")).unwrap().analysis))
}

/// The values of an attribute, in the order of the page.
fn values<'p>(page: &'p str, attribute: &str) -> Vec<&'p str> {
    let begin = format!(" {attribute}=\"");
    page.split(&begin).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// The page as a reader sees it: without tags, and with what they escaped.
fn read(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split('<') {
        let part = part.split_once('>').map_or(part, |(_, rest)| rest);
        text.push_str(part);
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What decides, or is decided about, with its text.
fn clauses(package: &Package) -> Vec<&Decl> {
    let mut found: Vec<&Decl> = Vec::new();
    found.extend(package.tools.iter().map(|tool| &tool.decl));
    found.extend(package.scopes.iter().map(|scope| &scope.decl));
    found.extend(package.grants.iter().map(|grant| &grant.decl));
    found.extend(package.classify.iter().map(|arm| &arm.decl));
    found.extend(package.approvals.iter().map(|approval| &approval.decl));
    found.extend(package.rules.iter().map(|rule| &rule.decl));
    found.extend(package.limits.iter().map(|limit| &limit.decl));
    found.extend(package.invariants.iter().map(|invariant| &invariant.decl));
    found.extend(package.tests.iter().map(|test| &test.decl));
    found
}

#[test]
fn every_clause_is_on_the_page_as_it_is_written() {
    for (name, analysis) in examples() {
        let page = page_of(&analysis);
        let text = words(&read(&page));
        let clauses = clauses(&analysis.package);
        assert!(clauses.len() > 10, "{name}");
        for decl in clauses {
            let source = analysis.sources.text(decl.loc);
            // Documentation and attributes are shown apart.
            let start = source.lines().position(|line| !line.trim_start().starts_with(['/', '@'])).unwrap_or(0);
            let body: Vec<&str> = source.lines().skip(start).collect();
            assert!(text.contains(&words(&body.join("\n"))), "{name}: {} is missing", decl.name);
            for line in decl.doc.lines() {
                assert!(text.contains(&words(&line.replace('`', ""))), "{name}: the doc of {} is missing", decl.name);
            }
        }
        for cell in &analysis.package.matrix {
            let tier = &analysis.package.tiers[cell.tier.index()].decl.name;
            let env = &analysis.package.environments[cell.env.index()].decl.name;
            assert!(page.contains(&format!("id=\"matrix-{tier}-{env}\"")), "{name}");
        }
    }
}

#[test]
fn every_link_leads_into_the_page() {
    for (name, analysis) in examples() {
        let page = page_of(&analysis);
        let ids = values(&page, "id");
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an anchor stands twice");
        let links = values(&page, "href");
        assert!(links.len() > 50, "{name}");
        for link in links {
            let to = link.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {link} leads away"));
            assert!(unique.contains(to), "{name}: nothing is at {link}");
        }
    }
}

#[test]
fn nothing_is_loaded_or_run() {
    for (name, analysis) in examples() {
        let page = page_of(&analysis);
        for word in
            [" src=", "<script", "<link", "<img", "<iframe", "<object", "url(", "@import", " style=", "javascript:"]
        {
            assert!(!page.contains(word), "{name} has {word}");
        }
        assert!(page.contains("default-src 'none'"), "{name}");
        assert!(!super::STYLE.contains("http"), "the style names an address");
    }
}

const HOSTILE: &str = r##"//! Root <script>alert(0)</script> & "quotes" 'too'
package evil

environments prod
roles `r`
tool t(x: string) as "<b onclick=\"x()\">" on server "</style><script>"

let names: set<string> = ["</code><script>alert(1)</script>", "\u{202E}gnp\u{200F}.exe"]

/// <script>alert(2)</script> `</style><i>code</i>` and &amp; an odd ` tick
@owner("\"><script>alert(3)</script>") @control("<a href='javascript:1'>") @see("https://evil.example/?a&b")
rule r1 {
  on      t
  when    args.x in names // --></pre><script>alert(4)</script>
  deny    "<script>alert(5)</script> {args.x} \"'&"
  suggest "</q></dl><script>alert(6)</script>"
}

grant t to r

invariant "</h3><script>alert(7)</script>" { on t never allow }

test "</summary><script>alert(8)</script>" {
  as agent "<script>alert(9)</script>" { roles: [r] }
  in prod
  at 2026-01-01T00:00:00Z
  call t { x: "<script>alert(10)</script>" }
  expect deny
}
"##;

#[test]
fn hostile_texts_stay_texts() {
    let page = page_of(&analysis(HOSTILE));
    assert!(!page.contains("<script") && !page.contains("</style><"), "{page}");
    assert_eq!(page.matches("</style>").count(), 1);
    // Nothing that turns the direction of writing, and nothing that ends a quoted value.
    assert!(!page.contains(['\u{202E}', '\u{200F}']));
    assert!(page.contains("<mark>U+202E</mark>gnp<mark>U+200F</mark>.exe"));
    for id in values(&page, "id").iter().chain(&values(&page, "href")) {
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric() || "#-._~".contains(c)), "{id}");
    }
    let text = read(&page);
    for number in 0..=10 {
        assert!(text.contains(&format!("<script>alert({number})</script>")), "{number} is missing");
    }
    for shown in ["<b onclick=\"x()\">", "</style><script>", "<a href='javascript:1'>", "https://evil.example/?a&b"] {
        assert!(text.contains(shown), "{shown} is missing");
    }
    assert!(text.contains("and &amp; an odd ` tick"), "what looks escaped is text too");
}

#[test]
fn tags_are_closed_in_order() {
    for (name, analysis) in examples().chain([("hostile", analysis(HOSTILE))]) {
        let page = page_of(&analysis);
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(2).filter_map(|part| part.split('>').next()) {
            let word = tag.split(' ').next().unwrap();
            match word.strip_prefix('/') {
                Some(word) => assert_eq!(open.pop(), Some(word), "{name}"),
                None if word == "meta" => {}
                None => open.push(word),
            }
        }
        assert!(open.is_empty(), "{name}: {open:?}");
    }
}

#[test]
fn tables_name_their_rows_and_columns() {
    for (name, analysis) in examples() {
        let page = page_of(&analysis);
        assert_eq!(
            page.matches("<th").count() - page.matches("<thead").count(),
            page.matches("<th scope=").count(),
            "{name}"
        );
    }
}

#[test]
fn an_almost_empty_policy_has_a_page() {
    let page = page_of(&analysis("package nothing\n"));
    let text = read(&page);
    for says in ["No grant is in force", "declares no tools", "has no tests", "No rule restricts", "Nothing is counted"]
    {
        assert!(text.contains(says), "{says}: {text}");
    }
    values(&page, "href").iter().for_each(|link| assert!(page.contains(&format!("id=\"{}\"", &link[1..])), "{link}"));
}
