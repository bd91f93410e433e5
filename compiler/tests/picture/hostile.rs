//! Texts that would break out of a format, and policies that are large.

use std::fmt::Write;

use super::{SMALL, draw, path, policy};

/// Characters that mean something to XML, Mermaid, Graphviz, terminals or readers.
const HOSTILE: &str = r##"</text><script>alert(1)</script> & \"quoted\" `tick` #35; ]]> --> |pipe| [box] \\\\N \\\\l %% end; {{x}} <br/> "##;

fn hostile() -> String {
    let mut source = format!(
        "package p environments e roles r tool t(x: string) grant any to r
         rule bad {{ on t when args.x == \"{HOSTILE}\" deny \"{HOSTILE}\" }}\n"
    );
    let _ = writeln!(source, "/// {HOSTILE}\nrule other {{ on t when args.x == \"a\\u{{202e}}b\" deny \"no\" }}");
    source
}

/// Reads XML as far as is needed to know that it is well-formed; returns the names of the elements.
fn elements(xml: &str) -> Vec<String> {
    let mut open: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    let mut rest = xml;
    while let Some(at) = rest.find('<') {
        assert_text(&rest[..at]);
        let end = rest[at..].find('>').expect("a tag ends") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "closes what is open");
            continue;
        }
        let name = tag.split([' ', '/']).next().expect("a name");
        assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()), "`{name}` is a name");
        assert_attributes(tag[name.len()..].trim_end_matches('/'));
        found.push(name.to_owned());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    found
}

fn assert_text(text: &str) {
    assert!(!text.contains("]]>"));
    for (at, _) in text.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;"];
        assert!(known.iter().any(|entity| text[at..].starts_with(entity)), "{text}");
    }
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

fn assert_attributes(text: &str) {
    let mut parts = text.split('"');
    while let Some(name) = parts.next() {
        let Some(value) = parts.next() else { return assert!(name.trim().is_empty(), "`{text}`") };
        assert!(name.starts_with(' ') && name.ends_with('='), "`{text}`");
        assert_text(value);
    }
}

#[test]
fn svg_is_well_formed() {
    for source in [&hostile()[..], SMALL] {
        let names = elements(&policy(source).to_svg());
        assert!(names.len() > 40);
        let known = ["svg", "style", "defs", "marker", "path", "rect", "text", "tspan", "g", "title"];
        assert!(names.iter().all(|name| known.contains(&&name[..])), "{names:?}");
    }
    let request = r#"{"environment": "e", "agent": {"id": "<&\"]]>", "roles": ["r"]}, "user": {"id": "u"},
        "session": "s", "tenant": "t", "tool": "t", "args": {"x": "</svg>\u0000\u202e"}}"#;
    elements(&path(&[("p.claw", &hostile())], request).to_svg());
}

#[test]
fn mermaid_texts_stay_in_their_quotes() {
    let mermaid = policy(&hostile()).to_mermaid();
    for line in mermaid.lines().filter(|line| line.contains('"')) {
        let mut inside = false;
        for part in line.split('"') {
            let markup = part.replace("<br/>", "");
            assert!(!inside || !markup.contains(['<', '>', '&', '`', '\\', '|', '[', '{']), "{line}");
            inside = !inside;
        }
        assert!(inside || line.starts_with("title"), "an even number of quotes: {line}");
    }
    assert!(!mermaid.contains('\u{202e}'));
}

#[test]
fn dot_texts_stay_in_their_quotes() {
    let picture = policy(&hostile());
    let dot = picture.to_dot() + &picture.graph.to_dot();
    for line in dot.lines() {
        let mut chars = line.chars();
        let mut inside = false;
        while let Some(c) = chars.next() {
            match c {
                '\\' if inside => {
                    let escaped = chars.next();
                    assert!(matches!(escaped, Some('\\' | '"' | 'l' | 'n')), "{line}");
                }
                '"' => inside = !inside,
                _ => {}
            }
        }
        assert!(!inside, "{line}");
    }
    assert!(!dot.contains('\u{202e}'));
}

/// Ten tools, fifty rules, some of them about every tool.
fn fifty() -> String {
    let mut source = "package p environments dev, prod roles r labels a, b\n".to_owned();
    for tool in 0..10 {
        let _ = writeln!(source, "tool t{tool}(x: string, n: int)");
    }
    source += "grant any to r\napproval ok { by 1 of r expires 15m }\n";
    for rule in 0..50 {
        let target = if rule < 10 { "any".to_owned() } else { format!("t{}", rule % 10) };
        let effect = if rule % 3 == 0 { "require ok" } else { "deny \"no\"" };
        let _ = writeln!(
            source,
            "rule r{rule} {{ on {target} when args.n > {rule} unless a not in session.labels {effect} }}"
        );
    }
    source
}

#[test]
fn fifty_rules_fit_on_a_page() {
    let picture = policy(&fifty());
    let steps: usize = picture.clusters.iter().map(|cluster| cluster.steps.len()).sum();
    assert_eq!(steps, 50 + 10, "each rule once, and a grant for each tool");
    let svg = picture.to_svg();

    let side = |name: &str| -> u32 {
        let (_, rest) = svg.split_once(&format!(" {name}=\"")).expect("has a size");
        rest[..rest.find('"').expect("ends")].parse().expect("a number")
    };
    assert!(side("width") < 4000 && side("height") < 4000, "{} × {}", side("width"), side("height"));
    assert!(svg.len() < 150_000, "{}", svg.len());
    assert!(picture.to_mermaid().len() < 40_000 && picture.to_dot().len() < 50_000);
}

#[test]
fn a_tool_that_nothing_is_said_about_can_be_drawn() {
    let picture = draw("package p environments e tool t()", |drawer| drawer.policy());
    elements(&picture.to_svg());
    assert!(picture.to_mermaid().contains("no grant covers it"));
}
