//! The registry: every code with its severity and a short title, declared once.
//!
//! `E00xx` belong to the grammar, which keeps its own list. Codes are never reused.

use super::{Code, CodeInfo, Severity};

macro_rules! registry {
    ($($name:ident $title:literal),* $(,)?) => {
        $(#[doc = $title] pub const $name: Code = Code(stringify!($name));)*

        const OWN: &[CodeInfo] = &[
            $(CodeInfo { code: $name, severity: severity(stringify!($name)), title: $title }),*
        ];
    };
}

const fn severity(code: &str) -> Severity {
    if code.as_bytes()[0] == b'W' { Severity::Warning } else { Severity::Error }
}

registry! {
    // Names, modules and files.
    E0101 "a name that is not declared",
    E0102 "a name that is declared twice",
    E0103 "a file that is missing",
    E0104 "files that use each other in a circle",
    E0105 "a standard module that does not exist",
    E0106 "a name of another kind than is needed here",
    E0107 "a grant in a module that may only restrict",
    E0108 "a vocabulary that is declared more than once",
    E0109 "a word that its vocabulary does not have",
    E0110 "a type that does not exist",
    E0111 "a pattern that matches no tool",
    E0112 "an attribute that does not exist or does not fit",
    E0113 "a path that leads nowhere",
    E0114 "two modules of one name",
    E0115 "a data file that can't be used",
    E0116 "a word that is taken by the language",

    // Types and expressions.
    E0201 "a value of another type than is needed",
    E0202 "a literal that its type does not accept",
    E0203 "a member that the type does not have",
    E0204 "an argument that a tool does not have",
    E0205 "an argument whose type differs between tools",
    E0206 "a comparison of values that can't be equal",
    E0207 "an operator that does not work on these types",
    E0208 "a call of something that is no function",
    E0209 "a wrong number of arguments",
    E0210 "a name that is no value by itself",
    E0211 "a membership test on something that is no list",
    E0212 "a pattern that can't be used",
    E0213 "a secret that would be shown",
    E0214 "a value that is not constant",
    E0215 "a number that does not fit",
    E0216 "a query of the history that can't be kept",
    E0217 "a test for presence of something that is always there",
    E0218 "a conversion that does not exist",
    E0219 "a variable that hides another",
    E0221 "a fact that is not available here",
    E0222 "a list whose type can't be told",

    // What may only ever make a decision stricter.
    E0301 "a label that would make a decision less strict",
    E0302 "a tier that would make a decision less strict",
    E0303 "a label or tier inside something else than and, or, not",
    E0304 "a label or tier where no decision may depend on it",
    E0305 "labels used other than in `label in session.labels`",
    E0306 "a tier used other than in a comparison",
    E0307 "roles used other than in `role in … .roles`",

    // Declarations.
    E0401 "roles that include each other in a circle",
    E0402 "a matrix without an outcome for some tier and environment",
    E0403 "a matrix with two outcomes for one tier and environment",
    E0404 "a matrix that gets less strict as the tier rises",
    E0405 "tiers without a matrix",
    E0406 "a matrix without tiers or environments",
    E0407 "a tool that is not classified for every call",
    E0408 "an approval that nobody can give",
    E0409 "an approval without an expiry",
    E0410 "a window that never opens",
    E0411 "a time zone that does not exist",
    E0412 "a key that a limit can't have",
    E0413 "a clause that is missing",
    E0414 "a clause that is written twice",
    E0415 "a limit that both counts and sums",
    E0416 "a limit of nothing",
    E0417 "a rule without an effect",
    E0418 "predicates that use each other in a circle",
    E0419 "scopes that use each other in a circle",
    E0420 "constants that use each other in a circle",
    E0421 "two tools with the same name on the wire",
    E0422 "a digest that is none",
    E0423 "a constraint that can't be merged this way",
    E0424 "too many declarations of one kind",
    E0425 "declarations of one attribute that disagree",
    E0426 "a clause that has no effect here",
    E0427 "records that contain each other",
    E0428 "a condition that is too large",
    E0429 "a gate of a lifecycle that can't be meant",

    // Tests.
    E0501 "a call without an agent or an environment",
    E0502 "a call and an expectation that don't pair",
    E0503 "a clause that a test names and nobody declares",
    E0504 "a reason that no decision has",
    E0505 "a test value that is no literal",
    E0506 "a setting that does not exist",

    // What is promised of all requests.
    E0601 "an invariant that does not hold",

    // What compiles and is probably not meant.
    W0101 "a declaration that is never used",
    W0102 "a word that is never used",
    W0103 "a label that is marked and never read",
    W0104 "a constant that repeats another",
    W0201 "a rule that repeats another",
    W0202 "a clause that never applies",
    W0203 "a rule that stricter clauses make superfluous",
    W0204 "a condition that can't be true",
    W0205 "a condition that says nothing",
    W0206 "an exemption of everything",
    W0207 "a rule that another one implies",
    W0301 "a tool that no grant reaches",
    W0302 "a grant that another one covers",
    W0303 "a scope that grants by exclusion",
    W0304 "a granted argument that no clause reads",
    W0305 "a grant that others cover by what they mean",
    W0306 "a granted argument that only dead clauses read",
    W0401 "a classification that never raises anything",
    W0402 "a tier that no call reaches",
    W0403 "a cell that no granted call reaches",
    W0404 "a classification that others cover by what they mean",
    W0408 "an approval that no call is asked for",
    W0501 "a limit that never binds",
    W0601 "an invariant that can't be decided",
    W0602 "an invariant about no call",
}

/// Every code, those of the grammar first.
pub fn all() -> impl Iterator<Item = CodeInfo> {
    let syntax =
        claw_syntax::CODES.iter().map(|(code, title)| CodeInfo { code: Code(code), severity: severity(code), title });
    syntax.chain(OWN.iter().copied())
}

/// The entry of a code, by its text.
pub fn find(code: &str) -> Option<CodeInfo> {
    all().find(|info| info.code.as_str() == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_titles_are_plain() {
        let mut seen = std::collections::BTreeSet::new();
        for info in all() {
            assert!(seen.insert(info.code), "{} twice", info.code);
            assert!(!info.title.ends_with('.'), "{}", info.code);
        }
    }
}
