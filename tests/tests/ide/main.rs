//! The pages under `suite/ide/`: what an editor is told about a place.
//!
//! A page is Markdown; a heading with fenced blocks below it is one test:
//!
//! | block | means |
//! |---|---|
//! | `claw [file=x.claw]` | a file of the policy, `main.claw` if not said; the first is the root. `$0` in one of them marks the cursor and is taken out |
//! | `data x.json` | a file for `let … from` |
//! | `claw prelude` | in a page's first section: appended to the root of every test of the page |
//! | the name of a feature, such as `hover` | what that feature answers at the cursor, as its `show` writes it |
//!
//! Further words behind the name of a feature are handed to its `show`. Places are written `file:line:column`, counted
//! from 1 in characters, `file:line:column-column` with their end. `CLAW_UPDATE=1` rewrites the answers: read them.
//!
//! A new feature is a module beside this file with a `show`, and a line in [`FEATURES`].

mod call_hierarchy;
mod code_actions;
mod code_lens;
mod completion;
mod definition;
mod document_symbols;
mod folding;
mod formatting;
mod highlight;
mod hover;
mod inlay_hints;
mod links;
mod references;
mod rename;
mod selection;
mod signature_help;
mod tokens;
mod type_definition;
mod workspace_symbols;

use std::fs;
use std::path::{Path, PathBuf};

use claw_compiler::hir::{FileId, Loc};
use claw_compiler::source::Columns;
use claw_compiler::{Analysis, Workspace};
use claw_tests::markdown::{Block, Section, replace_block, sections};

/// Where a feature is asked.
#[derive(Debug)]
pub struct At {
    pub analysis: Analysis,
    pub file: FileId,
    /// The cursor; the end of the file where no mark stands.
    pub offset: u32,
    /// The words behind the feature's name.
    pub words: Vec<String>,
}

impl At {
    /// A place, for the page.
    pub fn place(&self, loc: Loc) -> String {
        let file = self.analysis.sources.get(loc.file);
        let start = file.lines.position(&file.text, loc.span.start, Columns::Chars);
        let end = file.lines.position(&file.text, loc.span.end, Columns::Chars);
        let head = format!("{}:{}:{}", file.path, start.line, start.column);
        if start.line == end.line {
            format!("{head}-{}", end.column)
        } else {
            format!("{head}-{}:{}", end.line, end.column)
        }
    }

    /// A place in the file of the cursor.
    pub fn here(&self, span: claw_syntax::Span) -> String {
        self.place(Loc { file: self.file, span })
    }

    pub fn text(&self) -> &str {
        &self.analysis.sources.get(self.file).text
    }
}

/// A feature's answer as text; lines end with a newline.
type Show = fn(&At) -> String;

const FEATURES: &[(&str, Show)] = &[
    ("code-lens", code_lens::show),
    ("completion", completion::show),
    ("call-hierarchy", call_hierarchy::show),
    ("code-actions", code_actions::show),
    ("rename", rename::show),
    ("type-definition", type_definition::show),
    ("definition", definition::show),
    ("document-symbols", document_symbols::show),
    ("folding", folding::show),
    ("formatting", formatting::show),
    ("highlight", highlight::show),
    ("hover", hover::show),
    ("inlay-hints", inlay_hints::show),
    ("links", links::show),
    ("references", references::show),
    ("selection", selection::show),
    ("signature-help", signature_help::show),
    ("tokens", tokens::show),
    ("workspace-symbols", workspace_symbols::show),
];

const MARK: &str = "$0";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suite/ide")
}

/// The policy of a section, with the cursor.
fn load(section: &Section, prelude: &str) -> (Analysis, FileId, u32) {
    let mut workspace = Workspace::new();
    let (mut root, mut cursor) = (None, None);
    for block in &section.blocks {
        let path = block.words.first().map_or("main.claw", String::as_str);
        let path = path.strip_prefix("file=").unwrap_or(path);
        match block.kind.as_str() {
            "claw" if !is_prelude(block) => {
                let tail = if root.is_none() { prelude } else { "" };
                root.get_or_insert_with(|| path.to_owned());
                if let Some(at) = block.text.find(MARK) {
                    assert!(cursor.is_none(), "line {}: one cursor is enough", block.line);
                    cursor = Some((path.to_owned(), at as u32));
                }
                workspace.set_file(path, format!("{}{tail}", block.text.replace(MARK, "")));
            }
            "data" => workspace.set_data(path, block.text.as_bytes()),
            _ => {}
        }
    }
    let root = root.unwrap_or_else(|| panic!("line {}: no policy stands below `{}`", section.line, section.title));
    let analysis = workspace.analyze(&root);
    let end = |path: &str| analysis.sources.files.iter().find(|f| f.path == path).map_or(0, |f| f.text.len() as u32);
    let (path, offset) = cursor.unwrap_or_else(|| (root.clone(), end(&root)));
    let file = analysis.sources.find(&path).unwrap_or_else(|| panic!("nothing uses `{path}`"));
    (analysis, file, offset)
}

fn is_prelude(block: &Block) -> bool {
    block.kind == "claw" && block.words.first().is_some_and(|w| w == "prelude")
}

/// Blocks whose answer is another one: the line of the fence, what the page says, what was found.
fn differing(section: &Section, prelude: &str) -> Vec<(usize, String, String)> {
    let asked = section.blocks.iter().filter(|b| !["claw", "data"].contains(&b.kind.as_str()));
    let mut out = Vec::new();
    for block in asked {
        let (_, show) = FEATURES
            .iter()
            .find(|(name, _)| *name == block.kind)
            .unwrap_or_else(|| panic!("line {}: `{}` is no feature", block.line, block.kind));
        let (analysis, file, offset) = load(section, prelude);
        let found = show(&At { analysis, file, offset, words: block.words.clone() });
        if found != block.text {
            out.push((block.line, block.text.clone(), found));
        }
    }
    out
}

#[test]
fn pages_hold() {
    let update = std::env::var_os("CLAW_UPDATE").is_some();
    let mut pages: Vec<PathBuf> = fs::read_dir(folder()).expect("the pages").flatten().map(|e| e.path()).collect();
    pages.sort();
    assert!(!pages.is_empty());
    let mut wrong = String::new();
    for path in pages {
        let mut page = fs::read_to_string(&path).expect("a page");
        let parts = sections(&page);
        let preludes = parts.iter().flat_map(|s| &s.blocks).filter(|b| is_prelude(b));
        let prelude: String = preludes.map(|b| b.text.as_str()).collect();
        // From the end, so that lines stay where they are.
        for section in parts.iter().rev().filter(|s| s.blocks.iter().any(|b| !is_prelude(b))) {
            for (line, expected, found) in differing(section, &prelude).into_iter().rev() {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                wrong += &format!("{name}:{line}: {}\nexpected:\n{expected}found:\n{found}\n", section.title);
                page = replace_block(&page, line, &found);
            }
        }
        if update {
            fs::write(&path, page).expect("a page is written");
        }
    }
    assert!(update || wrong.is_empty(), "{wrong}");
}

/// Every prefix of every policy of the pages, with the cursor at its end: half-typed code gives an answer or none.
#[test]
fn features_take_half_typed_code() {
    let pages = fs::read_dir(folder()).expect("the pages").flatten();
    for page in pages.map(|entry| fs::read_to_string(entry.path()).expect("a page")) {
        for block in sections(&page).iter().flat_map(|s| &s.blocks).filter(|b| b.kind == "claw") {
            let text = block.text.replace(MARK, "");
            let ends = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
            for end in ends.step_by(if text.len() > 600 { 7 } else { 1 }) {
                let mut workspace = Workspace::new();
                workspace.set_file("main.claw", &text[..end]);
                let mut at =
                    At { analysis: workspace.analyze("main.claw"), file: FileId(0), offset: end as u32, words: vec![] };
                for (_, show) in FEATURES {
                    show(&at);
                    at.offset = at.offset.saturating_sub(1);
                }
            }
        }
    }
}
