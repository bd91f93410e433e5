//! Four policies that say no more than one sentence, to compare with: what a careful policy has to beat.

use std::fmt::Write;

use claw_compiler::import::{Declarations, Presence, source};

/// What such a policy asks about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain {
    EveryWrite,
    WritesAfterForeignText,
    KeysNotInPrompt,
    KeysNotInPromptOrCleanResult,
}

/// All of them, in the order of the table.
pub const PLAIN: [Plain; 4] =
    [Plain::EveryWrite, Plain::WritesAfterForeignText, Plain::KeysNotInPrompt, Plain::KeysNotInPromptOrCleanResult];

/// Tools that change something, with the arguments that say where something goes or who gets it.
const WRITES: [(&str, &[&str]); 11] = [
    ("send_money", &["recipient"]),
    ("schedule_transaction", &["recipient"]),
    ("update_scheduled_transaction", &["recipient"]),
    ("update_password", &["password"]),
    ("update_user_info", &["first_name", "last_name", "street", "city"]),
    ("add_user_to_channel", &["user", "channel"]),
    ("send_direct_message", &["recipient"]),
    ("send_channel_message", &["channel"]),
    ("invite_user_to_slack", &["user", "user_email"]),
    ("remove_user_from_slack", &["user"]),
    ("post_webpage", &["url"]),
];

/// Reading a page is a write, too: its address may carry something out.
const PAGES: (&str, &[&str]) = ("get_webpage", &["url"]);

const AROUND: &str = "
environments live
roles assistant
labels foreign
origins prompt, clean_result, foreign_text, model
grant any to assistant
approval ask { by user expires 15m }
";

impl Plain {
    /// The sentence.
    pub fn words(self) -> &'static str {
        match self {
            Plain::EveryWrite => "ask on every write",
            Plain::WritesAfterForeignText => "ask on writes after foreign text",
            Plain::KeysNotInPrompt => "key argument must occur in the prompt",
            Plain::KeysNotInPromptOrCleanResult => "key argument occurs in the prompt or a clean result",
        }
    }

    /// The policy, as source text.
    pub fn policy(self, tools: &Declarations) -> String {
        let mut text = source(tools) + AROUND;
        for tool in &tools.items {
            let Some((name, keys)) = WRITES.iter().chain([&PAGES]).find(|(name, _)| *name == tool.wire) else {
                continue;
            };
            match self {
                Plain::EveryWrite => rule(&mut text, name, ""),
                Plain::WritesAfterForeignText => rule(&mut text, name, "when foreign in session.labels"),
                Plain::KeysNotInPrompt | Plain::KeysNotInPromptOrCleanResult => {
                    for key in *keys {
                        let optional = tool.params.iter().any(|p| p.name == *key && p.presence != Presence::Required);
                        let present = if optional { format!("when present(args.{key}) ") } else { String::new() };
                        let trusted =
                            if self == Plain::KeysNotInPrompt { "[prompt]" } else { "[prompt, clean_result]" };
                        rule(
                            &mut text,
                            name,
                            &format!("{present}unless all(o in origins(args.{key}): o in {trusted})"),
                        );
                    }
                }
            }
        }
        text
    }
}

fn rule(text: &mut String, tool: &str, condition: &str) {
    let number = text.matches("\nrule ").count();
    writeln!(text, "rule r{number} {{ on {tool} {condition} require ask }}").expect("a string takes all");
}
