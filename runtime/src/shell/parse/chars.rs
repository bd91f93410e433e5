//! Characters that have no business in a command, or that look like others.

/// A character that is never acceptable, not even in quotes: what people see is not what the shell reads.
pub(super) fn hidden(c: char) -> bool {
    match c {
        '\t' | '\n' => false,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' => true,
        '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' => true,
        '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' => true,
        '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}' => true,
        _ => c.is_control(),
    }
}

/// A character outside ASCII that people may take for an operator, a quote, a blank or a slash.
pub(super) fn look_alike(c: char) -> bool {
    if c.is_ascii() {
        return false;
    }
    c.is_whitespace()
        || matches!(c,
            '\u{FF01}'..='\u{FF0F}' | '\u{FF1A}'..='\u{FF20}' | '\u{FF3B}'..='\u{FF40}' | '\u{FF5B}'..='\u{FF65}'
            | '\u{FE50}'..='\u{FE6B}' | '\u{2010}'..='\u{2015}' | '\u{2018}'..='\u{201F}' | '\u{2032}'..='\u{203A}'
            | '\u{2044}' | '\u{2212}' | '\u{2215}' | '\u{2216}' | '\u{2217}' | '\u{2223}' | '\u{223C}' | '\u{2236}'
            | '\u{2024}' | '\u{2025}' | '\u{2026}' | '\u{2028}'..='\u{202F}' | '\u{037E}' | '\u{00B4}' | '\u{01C0}'
            | '\u{02B9}'..='\u{02BF}' | '\u{02C8}' | '\u{02CB}' | '\u{02DC}' | '\u{02F4}' | '\u{061B}' | '\u{06D4}'
            | '\u{0589}' | '\u{05C0}' | '\u{05C3}' | '\u{2500}' | '\u{2502}' | '\u{2571}' | '\u{2758}' | '\u{275B}'..='\u{275E}'
            | '\u{27CB}' | '\u{27CD}' | '\u{29F5}' | '\u{29F8}' | '\u{29F9}' | '\u{3003}' | '\u{3008}'..='\u{301F}')
}

/// Does this byte end a word when it is not quoted?
pub(super) fn is_meta(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '|' | '&' | ';' | '(' | ')' | '<' | '>')
}

/// May a variable's name begin with it?
pub(super) fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_'
}

/// May it be part of a variable's name?
pub(super) fn in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Is it a variable's name?
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(starts_name) && text.chars().all(in_name)
}
