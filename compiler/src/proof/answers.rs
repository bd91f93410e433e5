//! Sets of the three answers of a test.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};

use claw_runtime::Tri;
use claw_runtime::bundle::Ask;

/// Which answers a test may have: a set of true, false and unknown.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Answers(u8);

impl Answers {
    pub const NONE: Answers = Answers(0);
    pub const TRUE: Answers = Answers(1);
    pub const FALSE: Answers = Answers(2);
    pub const UNKNOWN: Answers = Answers(4);
    pub const KNOWN: Answers = Answers(3);
    pub const ALL: Answers = Answers(7);

    /// The set of one answer.
    #[must_use]
    pub fn only(answer: Tri) -> Answers {
        match answer {
            Tri::True => Answers::TRUE,
            Tri::False => Answers::FALSE,
            Tri::Unknown => Answers::UNKNOWN,
        }
    }

    /// The answers for which a question is answered yes.
    #[must_use]
    pub fn of(ask: Ask) -> Answers {
        match ask {
            Ask::IsTrue => Answers::TRUE,
            Ask::IsFalse => Answers::FALSE,
            Ask::NotTrue => !Answers::TRUE,
            Ask::NotFalse => !Answers::FALSE,
        }
    }

    #[must_use]
    pub fn has(self, answer: Tri) -> bool {
        self.covers(Answers::only(answer))
    }

    /// Are all of these among them?
    #[must_use]
    pub fn covers(self, others: Answers) -> bool {
        others.0 & !self.0 == 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The answers that the negated test has where this one has these.
    #[must_use]
    pub fn negated(self) -> Answers {
        Answers((self.0 & 4) | ((self.0 & 1) << 1) | ((self.0 & 2) >> 1))
    }
}

impl BitAnd for Answers {
    type Output = Answers;
    fn bitand(self, other: Answers) -> Answers {
        Answers(self.0 & other.0)
    }
}

impl BitOr for Answers {
    type Output = Answers;
    fn bitor(self, other: Answers) -> Answers {
        Answers(self.0 | other.0)
    }
}

impl Not for Answers {
    type Output = Answers;
    fn not(self) -> Answers {
        Answers(!self.0 & 7)
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [(Answers::TRUE, "T"), (Answers::FALSE, "F"), (Answers::UNKNOWN, "U")];
        names.iter().filter(|(one, _)| self.covers(*one)).try_for_each(|(_, name)| f.write_str(name))
    }
}
