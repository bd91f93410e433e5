//! Does a `sed` script only edit what passes through? Reads the commands that are usual in scripts of one line.
//!
//! `w` writes files and `e` runs programs, as commands and as flags of `s`. What is not recognised is not known.

use std::iter::Peekable;
use std::str::Chars;

use super::scan::{Given, Kind, scan};
use super::unknown_if;
use crate::Tri;
use crate::call::Call;

/// Does this call of `sed` run programs or write files?
pub(super) fn sed(call: &Call) -> Tri {
    let mut result = call.has(&["-i", "-I", "--in-place"]).or(unknown_if(!call.has(&["-f", "--file"]).is_false()));
    let given = call.has(&["-e", "--expression"]);
    let mut first = true;
    scan(call, &mut |item| {
        let expression = matches!(item.kind, Kind::Letter('e') | Kind::Name("expression", _));
        let here = match (item.kind, item.value) {
            _ if !item.sure => Tri::Unknown,
            (_, Given::Known(script)) if expression => script_writes(script),
            _ if expression => Tri::Unknown,
            (Kind::Operand { text, .. }, _) if given.is_false() && first => {
                first = false;
                text.text().map_or(Tri::Unknown, |script| script_writes(script))
            }
            (Kind::Any(_) | Kind::More { .. }, _) => Tri::Unknown,
            _ => Tri::False,
        };
        result = result.or(here);
    });
    result
}

/// Does the script write or run something?
fn script_writes(script: &str) -> Tri {
    let mut chars = script.chars().peekable();
    while chars.peek().is_some() {
        match command(&mut chars) {
            Some(false) => {}
            Some(true) => return Tri::True,
            None => return Tri::Unknown,
        }
    }
    Tri::False
}

type Rest<'a> = Peekable<Chars<'a>>;

/// Reads a command with its addresses; `None` if it is not recognised.
fn command(chars: &mut Rest<'_>) -> Option<bool> {
    skip(chars, |c| c.is_ascii_whitespace() || c == ';');
    address(chars)?;
    if chars.next_if_eq(&',').is_some() {
        skip(chars, |c| matches!(c, ' ' | '+' | '~'));
        address(chars)?;
    }
    skip(chars, |c| matches!(c, ' ' | '!'));
    match chars.next() {
        None | Some('{' | '}') => Some(false),
        Some('p' | 'd' | 'D' | 'P' | 'n' | 'N' | 'g' | 'G' | 'h' | 'H' | 'x' | '=' | 'z' | 'F') => end(chars),
        Some('q' | 'Q' | 'l') => {
            skip(chars, |c| c == ' ' || c.is_ascii_digit());
            end(chars)
        }
        Some('s') => substitute(chars),
        Some('y') => {
            let close = chars.next()?;
            pair(chars, close)?;
            end(chars)
        }
        Some('b' | 't' | 'T' | ':') => {
            skip(chars, |c| c == ' ' || c.is_ascii_alphanumeric() || c == '_');
            end(chars)
        }
        Some('w' | 'W' | 'e') => Some(true),
        Some(_) => None,
    }
}

fn address(chars: &mut Rest<'_>) -> Option<()> {
    match chars.peek() {
        Some('$') => {
            chars.next();
        }
        Some('/') => {
            chars.next();
            delimited(chars, '/')?;
            skip(chars, |c| matches!(c, 'I' | 'M'));
        }
        Some('\\') => return None,
        _ => skip(chars, |c| c.is_ascii_digit() || c == '~'),
    }
    skip(chars, |c| c == ' ');
    Some(())
}

/// `/pattern/replacement/flags`
fn substitute(chars: &mut Rest<'_>) -> Option<bool> {
    let close = chars.next()?;
    pair(chars, close)?;
    let mut writes = false;
    while let Some(flag) = chars.next_if(|c| c.is_ascii_alphanumeric()) {
        match flag {
            'g' | 'p' | 'i' | 'I' | 'm' | 'M' | '0'..='9' => {}
            'w' | 'e' => writes = true,
            _ => return None,
        }
    }
    if writes { Some(true) } else { end(chars) }
}

fn pair(chars: &mut Rest<'_>, close: char) -> Option<()> {
    if close == '\\' || close == '\n' {
        return None;
    }
    delimited(chars, close)?;
    delimited(chars, close)
}

/// To the delimiter. A bracket expression may hide one, so that a `[` is read with care.
fn delimited(chars: &mut Rest<'_>, close: char) -> Option<()> {
    let mut bracket = false;
    loop {
        match chars.next()? {
            '\\' => {
                chars.next()?;
            }
            // `[]/]`, `[[.x.]]`: where these end takes more than is read here.
            '[' if bracket && chars.peek() != Some(&':') => return None,
            '[' if !bracket => {
                bracket = true;
                chars.next_if_eq(&'^');
                if chars.peek() == Some(&']') {
                    return None;
                }
            }
            ']' => bracket = false,
            // Implementations disagree about a delimiter inside brackets.
            c if c == close => return (!bracket).then_some(()),
            '\n' => return None,
            _ => {}
        }
    }
}

/// A command ends at `;`, `}`, a new line or the end of the script.
fn end(chars: &mut Rest<'_>) -> Option<bool> {
    skip(chars, |c| c == ' ');
    match chars.peek() {
        None | Some(';' | '}' | '\n' | '#') => {
            if chars.next_if_eq(&'#').is_some() {
                skip(chars, |c| c != '\n');
            }
            Some(false)
        }
        Some(_) => None,
    }
}

fn skip(chars: &mut Rest<'_>, test: impl Fn(char) -> bool) {
    while chars.next_if(|c| test(*c)).is_some() {}
}
