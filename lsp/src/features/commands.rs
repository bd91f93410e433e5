//! `workspace/executeCommand`: the decision graph of a tool, and the tests of a file.

use claw_compiler::analysis::Symbol;
use claw_compiler::ide::Cursor;
use claw_compiler::picture::Drawer;
use claw_compiler::{Checked, ide, testing};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp::lsp_types::Position;

use crate::snapshot::Snapshot;

/// Takes `{uri, position}`; answers `{tool, svg, mermaid}`.
pub const GRAPH: &str = "claw.graph";
/// Takes `{uri}`; answers `{passed, failed, report}`.
pub const TEST: &str = "claw.test";

/// How calls of the tool under the cursor are decided.
pub fn graph(snapshot: &Snapshot, at: Position) -> Result<Value> {
    let analysis = snapshot.analysis();
    let tool = Cursor::new(analysis, snapshot.file(), snapshot.offset(at))
        .and_then(|cursor| cursor.symbol())
        .filter(|reference| matches!(reference.symbol, Symbol::Tool(_)))
        .and_then(|reference| ide::name(&analysis.package, reference.symbol))
        .ok_or_else(|| failed("put the cursor on the name of a tool"))?;
    let checked = checked(snapshot)?;
    let drawer = Drawer::new(&checked, &analysis.sources);
    let picture = drawer.tool(tool).ok_or_else(|| failed("there is no graph of this tool"))?;
    Ok(json!({ "tool": tool, "svg": picture.to_svg(), "mermaid": picture.to_mermaid() }))
}

/// Runs the tests of the document's policy that stand in the document.
pub fn test(snapshot: &Snapshot) -> Result<Value> {
    let checked = checked(snapshot)?;
    let analysis = snapshot.analysis();
    let results =
        testing::run(&checked, &analysis.sources, None).map_err(|e| failed(&format!("tests can't run: {e}")))?;
    let (mut passed, mut failing, mut report) = (0, 0, String::new());
    for result in results.iter().filter(|result| result.loc.file == snapshot.file()) {
        if result.passed() {
            passed += 1;
            report += &format!("ok     {}\n", result.name);
        } else {
            failing += 1;
            report += &format!("FAILS  {}\n       {}\n", result.name, super::run_test(snapshot, &result.name).message);
        }
    }
    report += &format!("{passed} passed, {failing} failed\n");
    Ok(json!({ "passed": passed, "failed": failing, "report": report }))
}

fn checked(snapshot: &Snapshot) -> Result<Checked> {
    let analysis = snapshot.analysis();
    Checked::new(analysis.package.clone(), analysis.has_errors())
        .ok_or_else(|| failed("the policy has errors: mend them first"))
}

fn failed(why: &str) -> Error {
    Error { code: ErrorCode::InvalidParams, message: why.to_owned().into(), data: None }
}
