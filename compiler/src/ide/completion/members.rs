//! After a dot, after `@`, and in `use`.

use claw_runtime::{Form, Type, members_of};
use claw_syntax::{Span, Token, TokenKind};

use super::{CompletionKind, Offers};
use crate::ide::place::host_member;
use crate::resolve::standard_modules;
use crate::workspace::parent;

impl Offers<'_> {
    /// What can stand after the dot before the cursor.
    pub(super) fn members(&mut self) {
        let dot = self.place.tokens.len().saturating_sub(1);
        if self.place.head() == Some(TokenKind::KwUse) {
            return self.module_names();
        }
        let root = if dot >= 1 && self.place.kind(dot.wrapping_sub(2)) != Some(TokenKind::Dot) {
            self.place.word(dot - 1)
        } else {
            ""
        };
        let variables = self.place.variables();
        if !variables.iter().any(|(name, _)| name == root) && self.root_members(root) {
            return;
        }
        match self.place.type_before(dot, &variables) {
            Some(Type::Error) | None => self.named(&format!("{}.", self.place.path_before(dot))),
            Some(ty) => self.members_of_type(&ty),
        }
    }

    fn field(&mut self, order: u32, field: &claw_runtime::Field) {
        let schema = &self.place.cursor.analysis.package.schema;
        let optional = if field.optional { "?" } else { "" };
        let detail = format!("{}{optional}", field.ty.display(schema));
        self.push(CompletionKind::Field, order, &field.name, &detail, &field.doc);
    }

    /// Members of a root; whether it is one.
    fn root_members(&mut self, root: &str) -> bool {
        match root {
            "args" => {
                for (field, order) in self.place.arguments().into_iter().zip(0..) {
                    self.field(order, field);
                }
            }
            "prior" => {
                for (field, order) in self.place.prior().into_iter().flat_map(|tool| &tool.params).zip(0..) {
                    self.field(order, field);
                }
            }
            "agent" | "user" | "context" | "session" | "tool" => {
                for (attr, order) in self.place.attributes(root).iter().zip(0..) {
                    self.field(order, &attr.field);
                }
                let schema = &self.place.cursor.analysis.package.schema;
                for name in ["id", "roles", "labels", "name", "server", "owner", "chain", "depth"] {
                    if let Some(ty) = host_member(root, name) {
                        self.push(CompletionKind::Field, 50, name, &ty.display(schema), "");
                    }
                }
            }
            _ => return false,
        }
        true
    }

    fn members_of_type(&mut self, ty: &Type) {
        let schema = &self.place.cursor.analysis.package.schema;
        if let Type::Record(id) = ty {
            for (field, order) in schema.record(*id).into_iter().flat_map(|record| &record.fields).zip(0..) {
                self.field(order, field);
            }
        }
        for row in members_of(ty) {
            let name = row.surface();
            match row.form {
                Form::Method => {
                    let insert = if row.params.len() > 1 { format!("{name}($1)$0") } else { format!("{name}()$0") };
                    self.snippet(CompletionKind::Function, 20, name, &row.signature(), &insert);
                    if let Some(last) = self.found.last_mut() {
                        row.doc.clone_into(&mut last.doc);
                    }
                }
                _ => self.push(CompletionKind::Member, 10, name, &row.signature(), row.doc),
            }
        }
    }

    /// Declarations whose written name begins so; what follows is offered.
    fn named(&mut self, prefix: &str) {
        let mut found: Vec<(String, String)> = Vec::new();
        self.place.cursor.analysis.package.for_each_decl(|decl| {
            let name = self.place.written(decl).unwrap_or_default();
            if let Some(rest) = name.strip_prefix(prefix).filter(|rest| is_path(rest)) {
                found.push((rest.to_owned(), decl.doc.clone()));
            }
        });
        for (name, doc) in found {
            self.push(CompletionKind::Constant, 10, &name, "", &doc);
        }
    }

    /// What goes on a module's name in `use std.…`.
    pub(super) fn module_names(&mut self) {
        let written = self.place.path_before(self.place.tokens.len().saturating_sub(1));
        let prefix = if written.is_empty() { String::new() } else { format!("{written}.") };
        for name in standard_modules() {
            if let Some(rest) = name.strip_prefix(&prefix) {
                self.push(CompletionKind::Module, 0, rest, "standard module", "");
            }
        }
    }

    /// Files of the workspace as far as the analysis knows them, relative to this one.
    pub(super) fn files(&mut self, string: Token) {
        let start = string.span.start + 1;
        let end = if string.kind == TokenKind::UnterminatedStr { string.span.end } else { string.span.end - 1 };
        self.replace = Span::new(start, end.max(start));
        let sources = &self.place.cursor.analysis.sources;
        let own = sources.get(self.place.cursor.file).path.clone();
        let folder = parent(&own);
        let folder = if folder.is_empty() { String::new() } else { format!("{}/", folder.trim_end_matches('/')) };
        for source in sources.files.iter().filter(|f| f.path.ends_with(".claw") && f.path != own) {
            if let Some(rest) = source.path.strip_prefix(&folder) {
                self.push(CompletionKind::File, 0, &format!("./{rest}"), "", "");
            }
        }
    }

    pub(super) fn attribute_names(&mut self) {
        let about = [
            ("owner", "who looks after it"),
            ("control", "the control it implements"),
            ("see", "where to read on"),
            ("allow", "silences a warning here"),
            ("status", "whether it counts"),
        ];
        for ((name, detail), order) in about.into_iter().zip(0..) {
            let insert = match name {
                "status" => "status(${1:candidate})$0".to_owned(),
                "allow" => "allow(${1:W0203}, \"${2:reason}\")$0".to_owned(),
                _ => format!("{name}(\"$1\")$0"),
            };
            self.snippet(CompletionKind::Keyword, order, name, detail, &insert);
        }
    }

    /// Whether the cursor stands in `@name(…)`; then with what fits.
    pub(super) fn attribute_argument(&mut self) -> bool {
        let Some(open) = self.place.open.last().copied().filter(|open| *open >= 2) else { return false };
        if self.place.kind(open - 2) != Some(TokenKind::At) {
            return false;
        }
        if self.place.word(open - 1) == "status" {
            let words = [
                ("hint", "reported, decides nothing"),
                ("candidate", "reported, decides nothing"),
                ("confirmed", "counts"),
                ("suspended", "not evaluated"),
                ("archived", "not evaluated"),
            ];
            for ((word, detail), order) in words.into_iter().zip(0..) {
                self.push(CompletionKind::Word, order, word, detail, "");
            }
        }
        if self.place.word(open - 1) == "allow" {
            let here = self.place.cursor.analysis.diagnostics.iter().filter(|d| !d.is_error());
            let codes: Vec<String> = here.map(|d| d.code.to_string()).collect();
            for code in codes {
                self.push(CompletionKind::Word, 0, &code, "", "");
            }
        }
        true
    }
}

fn is_path(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.')
}
