//! `clawc graph`: drawings of policies.

mod common;

use common::Folder;
use serde_json::{Value, json};

fn request(tool: &str, environment: &str) -> String {
    json!({ "environment": environment, "agent": { "id": "bot", "roles": ["support"] }, "session": "s",
            "time": "2026-03-02T10:00:00Z", "context": { "ticket": "T-1" }, "tool": tool, "args": { "order": "1" } })
    .to_string()
}

#[test]
fn each_format_is_what_it_says() {
    let folder = Folder::with_shop();
    let draw = |format| folder.run(&["graph", ".", "--format", format]).expect(0).out;
    let mermaid = folder.run(&["graph", "main.claw"]).expect(0).out;
    assert!(mermaid.contains("flowchart"), "{mermaid}");
    assert_eq!(draw("mermaid"), mermaid);
    assert!(draw("dot").starts_with("digraph"));
    let svg = draw("svg");
    assert!(svg.contains("<svg") && svg.ends_with("</svg>\n"), "{}", &svg[..svg.len().min(200)]);
    let json: Value = serde_json::from_str(&draw("json")).unwrap();
    assert_eq!(json["package"], "shop");
    for text in [&mermaid, &svg] {
        assert!(text.contains("refund") && text.contains("look"), "{text}");
    }
}

#[test]
fn the_ending_of_the_file_tells_the_format() {
    let folder = Folder::with_shop();
    for (file, begins) in [("p.svg", "<"), ("p.dot", "digraph"), ("p.json", "{"), ("p.mmd", "---"), ("p.txt", "---")] {
        let run = folder.run(&["graph", "main.claw", "-o", file]).expect(0);
        assert_eq!(run.out, format!("wrote {file}\n"));
        assert!(folder.read(file).starts_with(begins), "{file}: {}", folder.read(file));
    }
    folder.run(&["graph", "main.claw", "-o", "p.svg", "--format", "dot"]).expect(0);
    assert!(folder.read("p.svg").starts_with("digraph"), "--format comes first");
    folder.run(&["graph", "main.claw", "-o", "main.claw"]).fails_with(
        "`main.claw` has the ending of a policy in source form",
        "name the drawing `….svg`, `….mmd`, `….dot` or `….json`",
    );
    assert_eq!(folder.read("main.claw"), common::SHOP);
}

#[test]
fn one_tool_leaves_the_others_out() {
    let folder = Folder::with_shop();
    let run = folder.run(&["graph", "main.claw", "--tool", "look", "--format", "json"]).expect(0);
    let json: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["view"], json!({ "tool": "look" }));
    assert_eq!(json["clusters"].as_array().unwrap().len(), 1);
    assert!(!run.out.contains("big_refunds"), "{}", run.out);
    folder
        .run(&["graph", "main.claw", "--tool", "refnud"])
        .fails_with("there is no tool `refnud` in this policy", "did you mean `refund`?");
    folder
        .run(&["graph", "main.claw", "--tool", "x"])
        .fails_with("there is no tool `x` in this policy", "it has `refund` and `look`");
}

#[test]
fn the_way_of_a_request_ends_in_the_decision_of_eval() {
    let folder = Folder::with_shop();
    for (environment, ticket) in [("prod", true), ("prod", false), ("dev", false)] {
        let text = request("look", environment);
        folder.write("r.json", if ticket { text } else { text.replace("T-1", "none") });
        let eval = folder.run(&["eval", "main.claw", "--request", "r.json", "--format", "json"]).expect(0);
        let decision: Value = serde_json::from_str(&eval.out).unwrap();
        let run = folder.run(&["graph", ".", "--request", "r.json", "--format", "json"]).expect(0);
        let picture: Value = serde_json::from_str(&run.out).unwrap();
        assert_eq!(picture["verdict"]["outcome"], decision["decision"], "{environment}");
        assert_eq!(picture["verdict"]["reason"], decision["reason"], "{environment}");
    }
    let text = request("look", "prod");
    let plain = folder.run_with(&["graph", ".", "--request", "-"], text.as_bytes()).expect(0).out;
    assert!(plain.contains("flowchart"), "{plain}");
    let object = text.replace("\"tool\":\"look\"", "\"tool\":{\"name\":\"look\"}");
    assert_ne!(object, text);
    assert_eq!(folder.run_with(&["graph", ".", "--request", "-"], object.as_bytes()).expect(0).out, plain);
}

#[test]
fn what_can_not_be_drawn_is_said() {
    let folder = Folder::with_shop();
    folder.write("r.json", request("rm", "prod"));
    folder.run(&["graph", ".", "--request", "r.json"]).fails_with(
        "the request is for `rm`, which the policy does not declare",
        "it is denied as `unknown_tool`; there is no way to draw",
    );
    folder.write("r.json", "{}");
    folder
        .run(&["graph", ".", "--request", "r.json"])
        .fails_with("the request names no `tool`", "it is denied as `invalid_request`");
    folder.write("r.json", "{ \"tool\": ");
    let run = folder.run(&["graph", ".", "--request", "r.json"]).expect(2);
    assert!(run.err.starts_with("error: cannot draw the request in `r.json`: "), "{}", run.err);
    folder.write("r.json", "");
    folder
        .run(&["graph", ".", "--request", "r.json"])
        .fails_with("there is no request in `r.json`", "a request is a JSON object; see `clawc eval --help`");
    folder.run(&["graph", ".", "--request", "r.json", "--tool", "look"]).expect(2);
    folder.run(&["build", ".", "-o", "p.clawb"]).expect(0);
    let run = folder.run(&["graph", "p.clawb"]).expect(2);
    assert!(run.err.contains("`p.clawb` is a compiled bundle"), "{}", run.err);
    folder.write("broken.claw", "package p\ngrant x to y\n");
    let run = folder.run(&["graph", "broken.claw", "-o", "x.svg"]).expect(1);
    assert!(run.out.is_empty() && run.err.contains("error["), "{}{}", run.out, run.err);
    assert!(!folder.path().join("x.svg").exists());
}
