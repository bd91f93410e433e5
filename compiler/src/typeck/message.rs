//! Messages: text with interpolated expressions.

use claw_runtime::Type;
use claw_syntax::ast;

use super::Exprs;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Message, MessagePart};

impl Exprs<'_, '_> {
    pub fn message(&mut self, message: &ast::Message) -> Message {
        let mut parts = Vec::new();
        for segment in &message.segments {
            match segment {
                ast::Segment::Text(text) => parts.push(MessagePart::Text(text.clone())),
                ast::Segment::Expr(e) => {
                    let expr = self.infer(e, None);
                    if self.holds_secret(&expr.ty) {
                        let loc = self.loc(e.span);
                        let text = self.cx.text(loc).to_owned();
                        let error = Diagnostic::new(
                            codes::E0213,
                            loc,
                            format!("`{text}` is secret and can't be part of a message"),
                        )
                        .help("messages reach a model and an approver");
                        self.cx.report(error);
                    }
                    let text = self.cx.text(self.loc(e.span)).to_owned();
                    parts.push(MessagePart::Expr(expr, text));
                }
            }
        }
        Message { parts }
    }

    fn holds_secret(&self, ty: &Type) -> bool {
        match ty {
            Type::Secret => true,
            Type::List(inner) | Type::Set(inner) => self.holds_secret(inner),
            Type::Record(id) => {
                let record = self.cx.package.schema.record(*id);
                record.is_some_and(|r| r.fields.iter().any(|f| self.holds_secret(&f.ty)))
            }
            _ => false,
        }
    }
}
