//! What each word is, for colours: the lexer's kinds, corrected by what names mean.

use std::collections::BTreeMap;

use claw_syntax::ast::{Attribute, Item, ItemKind, TypeExpr, TypeExprKind};
use claw_syntax::visit::{self, Visit};
use claw_syntax::{Span, Token, TokenKind};

use crate::analysis::{Analysis, Reference, Symbol};
use crate::hir::FileId;

/// What a token is, in the protocol's standard terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SemanticKind {
    Comment,
    Keyword,
    Operator,
    String,
    Number,
    /// Attributes such as `@owner`.
    Decorator,
    Namespace,
    Type,
    Enum,
    EnumMember,
    Struct,
    Property,
    Parameter,
    Variable,
    Function,
    Method,
    /// Rules and limits.
    Event,
    Class,
}

impl SemanticKind {
    /// All kinds, in the order of their numbers in the protocol.
    pub const ALL: [SemanticKind; 18] = [
        SemanticKind::Comment,
        SemanticKind::Keyword,
        SemanticKind::Operator,
        SemanticKind::String,
        SemanticKind::Number,
        SemanticKind::Decorator,
        SemanticKind::Namespace,
        SemanticKind::Type,
        SemanticKind::Enum,
        SemanticKind::EnumMember,
        SemanticKind::Struct,
        SemanticKind::Property,
        SemanticKind::Parameter,
        SemanticKind::Variable,
        SemanticKind::Function,
        SemanticKind::Method,
        SemanticKind::Event,
        SemanticKind::Class,
    ];
}

/// One coloured token. It does not reach over a line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SemanticToken {
    pub span: Span,
    pub kind: SemanticKind,
    pub declaration: bool,
    /// It cannot change: constants, vocabularies.
    pub readonly: bool,
    pub documentation: bool,
    /// It comes with the language.
    pub library: bool,
}

/// The coloured tokens of a file, in the order of the text.
pub fn tokens(analysis: &Analysis, file: FileId) -> Vec<SemanticToken> {
    let Some(parse) = analysis.parse(file) else { return Vec::new() };
    let text = &analysis.sources.get(file).text;
    let names: BTreeMap<Span, &Reference> =
        analysis.symbols.references.iter().filter(|r| r.loc.file == file).map(|r| (r.loc.span, r)).collect();
    let attributes = attribute_names(&parse.file.items);
    let words = unreserved_words(&parse.file.items);
    let mut types = TypeNames::default();
    types.visit_file(&parse.file);
    let mut out = Vec::new();
    for token in &parse.tokens {
        let found = if attributes.contains(&token.span) || token.kind == TokenKind::At {
            Some(plain(token.span, SemanticKind::Decorator))
        } else if words.contains(&token.span) {
            Some(plain(token.span, SemanticKind::Keyword))
        } else if let Some(reference) = names.get(&token.span).filter(|_| !token.kind.is_trivia()) {
            Some(of_symbol(analysis, reference))
        } else if types.0.contains(&token.span) {
            Some(SemanticToken { library: true, ..plain(token.span, SemanticKind::Type) })
        } else if token.kind == TokenKind::Ident && ROOTS.contains(&token.span.text(text)) {
            Some(SemanticToken { library: true, readonly: true, ..plain(token.span, SemanticKind::Variable) })
        } else {
            of_kind(token)
        };
        if let Some(found) = found {
            split_lines(found, text, &mut out);
        }
    }
    out
}

fn plain(span: Span, kind: SemanticKind) -> SemanticToken {
    SemanticToken { span, kind, declaration: false, readonly: false, documentation: false, library: false }
}

/// Words that stand for parts of the request where they are no name of something else.
const ROOTS: [&str; 5] = ["args", "session", "env", "now", "tenant"];

/// The places of the names in types: what is left of them without a symbol comes with the language.
#[derive(Default)]
struct TypeNames(Vec<Span>);

impl Visit for TypeNames {
    fn visit_type(&mut self, ty: &TypeExpr) {
        if let TypeExprKind::Name(path) = &ty.kind {
            self.0.extend(path.segments.iter().map(|segment| segment.span));
        }
        visit::walk_type(self, ty);
    }
}

fn attribute_names(items: &[Item]) -> Vec<Span> {
    let name = |attr: &Attribute| attr.name.span;
    items.iter().flat_map(|item| &item.attrs).map(name).collect()
}

/// The places of words that mean something in a lifecycle, and are names everywhere else.
pub(super) fn unreserved_words(items: &[Item]) -> Vec<Span> {
    let clauses = items.iter().filter_map(|item| match &item.kind {
        ItemKind::Lifecycle(decl) => Some(&decl.clauses),
        _ => None,
    });
    clauses.flatten().flat_map(|clause| clause.words.iter().copied()).collect()
}

/// By the lexer alone. Names without a meaning stay without a colour, which shows that they are not understood.
fn of_kind(token: &Token) -> Option<SemanticToken> {
    use TokenKind::*;
    let kind = match token.kind {
        DocComment | InnerDoc => {
            return Some(SemanticToken { documentation: true, ..plain(token.span, SemanticKind::Comment) });
        }
        kind if kind.is_comment() => SemanticKind::Comment,
        KwTrue | KwFalse => SemanticKind::Keyword,
        kind if kind.is_keyword() => SemanticKind::Keyword,
        TypeCtor => SemanticKind::Type,
        kind if kind.is_string() => SemanticKind::String,
        kind if kind.is_number() => SemanticKind::Number,
        EqEq | NotEq | Lt | Le | Gt | Ge | Plus | Minus | Star | Pipe | Arrow | DotDot | Assign => {
            SemanticKind::Operator
        }
        _ => return None,
    };
    Some(plain(token.span, kind))
}

fn of_symbol(analysis: &Analysis, reference: &Reference) -> SemanticToken {
    use SemanticKind as Kind;
    let (kind, readonly) = match reference.symbol {
        Symbol::Module(_) => (Kind::Namespace, false),
        Symbol::Tier(_) | Symbol::Env(_) | Symbol::Role(_) | Symbol::Label(_) | Symbol::Tag(_) | Symbol::Origin(_) => {
            (Kind::EnumMember, true)
        }
        Symbol::Enum(_) => (Kind::Enum, false),
        Symbol::Variant(..) => (Kind::EnumMember, true),
        Symbol::Record(_) => (Kind::Struct, false),
        Symbol::Field(..) | Symbol::Attr(..) => (Kind::Property, true),
        Symbol::Tool(_) => (Kind::Method, false),
        Symbol::Param(..) => (Kind::Parameter, true),
        Symbol::Let(_) | Symbol::Window(_) => (Kind::Variable, true),
        Symbol::Live(_) => (Kind::Variable, false),
        Symbol::Extern(_) | Symbol::Predicate(_) => (Kind::Function, false),
        Symbol::Approval(_) | Symbol::Scope(_) => (Kind::Class, false),
        Symbol::Constraint(_) => (Kind::Property, false),
        Symbol::Rule(_) | Symbol::Limit(_) => (Kind::Event, false),
        Symbol::Builtin(_) => (Kind::Function, false),
        Symbol::Local(_) => (Kind::Variable, true),
    };
    SemanticToken {
        span: reference.loc.span,
        kind,
        declaration: reference.is_declaration,
        readonly,
        documentation: false,
        library: matches!(reference.symbol, Symbol::Builtin(_)) || is_std(analysis, reference.symbol),
    }
}

/// Is it declared in a module that ships with the compiler?
fn is_std(analysis: &Analysis, symbol: Symbol) -> bool {
    super::decl(&analysis.package, symbol).is_some_and(|decl| analysis.sources.get(decl.loc.file).is_standard())
}

/// A token over several lines becomes one a line.
fn split_lines(token: SemanticToken, text: &str, out: &mut Vec<SemanticToken>) {
    let mut start = token.span.start;
    for line in token.span.text(text).split_inclusive('\n') {
        let end = start + line.len() as u32;
        let visible = start + line.trim_end_matches(['\n', '\r']).len() as u32;
        if visible > start {
            out.push(SemanticToken { span: Span::new(start, visible), ..token });
        }
        start = end;
    }
}
