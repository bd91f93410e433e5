//! Where in a declaration the cursor stands, told from tokens alone: half-typed declarations have no tree.

use claw_runtime::{Field, Type, members_of};
use claw_syntax::{Token, TokenKind};

use super::Cursor;
use crate::hir::{Attr, Decl, ScopeId, Tool, ToolId};

/// The declaration around the cursor, as far as it stands before it.
#[derive(Debug)]
pub(super) struct Place<'a> {
    pub cursor: Cursor<'a>,
    /// From the declaration's first word to the cursor, without the word being typed.
    pub tokens: Vec<Token>,
    /// The brackets among `tokens` that are still open, outermost first.
    pub open: Vec<usize>,
}

impl<'a> Place<'a> {
    pub fn new(cursor: Cursor<'a>) -> Place<'a> {
        let mut tokens: Vec<Token> = cursor.before().collect();
        tokens.reverse();
        let head = head(&tokens, cursor.text).unwrap_or(0);
        let mut tokens = tokens.split_off(head.min(tokens.len()));
        word_at_end(&mut tokens, cursor.text);
        let mut open = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            if token.kind.is_opener() {
                open.push(at);
            } else if token.kind.is_closer() {
                open.pop();
            }
        }
        Place { cursor, tokens, open }
    }

    pub fn head(&self) -> Option<TokenKind> {
        self.kind(0).filter(|kind| kind.starts_declaration())
    }

    pub fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    pub fn word(&self, at: usize) -> &'a str {
        self.tokens.get(at).map_or("", |token| self.cursor.text_of(token.span))
    }

    pub fn last(&self) -> Option<TokenKind> {
        self.tokens.last().map(|token| token.kind)
    }

    /// Tokens from the cursor back to the start that are not inside closed brackets.
    pub fn back(&self) -> impl Iterator<Item = usize> {
        let mut depth = 0_usize;
        (0..self.tokens.len()).rev().filter(move |at| match self.kind(*at) {
            Some(kind) if kind.is_closer() => {
                depth += 1;
                depth == 1
            }
            Some(kind) if kind.is_opener() && depth > 0 => {
                depth -= 1;
                false
            }
            _ => depth == 0,
        })
    }

    /// The bracket that the one at `close` closes.
    pub fn opener(&self, close: usize) -> Option<usize> {
        let mut depth = 0_usize;
        (0..=close).rev().find(|at| {
            match self.kind(*at) {
                Some(kind) if kind.is_closer() => depth += 1,
                Some(kind) if kind.is_opener() => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// How a declaration's name is written in this file.
    pub fn written(&self, decl: &Decl) -> Option<String> {
        let own = self.cursor.module()?;
        if decl.module == own {
            return Some(decl.name.clone());
        }
        let module = self.cursor.analysis.package.modules.get(own.index())?;
        let (_, alias, ..) = module.uses.iter().find(|(used, ..)| *used == decl.module)?;
        Some(alias.as_ref().map_or_else(|| decl.name.clone(), |alias| format!("{alias}.{}", decl.name)))
    }

    /// The tools named after the nearest `on`, and in a tool's absence none.
    pub fn tools(&self) -> Vec<&'a Tool> {
        let package = &self.cursor.analysis.package;
        let Some(on) = self.back().find(|at| self.kind(*at) == Some(TokenKind::KwOn)) else { return Vec::new() };
        let ends = |kind: &TokenKind| {
            use TokenKind::*;
            matches!(
                kind,
                KwIn | KwWhen | KwUnless | KwWhere | KwSum | KwDeny | KwRequire | KwConstrain | KwMark | KwMax
            )
        };
        let end = (on + 1..self.tokens.len()).find(|at| self.kind(*at).is_some_and(|kind| ends(&kind)));
        let from = self.tokens.get(on).map_or(0, |token| token.span.end);
        let to = end.and_then(|end| self.tokens.get(end)).map_or(self.cursor.offset, |token| token.span.start);
        let text = claw_syntax::Span::new(from, to.max(from)).text(self.cursor.text);
        let mut ids: Vec<ToolId> = text.split(',').flat_map(|target| self.target(target.trim())).collect();
        ids.sort();
        ids.dedup();
        ids.iter().filter_map(|id| package.tools.get(id.index())).collect()
    }

    /// The tools that one word of a target list covers.
    fn target(&self, text: &str) -> Vec<ToolId> {
        let package = &self.cursor.analysis.package;
        let pick = |keep: &dyn Fn(&Tool) -> bool| {
            let tools = package.tools.iter().enumerate();
            tools.filter(|(_, tool)| keep(tool)).filter_map(|(at, _)| Some(ToolId(u32::try_from(at).ok()?))).collect()
        };
        let text = text.trim_matches('"');
        if text == "any" {
            return pick(&|_| true);
        }
        if let Some(tag) = text.strip_prefix("tagged(") {
            let tag = tag.trim_end_matches(')').trim();
            let is_tagged =
                |tool: &Tool| tool.tags.iter().any(|t| package.tags.get(t.index()).is_some_and(|t| t.decl.name == tag));
            return pick(&is_tagged);
        }
        if let Some((prefix, _)) = text.split_once('*') {
            return pick(&|tool| self.written(&tool.decl).is_some_and(|name| name.starts_with(prefix)));
        }
        if let Some(at) = package.scopes.iter().position(|s| self.written(&s.decl).as_deref() == Some(text)) {
            return covered(package, ScopeId(u32::try_from(at).unwrap_or(u32::MAX)));
        }
        pick(&|tool| self.written(&tool.decl).as_deref() == Some(text))
    }

    /// What can stand after `args.`: parameters that all tools in `on` have with one type.
    pub fn arguments(&self) -> Vec<&'a Field> {
        let tools = self.tools();
        let Some((first, others)) = tools.split_first() else { return Vec::new() };
        let everywhere = |field: &&Field| {
            others.iter().all(|tool| tool.params.iter().any(|p| p.name == field.name && p.ty == field.ty))
        };
        first.params.iter().filter(everywhere).collect()
    }

    /// The tool inside whose `prior tool(…)` the cursor stands.
    pub fn prior(&self) -> Option<&'a Tool> {
        let is_prior = |open: &&usize| {
            let before = self.path_start(**open).checked_sub(1);
            self.kind(**open) == Some(TokenKind::LParen)
                && before.is_some_and(|at| self.kind(at) == Some(TokenKind::KwPrior))
        };
        let word = *self.open.iter().rev().find(is_prior)?;
        self.tool(&self.path_before(word))
    }

    /// A tool by its name as written here.
    pub fn tool(&self, name: &str) -> Option<&'a Tool> {
        self.cursor.analysis.package.tools.iter().find(|tool| self.written(&tool.decl).as_deref() == Some(name))
    }

    pub fn is_name(&self, at: usize) -> bool {
        self.kind(at).is_some_and(|kind| kind.is_name() || kind.is_keyword())
    }

    /// The dotted name that ends right before token `at`.
    pub fn path_before(&self, at: usize) -> String {
        (self.path_start(at)..at).map(|at| self.word(at)).collect()
    }

    /// Where the dotted name begins that ends right before token `at`.
    pub fn path_start(&self, at: usize) -> usize {
        let mut start = at;
        while start > 0 && self.is_name(start - 1) {
            start -= 1;
            if start < 2 || self.kind(start - 1) != Some(TokenKind::Dot) {
                break;
            }
            start -= 1;
        }
        start
    }

    /// The attributes of `agent`, `user`, `context`; nothing for other words.
    pub fn attributes(&self, root: &str) -> &'a [Attr] {
        let package = &self.cursor.analysis.package;
        match root {
            "agent" => &package.agent,
            "user" => &package.user,
            "context" => &package.context,
            _ => &[],
        }
    }

    /// Variables in sight with their types, innermost last.
    pub fn variables(&self) -> Vec<(String, Type)> {
        let package = &self.cursor.analysis.package;
        let mut found = Vec::new();
        if self.head() == Some(TokenKind::KwPredicate) {
            let name = self.word(1);
            let own =
                package.predicates.iter().find(|p| p.decl.name == name && Some(p.decl.module) == self.cursor.module());
            found.extend(own.into_iter().flat_map(|predicate| predicate.params.clone()));
        }
        for open in &self.open {
            use TokenKind::{KwAll, KwAny, KwCount, KwIn, KwNone, LParen};
            let word = open.checked_sub(1).and_then(|at| self.kind(at));
            let quantifier = matches!(word, Some(KwAny | KwAll | KwNone | KwCount)) && self.kind(*open) == Some(LParen);
            if !quantifier || self.kind(open + 2) != Some(KwIn) {
                continue;
            }
            let colon = (open + 3..self.tokens.len()).find(|at| self.kind(*at) == Some(TokenKind::Colon));
            let Some(colon) = colon else { continue };
            let list = self.type_before(colon, &found);
            let element = list.and_then(|ty| ty.element().cloned()).unwrap_or(Type::Error);
            found.push((self.word(open + 1).to_owned(), element));
        }
        found
    }

    /// The type of the expression that ends right before token `at`.
    pub fn type_before(&self, at: usize, variables: &[(String, Type)]) -> Option<Type> {
        self.chain_before(at).and_then(|chain| self.type_of_chain(&chain, variables)).or_else(|| {
            let end = self.tokens.get(at.checked_sub(1)?)?.span.end;
            let ends = |loc: &crate::hir::Loc| loc.file == self.cursor.file && loc.span.end == end;
            let known = self.cursor.analysis.symbols.types.iter().filter(|(loc, _)| ends(loc));
            known.max_by_key(|(loc, _)| loc.span.len()).map(|(_, ty)| ty.clone())
        })
    }

    /// The words of `a.b(…).c` that ends right before token `at`.
    fn chain_before(&self, at: usize) -> Option<Vec<&'a str>> {
        let mut words = Vec::new();
        let mut end = at.checked_sub(1)?;
        loop {
            if self.kind(end) == Some(TokenKind::RParen) {
                end = self.opener(end)?.checked_sub(1)?;
            }
            if !self.is_name(end) {
                return None;
            }
            words.push(self.word(end));
            match end.checked_sub(1).and_then(|dot| self.kind(dot)) {
                Some(TokenKind::Dot) => end = end.checked_sub(2)?,
                _ => break,
            }
        }
        words.reverse();
        Some(words)
    }

    fn type_of_chain(&self, chain: &[&str], variables: &[(String, Type)]) -> Option<Type> {
        let (first, rest) = chain.split_first()?;
        if let Some((_, ty)) = variables.iter().rev().find(|(name, _)| name == first) {
            return self.through(ty.clone(), rest);
        }
        let field = |fields: &[&Field], name: &str| fields.iter().find(|f| f.name == name).map(|f| f.ty.clone());
        if let Some(ty) = root(first) {
            return self.through(ty, rest);
        }
        if let Some((name, rest)) = rest.split_first() {
            let fields: Option<Vec<&Field>> = match *first {
                "args" => Some(self.arguments()),
                "prior" => Some(self.prior()?.params.iter().collect()),
                "agent" | "user" | "context" => Some(self.attributes(first).iter().map(|a| &a.field).collect()),
                _ => None,
            };
            if let Some(fields) = fields {
                let ty = field(&fields, name).or_else(|| host_member(first, name))?;
                return self.through(ty, rest);
            }
            if let Some(ty) = host_member(first, name).or_else(|| self.value(&format!("{first}.{name}"))) {
                return self.through(ty, rest);
            }
        }
        self.through(self.value(first)?, rest)
    }

    /// The type of a constant or of live data.
    fn value(&self, name: &str) -> Option<Type> {
        let package = &self.cursor.analysis.package;
        let is = |decl: &Decl| self.written(decl).as_deref() == Some(name);
        let constant = package.lets.iter().find(|l| is(&l.decl)).map(|l| l.ty.clone());
        constant.or_else(|| package.lives.iter().find(|l| is(&l.decl)).map(|l| l.ty.clone()))
    }

    /// The type after these members.
    fn through(&self, mut ty: Type, members: &[&str]) -> Option<Type> {
        for member in members {
            ty = match &ty {
                Type::Record(id) => {
                    let record = self.cursor.analysis.package.schema.record(*id)?;
                    record.fields.iter().find(|f| f.name == *member)?.ty.clone()
                }
                _ => {
                    let row = members_of(&ty).find(|row| row.surface() == *member)?;
                    row.result_for(&[&ty])?
                }
            };
        }
        Some(ty)
    }
}

/// Every tool that some arm of a scope can cover.
pub(super) fn covered(package: &crate::hir::Package, scope: ScopeId) -> Vec<ToolId> {
    let arms = package.scopes.get(scope.index()).into_iter().flat_map(|scope| &scope.arms);
    let mut tools: Vec<ToolId> = arms.flat_map(|arm| arm.target.tools.iter().copied()).collect();
    tools.sort();
    tools.dedup();
    tools
}

fn root(name: &str) -> Option<Type> {
    match name {
        "now" => Some(Type::Time),
        "tenant" => Some(Type::Str),
        "env" => Some(Type::Word(claw_runtime::Vocab::Environment)),
        "tier" => Some(Type::Word(claw_runtime::Vocab::Tier)),
        _ => None,
    }
}

/// Members of the roots that the host defines.
pub(super) fn host_member(root: &str, name: &str) -> Option<Type> {
    match (root, name) {
        ("agent", "id" | "owner") | ("user" | "session", "id") | ("tool", "name" | "server") => Some(Type::Str),
        ("agent", "chain") => Some(Type::list(Type::Agent)),
        ("agent", "depth") => Some(Type::Int),
        ("agent" | "user", "roles") => Some(Type::set(Type::Word(claw_runtime::Vocab::Role))),
        ("session", "labels") => Some(Type::set(Type::Word(claw_runtime::Vocab::Label))),
        _ => None,
    }
}

/// Some words are reserved only before what they take. At the end of half-typed code that is still to come.
fn word_at_end(tokens: &mut [Token], text: &str) {
    use TokenKind::*;
    let inside = tokens.first().is_some_and(|head| matches!(head.kind, KwTest | KwApproval | KwLimit));
    let [.., before, last] = tokens else { return };
    if !inside || last.kind != Ident || before.kind == Dot {
        return;
    }
    let words = [KwCall, KwOf, KwWith, KwExpect, KwAs, KwBy, KwEach, KwPer, KwBeyond, KwBecause, KwMarks, KwTier];
    if let Some(kind) = words.into_iter().find(|kind| kind.fixed_text() == Some(last.span.text(text))) {
        last.kind = kind;
    }
}

/// The first word of the declaration that the last token belongs to.
fn head(tokens: &[Token], text: &str) -> Option<usize> {
    let kind = |at: usize| tokens.get(at).map(|token| token.kind);
    let mut depth = 0_usize;
    for at in (0..tokens.len()).rev() {
        let token = tokens.get(at)?;
        if token.kind.is_closer() {
            depth += 1;
        } else if token.kind.is_opener() {
            depth = depth.saturating_sub(1);
        }
        if !token.kind.starts_declaration() {
            continue;
        }
        let starts_line = token.span.start == 0 || text.as_bytes().get(token.span.start as usize - 1) == Some(&b'\n');
        if starts_line || depth == 0 && begins(at.checked_sub(1).and_then(kind), kind(at + 1)) {
            return Some(at);
        }
    }
    None
}

/// Whether a word such as `user` between these two begins a declaration, and is not a root, a limit's key or the like.
fn begins(before: Option<TokenKind>, after: Option<TokenKind>) -> bool {
    use TokenKind::*;
    let after_fits = after.is_none_or(|kind| kind == LBrace || kind.is_name() || kind.is_string() || kind.is_keyword());
    let before_fits = before.is_none_or(|kind| {
        kind.is_closer()
            || kind.is_name()
            || kind.is_string()
            || kind.is_number()
            || matches!(kind, Gt | KwTrue | KwFalse)
    });
    after_fits && before_fits
}
