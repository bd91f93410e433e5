//! Whole declarations, and what the words of the language mean in a line.

use super::{CompletionKind, Offers};

/// A declaration's word, what it is, and what to write.
const DECLARATIONS: &[(&str, &str, &str)] = &[
    (
        "rule",
        "what a call must not do, or needs",
        "rule ${1:name} {\n  on   ${2:tool}\n  when ${3:true}\n  deny \"${4:why, and what to do instead}\"\n}$0",
    ),
    ("tool", "something that can be called", "tool ${1:name}(${2:argument}: ${3:string})$0"),
    ("resource", "something that can be read", "resource ${1:name}(${2:argument}: ${3:string})$0"),
    ("prompt", "a prompt that can be fetched", "prompt ${1:name}(${2:argument}: ${3:string})$0"),
    ("scope", "a capability", "scope ${1:name} { on ${2:tool} }$0"),
    ("grant", "who holds what", "grant ${1:scope} to ${2:role}$0"),
    ("approval", "who must agree", "approval ${1:name} {\n  by      ${2:1} of ${3:role}\n  expires ${4:15m}\n}$0"),
    ("classify", "the tier of each call", "classify {\n  ${1:tier} on ${2:any}\n}$0"),
    (
        "matrix",
        "the outcome for each tier and environment",
        "matrix {\n  tier | ${1:environment}\n  ${2:tier} | ${3:allow}\n}$0",
    ),
    ("limit", "how much in how long", "limit ${1:name} { on ${2:tool} max ${3:5} per ${4:1h} each ${5:agent} }$0"),
    ("predicate", "a named condition", "predicate ${1:name}(${2:x}: ${3:string}) = ${4:true}$0"),
    (
        "window",
        "times of the week",
        "window ${1:name} {\n  days  ${2:mon..fri}\n  hours ${3:09:00..18:00}\n  zone  \"${4:Europe/Berlin}\"\n}$0",
    ),
    (
        "invariant",
        "what is proved of every call",
        "invariant \"${1:what always holds}\" {\n  on ${2:any}\n  never ${3:allow}\n}$0",
    ),
    (
        "test",
        "calls and what becomes of them",
        "test \"${1:what is shown}\" {\n  as     agent \"${2:bot}\" { roles: [${3:role}] }\n  in     ${4:environment}\n  call   ${5:tool} { $6 }\n  expect ${7:allow}\n}$0",
    ),
    ("let", "a constant", "let ${1:name}: ${2:set<string>} = ${3:[]}$0"),
    ("live", "data that the host supplies", "live ${1:name}: ${2:set<string>}$0"),
    ("extern", "a function of the host", "extern ${1:name}(${2:x}: ${3:string}) -> ${4:bool} { timeout ${5:500ms} }$0"),
    (
        "lifecycle",
        "when the status of a clause may change",
        "lifecycle {\n  promote after ${1:20} agreements and ${2:0} disagreements\n  suspend after ${3:2} disagreements\n  archive after ${4:90d} unused\n}$0",
    ),
    ("record", "a structure", "record ${1:Name} { ${2:field}: ${3:string} }$0"),
    ("enum", "a choice", "enum ${1:Name} { ${2:first}, ${3:second} }$0"),
    (
        "constraints",
        "obligations, and how two of them merge",
        "constraints { ${1:timeout}: ${2:duration} = ${3:min} }$0",
    ),
    ("agent", "what the host says of agents", "agent { ${1:purpose}: ${2:string} }$0"),
    ("user", "what the host says of users", "user { ${1:department}: ${2:string} }$0"),
    ("context", "what the host says of the call", "context { ${1:ticket}?: ${2:string} }$0"),
    ("environments", "where agents run", "environments ${1:dev}, ${2:prod}$0"),
    ("roles", "who agents and users are", "roles ${1:name}$0"),
    ("tiers", "how risky a call is, lowest first", "tiers ${1:low} < ${2:high}$0"),
    ("labels", "what a session has seen", "labels ${1:untrusted}$0"),
    ("tags", "kinds of tools", "tags ${1:read}, ${2:write}$0"),
    ("origins", "where values come from, most trustworthy first", "origins ${1:user_prompt}, ${2:web}$0"),
    ("use", "another module", "use ${1:std.shell} as ${2:shell}$0"),
    ("package", "this module's name", "package ${1:name}$0"),
];

/// Words inside declarations and expressions.
const WORDS: &[(&str, &str)] = &[
    ("on", "the tools it is about"),
    ("in", "the environments; or whether a list has a value"),
    ("when", "a condition; several must all hold"),
    ("unless", "an exemption"),
    ("deny", "refuses the call, and says why"),
    ("require", "asks for approvals"),
    ("constrain", "puts an obligation on the call"),
    ("mark", "puts a label on the session"),
    ("suggest", "what the agent can do instead"),
    ("where", "covers only calls for which this holds"),
    ("any", "every tool; or whether some element fits"),
    ("all", "whether every element fits"),
    ("none", "whether no element fits"),
    ("count", "how many elements fit"),
    ("tagged", "tools with a tag"),
    ("by", "whose agreement is needed"),
    ("expires", "how long an approval can be given"),
    ("reuse", "how long it serves for the same call"),
    ("note", "a note is required"),
    ("max", "how much"),
    ("per", "in how long"),
    ("each", "who has an amount of their own"),
    ("beyond", "what happens past the limit"),
    ("sum", "what a call adds"),
    ("never", "no call has this outcome"),
    ("always", "every call has this outcome"),
    ("as", "who calls; a name; or a type"),
    ("at", "when"),
    ("with", "what the host knows"),
    ("call", "makes a call"),
    ("fails", "the call comes to nothing"),
    ("expect", "what becomes of the call"),
    ("tier", "how risky the call is"),
    ("because", "clauses that applied"),
    ("marks", "labels the call puts on the session"),
    ("reason", "the code of the reason"),
    ("to", "the agents' roles"),
    ("for", "the users' roles"),
    ("prior", "an earlier call of this session"),
    ("within", "how long ago at most"),
    ("allow", "the call may be made"),
    ("is", "tags"),
    ("pinned", "the digest of the definition"),
    ("and", "both hold"),
    ("or", "one holds"),
    ("not", "does not hold"),
    ("else", "instead of what is unknown"),
    ("under", "inside a domain or a folder"),
    ("like", "matches a glob"),
    ("matches", "matches a regular expression"),
    ("present", "whether it was given"),
    ("includes", "a role that has others"),
    ("promote", "when a clause that is only tried out may count for more"),
    ("suspend", "when a clause that counts may be put out of force"),
    ("archive", "when a clause that never applies may be put away"),
    ("after", "what it takes"),
    ("agreements", "people decided as the clause would have"),
    ("disagreements", "people decided against the clause"),
    ("unused", "how long it has not applied"),
];

/// What a word of the language means, in a few words.
pub(in crate::ide) fn meaning(word: &str) -> &'static str {
    let word = word.split_whitespace().next().unwrap_or(word);
    let clause = WORDS.iter().find(|(known, _)| *known == word).map(|(_, meaning)| *meaning);
    clause.or_else(|| DECLARATIONS.iter().find(|(known, ..)| *known == word).map(|(_, m, _)| *m)).unwrap_or_default()
}

impl Offers<'_> {
    pub(super) fn snippets(&mut self) {
        for ((word, meaning, text), order) in DECLARATIONS.iter().zip(0..) {
            self.snippet(CompletionKind::Snippet, order, word, meaning, text);
        }
    }
}
