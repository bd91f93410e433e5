//! One schema in, one declaration out.

use crate::import::{Options, read_text, source};

/// The declaration of a tool `t` with this input schema.
fn tool(schema: &str) -> String {
    let manifest = format!(r#"{{"tools": [{{"name": "t", "inputSchema": {schema}}}]}}"#);
    let text = source(&read_text(manifest.as_bytes(), &Options::default()).expect("a manifest"));
    assert_eq!(claw_syntax::format(&text).as_ref(), Ok(&text), "in canonical layout");
    text
}

/// One required parameter `x` of this schema, in one line.
fn param(schema: &str) -> String {
    let text = tool(&format!(r#"{{"properties": {{"x": {schema}}}, "required": ["x"]}}"#));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn scalars_and_formats() {
    for (schema, ty) in [
        (r#"{"type": "string"}"#, "string"),
        (r#"{"type": "integer"}"#, "int"),
        (r#"{"type": "number"}"#, "decimal"),
        (r#"{"type": "boolean"}"#, "bool"),
        (r#"{"type": "string", "format": "email"}"#, "email"),
        (r#"{"type": "string", "format": "uri"}"#, "url"),
        (r#"{"type": "string", "format": "hostname"}"#, "host"),
        (r#"{"type": "string", "format": "ipv6"}"#, "ip"),
        (r#"{"type": "string", "format": "date"}"#, "date"),
        (r#"{"type": "string", "format": "date-time"}"#, "time"),
        (r#"{"type": "string", "format": "password"}"#, "secret"),
        (r#"{"type": "string", "contentEncoding": "base64"}"#, "bytes"),
        (r#"{"type": "array", "items": {"type": "string"}}"#, "list<string>"),
        (r#"{"anyOf": [{"type": "integer"}, {"type": "number"}]}"#, "decimal"),
        (r#"{"allOf": [{"type": "string"}, {"format": "email"}]}"#, "email"),
    ] {
        assert_eq!(param(schema), format!("tool t(x: {ty})"), "{schema}");
    }
}

#[test]
fn what_is_not_checked_is_said() {
    for (schema, param_text) in [
        (r#"{"type": "integer", "minimum": 1, "maximum": 9}"#, "// not checked: minimum 1, maximum 9 x: int"),
        (r#"{"type": "string", "pattern": "^a$"}"#, r#"// not checked: pattern "^a$" x: string"#),
        (r#"{"type": "string", "format": "uuid"}"#, "// not checked: format uuid x: string"),
        (r#"{"enum": [1, 2]}"#, "// not checked: one of 1, 2 x: int"),
        (r#"{"enum": ["", "a"]}"#, r#"// not checked: one of "", "a" x: string"#),
        (r#"{"type": "object"}"#, "// an object of any shape x: json"),
        (r#"{}"#, "// the server does not say of which type x: json"),
        (r#"{"type": ["string", "integer"]}"#, "// one of several types: taken as `json` x: json"),
        (r##"{"$ref": "#/nowhere"}"##, "// a `$ref` that leads nowhere: taken as `json` x: json"),
        (
            r#"{"type": "array", "uniqueItems": true, "items": {"type": "string"}}"#,
            "// not checked: uniqueItems true x: list<string>",
        ),
        (
            r#"{"type": "array", "items": {"type": ["string", "null"]}}"#,
            "// null elements are refused here x: list<string>",
        ),
        (
            r#"{"type": ["string", "null"]}"#,
            "// the server wants it, if only as null: here it may be left out x?: string",
        ),
    ] {
        assert_eq!(param(schema), format!("tool t( {param_text} )"), "{schema}");
    }
}

#[test]
fn optional_nullable_default() {
    let text = tool(
        r#"{"type": "object", "required": ["a"], "properties": {
            "a": {"type": "string", "default": "ignored"},
            "b": {"type": "string"},
            "c": {"type": "integer", "default": 5},
            "d": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": null},
            "e": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 7},
            "f": {"type": "array", "items": {"type": "number"}, "default": [0.5, -1]},
            "g": {"type": "object", "default": {}},
            "h": {"type": "string", "format": "password", "default": "hunter2"}}}"#,
    );
    insta::assert_snapshot!(text, @r"
    tool t(
      a: string,
      b?: string,
      c: int = 5,
      d?: int,
      // left out, the server takes 7
      e?: int,
      f: list<decimal> = [0.5, -1.0],
      // an object of any shape
      // left out, the server takes {}
      g?: json,
      // the server has a default
      h?: secret
    )
    ");
}

#[test]
fn enums_records_and_references() {
    let text = tool(
        r##"{"required": ["to"], "additionalProperties": true, "properties": {
            "to": {"$ref": "#/$defs/Person", "description": "Who gets it."},
            "cc": {"type": "array", "items": {"$ref": "#/$defs/Person"}},
            "mode": {"enum": ["fast", "very slow", "deny"], "default": "very slow"},
            "tree": {"$ref": "#/$defs/Node"},
            "weird`name": {"type": "string"}},
          "$defs": {
            "Person": {"type": "object", "required": ["mail", "type"], "properties": {
                "mail": {"type": "string", "format": "email", "description": "Where\nto."},
                "type": {"const": "person"},
                "retries": {"type": "integer", "default": 3}}},
            "Node": {"properties": {"left": {"$ref": "#/$defs/Node"}}}}}"##,
    );
    insta::assert_snapshot!(text, @r#"
    enum TPersonType { person }

    record TPerson {
      /// Where
      /// to.
      mail: email,
      type: TPersonType,
      // left out, the server takes 3
      retries?: int
    }

    enum TMode { fast, "very slow", "deny" }

    record TNode {
      // contains itself: taken as `json`
      left?: json
    }

    // the server takes further fields; they are refused here
    // the field "weird`name" can't be named here: calls that have it are refused
    tool t(
      /// Who gets it.
      to: TPerson,
      cc?: list<TPerson>,
      mode: TMode = "very slow",
      tree?: TNode
    )
    "#);
}

#[test]
fn one_of_objects_is_an_object_with_the_fields_of_all() {
    let text = tool(
        r#"{"oneOf": [
            {"properties": {"kind": {"const": "file"}, "path": {"type": "string"}}, "required": ["kind", "path"]},
            {"properties": {"kind": {"const": "url"}, "url": {"type": "string", "format": "uri"}}, "required": ["kind", "url"]}]}"#,
    );
    insta::assert_snapshot!(text, @r"
    enum TKind { file, url }

    tool t(kind: TKind, path?: string, url?: url)
    ");
    let inner =
        param(r#"{"anyOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "integer"}}}]}"#);
    assert_eq!(
        inner,
        "record TX { a?: string, b?: int } \
         tool t( // one of 2 shapes: which fields go together is not checked x: TX )"
    );
}

#[test]
fn references_can_make_neither_loops_nor_giants() {
    let circle = r##"{"properties": {"x": {"$ref": "#/properties/x"}, "y": {"allOf": [{"$ref": "#"}]}}}"##;
    assert!(tool(circle).contains("x?: json"));
    let mut defs: Vec<String> = Vec::new();
    for n in 0..40 {
        let next = n + 1;
        defs.push(format!(
            r##""d{n}": {{"anyOf": [{{"properties": {{"a{n}": {{"$ref": "#/$defs/d{next}"}}}}}}, {{"properties": {{"b{n}": {{"allOf": [{{"$ref": "#/$defs/d{next}"}}, {{"$ref": "#/$defs/d{next}"}}]}}}}}}]}}"##
        ));
    }
    let bomb = format!(r##"{{"properties": {{"x": {{"$ref": "#/$defs/d0"}}}}, "$defs": {{{}}}}}"##, defs.join(", "));
    assert!(tool(&bomb).contains("tool t("));
}

#[test]
fn names_from_anywhere() {
    let manifest = r#"[{"name": "deny"}, {"name": "a-b"}, {"name": "a_b"}, {"name": "jira.get issue\u202e"}, {"name": "x", "title": "X"}]"#;
    let text = source(&read_text(manifest.as_bytes(), &Options::default()).expect("a manifest"));
    insta::assert_snapshot!(text, @r#"
    tool `deny`()

    tool a_b() as "a-b"

    tool a_b_2() as "a_b"

    tool jira.get_issue() as "jira.get issue\u{202e}"

    tool x()
    "#);
}

#[test]
fn what_is_no_manifest() {
    let fails = |text: &str| read_text(text.as_bytes(), &Options::default()).expect_err(text).0;
    assert!(fails("{").starts_with("this is not JSON"));
    assert!(fails("{}").starts_with("there is nothing to import"));
    assert_eq!(fails(r#"[{"title": "x"}]"#), "a tool has no `name`");
    assert_eq!(fails(r#"{"tools": [{"name": "x"}, {"name": "x"}]}"#), "the tool `x` is listed twice");
    assert_eq!(fails(r#"{"jsonrpc": "2.0", "error": {"message": "no"}}"#), "the server answered with an error: no");
}

#[test]
fn envelopes_and_pages() {
    let read = |text: &str| read_text(text.as_bytes(), &Options::default()).expect("a manifest");
    let plain = read(
        r#"{"tools": [{"name": "x"}], "prompts": [{"name": "p", "arguments": [{"name": "a", "required": true}]}]}"#,
    );
    let answers = read(
        r#"[{"id": 1, "result": {"tools": [{"name": "x"}]}},
            {"id": 2, "result": {"prompts": [{"name": "p", "arguments": [{"name": "a", "required": true}]}]}}]"#,
    );
    assert_eq!(plain, answers);
    assert_eq!(source(&plain), "tool x()\n\nprompt p(a: string)\n");
    let page = read(r#"{"result": {"tools": [{"name": "x"}], "nextCursor": "2"}}"#);
    assert!(page.complete.is_empty() && page.warnings.len() == 1);
}

#[test]
fn every_reserved_word_may_name_anything() {
    let list =
        |show: &dyn Fn(&str) -> String| claw_syntax::KEYWORDS.iter().map(|w| show(w)).collect::<Vec<_>>().join(", ");
    let fields =
        list(&|word| format!(r#""{word}": {{"type": "object", "properties": {{"{word}": {{"type": "string"}}}}}}"#));
    let words = list(&|word| format!(r#""{word}""#));
    let text = tool(&format!(r#"{{"properties": {{{fields}, "x": {{"enum": [{words}], "default": "any"}}}}}}"#));
    assert!(text.contains("= \"any\""), "{text}");
    let tools = list(&|word| format!(r#"{{"name": "{word}"}}, {{"name": "a.{word}"}}"#));
    let tools = read_text(format!("[{tools}]").as_bytes(), &Options::default()).expect("a manifest");
    assert_eq!(claw_syntax::parse(&source(&tools)).errors, []);
}
