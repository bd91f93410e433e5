//! What is wrong with a single token, whatever surrounds it.

use crate::error::{SyntaxError, code};
use crate::literal;
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// Reports what is wrong with `token`, whose text is `text` and which stands at `span`.
pub(crate) fn check(token: Token, text: &str, span: Span, errors: &mut Vec<SyntaxError>) {
    use TokenKind::*;
    if !text.is_ascii() {
        check_bidi(text, span, errors);
    }
    let error = match token.kind {
        UnterminatedStr => Some(unterminated(text, span)),
        SingleStr => Some(single_quotes(text, span)),
        Str => {
            check_escapes(text, span, errors);
            None
        }
        BadNumber => Some(bad_number(text, span)),
        Duration => literal::duration_problem(text)
            .map(|help| SyntaxError::new(code::BAD_NUMBER, span, format!("`{text}` is not a duration")).help(help)),
        Date => (!literal::date_exists(text)).then(|| no_such(text, span, "date")),
        Time => (!literal::time_exists(text)).then(|| no_such(text, span, "time of day")),
        DateTime => {
            let exists = literal::date_exists(text.get(..10).unwrap_or(""))
                && literal::time_exists(text.get(11..19).unwrap_or(""));
            (!exists).then(|| no_such(text, span, "time"))
        }
        BadWord => Some(bad_word(text, span)),
        BlockComment => Some(block_comment(text, span)),
        HashComment => Some(SyntaxError::new(code::HASH_COMMENT, span, "comments start with `//`, not with `#`").fix(
            "write `//`",
            Span::new(span.start, span.start + 1),
            "//",
        )),
        Semicolon => Some(
            SyntaxError::new(code::SEMICOLON, span, "`;` means nothing here")
                .help("declarations and clauses need no separator")
                .fix("remove the semicolon", span, ""),
        ),
        AmpAmp => Some(word_for_symbol("&&", "and", "and", span)),
        PipePipe => Some(word_for_symbol("||", "or", "or", span)),
        Bang => Some(word_for_symbol("!", "not", "not ", span)),
        Unknown => Some(SyntaxError::new(code::BAD_CHARACTER, span, format!("`{text}` means nothing here"))),
        _ => None,
    };
    errors.extend(error);
}

fn unterminated(text: &str, span: Span) -> SyntaxError {
    let line = text.trim_end();
    let end = span.start + Span::from(0..line.len()).end;
    let closer = if text.starts_with('r') {
        let hashes = text.bytes().skip(1).take_while(|b| *b == b'#').count();
        format!("\"{}", "#".repeat(hashes))
    } else {
        "\"".to_owned()
    };
    SyntaxError::new(code::UNTERMINATED_STRING, Span::new(span.start, end), "this string is never closed")
        .help(format!("a string ends on its own line, with `{closer}`"))
}

fn single_quotes(text: &str, span: Span) -> SyntaxError {
    let inner = literal::body(text).1.replace('"', "\\\"");
    SyntaxError::new(code::SINGLE_QUOTES, span, "strings are written with double quotes").fix(
        "use double quotes",
        span,
        format!("\"{inner}\""),
    )
}

fn check_escapes(text: &str, span: Span, errors: &mut Vec<SyntaxError>) {
    if !text.contains('\\') {
        return;
    }
    let mut bad = Vec::new();
    literal::unescape(text, &mut bad);
    for escape in bad {
        let relative = Span::from(escape.start..escape.start + escape.len);
        let place = Span::new(span.start + relative.start, span.start + relative.end);
        let shown = text.get(escape.start..escape.start + escape.len).unwrap_or("");
        errors.push(
            SyntaxError::new(code::BAD_ESCAPE, place, format!("`{shown}` is no escape"))
                .help(r#"the escapes are `\n`, `\t`, `\r`, `\\`, `\"` and `\u{…}`; in `r"…"` a backslash stands for itself"#)
                .fix("double the backslash", Span::at(place.start), "\\"),
        );
    }
}

fn no_such(text: &str, span: Span, what: &str) -> SyntaxError {
    SyntaxError::new(code::BAD_DATE, span, format!("there is no {what} `{text}`"))
}

fn bad_number(text: &str, span: Span) -> SyntaxError {
    let is_date = text.bytes().take_while(u8::is_ascii_digit).count() == 4 && text.as_bytes().get(4) == Some(&b'-');
    if is_date && (text.contains('T') || text.contains('t')) {
        return SyntaxError::new(code::BAD_DATE, span, format!("`{text}` is not a time"))
            .help("times are written like `2026-03-02T10:00:00+01:00`, with seconds and a zone");
    }
    if is_date {
        return SyntaxError::new(code::BAD_DATE, span, format!("`{text}` is not a date"))
            .help("dates are written like `2026-03-02`");
    }
    if text.contains(':') {
        return SyntaxError::new(code::BAD_DATE, span, format!("`{text}` is not a time of day"))
            .help("times of day are written like `09:00`");
    }
    let error = SyntaxError::new(code::BAD_NUMBER, span, format!("`{text}` is not a number"));
    if text.starts_with('.') {
        return error.help("a decimal has digits on both sides of the point").fix(
            "add a zero",
            Span::at(span.start),
            "0",
        );
    }
    match number_mend(text) {
        Some(mend) => {
            let title = format!("write `{mend}`");
            error.help("durations are written like `90s`, `15m`, `2h30m` or `7d`").fix(title, span, mend)
        }
        None if text.bytes().any(|b| b.is_ascii_alphabetic()) => {
            error.help("durations are written like `90s`, `15m`, `2h30m` or `7d`; a number runs to the end of its word")
        }
        None => error.help("numbers are written like `12`, `1_000` or `9.50`"),
    }
}

/// `15min` was meant to be `15m`.
fn number_mend(text: &str) -> Option<String> {
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at_checked(unit_at)?;
    let short = match unit {
        "sec" | "secs" | "second" | "seconds" => "s",
        "min" | "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        _ => return None,
    };
    number.bytes().all(|b| b.is_ascii_digit()).then(|| format!("{number}{short}"))
}

fn bad_word(text: &str, span: Span) -> SyntaxError {
    if text.contains(['“', '”', '„', '‘', '’', '«', '»']) {
        let error = SyntaxError::new(code::BAD_CHARACTER, span, format!("`{text}` has typographic quotes"))
            .help("strings are written with plain double quotes");
        return match text.strip_prefix(['“', '„']).and_then(|t| t.strip_suffix(['”', '“'])) {
            Some(inner) => error.fix("use plain quotes", span, format!("\"{inner}\"")),
            None => error,
        };
    }
    if text.chars().any(char::is_alphabetic) {
        return SyntaxError::new(code::BAD_WORD, span, format!("the name `{text}` has letters beyond ASCII"))
            .help("names in other letters are written in backticks")
            .fix("put it in backticks", span, format!("`{text}`"));
    }
    SyntaxError::new(code::BAD_CHARACTER, span, format!("`{}` means nothing here", text.escape_unicode()))
}

fn block_comment(text: &str, span: Span) -> SyntaxError {
    let error = SyntaxError::new(code::BLOCK_COMMENT, span, "comments start with `//` and end with the line");
    match text.strip_prefix("/*").and_then(|t| t.strip_suffix("*/")) {
        Some(inner) => {
            let lines: Vec<String> = inner.trim().lines().map(|l| format!("// {}", l.trim())).collect();
            error.fix("make it line comments", span, lines.join("\n") + "\n")
        }
        None => error,
    }
}

fn word_for_symbol(symbol: &str, word: &str, text: &str, span: Span) -> SyntaxError {
    SyntaxError::new(code::SYMBOLIC_LOGIC, span, format!("`{symbol}` is written `{word}`")).fix(
        format!("write `{word}`"),
        span,
        text,
    )
}

/// Characters that make text look different from what it is.
fn check_bidi(text: &str, span: Span, errors: &mut Vec<SyntaxError>) {
    let reorders = |c: &char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    for (at, c) in text.char_indices().filter(|(_, c)| reorders(c)) {
        let start = span.start + Span::from(at..at).start;
        let place = Span::new(start, start + 3);
        errors.push(
            SyntaxError::new(
                code::BIDI,
                place,
                format!("invisible character U+{:04X} reorders the text around it", u32::from(c)),
            )
            .help(r"what is reviewed must be what is run; in a string, write it as `\u{…}`")
            .fix("remove the character", place, ""),
        );
    }
}
