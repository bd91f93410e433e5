//! What the formats look like for a small policy.

use super::{SMALL, draw, policy};

macro_rules! snapshot {
    ($value:expr $(,)?) => {
        insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!($value) })
    };
}

#[test]
fn mermaid() {
    snapshot!(policy(SMALL).to_mermaid());
}

#[test]
fn dot() {
    snapshot!(policy(SMALL).to_dot());
}

#[test]
fn the_compiled_graph_as_dot() {
    snapshot!(draw(SMALL, |drawer| drawer.tool("pay").expect("declared").graph.to_dot()));
}

#[test]
fn one_tool_as_json() {
    let json = draw(SMALL, |drawer| drawer.tool("peek").expect("declared").to_json());
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let edges = value["graph"]["edges"].as_array().expect("edges");
    let nodes = value["graph"]["nodes"].as_array().expect("nodes").len() as u64;
    assert!(edges.iter().all(|e| e["from"].as_u64() < Some(nodes) && e["to"].as_u64() < Some(nodes)));
    snapshot!(json);
}

#[test]
fn tools_with_the_same_clauses_are_drawn_once() {
    let both = SMALL.replace("limit rate { on look max 5 per 1m }", "");
    let picture = policy(&both);
    let tools: Vec<_> = picture.clusters.iter().map(|cluster| cluster.tools.join(" ")).collect();
    assert_eq!(tools, ["", "pay", "look peek"], "the first is what holds for every call");
    assert!(picture.clusters[0].shared);
    let shared: Vec<_> = picture.clusters[0].steps.iter().map(|step| &step.title[..]).collect();
    assert_eq!(shared, ["ticket"]);
    // Alone, a tool has all that applies to it.
    let pay = draw(&both, |drawer| drawer.tool("pay").expect("declared"));
    assert!(pay.clusters[0].steps.iter().any(|step| step.title == "ticket"));
}

#[test]
fn drawing_twice_gives_the_same() {
    let all = || {
        let picture = policy(SMALL);
        [picture.to_mermaid(), picture.to_dot(), picture.to_json(), picture.to_svg()]
    };
    assert_eq!(all(), all());
}

#[test]
fn a_tool_that_is_not_declared_has_no_picture() {
    assert!(draw(SMALL, |drawer| drawer.tool("fly").is_none()));
}
