//! What is answered about the options of calls.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use proptest::prelude::*;

use super::{Answers, clis, coreutils, rules, runs_programs, table};
use crate::call::{Call, Text};
use crate::shell::network::network;
use crate::{PartialList, Tri, Value};

use Tri::{False, True, Unknown};

/// A word that is known, or `$` (unquoted), `"$"` (quoted), `pre$`, `"pre$post"`, a glob `a*b`, `~/x`, or `...` for
/// words that may follow.
fn text(word: &str) -> Text {
    let unknown = |body: &str, splits: bool| {
        let (prefix, suffix) = body.split_once('$').unwrap();
        Text { prefix: prefix.into(), suffix: Some(suffix.into()), splits, pattern: None, shown: word.into() }
    };
    if let Some(body) = word.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
        return if body.contains('$') { unknown(body, false) } else { Text::known(body) };
    }
    let pattern = |prefix: &str, suffix: &str, splits| Text {
        prefix: prefix.into(),
        suffix: Some(suffix.into()),
        splits,
        pattern: Some(word.into()),
        shown: word.into(),
    };
    match word {
        _ if word.contains('$') => unknown(word, true),
        _ if word.contains('*') => pattern(word.split('*').next().unwrap(), word.rsplit('*').next().unwrap(), true),
        _ if word.starts_with('~') => pattern("", &word[1..], false),
        _ => Text::known(word),
    }
}

fn call_of(words: &[Text], more_args: bool) -> Call {
    Call {
        program: words.first().cloned().unwrap_or_else(|| Text::known("")),
        args: words.get(1..).unwrap_or_default().to_vec(),
        env: vec![],
        wrappers: vec![],
        reads: vec![],
        writes: vec![],
        stdin_from: vec![],
        code: None,
        connects: false,
        more_args,
        answers: Answers::default(),
    }
}

fn call(line: &str) -> Call {
    let (line, more) = line.strip_suffix(" ...").map_or((line, false), |line| (line, true));
    call_of(&line.split(' ').map(text).collect::<Vec<_>>(), more)
}

/// The elements, with `…` if there may be others.
fn show(list: &PartialList) -> String {
    let mut out: Vec<&str> =
        list.items.iter().map(|item| if let Value::Str(text) = item { text } else { "?" }).collect();
    if !list.complete {
        out.push("…");
    }
    out.join(" ")
}

#[test]
fn tables_are_sorted_and_well_formed() {
    for names in [
        coreutils::PROGRAMS.iter().map(|(name, _)| *name).collect::<Vec<_>>(),
        clis::PROGRAMS.iter().map(|(name, _)| *name).collect(),
        rules::names().collect(),
    ] {
        for pair in names.windows(2) {
            assert!(pair[0] < pair[1], "{pair:?}");
        }
    }
    for (name, spec) in coreutils::PROGRAMS.iter().chain(clis::PROGRAMS) {
        for options in std::iter::once(&spec.options).chain(spec.subs.iter().map(|(_, options)| options)) {
            assert!(options.names().all(|long| !long.is_empty() && !long.contains(['\n', '\\'])), "{name}");
        }
    }
    assert!(table::spec("python3.12").is_some());
    assert!(table::spec("tool").is_none());
}

#[test]
fn flags() {
    for (line, expected) in [
        ("rm -rf a", "-r -f"),
        ("rm -- -rf", ""),
        ("rm --force --recursive=x", "--force --recursive"),
        ("rm $ -f", "…"),
        ("rm -f $", "-f …"),
        ("rm -f -- $", "-f"),
        ("rm -f src/*.rs ~/x", "-f"),
        ("rm *", "…"),
        ("rm -f ...", "-f …"),
        ("head -n -5 a", "-n"),
        ("head -5 a", "-5"),
        ("grep -e -f x", "-e"),
        ("grep -ie-f x", "-i -e"),
        ("find . -name x -delete", "-name -delete"),
        ("find . -name -delete", "-name"),
        ("find . -exec rm -rf {} ; -print", "-exec -print"),
        ("git push --forc", "--forc …"),
        ("git push --force", "--force"),
        ("git commit -m -f", "-m"),
        ("git -C -f push", "-C"),
        ("terraform apply -auto-approve", "-auto-approve"),
        ("tool -x", "-x"),
        ("tool -rf", "-r -f …"),
        ("tool -x -y", "-x -y"),
        ("curl -sXDELETE u", "-s -X"),
        ("curl -X$ u", "-X …"),
        ("curl -s$ u", "-s …"),
        ("tar xzf a.tgz", "-x -z -f"),
        ("ssh host rm -rf", ""),
        ("python3 -m pytest -x", "-m"),
        ("$ -f", "…"),
    ] {
        assert_eq!(show(&call(line).flags()), expected, "{line}");
    }
}

#[test]
fn has() {
    for (line, flag, expected) in [
        ("rm -rf a", "-f", True),
        ("rm -- -f", "-f", False),
        ("rm a -f", "-f", True),
        ("rm a", "-f", False),
        ("rm \"$\"", "-f", Unknown),
        ("rm \"a$\"", "-f", False),
        ("rm a$", "-f", Unknown),
        ("rm ./*", "-f", False),
        ("rm ~/a", "-f", False),
        ("rm *", "-f", Unknown),
        ("rm $ -f", "-f", Unknown),
        ("rm -f $", "-f", True),
        ("rm -- $", "-f", False),
        ("rm \"--for$\"", "--force", Unknown),
        ("rm \"--ver$\"", "--force", False),
        ("rm a ...", "-f", Unknown),
        ("rm -- a ...", "-f", False),
        ("git push --forc", "--force", Unknown),
        ("git push --force", "--force-with-lease", False),
        ("git push --force-with-lease=a", "--force-with-lease", True),
        ("docker run --priv x", "--privileged", False),
        ("tool --forc", "--force", Unknown),
        ("tool -delete", "-delete", True),
        ("tool -delete", "--delete", Unknown),
        ("tool --delete", "-delete", Unknown),
        ("tool -x -- -f", "-f", Unknown),
        ("tool -x=1 -- -f", "-f", Unknown),
        ("tool --x=1 -- -f", "-f", False),
        ("find . -delete", "-delete", True),
        ("terraform destroy --auto-approve", "-auto-approve", True),
        ("curl -XDELETE u", "-X", True),
        ("curl -XfD u", "-f", False),
        ("curl -d -f u", "-f", False),
        ("curl -Z -f u", "-f", True),
        ("curl -XPOST u", "-X=POST", True),
        ("curl -XPUT u", "-X=POST", False),
        ("curl --request=POST u", "--request=POST", True),
        ("curl --request GET u", "--request=POST", False),
        ("tar xf a", "-x", True),
        ("tar xf -x", "-t", False),
        ("chmod +x f", "+x", True),
        ("join -1 2 a b", "-2", False),
        ("$ xf", "-x", Unknown),
        ("docker run img -f", "-f", False),
        ("docker run -it --rm img -f", "-f", False),
        ("docker run --frob img -f", "-f", Unknown),
        ("ssh host -f ls", "-f", True),
        ("ssh host ls -f", "-f", False),
        ("docker --context c run -v /:/h img", "-v", True),
        ("git $ -f", "-f", Unknown),
        ("git \"co$\" -m -f", "-f", Unknown),
        ("kubectl delete pod -n a --all", "--all", True),
        ("find . -exec true \"$\" -delete", "-delete", Unknown),
        ("find . -exec rm {} ; -delete", "-delete", True),
    ] {
        assert_eq!(call(line).has(&[flag]), expected, "{line} has {flag}");
    }
}

#[test]
fn positional_and_subcommand() {
    for (line, positional, subcommand) in [
        ("git -C dir push origin", "push origin", Some("push")),
        ("git -c a=b --git-dir x push -o ci.skip main", "push main", Some("push")),
        ("git --frob push", "push", None),
        ("git --no-pager push", "push", Some("push")),
        ("git", "", Some("")),
        ("git $", "…", None),
        ("git \"pu$\"", "…", None),
        ("tool -x push", "push", None),
        ("tool --x=1 push", "push", Some("push")),
        ("head -n 5 a", "a", Some("a")),
        ("head -n5 a -c 3", "a", Some("a")),
        ("head -n $ a", "…", None),
        ("head -n \"$\" a", "a", Some("a")),
        ("cut -d : -f 1 -- -a", "-a", Some("-a")),
        ("sort -k 2 -t , a", "a", Some("a")),
        ("grep -A 3 -m1 x f", "x f", Some("x")),
        ("docker --context c run -v a:b img sh -c x", "run img sh -c x", Some("run")),
        ("kubectl -n ns delete pod x", "delete pod x", Some("delete")),
        ("aws --profile p s3 rm s3://b", "s3 rm s3://b", Some("s3")),
        ("npm --prefix d run x", "run x", Some("run")),
        ("systemctl -H h stop x", "stop x", Some("stop")),
        ("find . -name x -type f", ".", Some(".")),
        ("tar czf out.tgz a b", "a b", Some("a")),
        ("tar -C d -xf a.tgz", "", Some("")),
        ("rm - a", "- a", Some("-")),
        ("psql -c x -d db", "", Some("")),
        ("cat a ...", "a …", Some("a")),
        ("cat ...", "…", None),
        ("date -d x +%F", "+%F", Some("+%F")),
        ("dd if=a of=b", "if=a of=b", Some("if=a")),
    ] {
        let call = call(line);
        assert_eq!(show(&call.positional()), positional, "{line}");
        assert_eq!(call.subcommand().as_deref(), subcommand, "{line}");
    }
}

#[test]
fn values() {
    for (line, options, expected) in [
        ("curl -sXDELETE u", ["-X", "--request"], "DELETE"),
        ("curl -X DELETE u", ["-X", "--request"], "DELETE"),
        ("curl --request=DELETE u", ["-X", "--request"], "DELETE"),
        ("curl --request DELETE -X PUT", ["-X", "--request"], "DELETE PUT"),
        ("curl u", ["-X", "--request"], ""),
        ("curl -X \"$\" u", ["-X", "--request"], "…"),
        ("curl -X $ u", ["-X", "--request"], "…"),
        ("curl -X GET $", ["-X", "--request"], "GET …"),
        ("curl -d -X u", ["-X", "--request"], ""),
        ("curl --req DELETE", ["-X", "--request"], "…"),
        ("dd if=/a of=/dev/sda", ["of=", "-o"], "/dev/sda"),
        ("dd if=/a \"of=$\"", ["of=", "-o"], "…"),
        ("dd \"$\"", ["of=", "-o"], "…"),
        ("kubectl get -o=json", ["-o", "--output"], "json"),
        ("tool -X V", ["-X", "--x"], "V"),
        ("tool -X -V", ["-X", "--x"], "…"),
        ("tool -XV", ["-X", "--x"], "V"),
        ("head -c 5 a", ["-c", "--bytes"], "5"),
    ] {
        assert_eq!(show(&call(line).values(&options)), expected, "{line}");
    }
}

#[test]
fn starts_and_mentions() {
    for (line, words, starts) in [
        ("git push origin", &["git", "push"][..], True),
        ("/usr/bin/git push", &["git", "push"], True),
        ("git", &["git", "push"], False),
        ("git ...", &["git", "push"], Unknown),
        ("git $ push", &["git", "push"], Unknown),
        ("git \"pu$\"", &["git", "push"], Unknown),
        ("git \"a$\"", &["git", "push"], False),
        ("git fetch $", &["git", "push"], False),
        ("$ push", &["git", "push"], Unknown),
        ("\"$/bin/git\" push", &["git", "push"], True),
        ("git", &[], True),
    ] {
        assert_eq!(call(line).starts(words), starts, "{line} {words:?}");
    }
    assert_eq!(call("rm /etc a").mentions(&["/etc"]), True);
    assert_eq!(call("rm /etcx \"/u$\"").mentions(&["/etc"]), False);
    assert_eq!(call("rm \"/e$\"").mentions(&["/etc"]), Unknown);
    assert_eq!(call("rm /u$").mentions(&["/etc"]), Unknown);
    assert_eq!(call("rm /u* ~/b").mentions(&["/etc"]), False);
    assert_eq!(call("rm a ...").mentions(&["/etc"]), Unknown);
}

#[test]
fn stays_under() {
    for (line, expected) in [
        ("rm -rf /tmp/a", True),
        ("rm /tmp/a /srv/x/b", True),
        ("rm /tmp", False),
        ("rm /tmp/", False),
        ("rm /tmpx/a", False),
        ("rm /tmp/../etc/a", False),
        ("rm /tmp/a/../b", True),
        ("rm /tmp/a/..", False),
        ("rm a", False),
        ("rm -rf", False),
        ("rm /tmp/*", True),
        ("rm /tmp/a*/b", True),
        ("rm /tmp/.*", Unknown),
        ("rm /tmp/*/../../x", False),
        ("rm /t*/x", Unknown),
        ("rm /etc/*", False),
        ("rm *", Unknown),
        ("rm ~/x", Unknown),
        ("rm \"/tmp/$\"", Unknown),
        ("rm /tmp/a $", Unknown),
        ("rm b $", False),
        ("rm /tmp/a ...", Unknown),
        ("cp -t /etc /tmp/a", Unknown),
        ("cp -t etc /tmp/a", Unknown),
        ("cp -t /tmp/b /tmp/a", True),
        ("cp --target-directory=/etc /tmp/a", Unknown),
        ("tool -o/etc/x /tmp/a", Unknown),
        ("tool -o /etc/x /tmp/a", False),
        ("head -n 5 /tmp/a", True),
        ("rm -- /tmp/a", True),
    ] {
        assert_eq!(call(line).stays_under(&["/tmp/", "/srv/x"]), expected, "{line}");
    }
}

#[test]
fn more_than_the_name_says() {
    for (line, expected) in [
        ("ls -la", False),
        ("/bin/cat \"$\"", False),
        ("find . -name x", False),
        ("find . -delete", True),
        ("find . -exec ls ;", True),
        ("find . -fprintf x y", True),
        ("find . \"$\"", Unknown),
        ("rg x", False),
        ("rg --pre=x y", True),
        ("rg -z y", True),
        ("rg -nz y", True),
        ("rg -e -z y", False),
        ("sort -o x a", True),
        ("sort --out=x a", Unknown),
        ("sort -k 1 a", False),
        ("sort --compress-program=x", True),
        ("base64 -ob x", True),
        ("base64 -d x", False),
        ("date +%F", False),
        ("date -s x", True),
        ("date -Iseconds", False),
        ("date 01010101", True),
        ("tee", False),
        ("tee a", True),
        ("tee \"$\"", Unknown),
        ("dd if=a", False),
        ("dd of=a", True),
        ("uniq a", False),
        ("uniq a b", True),
        ("tar tf a", False),
        ("tar -I x -tf a", True),
        ("tar tf a --checkpoint-action=exec=x", True),
        ("tar tf a --checkpoint-act=exec=x", Unknown),
        ("git status", False),
        ("git log -p -1", False),
        ("git -c a=b status", True),
        ("git -C x status", Unknown),
        ("git diff --ext-diff", True),
        ("git diff --output=x", True),
        ("git grep -O x", True),
        ("git branch --show-current", False),
        ("git branch x", True),
        ("git branch -D x", True),
        ("git branch -a", False),
        ("git tag", False),
        ("git tag -l v*", False),
        ("git tag v1", True),
        ("git remote -v", False),
        ("git remote add a b", True),
        ("git stash", True),
        ("git stash list", False),
        ("git config --list", False),
        ("git config a.b c", True),
        ("git rev-parse --git-dir", False),
        ("git commit -m x", True),
        ("git $", Unknown),
        ("awk {print}", False),
        ("awk -F: {print} f", False),
        ("awk {system(1)}", True),
        ("awk {print>1}", Unknown),
        ("awk -f x", Unknown),
        ("sed -n 1,5p f", False),
        ("sed s/a/b/g f", False),
        ("sed s/a/b/e f", True),
        ("sed s/a/b/gw f", True),
        ("sed 1e f", True),
        ("sed w f", True),
        ("sed -n /a/,$p f", Unknown),
        ("sed -i s/a/b/ f", True),
        ("sed -ni p f", True),
        ("sed -e p -e w f", True),
        ("sed -f x f", Unknown),
        ("sed s/[]/]/x/w f", Unknown),
        ("sed 1{p;d} f", False),
        ("curl -s u", False),
        ("curl -o x u", True),
        ("curl -so /dev/null u", False),
        ("curl -X POST u", True),
        ("curl -X GET u", False),
        ("curl -K x", True),
        ("wget u", True),
        ("wget -qO- u", False),
        ("wget -qO - --post-file x u", True),
        ("ip a", False),
        ("ip addr show", False),
        ("ip netns exec a sh", True),
        ("ip link set x down", True),
        ("make", True),
        ("cargo tree", False),
        ("cargo test", True),
        ("npm ls", False),
        ("npm run x", True),
        ("less f", True),
        ("python3.12 x.py", True),
        ("[ -f x ]", False),
        ("[ -v x ]", True),
        ("zip -TT x a b", True),
        ("tool", Unknown),
        ("$", Unknown),
    ] {
        assert_eq!(runs_programs(&call(line)), expected, "{line}");
    }
}

#[test]
fn talks_to_the_network() {
    for (line, expected) in [
        ("curl u", True),
        ("curl --version", Unknown),
        ("ls", False),
        ("cat \"$\"", False),
        ("find . -name x", False),
        ("find . -exec curl ;", Unknown),
        ("git push", True),
        ("git -C d fetch", True),
        ("git status", False),
        ("git -c core.pager=x log", Unknown),
        ("git frob", Unknown),
        ("npm install", True),
        ("npm ls", False),
        ("npm run x", Unknown),
        ("pip3 install x", True),
        ("pipenv run x", Unknown),
        ("rsync -a a b", False),
        ("rsync -a a h:b", True),
        ("rsync -a a \"$\"", Unknown),
        ("kubectl config view", Unknown),
        ("kubectl get pods", True),
        ("tool", Unknown),
        ("python x", Unknown),
    ] {
        assert_eq!(network(&call(line)), expected, "{line}");
    }
    let mut reads = call("cat");
    reads.reads.push(Text::known("/dev/tcp/h/80"));
    assert_eq!(network(&reads), True);
}

/// Everything that is asked of a call, for comparison.
fn answers(call: &Call) -> (Vec<Tri>, Vec<PartialList>, Option<Arc<str>>) {
    let mut tris =
        vec![runs_programs(call), network(call), call.stays_under(&["/tmp"]), call.stays_under(&["/tmp", "/etc/"])];
    for flag in
        ["-f", "-x", "-m", "-X", "-delete", "-c", "-exec", "--force", "--f", "--output=x", "of=", "-t", "push", "-5"]
    {
        tris.push(call.has(&[flag]));
        tris.push(call.mentions(&[flag]));
        tris.push(call.starts(&["git", flag]));
    }
    tris.push(call.starts(&["git", "-C", "push"]));
    let mut lists = vec![call.flags(), call.positional(), call.args()];
    for option in ["-m", "-X", "--output", "of=", "-exec", "-f", "-c"] {
        lists.push(call.values(&[option]));
    }
    (tris, lists, call.subcommand())
}

/// The words that an unknown one may become.
fn fill(text: &Text, mut words: Vec<String>) -> Vec<String> {
    let Some(suffix) = &text.suffix else { return vec![text.prefix.to_string()] };
    if let Some(pattern) = &text.pattern {
        if !text.splits {
            return vec![format!("/home/u{suffix}")];
        }
        words.retain(|word| !word.contains('/'));
        if pattern.starts_with('*') || words.is_empty() {
            words.push("f".to_owned());
        }
        return words.iter().map(|word| pattern.replace('*', word)).collect();
    }
    if !text.splits {
        return vec![format!("{}{}{suffix}", text.prefix, words.concat())];
    }
    if words.is_empty() {
        let whole = format!("{}{suffix}", text.prefix);
        return if whole.is_empty() { vec![] } else { vec![whole] };
    }
    words[0].insert_str(0, &text.prefix);
    words.last_mut().unwrap().push_str(suffix);
    words
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => proptest::sample::select(vec![
            "-f", "-x", "-m", "-X", "-rf", "-mf", "-sXf", "--", "-", "--force", "--forc", "--output", "--output=x", "-delete", "-exec",
            ";", "+", "of=a", "push", "commit", "run", "/tmp/a", "/tmp/../b", "/etc", "a", "", "-C", "-5", "xf", "-tfx", "--exec", "-c",
            "-o", "-name", "s/a/b/w", "1p", "-n", "=x", "f", "status", "h:b", "..", "/", "-e",
        ]).prop_map(str::to_owned),
        1 => "[-a-z/=.;]{0,4}",
    ]
}

fn unknown() -> impl Strategy<Value = String> {
    (word(), word(), 0..5).prop_map(|(a, b, kind)| match kind {
        0 => "$".to_owned(),
        1 => format!("\"{a}${b}\""),
        2 => format!("{a}$"),
        3 => format!("{a}*{b}"),
        _ => format!("~/{a}"),
    })
}

fn program() -> impl Strategy<Value = String> {
    let listed = coreutils::PROGRAMS
        .iter()
        .chain(clis::PROGRAMS)
        .map(|(name, _)| (*name).to_owned())
        .chain(rules::names().map(str::to_owned));
    let often =
        ["git", "find", "curl", "tar", "rm", "sed", "dd", "docker", "python3", "tool", "awk", "cp"].map(str::to_owned);
    prop_oneof![
        3 => proptest::sample::select(often.to_vec()),
        2 => proptest::sample::select(listed.collect::<Vec<_>>()),
        1 => Just("\"$\"".to_owned()),
        1 => Just("$".to_owned()),
        1 => Just("\"$/git\"".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    /// What was known stays so, whatever the unknown words become.
    #[test]
    fn answers_hold_whatever_the_unknown_words_are(
        program in program(),
        words in proptest::collection::vec((prop_oneof![2 => word(), 1 => unknown()], proptest::collection::vec(word(), 0..3)), 0..5),
        more in proptest::option::weighted(0.1, proptest::collection::vec(word(), 0..3)),
        filler in proptest::sample::select(vec!["git", "find", "tar", "curl", "tool", "sudo"]),
    ) {
        let texts: Vec<Text> = std::iter::once(&program).chain(words.iter().map(|(word, _)| word)).map(|word| text(word)).collect();
        let before = call_of(&texts, more.is_some());
        let mut filled = fill(&texts[0], vec![filler.to_owned()]);
        for (text, (_, words)) in texts[1..].iter().zip(&words) {
            filled.extend(fill(text, words.clone()));
        }
        filled.extend(more.into_iter().flatten());
        let after = call_of(&filled.iter().map(|word| Text::known(word.as_str())).collect::<Vec<_>>(), false);
        let (tris, lists, sub) = answers(&before);
        let (known_tris, known_lists, known_sub) = answers(&after);
        for (i, (tri, known)) in tris.iter().zip(&known_tris).enumerate() {
            prop_assert!(*tri == Unknown || tri == known, "question {i}: {tri:?} became {known:?} for {filled:?}");
        }
        for (i, (list, known)) in lists.iter().zip(&known_lists).enumerate() {
            let mut rest = known.items.to_vec();
            for item in list.items.iter() {
                let at = rest.iter().position(|other| other == item);
                prop_assert!(at.is_some(), "list {i}: {item:?} is not in {} for {filled:?}", show(known));
                rest.remove(at.unwrap());
            }
            prop_assert!(!list.complete || rest.is_empty() && known.complete, "list {i}: {} became {} for {filled:?}", show(list), show(known));
        }
        prop_assert!(sub.is_none() || sub == known_sub, "{sub:?} became {known_sub:?} for {filled:?}");
    }

    #[test]
    fn never_panics(words in proptest::collection::vec(".{0,8}", 1..6)) {
        answers(&call_of(&words.iter().map(|word| Text::known(word.as_str())).collect::<Vec<_>>(), false));
    }
}
