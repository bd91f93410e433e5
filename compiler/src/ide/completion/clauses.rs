//! Inside a declaration: its clauses in their order, and what each takes.

use claw_syntax::TokenKind::{self, *};

use super::names::Words;
use super::{CompletionKind, Offers};

impl Offers<'_> {
    pub(super) fn clauses(&mut self) {
        let Some(head) = self.place.head() else { return };
        if self.place.tokens.len() == 1 && !matches!(head, KwClassify | KwMatrix | KwGrant | KwUse) {
            return; // The declaration's own name is new.
        }
        match head {
            KwRule => self.body(&["on", "when", "unless", "deny", "require", "constrain", "mark", "suggest"]),
            KwScope => self.body(&["on"]),
            KwClassify => self.classify(),
            KwMatrix => self.matrix(),
            KwGrant => self.grant(),
            KwApproval => self.approval(),
            KwLimit => self.limit(),
            KwInvariant => self.body(&["on", "when", "unless", "never", "always"]),
            KwWindow => self.body(&["days", "hours", "zone", "except"]),
            KwLifecycle => self.lifecycle(),
            KwTest => self.test(),
            KwTool | KwResource | KwPrompt => self.tool(),
            KwUse => self.using(),
            KwRoles if self.governor() == Some(KwIncludes) => self.words(Words::Roles, 0),
            KwRoles => self.keywords(0, &["includes"]),
            KwPredicate | KwLet | KwExtern | KwLive | KwRecord | KwAgent | KwUser | KwContext | KwConstraints => {
                self.typed(head);
            }
            _ => {}
        }
    }

    /// The clause word that the cursor's place belongs to. `in` counts where it names environments.
    fn governor_at(&self) -> Option<usize> {
        let in_test = self.place.head() == Some(KwTest);
        let mut environments = None;
        for at in self.place.back() {
            match self.place.kind(at)? {
                KwIn if in_test => return Some(at),
                KwIn => environments = environments.or(Some(at)),
                KwOn | KwTo => return environments.or(Some(at)),
                kind if is_clause(kind) && (at > 0) && !self.is_inner(at) => return Some(at),
                _ => {}
            }
        }
        None
    }

    /// Words that are clauses in one place and names in another.
    fn is_inner(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.place.kind(at));
        match self.place.kind(at) {
            Some(KwAs | KwWith | KwAt) => self.place.head() != Some(KwTest),
            Some(KwTier) => self.place.head() != Some(KwTest),
            _ => before == Some(Dot),
        }
    }

    fn governor(&self) -> Option<TokenKind> {
        self.governor_at().and_then(|at| self.place.kind(at))
    }

    /// Whether a list of names wants another one here.
    fn wants_name(&self) -> bool {
        let last = self.place.tokens.len().saturating_sub(1);
        self.governor_at() == Some(last) || matches!(self.place.last(), Some(Comma | Plus | LParen))
    }

    fn wants_operand(&self) -> bool {
        self.governor_at() == Some(self.place.tokens.len().saturating_sub(1))
            || self.place.last().is_some_and(opens_operand)
    }

    fn body(&mut self, clauses: &[&str]) {
        if !self.operands() {
            self.keywords(20, clauses);
        }
    }

    /// What the clause at the cursor takes; true where nothing else can stand.
    fn operands(&mut self) -> bool {
        let Some(governor) = self.governor() else { return false };
        let wants = self.wants_name();
        match governor {
            KwWhen | KwUnless | KwWhere | KwSum | KwMax => return self.expression(),
            KwOn if self
                .place
                .open
                .last()
                .is_some_and(|open| self.place.kind(open.wrapping_sub(1)) == Some(KwTagged)) =>
            {
                self.words(Words::Tags, 0);
            }
            KwOn if wants => self.targets(),
            KwOn => {
                self.keywords(0, &["in"]);
                match self.place.head() {
                    Some(KwScope) => self.keywords(1, &["where"]),
                    Some(KwClassify) => self.keywords(1, &["when", "unless"]),
                    Some(KwLimit) => self.keywords(1, &["when", "unless", "sum"]),
                    _ => {}
                }
                return false;
            }
            KwIn if wants => self.words(Words::Environments, 0),
            KwRequire if wants => self.approvals(0),
            KwMark | KwMarks if wants => self.words(Words::Labels, 0),
            KwConstrain if wants => self.constraints(),
            KwTo if wants => {
                self.words(Words::Roles, 0);
                self.keywords(90, &["any"]);
            }
            KwFor | KwOf | KwIncludes if wants => self.words(Words::Roles, 0),
            KwIs if wants => self.words(Words::Tags, 0),
            KwNever if wants => self.keywords(0, &["allow", "deny"]),
            KwAlways if wants => self.keywords(0, &["deny", "require"]),
            KwEach if wants => self.keywords(0, &["agent", "user", "tenant", "session", "tool"]),
            KwBeyond if wants => self.keywords(0, &["require", "deny"]),
            KwBecause if wants => self.clause_names(),
            KwTier if wants => self.words(Words::Tiers, 0),
            KwDeny | KwSuggest if wants => {
                self.snippet(CompletionKind::Snippet, 0, "\"…\"", "the message", "\"$1\"$0");
            }
            _ => return false,
        }
        true
    }

    /// An operand, or what can go on after one; true where no clause can follow.
    fn expression(&mut self) -> bool {
        if self.wants_operand() {
            self.operand();
            return true;
        }
        self.keywords(0, &["and", "or", "in", "not in", "under", "like", "matches", "else"]);
        let last = self.place.tokens.len().saturating_sub(1);
        let prior = self.place.last() == Some(RParen)
            && self
                .place
                .opener(last)
                .is_some_and(|open| (0..open).rev().take(6).any(|at| self.place.kind(at) == Some(KwPrior)));
        if prior {
            self.keywords(0, &["within"]);
        }
        self.place.open.iter().any(|open| self.place.kind(*open) != Some(LBrace))
    }

    fn classify(&mut self) {
        if self.place.open.is_empty() {
            return;
        }
        if !self.operands() && self.last_is_not_a_tier() {
            self.words(Words::Tiers, 40);
        } else if self.found.is_empty() {
            self.keywords(0, &["on"]);
        }
    }

    /// Behind `low` comes `on`, not another tier.
    fn last_is_not_a_tier(&self) -> bool {
        let last = self.place.tokens.len().saturating_sub(1);
        let tiers = &self.place.cursor.analysis.package.tiers;
        let before = last.checked_sub(1).and_then(|at| self.place.kind(at));
        before == Some(Ge) || !tiers.iter().any(|t| t.decl.name == self.place.word(last))
    }

    fn matrix(&mut self) {
        let Some(open) = self.place.open.first().copied() else { return };
        let text = self.place.cursor.text;
        let line = text.get(..self.replace.start as usize).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1);
        let brace = self.place.tokens.get(open).map_or(0, |token| token.span.end as usize);
        let start = line.max(brace) as u32;
        let first = (open + 1..self.place.tokens.len())
            .find(|at| self.place.tokens.get(*at).is_some_and(|token| token.span.start >= start));
        match (first, self.place.last()) {
            (None, _) => {
                if self.place.tokens.len() == open + 1 {
                    self.keywords(0, &["tier"]);
                }
                self.words(Words::Tiers, 10);
            }
            (Some(first), Some(Pipe | Comma)) if self.place.word(first) == "tier" => self.words(Words::Environments, 0),
            (Some(_), Some(Pipe)) => {
                self.keywords(0, &["allow", "deny"]);
                self.approvals(10);
            }
            (Some(_), Some(Plus)) => self.approvals(0),
            _ => {}
        }
    }

    fn grant(&mut self) {
        match self.governor() {
            None if matches!(self.place.last(), Some(KwGrant | Comma)) => self.targets(),
            None => self.keywords(0, &["to"]),
            Some(_) if self.operands() => {}
            Some(KwTo) => self.keywords(0, &["in", "for"]),
            Some(_) => self.keywords(0, &["for"]),
        }
    }

    fn lifecycle(&mut self) {
        let last = self.place.tokens.len().saturating_sub(1);
        match (self.place.last(), self.place.word(last)) {
            _ if self.place.open.is_empty() => {}
            (_, "promote" | "suspend" | "archive") => self.keywords(0, &["after"]),
            (Some(Int), _) => self.keywords(0, &["agreements", "disagreements"]),
            (Some(Duration), _) => self.keywords(0, &["unused"]),
            (_, "agreements") => self.keywords(20, &["and", "suspend", "archive"]),
            (_, "after" | "and") => {}
            _ => self.keywords(20, &["promote", "suspend", "archive"]),
        }
    }

    fn approval(&mut self) {
        if self.place.open.is_empty() || self.operands() {
            return;
        }
        match self.place.last() {
            Some(KwBy) => {
                self.snippet(CompletionKind::Snippet, 0, "1 of", "so many people of a role", "${1:1} of ${2:role}$0");
                self.keywords(1, &["user"]);
            }
            last if last == Some(Comma) || self.place.word(self.place.tokens.len() - 1) == "of" => {
                self.words(Words::Roles, 0);
            }
            Some(Int) if self.governor() == Some(KwBy) => self.keywords(0, &["of"]),
            Some(KwNote) => self.keywords(0, &["required"]),
            Some(KwExpires | KwReuse) => {
                for (duration, order) in ["5m", "15m", "30m", "1h", "8h"].into_iter().zip(0..) {
                    self.push(CompletionKind::Constant, order, duration, "", "");
                }
            }
            _ => self.keywords(20, &["by", "expires", "reuse", "note"]),
        }
    }

    fn limit(&mut self) {
        if self.place.open.is_empty() {
            return;
        }
        match (self.governor(), self.place.last()) {
            (Some(KwMax), Some(last)) if last.is_number() => self.keywords(0, &["per"]),
            (Some(KwPer), Some(KwPer)) => {
                for (duration, order) in ["1m", "1h", "24h", "7d"].into_iter().zip(0..) {
                    self.push(CompletionKind::Constant, order, duration, "", "");
                }
            }
            _ => self.body(&["on", "max", "each", "beyond"]),
        }
    }

    fn tool(&mut self) {
        if self.place.open.last().is_some() {
            if self.place.last() == Some(Colon) || self.place.last() == Some(Lt) {
                self.types();
            }
        } else if !self.operands() && self.place.tokens.iter().any(|token| token.kind == RParen) {
            self.keywords(0, &["as", "on server", "is", "pinned"]);
        }
    }

    fn using(&mut self) {
        match self.place.last() {
            Some(KwUse) => self.module_names(),
            Some(KwAs | KwWith) => {}
            _ => self.keywords(0, &["as", "with grants"]),
        }
    }

    /// Declarations with types: `name: T`, and behind `=` an expression.
    fn typed(&mut self, head: TokenKind) {
        let assigned = self.place.back().find(|at| self.place.kind(*at) == Some(Assign));
        match (head, self.place.last()) {
            (KwConstraints, Some(Assign)) => self.keywords(0, &["min", "max", "intersect", "union"]),
            (KwPredicate | KwLet, Some(last)) if assigned.is_some() => {
                if last == Assign || opens_operand(last) {
                    self.operand();
                } else {
                    self.keywords(0, &["and", "or", "in", "not in", "under", "like", "matches", "else"]);
                }
            }
            (_, Some(Colon | Lt | Arrow)) => self.types(),
            (KwLet, Some(last)) if last.is_name() || last == Gt => self.keywords(0, &["from"]),
            (KwExtern, Some(LBrace)) => self.keywords(0, &["timeout"]),
            _ => {}
        }
    }

    fn test(&mut self) {
        if self.place.open.is_empty() {
            return;
        }
        if self.place.open.len() > 1 {
            return self.test_value();
        }
        match self.place.last() {
            Some(KwCall) => self.tools(0),
            Some(KwAs) => self.keywords(0, &["agent", "user"]),
            Some(KwWith) => {
                self.keywords(0, &["context", "labels", "approvals", "origins", "resolved", "live", "extern"]);
            }
            Some(KwExpect) => self.keywords(0, &["allow", "deny", "require"]),
            Some(KwReason) => {}
            _ if self.operands() => {}
            _ => {
                let expected = self.place.back().find_map(|at| match self.place.kind(at) {
                    Some(KwExpect) => Some(true),
                    Some(KwCall) => Some(false),
                    _ => None,
                });
                match expected {
                    Some(true) => self.keywords(0, &["tier", "because", "marks", "reason"]),
                    Some(false) => self.keywords(0, &["expect", "fails"]),
                    None => {}
                }
                self.keywords(20, &["as", "in", "at", "with", "call"]);
            }
        }
    }

    /// Inside the braces of a step: arguments of the call, or words of the list.
    fn test_value(&mut self) {
        let Some(open) = self.place.open.get(1).copied() else { return };
        let inner = self.place.open.last().copied().unwrap_or(open);
        let step = (0..open).rev().find(|at| matches!(self.place.kind(*at), Some(KwCall | KwAs | KwWith)));
        let Some(step) = step else { return };
        let key_expected = inner == open && matches!(self.place.last(), Some(LBrace | Comma));
        match (self.place.kind(step), self.place.word(step + 1)) {
            (Some(KwCall), _) if key_expected => self.call_arguments(open),
            (Some(KwCall), _) => self.call_value(open),
            (Some(KwAs), root) if key_expected => {
                for attr in self.place.attributes(root) {
                    self.argument(&attr.field, 1);
                }
                self.snippet(CompletionKind::Field, 0, "roles", "roles", "roles: [$1]$0");
            }
            (Some(KwAs), _) if inner > open && self.place.kind(inner) == Some(LBracket) => self.words(Words::Roles, 0),
            (Some(KwWith), "labels") => self.words(Words::Labels, 0),
            (Some(KwWith), "approvals") => self.approvals(0),
            (Some(KwWith), "origins") if inner > open => self.words(Words::Origins, 0),
            (Some(KwWith), "context") if key_expected => {
                for attr in self.place.attributes("context") {
                    self.argument(&attr.field, 0);
                }
            }
            _ => {}
        }
    }

    fn argument(&mut self, field: &claw_runtime::Field, order: u32) {
        let ty = field.ty.display(&self.place.cursor.analysis.package.schema);
        let detail = if field.optional { format!("{ty}?") } else { ty };
        self.snippet(CompletionKind::Field, order, &field.name, &detail, &format!("{}: $0", field.name));
        if let Some(last) = self.found.last_mut() {
            field.doc.clone_into(&mut last.doc);
        }
    }

    /// Parameters that the call in `call tool {…` has no argument for yet.
    fn call_arguments(&mut self, open: usize) {
        let Some(tool) = self.place.tool(&self.place.path_before(open)) else { return };
        let given: Vec<&str> = (open..self.place.tokens.len())
            .filter(|at| self.place.kind(at + 1) == Some(Colon))
            .map(|at| self.place.word(at))
            .collect();
        for param in tool.params.iter().filter(|param| !given.contains(&param.name.as_str())) {
            let order = u32::from(param.optional || param.default.is_some());
            self.argument(param, order);
        }
    }

    /// The values of a parameter that is an enum or a truth.
    fn call_value(&mut self, open: usize) {
        let Some(tool) = self.place.tool(&self.place.path_before(open)) else { return };
        if self.place.last() != Some(Colon) {
            return;
        }
        let name = self.place.word(self.place.tokens.len().saturating_sub(2));
        let Some(param) = tool.params.iter().find(|param| param.name == name) else { return };
        match &param.ty {
            claw_runtime::Type::Bool => self.keywords(0, &["true", "false"]),
            claw_runtime::Type::Enum(id) => {
                let choice = self.place.cursor.analysis.package.schema.enumeration(*id);
                for (variant, order) in choice.into_iter().flat_map(|choice| &choice.variants).zip(0..) {
                    self.push(CompletionKind::Word, order, variant, "", "");
                }
            }
            _ => {}
        }
    }
}

fn is_clause(kind: TokenKind) -> bool {
    matches!(
        kind,
        KwWhen
            | KwUnless
            | KwWhere
            | KwSum
            | KwDeny
            | KwRequire
            | KwConstrain
            | KwMark
            | KwSuggest
            | KwFor
            | KwBy
            | KwOf
            | KwExpires
            | KwReuse
            | KwNote
            | KwMax
            | KwPer
            | KwEach
            | KwBeyond
            | KwIs
            | KwIncludes
            | KwWith
            | KwCall
            | KwAs
            | KwAt
            | KwExpect
            | KwTier
            | KwBecause
            | KwMarks
            | KwReason
            | KwNever
            | KwAlways
    )
}

/// Whether an operand comes behind it.
fn opens_operand(kind: TokenKind) -> bool {
    kind.is_opener() && kind != LBrace
        || matches!(
            kind,
            KwAnd
                | KwOr
                | KwNot
                | KwIn
                | KwUnder
                | KwElse
                | EqEq
                | NotEq
                | Lt
                | Le
                | Gt
                | Ge
                | Plus
                | Minus
                | Star
                | Comma
                | Colon
        )
}
