//! Any text is read as a shell command: without panic, in bounded time and memory, and with answers that agree.
#![no_main]

use claw_runtime::{Arg, Command, Out, PartialList, ShellDialect, Tri, Value, builtins};
use libfuzzer_sys::fuzz_target;

/// As the runtime bounds them, and some that the last step may add.
const MOST_CALLS: usize = 8_200;

fuzz_target!(|text: &str| {
    for dialect in [ShellDialect::Bash, ShellDialect::Sh] {
        let command = Command::new(dialect, text);
        about_command(&command);
        let list = command.calls();
        for call in list.items.iter().take(64) {
            about_call(call);
        }
        assert_eq!(command.calls(), list, "the same answer again");
        assert_eq!(Command::new(dialect, text).calls(), list, "and of the same text");
    }
    let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    let command = Command::from_argv(ShellDialect::Bash, &words);
    assert!(!words.is_empty() && command.calls().items.len() <= MOST_CALLS);
});

fn about_command(command: &Command) {
    let (calls, programs) = (command.calls(), command.programs());
    assert!(calls.items.len() <= MOST_CALLS);
    assert!(calls.items.iter().all(|call| matches!(call, Value::Call(_))));
    assert!(!command.opaque() || !calls.complete && !programs.complete, "opaque, yet all is known");
    assert_eq!(command.opaque(), !command.opaque_because().items.is_empty());
    assert!(!command.plain() || !command.opaque(), "opaque, yet plain");
    for part in command.substitutions().items.iter().map(|part| part.as_str().expect("a text")) {
        assert!(part.len() <= command.text().len());
    }
    let names = names(&programs);
    let only = command.only(&names);
    assert!(!command.opaque() || only != Tri::True, "opaque, yet only these");
    assert_ne!(command.only(&[]), Tri::True);
    let _ = command.pipes_into(&names);
}

/// Every member and method of a call, as policies ask.
fn about_call(call: &Value) {
    let words = ["-f", "--force", "-rf", "rm", "of=", "/tmp", ""].map(Value::str).to_vec();
    let words = Value::list(words);
    for row in builtins().iter().filter(|row| row.name.starts_with("call.")) {
        let args = [Arg::Known(call), Arg::Known(&words)];
        let args = if row.params.len() == 1 { &args[..1] } else { &args[..] };
        let answer = row.call(args);
        assert_eq!(row.call(args), answer, "{}: the same answer again", row.name);
        if let Out::Partial(items) = &answer {
            assert!(items.len() <= 1 << 20);
        }
    }
}

fn names(list: &PartialList) -> Vec<&str> {
    list.items.iter().filter_map(Value::as_str).collect()
}
