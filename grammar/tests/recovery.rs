//! What is left of a tree when something is missing: an editor works on such text all the time.

use claw_syntax::ast::*;
use claw_syntax::parse;

fn items(source: &str) -> Vec<ItemKind> {
    parse(source).file.items.into_iter().map(|item| item.kind).collect()
}

fn rule_clauses(source: &str) -> Vec<RuleClauseKind> {
    match items(source).into_iter().next() {
        Some(ItemKind::Rule(rule)) => rule.clauses.into_iter().map(|clause| clause.kind).collect(),
        other => panic!("no rule but {other:?}"),
    }
}

#[test]
fn a_field_that_is_being_typed() {
    for source in ["rule r {\n  on x\n  when args.", "rule r {\n  on x\n  when args.\n  deny \"no\"\n}"] {
        let clauses = rule_clauses(source);
        let Some(RuleClauseKind::When(expr)) = clauses.get(1) else { panic!("{clauses:?}") };
        let ExprKind::Field { base, field } = &expr.kind else { panic!("{expr:?}") };
        assert!(matches!(&base.kind, ExprKind::Name(name) if name.name == "args") && field.is_hole());
    }
}

#[test]
fn an_operand_that_is_being_typed() {
    let clauses = rule_clauses("rule r {\n  on x\n  when args.a ==\n  unless b\n  deny \"no\"\n}");
    assert_eq!(clauses.len(), 4);
    let Some(RuleClauseKind::When(expr)) = clauses.get(1) else { panic!("{clauses:?}") };
    assert!(matches!(&expr.kind, ExprKind::Binary { rhs, .. } if rhs.kind == ExprKind::Error));
}

#[test]
fn a_broken_clause_leaves_the_others() {
    let clauses = rule_clauses("rule r {\n  on x\n  permit everything now\n  when a\n  deny \"no\"\n}");
    assert!(matches!(
        clauses.as_slice(),
        [RuleClauseKind::On(_), RuleClauseKind::When(_), RuleClauseKind::Effect(Effect::Deny(_))]
    ));
}

#[test]
fn missing_closers_leave_the_declarations() {
    let source = "rule a {\n  on x\n  when (len(args.to\n  deny \"no\"\n\nrule b {\n  on y\n  deny \"no\"\n}\nlabels l";
    assert!(matches!(items(source).as_slice(), [ItemKind::Rule(_), ItemKind::Rule(_), ItemKind::Labels(_)]));
}

#[test]
fn missing_closers_at_the_end_leave_the_declaration() {
    let source = "labels l\ntest \"t\" {\n  in prod\n  call x { a: [1, 2";
    let items = items(source);
    let [ItemKind::Labels(_), ItemKind::Test(test)] = items.as_slice() else { panic!("{items:?}") };
    assert!(matches!(test.steps.first().map(|s| &s.kind), Some(TestStepKind::In(_))));
}

#[test]
fn a_bad_parameter_leaves_the_tool() {
    let items = items("tool t(a, b: int, c: string) is read");
    let [ItemKind::Tool(tool)] = items.as_slice() else { panic!("{items:?}") };
    assert!(tool.params.iter().any(|p| p.name.name == "c") && tool.tags().count() == 1);
}

#[test]
fn documentation_belongs_to_what_follows() {
    let source =
        "/// one\n/// two\n@owner(\"x\")\nrule r { on a mark l }\nagent {\n  /// three\n  a: int }\n/// four\nlabels l";
    let file = parse(source).file;
    let texts = |docs: &[DocLine]| docs.iter().map(|d| d.text.clone()).collect::<Vec<_>>();
    assert_eq!(texts(&file.items[0].docs), ["one", "two"]);
    let ItemKind::Attrs(agent) = &file.items[1].kind else { panic!() };
    assert_eq!(texts(&agent.fields[0].docs), ["three"]);
    assert_eq!(texts(&file.items[2].docs), ["four"]);
}

#[test]
fn a_comma_goes_on_with_the_list_unless_an_arm_follows() {
    let scope = "scope s { on a, b on c }";
    assert!(parse(scope).errors.is_empty(), "{:?}", parse(scope).errors);
    let limit = "limit l { on a, b on c sum 1 max 5 per 1m }";
    assert!(parse(limit).errors.is_empty(), "{:?}", parse(limit).errors);
    let classify = "classify { low on a, high on b }";
    assert_eq!(parse(classify).errors.iter().map(|e| e.code).collect::<Vec<_>>(), ["E0018"]);
}
