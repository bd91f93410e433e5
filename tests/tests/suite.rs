//! The pages under `suite/`, and the snippets in the documentation, as tests.
//!
//! A page is Markdown; a heading with fenced blocks below it is one test:
//!
//! | block | means |
//! |---|---|
//! | `claw [file=x.claw]` | a file of the policy, `main.claw` if not said; the first is the root |
//! | `data x.json` | a file for `let … from` |
//! | `claw prelude` | in a page's first section: appended to the root of every test of the page |
//! | `diagnostics` | exactly these errors, one a line: `file:line:column CODE message \| help`; without this block there are none. Warnings count only where the block has one |
//! | `request` | a request, decided with an empty past; `request raw`: its bytes as they stand |
//! | `session` | requests, one a line, decided in one past; what is allowed is settled *ok* |
//! | `decision` | what the request before it, or each line of the session, is decided to be: at least these members |
//! | `base` | in a page's first section: members of every request of the page that has none of its own |
//! | `truth` | lines `condition => arguments => true, false or unknown`, asked of the page's tool `probe` |
//!
//! `CLAW_UPDATE=1` rewrites the blocks `diagnostics` with what was found. Decisions are never rewritten.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use claw_compiler::{Checked, testing};
use claw_runtime::{Policy, Settlement};
use claw_tests::expect::lacks;
use claw_tests::host::{Host, wire, with_call_id};
use claw_tests::markdown::{Block, Section, replace_block, sections};
use claw_tests::project::{Project, build, findings, load};
use serde_json::{Value, json};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the repository").to_owned()
}

/// All pages below a folder, sorted.
fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|e| e.path()) {
        if ["suite/diff", "suite/ide", "suite/why", "suite/query"].iter().any(|other| path.ends_with(other)) {
            // Half-typed policies with a cursor in them, and questions about policies: `ide.rs`, `diff.rs` and `why.rs` read these.
        } else if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|e| e == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn name(page: &Path) -> String {
    page.strip_prefix(root()).unwrap_or(page).display().to_string()
}

/// What is wrong with a section, and the findings if they are not what the page says.
#[derive(Default)]
struct Outcome {
    wrong: Vec<String>,
    findings: Option<(usize, String)>,
}

/// What all tests of a page share.
#[derive(Default)]
struct Common {
    prelude: String,
    base: Value,
}

impl Common {
    fn of(sections: &[Section]) -> Common {
        let mut common = Common { base: json!({}), ..Common::default() };
        for block in sections.iter().flat_map(|s| &s.blocks) {
            match block.kind.as_str() {
                "claw" if is_prelude(block) => common.prelude += &block.text,
                "base" => common.base = serde_json::from_str(&block.text).expect("a base is JSON"),
                _ => {}
            }
        }
        common
    }

    /// The bytes of a request, completed; what is no JSON goes to the runtime as it is.
    fn request(&self, text: &str, number: usize) -> Vec<u8> {
        let Ok(mut json) = serde_json::from_str::<Value>(text) else { return text.as_bytes().to_vec() };
        if let (Some(members), Some(base)) = (json.as_object_mut(), self.base.as_object()) {
            for (key, value) in base {
                members.entry(key).or_insert_with(|| value.clone());
            }
        }
        with_call_id(json, number + 1).to_string().into_bytes()
    }
}

fn is_prelude(block: &Block) -> bool {
    block.words.first().is_some_and(|w| w == "prelude")
}

/// Runs one section of a suite page.
fn run(section: &Section, common: &Common) -> Outcome {
    let mut outcome = Outcome::default();
    for block in section.blocks.iter().filter(|b| b.kind == "truth") {
        truths(block, common, &mut outcome.wrong);
    }
    let files = |kind: &'static str| section.blocks.iter().filter(move |b| b.kind == kind && !is_prelude(b));
    let path = |block: &Block| {
        let word = block.words.first().map_or("main.claw", String::as_str);
        word.strip_prefix("file=").unwrap_or(word).to_owned()
    };
    let Some(first) = files("claw").next() else { return outcome };
    let mut project = Project::new(&path(first));
    for block in files("claw").chain(files("data")) {
        let is_root = std::ptr::eq(block, first);
        project.file(&path(block), &format!("{}{}", block.text, if is_root { &common.prelude } else { "" }));
    }
    let analysis = project.prove();
    let expected = files("diagnostics").next();
    let warnings = expected.is_some_and(|block| block.text.contains(" W0"));
    let mut found = findings(&analysis);
    if !warnings {
        found = found.lines().filter(|line| !line.contains(" W0")).map(|line| format!("{line}\n")).collect();
    }
    if found != expected.map_or("", |block| block.text.as_str()) {
        outcome.wrong.push(format!("found:\n{found}"));
        outcome.findings = expected.map(|block| (block.line, found));
        return outcome;
    }
    if !section.blocks.iter().any(|b| b.kind == "decision") {
        return outcome;
    }
    match build(&analysis, Default::default()).and_then(|bytes| load(&bytes)) {
        Ok(policy) => decisions(&policy, &section.blocks, common, &mut outcome.wrong),
        Err(e) => outcome.wrong.push(format!("does not compile: {e}")),
    }
    outcome
}

/// Asks each condition and its negation through a rule that marks: rules apply unless their condition is false, so
/// that both marks together mean *unknown*.
fn truths(block: &Block, common: &Common, wrong: &mut Vec<String>) {
    let lines: Vec<Vec<&str>> = block.text.lines().map(|line| line.split("=>").map(str::trim).collect()).collect();
    let mut text = common.prelude.clone();
    for (i, line) in lines.iter().enumerate() {
        let condition = line[0];
        let _ = writeln!(text, "labels yes_{i}, no_{i}");
        let _ = writeln!(text, "rule yes_{i} {{ on probe when {condition} mark yes_{i} }}");
        let _ = writeln!(text, "rule no_{i} {{ on probe when not ({condition}) mark no_{i} }}");
    }
    let policy = match Project::source(&text).policy() {
        Ok(policy) => policy,
        Err(e) => return wrong.push(format!("line {}: {e}\nin\n{text}", block.line)),
    };
    for (i, line) in lines.iter().enumerate() {
        let at = format!("line {}: {}", block.line + 1 + i, line.join(" => "));
        let request = format!("{{\"tool\": \"probe\", \"args\": {}}}", line[1]);
        let decision = wire(&Host::new(&policy).run(&common.request(&request, 0), Settlement::Ok));
        let marked = |name: String| decision["marks"].as_array().is_some_and(|m| m.contains(&name.into()));
        let got = match (marked(format!("yes_{i}")), marked(format!("no_{i}"))) {
            (true, false) => "true",
            (false, true) => "false",
            (true, true) => "unknown",
            (false, false) => "undecided",
        };
        if line.get(2) != Some(&got) {
            wrong.push(format!("{at}: is {got}\n  {}", decision["message"]));
        }
    }
}

/// Compares every `decision` with what its `request` or `session` gets.
fn decisions(policy: &Policy, blocks: &[Block], common: &Common, wrong: &mut Vec<String>) {
    let mut got: Vec<Value> = Vec::new();
    for block in blocks {
        let lines: Vec<&str> = match block.kind.as_str() {
            "request" => vec![&block.text],
            "session" => block.text.lines().collect(),
            "decision" => {
                let wanted: Result<Vec<Value>, _> =
                    serde_json::Deserializer::from_str(&block.text).into_iter().collect();
                let wanted = wanted.unwrap_or_else(|e| panic!("line {}: {e}", block.line));
                if wanted.len() != got.len() {
                    wrong.push(format!("line {}: {} decisions for {} requests", block.line, wanted.len(), got.len()));
                }
                for (i, (wanted, got)) in wanted.iter().zip(&got).enumerate() {
                    if let Some(what) = lacks(wanted, got) {
                        wrong.push(format!("line {}, decision {}: {what}\n  in {got}", block.line, i + 1));
                    }
                }
                continue;
            }
            _ => continue,
        };
        let host = Host::new(policy);
        let raw = block.words.iter().any(|w| w == "raw");
        let bytes = |i, line: &str| if raw { line.as_bytes().to_vec() } else { common.request(line, i) };
        got = lines.iter().enumerate().map(|(i, line)| wire(&host.run(&bytes(i, line), Settlement::Ok))).collect();
    }
}

#[test]
fn suite_pages() {
    let update = std::env::var_os("CLAW_UPDATE").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("suite");
    let mut failures = String::new();
    let mut count = 0;
    for page in pages(&folder) {
        let mut text = fs::read_to_string(&page).expect("a page");
        let sections = sections(&text);
        let common = Common::of(&sections);
        // From the end, so that lines of what is still to come stay where they are.
        for section in sections.iter().rev() {
            count += 1;
            let outcome = run(section, &common);
            match outcome.findings {
                Some((line, found)) if update => text = replace_block(&text, line, &found),
                _ => {
                    for wrong in outcome.wrong {
                        let _ = writeln!(failures, "{}:{} {}\n{wrong}\n", name(&page), section.line, section.title);
                    }
                }
            }
        }
        if update {
            fs::write(&page, text).expect("a page can be written");
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count > 40, "only {count} tests were found");
}

/// A snippet of the documentation, with the files of its section.
struct Snippet {
    block: Block,
    files: Vec<(String, String)>,
}

impl Snippet {
    /// The codes it is said to give.
    fn promised(&self) -> BTreeSet<&str> {
        let words = self.block.words.iter();
        words.filter_map(|w| w.strip_prefix("error=").or_else(|| w.strip_prefix("warning="))).collect()
    }

    /// What is wrong with it: `claw` checks without errors and passes its tests, `claw error=CODE` gives just that error,
    /// `claw warning=CODE` that warning and no error.
    fn wrong(&self) -> Option<String> {
        let mut project = Project::source(&self.block.text);
        self.files.iter().for_each(|(path, text)| project.file(path, text));
        let analysis = project.prove();
        let promised = self.promised();
        let codes: BTreeSet<&str> = analysis.diagnostics.iter().map(|d| d.code.as_str()).collect();
        let errors: BTreeSet<&str> = codes.iter().copied().filter(|c| c.starts_with('E')).collect();
        let (promised_errors, warnings): (BTreeSet<&str>, BTreeSet<&str>) =
            promised.iter().partition(|c| c.starts_with('E'));
        if errors != promised_errors || !codes.is_superset(&warnings) {
            return Some(format!("promises {promised:?}, found:\n{}", findings(&analysis)));
        }
        let checked = Checked::new(analysis.package.clone(), analysis.has_errors())?;
        let results = testing::run(&checked, &analysis.sources, None).expect("what was checked compiles");
        let failed: Vec<_> =
            results.iter().filter(|t| !t.passed()).map(|t| format!("{}: {:?}", t.name, t.failures)).collect();
        (!failed.is_empty()).then(|| failed.join("\n"))
    }
}

/// The snippets of a page. They may rely on declarations that are not their point, in a comment before them
/// (`<!-- claw … -->`), and on files of their section (`claw file=company.claw`).
fn snippets(page: &str) -> Vec<Snippet> {
    let mut out = Vec::new();
    for section in sections(&page.replace("<!-- claw", "```prelude").replace("\n-->", "\n```")) {
        let (mut prelude, mut files) = (String::new(), Vec::new());
        for mut block in section.blocks {
            let file = block.words.iter().find_map(|w| w.strip_prefix("file=")).map(str::to_owned);
            match (block.kind.as_str(), file) {
                ("prelude", _) => prelude = block.text,
                ("claw" | "data", Some(file)) => files.push((file, block.text)),
                ("claw", None) => {
                    block.text += &prelude;
                    out.push(Snippet { block, files: files.clone() });
                }
                _ => {}
            }
        }
    }
    out
}

#[test]
fn documentation_snippets() {
    let root = root();
    let mut all = vec![root.join("README.md")];
    all.extend(pages(&root.join("docs")));
    all.extend(pages(&root.join("compiler/docs")));
    all.extend(pages(&root.join("examples")));
    let mut failures = String::new();
    let mut count = 0;
    for page in all {
        let Ok(text) = fs::read_to_string(&page) else { continue };
        for snippet in snippets(&text) {
            count += 1;
            if let Some(wrong) = snippet.wrong() {
                let _ = writeln!(failures, "{}:{} {wrong}", name(&page), snippet.block.line);
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
    assert!(count > 20, "only {count} snippets were found");
}

#[test]
fn every_code_has_a_page_that_shows_it() {
    let folder = root().join("compiler/docs/diagnostics");
    let mut missing = Vec::new();
    for info in claw_compiler::diagnostics::codes::all() {
        let code = info.code.as_str();
        let page = fs::read_to_string(folder.join(format!("{code}.md"))).unwrap_or_default();
        let shown = snippets(&page).iter().any(|s| s.promised().contains(code));
        if !page.starts_with(&format!("# {code}: {}", info.title)) || !(shown || page.contains("<!-- not shown:")) {
            missing.push(code);
        }
    }
    assert!(missing.is_empty(), "codes without a page that has their title and shows them: {missing:?}");
}
