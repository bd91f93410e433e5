//! The outline of a file: its declarations, and what is declared inside them.

use claw_syntax::Span;
use claw_syntax::ast::{Field, Ident, Item, ItemKind, Param, ToolDecl};

use crate::analysis::Analysis;
use crate::hir::FileId;

/// One entry of the outline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentSymbol {
    pub name: String,
    /// The word it is declared with.
    pub detail: &'static str,
    pub kind: SymbolKind,
    /// The whole declaration.
    pub span: Span,
    /// Its name, inside the declaration.
    pub selection: Span,
    pub children: Vec<DocumentSymbol>,
}

/// What kind of thing it is, as far as an outline cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SymbolKind {
    /// `agent`, `user`, `context`, records.
    Struct,
    Field,
    Enum,
    Variant,
    /// Tools, resources, prompts.
    Tool,
    Parameter,
    Constant,
    /// Live data.
    Variable,
    /// Predicates and extern functions.
    Function,
    Window,
    /// Scopes and grants.
    Scope,
    Approval,
    /// Vocabularies: tiers, environments, roles, labels, tags, origins.
    Vocabulary,
    Word,
    /// `classify`, `matrix` and `lifecycle`.
    Table,
    /// Rules, limits and invariants.
    Rule,
    Test,
}

/// The outline of a file, in the order of the text. Declarations without a readable name are left out.
pub fn document_symbols(analysis: &Analysis, file: FileId) -> Vec<DocumentSymbol> {
    let Some(parse) = analysis.parse(file) else { return Vec::new() };
    let text = &analysis.sources.get(file).text;
    parse.file.items.iter().filter_map(|item| symbol(item, text)).collect()
}

fn symbol(item: &Item, text: &str) -> Option<DocumentSymbol> {
    use SymbolKind as K;
    let (detail, kind, children) = match &item.kind {
        ItemKind::Use(_) | ItemKind::Error => return None,
        ItemKind::Tiers(words) => ("tiers", K::Vocabulary, self::words(words)),
        ItemKind::Environments(words) => ("environments", K::Vocabulary, self::words(words)),
        ItemKind::Roles(roles) => {
            let named = roles.iter().filter_map(|r| leaf(&r.name, "role", K::Word, r.span));
            ("roles", K::Vocabulary, named.collect())
        }
        ItemKind::Labels(words) => ("labels", K::Vocabulary, self::words(words)),
        ItemKind::Tags(words) => ("tags", K::Vocabulary, self::words(words)),
        ItemKind::Origins(words) => ("origins", K::Vocabulary, self::words(words)),
        ItemKind::Constraints(decls) => {
            let named = decls.iter().filter_map(|d| leaf(&d.name, "constraint", K::Word, d.span));
            ("constraints", K::Vocabulary, named.collect())
        }
        ItemKind::Attrs(d) => (d.root.word(), K::Struct, fields(&d.fields)),
        ItemKind::Record(d) => ("record", K::Struct, fields(&d.fields)),
        ItemKind::Enum(d) => {
            let values = d.variants.iter().filter_map(|v| leaf(&v.name, "value", K::Variant, v.name.span));
            ("enum", K::Enum, values.collect())
        }
        ItemKind::Tool(d) => return tool(item, d),
        ItemKind::Let(_) => ("let", K::Constant, Vec::new()),
        ItemKind::Live(_) => ("live", K::Variable, Vec::new()),
        ItemKind::Predicate(d) => ("predicate", K::Function, params(&d.params)),
        ItemKind::Extern(d) => ("extern", K::Function, params(&d.params)),
        ItemKind::Window(_) => ("window", K::Window, Vec::new()),
        ItemKind::Scope(_) => ("scope", K::Scope, Vec::new()),
        ItemKind::Grant(_) => ("grant", K::Scope, Vec::new()),
        ItemKind::Approval(_) => ("approval", K::Approval, Vec::new()),
        ItemKind::Classify(_) => ("classify", K::Table, Vec::new()),
        ItemKind::Matrix(_) => ("matrix", K::Table, Vec::new()),
        ItemKind::Rule(_) => ("rule", K::Rule, Vec::new()),
        ItemKind::Limit(_) => ("limit", K::Rule, Vec::new()),
        ItemKind::Lifecycle(_) => ("lifecycle", K::Table, Vec::new()),
        ItemKind::Invariant(_) => ("invariant", K::Rule, Vec::new()),
        ItemKind::Test(_) => ("test", K::Test, Vec::new()),
    };
    let (name, selection) = label(item, detail, text)?;
    Some(DocumentSymbol { name, detail, kind, span: item.span, selection, children })
}

/// The name of a declaration; its title, its text or its first word, where it has none.
fn label(item: &Item, word: &str, text: &str) -> Option<(String, Span)> {
    let head = item.attrs.iter().map(|a| a.span.end).max().map_or(item.span, |end| Span::new(end, item.span.end));
    let blanks = head.text(text).len() - head.text(text).trim_start().len();
    let head = Span::new(head.start + u32::try_from(blanks).unwrap_or(0), item.span.end);
    match &item.kind {
        ItemKind::Invariant(d) => Some((d.title.value.clone(), d.title.span)),
        ItemKind::Test(d) => Some((d.title.value.clone(), d.title.span)),
        ItemKind::Grant(_) => Some((head.text(text).split_whitespace().collect::<Vec<_>>().join(" "), head))
            .filter(|(n, _)| !n.is_empty()),
        _ => match item.name() {
            Some(name) => Some((name.name.clone(), name.span)),
            None if is_named(&item.kind) => None,
            None => {
                let length = u32::try_from(word.len()).unwrap_or(0).min(head.len());
                Some((word.to_owned(), Span::new(head.start, head.start + length)))
            }
        },
    }
}

/// Whether such a declaration has a name of its own.
fn is_named(kind: &ItemKind) -> bool {
    use ItemKind as I;
    !matches!(
        kind,
        I::Tiers(_)
            | I::Environments(_)
            | I::Roles(_)
            | I::Labels(_)
            | I::Tags(_)
            | I::Origins(_)
            | I::Constraints(_)
            | I::Attrs(_)
            | I::Classify(_)
            | I::Matrix(_)
            | I::Lifecycle(_)
    )
}

fn tool(item: &Item, decl: &ToolDecl) -> Option<DocumentSymbol> {
    let named = !decl.name.is_hole();
    named.then(|| DocumentSymbol {
        name: decl.name.text(),
        detail: decl.kind.word(),
        kind: SymbolKind::Tool,
        span: item.span,
        selection: decl.name.span,
        children: params(&decl.params),
    })
}

fn words(words: &[Ident]) -> Vec<DocumentSymbol> {
    words.iter().filter_map(|word| leaf(word, "", SymbolKind::Word, word.span)).collect()
}

fn fields(fields: &[Field]) -> Vec<DocumentSymbol> {
    fields.iter().filter_map(|f| leaf(&f.name, "field", SymbolKind::Field, f.span)).collect()
}

fn params(params: &[Param]) -> Vec<DocumentSymbol> {
    params.iter().filter_map(|p| leaf(&p.name, "parameter", SymbolKind::Parameter, p.span)).collect()
}

fn leaf(name: &Ident, detail: &'static str, kind: SymbolKind, span: Span) -> Option<DocumentSymbol> {
    (!name.is_hole()).then(|| DocumentSymbol {
        name: name.name.clone(),
        detail,
        kind,
        span,
        selection: name.span,
        children: Vec::new(),
    })
}
