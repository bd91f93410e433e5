//! What canonical hosts look like, byte by byte.

/// A name or an IPv4 address so far; both until it turns out which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name {
    label: Label,
    /// The number of the current octet and its digits, if all that was read can be of an IPv4 address.
    octet: Option<(u8, Octet)>,
}

/// A name can't end in a label that reads as a number: whoever reads it would take it for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Label {
    Empty,
    Zero,
    Digits,
    Hexadecimal,
    Other,
}

/// By what may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Octet {
    Empty,
    One,
    Two,
    TwentyFive,
    /// One more digit.
    Last,
    Full,
}

impl Octet {
    fn step(self, digit: u8) -> Option<Octet> {
        Some(match (self, digit) {
            (Octet::Empty, b'0') => Octet::Full,
            (Octet::Empty, b'1') => Octet::One,
            (Octet::Empty, b'2') => Octet::Two,
            (Octet::Empty, _) | (Octet::One, _) | (Octet::Two, b'0'..=b'4') => Octet::Last,
            (Octet::Two, b'5') => Octet::TwentyFive,
            (Octet::Two | Octet::Last, _) | (Octet::TwentyFive, b'0'..=b'5') => Octet::Full,
            (Octet::TwentyFive | Octet::Full, _) => return None,
        })
    }
}

impl Name {
    pub const START: Name = Name { label: Label::Empty, octet: Some((0, Octet::Empty)) };

    pub fn is_name(self) -> bool {
        self.label == Label::Other
    }

    pub fn is_address(self) -> bool {
        matches!(self.octet, Some((3, octet)) if octet != Octet::Empty)
    }

    /// Is the label that was begun still empty?
    pub fn is_between(self) -> bool {
        self.label == Label::Empty
    }

    pub fn step(self, byte: u8) -> Option<Name> {
        let label = match (self.label, byte) {
            (Label::Empty, b'.') => return None,
            (_, b'.') => Label::Empty,
            (Label::Empty, b'0') => Label::Zero,
            (Label::Empty | Label::Zero | Label::Digits, b'0'..=b'9') => Label::Digits,
            (Label::Zero, b'x') | (Label::Hexadecimal, b'0'..=b'9' | b'a'..=b'f') => Label::Hexadecimal,
            (_, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => Label::Other,
            _ => return None,
        };
        let octet = self.octet.and_then(|(number, octet)| match byte {
            b'.' => (octet != Octet::Empty && number < 3).then_some((number + 1, Octet::Empty)),
            b'0'..=b'9' => Some((number, octet.step(byte)?)),
            _ => None,
        });
        Some(Name { label, octet })
    }
}

/// An IPv6 address so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct V6 {
    /// Groups begun.
    groups: u8,
    /// Digits of the current group.
    digits: u8,
    /// Is the newest group `0`?
    zero: bool,
    /// Was `::` read?
    gap: bool,
    /// Colons since the newest group.
    colons: u8,
}

impl V6 {
    pub const START: V6 = V6 { groups: 0, digits: 0, zero: false, gap: false, colons: 0 };

    pub fn may_end(self) -> bool {
        if self.gap { self.groups <= 6 && self.colons != 1 } else { self.groups == 8 && self.digits > 0 }
    }

    pub fn step(self, byte: u8) -> Option<V6> {
        match byte {
            b':' => self.colon(),
            b'0'..=b'9' | b'a'..=b'f' if self.digits > 0 => {
                (!self.zero && self.digits < 4).then_some(V6 { digits: self.digits + 1, ..self })
            }
            b'0'..=b'9' | b'a'..=b'f' => {
                let zero = byte == b'0';
                // A zero beside the gap would be part of it, and one colon begins no address.
                let bad = (zero && self.colons == 2) || (self.colons == 1 && self.groups == 0) || self.groups == 8;
                (!bad).then_some(V6 { groups: self.groups + 1, digits: 1, zero, colons: 0, ..self })
            }
            _ => None,
        }
    }

    fn colon(self) -> Option<V6> {
        if self.digits > 0 || self == V6::START {
            return Some(V6 { digits: 0, colons: 1, ..self });
        }
        let opens = self.colons == 1 && !self.gap && !(self.zero && self.groups > 0);
        opens.then_some(V6 { gap: true, colons: 2, zero: false, ..self })
    }
}
