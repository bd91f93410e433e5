//! What a PATH means, and what is said about one that can't be read.

mod common;

use common::{Folder, SHOP};

#[test]
fn a_missing_path_names_the_file_that_was_meant() {
    let folder = Folder::with_shop();
    folder
        .run(&["check", "mian.claw"])
        .fails_with("no such file or directory: `mian.claw`", "did you mean `main.claw`?");
    folder.run(&["check", "main"]).fails_with("no such file or directory: `main`", "did you mean `main.claw`?");
    folder.run(&["check", "elsewhere/x"]).fails_with("no such file or directory: `elsewhere/x`", "");
}

#[test]
fn a_directory_without_policies() {
    let folder = Folder::new();
    folder.write("sub/readme.md", "");
    let help = "name a policy file, or a directory that holds one";
    folder.run(&["check", "sub"]).fails_with("no `.claw` file in `sub`", help);
    folder.run(&["fmt"]).fails_with("no `.claw` file in `.`", help);
}

#[test]
fn an_empty_file() {
    let folder = Folder::new();
    folder.write("p.claw", " \n");
    let help = "a policy declares tools and grants; whatever it does not grant is denied";
    folder.run(&["check", "p.claw"]).fails_with("`p.claw` is empty", help);
}

#[test]
fn a_huge_file() {
    let folder = Folder::new();
    folder.write("p.claw", vec![b'/'; (8 << 20) + 1]);
    folder.run(&["check", "p.claw"]).fails_with("`p.claw` is larger than 8 MiB, the most that is read", "");
}

#[test]
fn a_file_that_is_not_utf8() {
    let folder = Folder::new();
    folder.write("p.claw", b"package p\n// caf\xE9\n");
    let message = "`p.claw` is not UTF-8: byte 0xE9 at offset 16, on line 2";
    folder.run(&["check", "p.claw"]).fails_with(message, "save the file as UTF-8");
    folder.run(&["fmt", "p.claw"]).fails_with(message, "save the file as UTF-8");
}

#[test]
fn a_bundle_where_a_policy_is_expected() {
    let folder = Folder::with_shop();
    folder.run(&["build", "main.claw", "-o", "shop.clawb"]).expect(0);
    let run = folder.run(&["check", "shop.clawb"]).expect(2);
    assert!(run.err.contains("`shop.clawb` is a compiled bundle, not a policy in source form"), "{}", run.err);
    assert!(run.err.contains("`clawc inspect shop.clawb`"), "{}", run.err);
    // By its content, too.
    std::fs::rename(folder.path().join("shop.clawb"), folder.path().join("shop.claw")).unwrap();
    let run = folder.run(&["check", "shop.claw"]).expect(2);
    assert!(run.err.contains("is a compiled bundle"), "{}", run.err);
}

#[test]
fn a_directory_where_a_file_is_expected() {
    let folder = Folder::with_shop();
    folder.write("requests/r.json", "{}");
    folder.run(&["eval", "main.claw", "--request", "requests"]).fails_with("`requests` is a directory, not a file", "");
}

#[test]
fn a_directory_stands_for_its_main_or_for_what_no_other_uses() {
    let folder = Folder::new();
    folder.write("a/main.claw", SHOP);
    folder.write("a/broken.claw", "tool {");
    folder.run(&["check", "a"]).expect(0);

    folder.write("b/team.claw", "use \"../shared/company.claw\" as company\nenvironments dev\nroles r\n");
    folder.write("b/other.claw", "package other\nenvironments dev\n");
    folder.write("shared/company.claw", "package company\nlabels secret\nlabels");
    // The company's file is checked once, as a part of the team's.
    let run = folder.run(&["check", "b", "shared", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    let mut company = found["diagnostics"].as_array().unwrap().clone();
    company.retain(|finding| finding["file"] == "shared/company.claw");
    let all = company.len();
    company.dedup();
    assert!(all > 0 && company.len() == all, "{}", run.out);
    let help = "name one file, or call the root `main.claw`";
    let message = "`b` holds several policies: `b/other.claw`, `b/team.claw`";
    folder.run(&["build", "b", "-o", "x.clawb"]).fails_with(message, help);
}

#[test]
fn used_files_and_data_are_found_beside_the_using_file() {
    let folder = Folder::new();
    folder.write(
        "team/main.claw",
        "package team\nuse \"../company.claw\" as company\nenvironments dev\nroles r\ntool t(name: string)\n\
        let names: set<string> from \"names.json\"\nscope known { on t where args.name in names }\ngrant known to r\n",
    );
    folder.write("company.claw", "package company\nlabels secret\n");
    folder.write("team/names.json", "[\"a\", \"b\"]");
    folder.run(&["check", "team"]).expect(0);
    let run = folder.run(&["eval", "team", "-"]).expect(2);
    assert!(run.err.contains("there is no request in standard input"), "{}", run.err);

    std::fs::remove_file(folder.path().join("company.claw")).unwrap();
    let run = folder.run(&["check", "team"]).expect(1);
    assert!(run.out.contains("company.claw"), "{}", run.out);
}

#[test]
fn usage_errors_end_in_2() {
    let folder = Folder::with_shop();
    for args in
        [&["frobnicate"][..], &["check", "--format", "xml"], &["eval", "main.claw"], &["build", "main.claw"], &[]]
    {
        folder.run(args).expect(2);
    }
    folder.run(&["--help"]).expect(0);
    let commands = ["check", "fmt", "test", "build", "eval", "explain", "inspect"];
    for command in commands {
        let run = folder.run(&[command, "--help"]).expect(0);
        assert!(run.out.contains("Examples:"), "{command}: {}", run.out);
    }
}
