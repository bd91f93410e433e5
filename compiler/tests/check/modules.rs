//! `use`: files, names, narrowing.

use claw_compiler::{Missing, MissingKind};

use crate::{analyze_files, check_files};

const COMPANY: &str = "package acme\nenvironments prod\nroles sre\ntool mail(to: email)\n\
    let domains: set<host> = [\"acme.com\"]\npredicate ours(a: email) = a.domain under domains\n\
    scope all_mail { on mail }\napproval on_call { by 1 of sre expires 5m }\n\
    rule r { on mail when not ours(args.to) deny \"x\" }\nlive blocked: set<email>\nenum Kind { a, b }\n";

#[test]
fn names_of_a_used_module() {
    let root = "package root\nuse \"./company.claw\" as c\nroles team\n\
        grant c.all_mail, c.mail to team\n\
        rule q { on c.mail when c.ours(args.to) and args.to.domain in c.domains and args.to in c.blocked require c.on_call }\n\
        rule g { on c.* deny \"x\" }\ntool t(k: c.Kind)\nrule e { on t when args.k == a deny \"x\" }\n";
    assert_eq!(check_files(&[("root.claw", root), ("company.claw", COMPANY)]), "");
    let analysis = analyze_files(&[("root.claw", root), ("company.claw", COMPANY)]);
    assert_eq!(analysis.package.modules.len(), 2);
    assert!(!analysis.package.modules[1].may_grant);
}

#[test]
fn names_that_a_module_lacks() {
    let root = "use \"./company.claw\"\nroles team\n\
        grant company.all_mial to team\ngrant mail to team\nrule q { on mail when our(args.to) deny \"x\" }\n\
        rule p { on company.mail when args.to.domain in company.domain deny \"x\" }\n\
        rule o { on companyy.mail deny \"x\" }\n";
    snapshot!(check_files(&[("root.claw", root), ("company.claw", COMPANY)]));
}

#[test]
fn a_used_module_only_narrows() {
    let granting = "environments prod\nroles a, b includes (a)\ntool t()\ngrant t to a\n";
    let files = |root| [("root.claw", root), ("lib.claw", granting)];
    assert_eq!(check_files(&files("use \"./lib.claw\" with grants\n")), "");
    snapshot!(check_files(&files("use \"./lib.claw\"\n")));
    let nested = [
        ("root.claw", "use \"./mid.claw\"\n"),
        ("mid.claw", "use \"./lib.claw\" with grants\n"),
        ("lib.claw", granting),
    ];
    snapshot!(check_files(&nested));
}

#[test]
fn restrictions_reach_everything_and_grants_what_is_visible() {
    let root = "use \"./lib.claw\"\nroles r\ntool own()\ntool other() is x\ngrant any to r\ntags x\n";
    let lib = "package lib\nenvironments prod\ntool theirs()\ntags x\nrule all { on any deny \"x\" }\nrule some { on tagged(x) deny \"x\" }\n";
    let package = analyze_files(&[("root.claw", root), ("lib.claw", lib)]).package;
    let names = |tools: &[claw_compiler::hir::ToolId]| -> Vec<String> {
        tools.iter().map(|t| package.tools[t.index()].decl.name.clone()).collect()
    };
    assert_eq!(names(&package.grants[0].target.tools), ["own", "other", "theirs"]);
    assert_eq!(names(&package.rules[0].target.tools), ["own", "other", "theirs"]);
    assert_eq!(names(&package.rules[1].target.tools), ["other"]);
    // In `lib` itself only its own tools can be granted.
    let granting = "environments prod\nroles r\ntool theirs()\ngrant any to r\n";
    let package =
        analyze_files(&[("root.claw", "use \"./lib.claw\" with grants\ntool own()\n"), ("lib.claw", granting)]).package;
    assert_eq!(package.grants[0].target.tools.len(), 1);
}

#[test]
fn files_that_are_missing_or_go_in_circles() {
    let analysis =
        analyze_files(&[("a/root.claw", "use \"../lib/x.claw\"\nuse std.nowhere\nuse \"/etc/x.claw\"\nuse company\n")]);
    let missing = &analysis.missing;
    assert!(matches!(missing.as_slice(), [Missing { path, kind: MissingKind::Source, .. }] if path == "lib/x.claw"));
    snapshot!(check_files(&[("a/root.claw", "use \"../lib/x.claw\"\nuse std.nowhere\nuse \"/etc/x.claw\"\n")]));
    snapshot!(check_files(&[("a.claw", "use \"./b.claw\"\n"), ("b.claw", "use \"./a.claw\"\n")]));
    snapshot!(check_files(&[("a.claw", "use \"./a.claw\"\n")]));
    assert_eq!(analyze_files(&[("x.claw", "")]).missing, []);
}

#[test]
fn one_vocabulary_for_all() {
    let a = "use \"./b.claw\"\nenvironments dev\ntiers low < high\nroles r\nlabels l\ncontext { t: string }\nconstraints { c: int = min }\n\
        matrix { tier | dev\nlow | allow\nhigh | deny }\n";
    let b = "environments dev\ntiers low < high\nroles r\nlabels l\ncontext { t: int }\nconstraints { c: int = min }\n";
    snapshot!(check_files(&[("a.claw", a), ("b.claw", b)]));
    snapshot!(check_files(&[("a.claw", "package x\nuse \"./b.claw\"\n"), ("b.claw", "package x\n")]));
}

#[test]
fn matrices_of_modules_join() {
    let a = "use \"./b.claw\"\nenvironments dev\ntiers low < high\nmatrix { tier | dev\nlow | allow\nhigh | deny }\n";
    let b = "package b\nroles r\napproval ok { by 1 of r expires 1m }\nmatrix { tier | dev\nlow | ok\nhigh | ok }\n";
    assert_eq!(check_files(&[("a.claw", a), ("b.claw", b)]), "");
    assert_eq!(analyze_files(&[("a.claw", a), ("b.claw", b)]).package.matrix.len(), 4);
}

#[test]
fn what_a_missing_module_would_have_said_is_not_missed() {
    let root = "use \"./company.claw\" as c\ngrant c.mail to team\ntool t(k: c.Kind)\nlet x: set<host> = c.domains\n\
        rule q { on c.mail in prod when c.ours(args.to) and args.to in c.blocked require c.on_call }\n\
        rule p { on t when args.k == a and c.limits.size > 3 mark secret deny \"{c.x}\" }\n\
        test \"t\" { as agent \"a\" { roles: [team] } in prod call c.mail expect deny because c.r }\n";
    assert_eq!(check_files(&[("root.claw", root)]), "root.claw:1:5 E0103 there is no file `company.claw`\n");
}
