//! The only file that knows the parser generator.
//!
//! Runs the generated parser over the fed tokens, and turns what it recovered
//! from into [`SyntaxError`]s. Meaning is none of its business; mistakes that
//! parse are found by `validate.rs`.

use crate::ast::*;
use crate::builder::Top;
use crate::error::{SyntaxError, code};
use crate::feed::{Feed, feed};
use crate::literal;
use crate::recovery::{self, Stumble};
use crate::span::Span;
use crate::token::{Token, TokenKind};
use lalrpop_util::{ErrorRecovery, ParseError};
use std::cell::RefCell;
use std::collections::HashMap;

#[allow(
    clippy::all,
    dead_code,
    unused_imports,
    unused_parens,
    missing_docs,
    missing_debug_implementations,
    reason = "generated"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/claw.rs"));
}

/// What the grammar's actions share: the source, the documentation, the errors.
#[derive(Debug)]
pub(crate) struct Cx<'s> {
    source: &'s str,
    base: u32,
    docs: RefCell<HashMap<u32, Vec<DocLine>>>,
    errors: RefCell<Vec<SyntaxError>>,
    stumbles: RefCell<Vec<Stumble>>,
}

type Failure = ParseError<u32, TokenKind, ()>;

impl<'s> Cx<'s> {
    fn new(source: &'s str, base: u32, feed: &mut Feed) -> Cx<'s> {
        Cx {
            source,
            base,
            docs: RefCell::new(std::mem::take(&mut feed.docs)),
            errors: RefCell::new(std::mem::take(&mut feed.errors)),
            stumbles: RefCell::default(),
        }
    }

    pub(crate) fn span(&self, start: u32, end: u32) -> Span {
        Span::new(start, end.max(start))
    }

    fn source_text(&self, span: Span) -> &'s str {
        Span::new(span.start.saturating_sub(self.base), span.end.saturating_sub(self.base)).text(self.source)
    }

    pub(crate) fn error(&self, error: SyntaxError) {
        self.errors.borrow_mut().push(error);
    }

    /// Notes that the parser stumbled, and went on.
    pub(crate) fn recover(&self, recovery: ErrorRecovery<u32, TokenKind, ()>) {
        self.stumbles.borrow_mut().push(stumble(recovery.error));
    }

    pub(crate) fn ident(&self, start: u32, end: u32) -> Ident {
        let span = self.span(start, end);
        Ident { name: self.source_text(span).trim_matches('`').to_owned(), span }
    }

    pub(crate) fn text(&self, start: u32, end: u32) -> TextLit {
        let span = self.span(start, end);
        TextLit { text: self.source_text(span).to_owned(), span }
    }

    /// A literal that is missing or malformed.
    pub(crate) fn no_text(&self, start: u32, end: u32) -> TextLit {
        TextLit { text: String::new(), span: self.span(start, end) }
    }

    pub(crate) fn str(&self, start: u32, end: u32) -> StrLit {
        let span = self.span(start, end);
        literal::str_lit(self.source_text(span), span)
    }

    /// The documentation before the token at `start`; asked once.
    pub(crate) fn docs(&self, start: u32) -> Vec<DocLine> {
        self.docs.borrow_mut().remove(&start).unwrap_or_default()
    }

    pub(crate) fn item(&self, start: u32, attrs: Vec<Attribute>, word: u32, kind: ItemKind, end: u32) -> Item {
        let mut docs = self.docs(start);
        if word != start {
            docs.extend(self.docs(word));
        }
        Item { docs, attrs, kind, span: self.span(start, end) }
    }

    pub(crate) fn message(&self, lit: StrLit) -> Message {
        let (segments, errors) = crate::message::segments(&lit);
        self.errors.borrow_mut().extend(errors);
        Message { lit, segments }
    }

    pub(crate) fn deny(&self, start: u32, end: u32, message: Option<StrLit>) -> Effect {
        if message.is_none() {
            self.error(
                SyntaxError::new(code::NO_MESSAGE, self.span(start, end), "`deny` needs a message")
                    .help("say in a string why, and what to do instead: it is shown to the agent"),
            );
        }
        Effect::Deny(message.map(|lit| self.message(lit)))
    }

    pub(crate) fn missing_type(&self, name: &Ident) -> TypeExpr {
        let place = Span::at(name.span.end);
        self.error(
            SyntaxError::new(code::MISSING_TYPE, name.span, format!("`{}` has no type", name.name))
                .help("write its type after a colon: `let hosts: set<host> = […]`"),
        );
        TypeExpr::hole(place)
    }

    /// Two fields with nothing between them; the first ends at `gap`.
    pub(crate) fn missing_comma(&self, gap: u32, next: &Ident) {
        let at = self.span(gap, gap);
        self.error(
            SyntaxError::new(code::MISSING_COMMA, next.span, format!("there is no comma before `{}`", next.name))
                .help("fields are separated by commas")
                .fix("add a comma", at, ","),
        );
    }

    /// Words that are not reserved but fixed in their place.
    pub(crate) fn expect_word(&self, word: &Ident, possible: &[&str]) {
        if word.is_hole() || possible.contains(&word.name.as_str()) {
            return;
        }
        let list: Vec<String> = possible.iter().map(|w| format!("`{w}`")).collect();
        let message = format!("expected {}, found `{}`", list.join(", "), word.name);
        let error = SyntaxError::new(code::WRONG_WORD, word.span, message);
        self.error(match possible {
            [only] => error.fix(format!("write `{only}`"), word.span, *only),
            _ => error,
        });
    }

    pub(crate) fn setting(&self, word: Ident) -> Ident {
        self.expect_word(&word, &["context", "labels", "approvals", "origins", "resolved", "live", "extern"]);
        word
    }

    pub(crate) fn by_word(&self, word: Ident) -> ApprovalClauseKind {
        if word.name == "user" {
            return ApprovalClauseKind::ByUser;
        }
        self.error(
            SyntaxError::new(code::BY_WITHOUT_COUNT, word.span, "`by` needs to know how many")
                .help(format!("write `by 1 of {}`, or `by user` for the acting user", word.name))
                .fix("ask one person", Span::at(word.span.start), "1 of "),
        );
        ApprovalClauseKind::Error
    }

    /// `promote after 20 agreements and 0 disagreements`, and its kin.
    pub(crate) fn lifecycle(
        &self,
        word: Ident,
        after: Option<Ident>,
        tallies: Vec<Tally>,
        span: Span,
    ) -> LifecycleClause {
        match &after {
            Some(after) => self.expect_word(after, &["after"]),
            None => {
                self.error(
                    SyntaxError::new(code::WRONG_WORD, word.span, format!("expected `after` behind `{}`", word.name))
                        .fix("write `after`", Span::at(word.span.end), " after"),
                )
            }
        }
        let (kind, unit): (_, &[&str]) = match word.name.as_str() {
            "promote" => (TallyKind::Count, &["agreements", "disagreements", "agreement", "disagreement"]),
            "suspend" => (TallyKind::Count, &["disagreements", "disagreement"]),
            "archive" => (TallyKind::Time, &["unused"]),
            _ => {
                self.expect_word(&word, &["promote", "suspend", "archive"]);
                return LifecycleClause { kind: LifecycleClauseKind::Error, words: Vec::new(), span };
            }
        };
        // All are looked at: each has a finding of its own.
        let sound = tallies.iter().filter(|tally| !self.tally(tally, kind, unit)).count() == 0;
        let what = tallies.iter().map(|tally| tally.what.span);
        let words = std::iter::once(word.span).chain(after.as_ref().map(|a| a.span)).chain(what).collect();
        let kind = match (word.name.as_str(), tallies.as_slice()) {
            _ if !sound => LifecycleClauseKind::Error,
            ("promote", _) => LifecycleClauseKind::Promote(tallies),
            ("suspend", _) => LifecycleClauseKind::Suspend(tallies),
            (_, [time]) => LifecycleClauseKind::Archive(time.amount.clone()),
            _ => {
                let error = SyntaxError::new(code::UNEXPECTED, span, "`archive` takes one span of time");
                self.error(error.help("write `archive after 90d unused`"));
                LifecycleClauseKind::Error
            }
        };
        LifecycleClause { kind, words, span }
    }

    /// Whether an amount is of the right kind and unit.
    fn tally(&self, tally: &Tally, kind: TallyKind, unit: &[&str]) -> bool {
        if tally.kind == TallyKind::Error {
            return false;
        }
        if tally.kind != kind {
            let wanted = if kind == TallyKind::Count { "a whole number" } else { "a duration such as `90d`" };
            let message = format!("expected {wanted}, found `{}`", tally.amount.text);
            self.error(SyntaxError::new(code::UNEXPECTED, tally.amount.span, message));
            return false;
        }
        // The singular is understood, the plural is recommended.
        let fits = unit.contains(&tally.what.name.as_str());
        if !fits {
            let plural: Vec<&str> = unit.iter().copied().filter(|u| !u.ends_with("ment")).collect();
            self.expect_word(&tally.what, &plural);
        }
        fits
    }

    pub(crate) fn glob(&self, start: u32, end: u32) -> Target {
        let span = self.span(start, end);
        let text = self.source_text(span);
        if text == "*" {
            self.error(SyntaxError::new(code::BAD_GLOB, span, "a lone `*` is written `any`").fix(
                "write `any`",
                span,
                "any",
            ));
            return Target { kind: TargetKind::Any, span };
        }
        if text.contains(char::is_whitespace) || text.contains("//") {
            self.error(
                SyntaxError::new(code::BAD_GLOB, span, "a pattern is written without blanks")
                    .help("`jira.get_*` covers all tools whose name begins with `jira.get_`"),
            );
            return Target { kind: TargetKind::Error, span };
        }
        Target { kind: TargetKind::Glob(text.to_owned()), span }
    }

    /// A comparison; one that compares a comparison is reported.
    pub(crate) fn compare(&self, lhs: Expr, op: BinaryOp, op_span: Span, rhs: Expr) -> Expr {
        if let ExprKind::Binary { op: first, op_span: first_span, rhs: middle, .. } = &lhs.kind
            && first.is_comparison()
        {
            let text = self.source_text(middle.span);
            let error = SyntaxError::new(code::CHAINED_COMPARISON, op_span, "comparisons don't chain")
                .label(*first_span, "this already compares");
            self.error(if text.is_empty() {
                error
            } else {
                let title = format!("compare `{text}` twice");
                error.fix(title, Span::at(op_span.start), format!("and {text} "))
            });
        }
        crate::builder::binary(lhs, op, op_span, rhs)
    }

    /// Splits the first line of a matrix off and checks the widths of the others.
    pub(crate) fn matrix(&self, start: u32, rows: Vec<MatrixRow>) -> MatrixDecl {
        let word = self.span(start, start + 6);
        let mut rows = rows.into_iter();
        let missing = || {
            SyntaxError::new(code::MATRIX_HEADER, word, "a matrix begins with a line of environments")
                .help("write `tier | dev | prod` as its first line")
        };
        let Some(header) = rows.next() else {
            self.error(missing());
            return MatrixDecl { envs: vec![], header_span: word, rows: vec![] };
        };
        if header.tier.name != "tier" {
            self.error(missing().label(header.tier.span, "this should be `tier`"));
        }
        let envs: Vec<Ident> = header.cells.iter().map(|cell| self.header_cell(cell)).collect();
        let rows: Vec<MatrixRow> = rows.collect();
        if header.tier.name == "tier" {
            self.check_widths(envs.len(), header.span, &rows);
        }
        MatrixDecl { envs, header_span: header.span, rows }
    }

    fn header_cell(&self, cell: &Cell) -> Ident {
        if let OutcomeKind::Require(paths) = &cell.kind
            && let [path] = paths.as_slice()
            && let Some(name) = path.as_ident()
        {
            return name.clone();
        }
        if cell.kind != OutcomeKind::Error {
            let message = format!("`{}` is no environment", self.source_text(cell.span));
            self.error(
                SyntaxError::new(code::MATRIX_HEADER, cell.span, message)
                    .help("the first line of a matrix names one environment per column"),
            );
        }
        Ident::hole(cell.span)
    }

    /// A missing bar silently starts a row, so a short row with a neighbour on its line is one row.
    fn check_widths(&self, width: usize, header: Span, rows: &[MatrixRow]) {
        let mut rest = rows.iter().peekable();
        while let Some(row) = rest.next() {
            if row.cells.len() == width {
                continue;
            }
            let plural = |n: usize| if n == 1 { "" } else { "s" };
            let cells = row.cells.len();
            let message = format!(
                "the row `{}` has {cells} cell{}, and there are {width} environment{}",
                row.tier.name,
                plural(cells),
                plural(width),
            );
            let mut error = SyntaxError::new(code::MATRIX_WIDTH, row.span, message).label(header, "the environments");
            if let Some(next) = rest.peek() {
                let gap = Span::new(row.span.end, next.span.start);
                if !self.source_text(gap).contains('\n') {
                    error = error.help("several approvals in one cell are joined with `+`").fix(
                        format!("write `+` before `{}`", next.tier.name),
                        gap,
                        " + ",
                    );
                    rest.next();
                }
            }
            self.error(error);
        }
    }
}

fn stumble(failure: Failure) -> Stumble {
    match failure {
        ParseError::UnrecognizedToken { token: (start, kind, end), expected } => {
            Stumble { at: Span::new(start, end), found: Some(kind), expected }
        }
        ParseError::ExtraToken { token: (start, kind, end) } => {
            Stumble { at: Span::new(start, end), found: Some(kind), expected: Vec::new() }
        }
        ParseError::UnrecognizedEof { location, expected } => Stumble { at: Span::at(location), found: None, expected },
        ParseError::InvalidToken { location } => Stumble { at: Span::at(location), found: None, expected: Vec::new() },
        ParseError::User { error: () } => Stumble { at: Span::default(), found: None, expected: Vec::new() },
    }
}

/// Leaves out stumbles at the end of a text with open brackets: those are reported.
fn after_closing(mut stumbles: Vec<Stumble>, fed: &Feed) -> Vec<Stumble> {
    stumbles.retain(|s| !fed.closed_at_end || (s.found.is_some() && !s.at.is_empty()));
    stumbles
}

type Fed = Result<(u32, TokenKind, u32), ()>;

/// The declarations of a file, and everything wrong with them.
pub(crate) fn parse_file(source: &str, tokens: &[Token]) -> (File, Vec<SyntaxError>) {
    let mut fed = feed(source, 0, tokens);
    let whole = Span::from(0..source.len());
    let mut file =
        File { inner_docs: std::mem::take(&mut fed.inner_docs), package: None, items: Vec::new(), span: whole };
    let cx = Cx::new(source, 0, &mut fed);
    if fed.too_deep {
        file.items.push(Item { docs: vec![], attrs: vec![], kind: ItemKind::Error, span: whole });
        return (file, cx.errors.into_inner());
    }
    let input = fed.tokens.iter().map(|token| -> Fed { Ok(*token) });
    let tops = match generated::FileParser::new().parse(&cx, input) {
        Ok(tops) => tops,
        Err(failure) => {
            cx.stumbles.borrow_mut().push(stumble(failure));
            vec![Top::Item(Item { docs: vec![], attrs: vec![], kind: ItemKind::Error, span: whole })]
        }
    };
    place_packages(tops, &mut file, &cx);
    let mut errors = cx.errors.into_inner();
    let stumbles = after_closing(cx.stumbles.into_inner(), &fed);
    if stumbles.is_empty() && !fed.closed_at_end {
        let loose = fed.loose_docs.into_iter().chain(cx.docs.into_inner().into_values().flatten());
        errors.extend(loose.map(recovery::detached_docs));
    }
    errors.extend(recovery::report(source, 0, &fed.tokens, stumbles));
    (file, errors)
}

fn place_packages(tops: Vec<Top>, file: &mut File, cx: &Cx<'_>) {
    for top in tops {
        match top {
            Top::Item(item) => file.items.push(item),
            Top::Package(package) => {
                if file.package.is_some() || !file.items.is_empty() {
                    let message = "`package` stands once, before all other declarations";
                    cx.error(SyntaxError::new(code::PACKAGE_PLACE, package.span, message));
                }
                if file.package.is_none() {
                    file.package = Some(package);
                }
            }
        }
    }
}

/// One expression that stands at `base` in the file.
pub(crate) fn parse_expr(source: &str, base: u32) -> (Expr, Vec<SyntaxError>) {
    let mut fed = feed(source, base, &crate::lexer::lex(source));
    let cx = Cx::new(source, base, &mut fed);
    let whole = Span::new(base, base + Span::from(0..source.len()).end);
    if fed.too_deep {
        return (Expr::hole(whole), cx.errors.into_inner());
    }
    let input = fed.tokens.iter().map(|token| -> Fed { Ok(*token) });
    let expr = match generated::ExprParser::new().parse(&cx, input) {
        Ok(expr) => expr,
        Err(failure) => {
            cx.stumbles.borrow_mut().push(stumble(failure));
            Expr::hole(whole)
        }
    };
    let mut errors = cx.errors.into_inner();
    let stumbles = after_closing(cx.stumbles.into_inner(), &fed);
    errors.extend(recovery::report(source, base, &fed.tokens, stumbles));
    (expr, errors)
}
