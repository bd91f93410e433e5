//! The second pass: what declarations promise to others. Types of fields, parameters and constants, who includes
//! whom, which tags a tool has. What stands in bodies is for `typeck`.

use std::collections::BTreeMap;

use claw_runtime::{Field, RecordId, Type};
use claw_syntax::ast::{self, AttrsRoot, ItemKind};

use super::{Cx, Vocabulary, docs};
use crate::analysis::Symbol;
use crate::diagnostics::{Diagnostic, codes};
use crate::hir::{Attr, AttrRoot, ConstraintId, Loc, Merge, ModuleId, RoleId, TagId, ToolId, ToolKind};
use crate::suggest;

impl Cx<'_> {
    pub(super) fn signatures(&mut self) {
        let trees = self.trees();
        // Enums and records first: everything else may be typed with them.
        for (module, parse) in &trees {
            for (at, item) in parse.file.items.iter().enumerate() {
                self.type_declaration(*module, at, item);
            }
        }
        self.check_record_circles();
        for (module, parse) in &trees {
            for (at, item) in parse.file.items.iter().enumerate() {
                self.signature(*module, at, item);
            }
        }
        self.close_roles();
        self.check_wire_names();
    }

    fn symbol(&self, module: ModuleId, at: usize) -> Option<Symbol> {
        self.spaces[module.index()].items.get(at).copied().flatten()
    }

    fn type_declaration(&mut self, module: ModuleId, at: usize, item: &ast::Item) {
        match (&item.kind, self.symbol(module, at)) {
            (ItemKind::Enum(decl), Some(Symbol::Enum(id))) => {
                let mut variants: Vec<String> = Vec::new();
                let mut places: Vec<Loc> = Vec::new();
                for variant in decl.variants.iter().filter(|v| !v.name.is_hole()) {
                    let loc = self.loc(module, variant.name.span);
                    if let Some(first) = variants.iter().position(|v| *v == variant.name.name) {
                        self.report_repeated(&variant.name.name, loc, places[first]);
                        continue;
                    }
                    self.declare_at(loc, Symbol::Variant(id, variants.len() as u32));
                    variants.push(variant.name.name.clone());
                    places.push(loc);
                }
                self.package.schema.enums[id.0 as usize].variants = variants;
            }
            (ItemKind::Record(decl), Some(Symbol::Record(id))) => {
                let (fields, locs) = self.fields(module, &decl.fields);
                for (index, loc) in locs.iter().enumerate() {
                    self.declare_at(*loc, Symbol::Field(id, index as u32));
                }
                self.package.schema.records[id.0 as usize].fields = fields;
            }
            _ => {}
        }
    }

    fn fields(&mut self, module: ModuleId, fields: &[ast::Field]) -> (Vec<Field>, Vec<Loc>) {
        let mut out: Vec<Field> = Vec::new();
        let mut places: Vec<Loc> = Vec::new();
        for field in fields {
            let ty = self.type_expr(module, &field.ty);
            if field.name.is_hole() {
                continue;
            }
            let loc = self.loc(module, field.name.span);
            if let Some(first) = out.iter().position(|f| f.name == field.name.name) {
                self.report_repeated(&field.name.name, loc, places[first]);
                continue;
            }
            let (name, optional, doc) = (field.name.name.clone(), field.optional, docs(&field.docs));
            out.push(Field { name, ty, optional, default: None, doc });
            places.push(loc);
        }
        (out, places)
    }

    fn report_repeated(&mut self, name: &str, loc: Loc, first: Loc) {
        let error = Diagnostic::new(codes::E0102, loc, format!("`{name}` is declared twice"))
            .here("again here")
            .label(first, "first here");
        self.report(error);
    }

    fn signature(&mut self, module: ModuleId, at: usize, item: &ast::Item) {
        let symbol = self.symbol(module, at);
        match (&item.kind, symbol) {
            (ItemKind::Roles(roles), _) => roles.iter().for_each(|role| self.role_includes(module, role)),
            (ItemKind::Attrs(attrs), _) => self.attribute_block(module, attrs),
            (ItemKind::Constraints(list), _) => list.iter().for_each(|c| self.constraint(module, c)),
            (ItemKind::Tool(tool), Some(Symbol::Tool(id))) => self.tool(module, tool, id),
            (ItemKind::Let(decl), Some(Symbol::Let(id))) => {
                let ty = self.type_expr(module, &decl.ty);
                self.package.lets[id.index()].ty = ty;
            }
            (ItemKind::Live(decl), Some(Symbol::Live(id))) => {
                let ty = self.type_expr(module, &decl.ty);
                self.package.lives[id.index()].ty = ty;
            }
            (ItemKind::Predicate(decl), Some(Symbol::Predicate(id))) => {
                let params = self.plain_params(module, &decl.params, "a predicate", Self::parameter_type);
                self.package.predicates[id.index()].params = params;
            }
            (ItemKind::Extern(decl), Some(Symbol::Extern(id))) => {
                let params = self.plain_params(module, &decl.params, "an extern function", Self::type_expr);
                let result = self.type_expr(module, &decl.ret);
                let timeout = self.extern_timeout(module, item, decl);
                let entry = &mut self.package.externs[id.index()];
                (entry.params, entry.result, entry.timeout) = (params, result, timeout);
            }
            _ => {}
        }
    }

    fn extern_timeout(&mut self, module: ModuleId, item: &ast::Item, decl: &ast::ExternDecl) -> claw_runtime::Duration {
        let zero = claw_runtime::Duration::from_millis(0);
        let Some(lit) = &decl.timeout else {
            let loc = self.loc(module, decl.name.span);
            let end = self.loc(module, claw_syntax::Span::at(item.span.end));
            let message = format!("the extern function `{}` has no timeout", decl.name.name);
            let error = Diagnostic::new(codes::E0413, loc, message)
                .help("say how long the host may take: `{ timeout 200ms }`")
                .fix("add a timeout", end, " { timeout 200ms }");
            self.report(error);
            return zero;
        };
        if lit.is_hole() {
            return zero;
        }
        match ast::duration_millis(&lit.text) {
            Some(millis) if millis > 0 => claw_runtime::Duration::from_millis(millis),
            _ => {
                let loc = self.loc(module, lit.span);
                self.report(Diagnostic::new(codes::E0215, loc, format!("`{}` is no usable timeout", lit.text)));
                zero
            }
        }
    }

    /// Parameters of predicates and externs: neither optional nor with a default.
    fn plain_params(
        &mut self,
        module: ModuleId,
        params: &[ast::Param],
        of: &str,
        typed: fn(&mut Self, ModuleId, &ast::TypeExpr) -> Type,
    ) -> Vec<(String, Type)> {
        let mut out: Vec<(String, Type)> = Vec::new();
        for param in params {
            let ty = typed(self, module, &param.ty);
            let loc = self.loc(module, param.span);
            if param.optional || param.default.is_some() {
                let what = if param.optional { "can't be optional" } else { "can't have a default" };
                self.report(Diagnostic::new(codes::E0426, loc, format!("a parameter of {of} {what}")));
            }
            let at = self.loc(module, param.name.span);
            if !param.name.is_hole() && out.iter().any(|(name, _)| *name == param.name.name) {
                let first =
                    params.iter().find(|p| p.name.name == param.name.name).map_or(param.name.span, |p| p.name.span);
                self.report_repeated(&param.name.name, at, self.loc(module, first));
            }
            self.declare_at(at, Symbol::Local(at));
            out.push((param.name.name.clone(), ty));
        }
        out
    }

    fn role_includes(&mut self, module: ModuleId, role: &ast::RoleDecl) {
        let Some(id) = self.words.roles.get(&role.name.name).copied() else { return };
        for included in &role.includes {
            let Some(inner) = self.word(module, Vocabulary::Role, included) else { continue };
            let loc = self.loc(module, included.span);
            let includes = &mut self.package.roles[id as usize].includes;
            if !includes.iter().any(|(r, _)| r.0 == inner) {
                includes.push((RoleId(inner), loc));
            }
        }
    }

    fn close_roles(&mut self) {
        let count = self.package.roles.len();
        for id in 0..count as u32 {
            // Breadth first from the role; what leads back to it is a circle.
            let mut closure = vec![RoleId(id)];
            let mut next = 0;
            while let Some(role) = closure.get(next).copied() {
                next += 1;
                for at in 0..self.package.roles[role.index()].includes.len() {
                    let (inner, loc) = self.package.roles[role.index()].includes[at];
                    if inner.0 == id {
                        self.report_role_circle(RoleId(id), role, loc);
                    } else if !closure.contains(&inner) {
                        closure.push(inner);
                    }
                }
            }
            closure.sort();
            self.package.roles[id as usize].closure = closure;
        }
    }

    /// Reports a circle once: at the role of it that was declared first.
    fn report_role_circle(&mut self, role: RoleId, last: RoleId, loc: Loc) {
        let reaches = |from: RoleId, to: RoleId| {
            let mut seen = vec![from];
            let mut next = 0;
            while let Some(r) = seen.get(next).copied() {
                next += 1;
                for (inner, _) in &self.package.roles[r.index()].includes {
                    if *inner == to {
                        return true;
                    }
                    if !seen.contains(inner) {
                        seen.push(*inner);
                    }
                }
            }
            false
        };
        let earlier = (0..role.0).map(RoleId).any(|other| reaches(role, other) && reaches(other, role));
        if earlier {
            return;
        }
        let name = |id: RoleId| self.package.roles[id.index()].decl.name.clone();
        let message = if role == last {
            format!("the role `{}` includes itself", name(role))
        } else {
            format!("the roles `{}` and `{}` include each other", name(role), name(last))
        };
        let declared = self.package.roles[role.index()].decl.name_loc;
        self.report(Diagnostic::new(codes::E0401, loc, message).label(declared, "the circle begins here"));
    }

    fn attribute_block(&mut self, module: ModuleId, attrs: &ast::AttrsDecl) {
        let root = match attrs.root {
            AttrsRoot::Agent => AttrRoot::Agent,
            AttrsRoot::User => AttrRoot::User,
            AttrsRoot::Context => AttrRoot::Context,
        };
        let (fields, locs) = self.fields(module, &attrs.fields);
        for (field, loc) in fields.into_iter().zip(locs) {
            if reserved_attribute(root).contains(&field.name.as_str()) {
                let word = attrs.root.word();
                let error = Diagnostic::new(codes::E0116, loc, format!("`{word}.{}` is the host's", field.name))
                    .help("it is always there; give this attribute another name");
                self.report(error);
                continue;
            }
            self.attribute(module, root, attrs.root.word(), field, loc);
        }
    }

    /// Blocks of several modules join; one attribute has one type.
    fn attribute(&mut self, module: ModuleId, root: AttrRoot, word: &str, field: Field, loc: Loc) {
        let table = attr_table(&mut self.package, root);
        let Some(at) = table.iter().position(|a| a.field.name == field.name) else {
            let id = table.len() as u32;
            table.push(Attr { field, loc, module });
            return self.declare_at(loc, Symbol::Attr(root, id));
        };
        let first = &mut table[at];
        let (first_loc, same_module) = (first.loc, first.module == module);
        if same_module {
            return self.report_repeated(&field.name, loc, first_loc);
        }
        let name = field.name.clone();
        let agrees = first.field.ty == field.ty || first.field.ty == Type::Error || field.ty == Type::Error;
        first.field.optional &= field.optional;
        if agrees {
            return self.refer(loc, Symbol::Attr(root, at as u32));
        }
        let other = attr_table(&mut self.package, root)[at].field.ty.clone();
        let (ours, theirs) = (self.show(&field.ty), self.show(&other));
        let error =
            Diagnostic::new(codes::E0425, loc, format!("`{word}.{name}` is `{ours}` here and `{theirs}` elsewhere"))
                .label(first_loc, "declared here first")
                .help("the host sends one value for all modules: give it one type");
        self.report(error);
    }

    fn constraint(&mut self, module: ModuleId, decl: &ast::ConstraintDecl) {
        let ty = self.type_expr(module, &decl.ty);
        let loc = self.loc(module, decl.name.span);
        let Some(id) = self.words.constraints.get(&decl.name.name).copied() else { return };
        let entry = &self.package.constraints[ConstraintId(id).index()];
        if entry.decl.name_loc != loc || decl.merge.is_hole() {
            return;
        }
        let at = self.loc(module, decl.merge.span);
        let ordered = matches!(ty, Type::Int | Type::Decimal | Type::Duration | Type::Time | Type::Date | Type::Error);
        let set = matches!(ty, Type::Set(_) | Type::Error);
        let words = ["min", "max", "intersect", "union"];
        let merge = match decl.merge.name.as_str() {
            "min" if ordered => Merge::Min,
            "max" if ordered => Merge::Max,
            "intersect" if set => Merge::Intersect,
            "union" if set => Merge::Union,
            word if words.contains(&word) => {
                let shown = self.show(&ty);
                let help = match word {
                    "min" | "max" => "`min` and `max` work on numbers, durations, times and dates",
                    _ => "`intersect` and `union` work on sets",
                };
                self.report(
                    Diagnostic::new(codes::E0423, at, format!("`{word}` can't merge values of type `{shown}`"))
                        .help(help),
                );
                Merge::Min
            }
            word => {
                let error = Diagnostic::new(codes::E0423, at, format!("there is no way to merge called `{word}`"))
                    .help(format!("there are {}", suggest::list(words)))
                    .did_you_mean(at, suggest::nearest(word, words));
                self.report(error);
                Merge::Min
            }
        };
        let entry = &mut self.package.constraints[id as usize];
        (entry.ty, entry.merge) = (ty, merge);
    }

    fn tool(&mut self, module: ModuleId, decl: &ast::ToolDecl, id: ToolId) {
        let mut params: Vec<Field> = Vec::new();
        let mut locs: Vec<Loc> = Vec::new();
        for param in &decl.params {
            let ty = self.type_expr(module, &param.ty);
            if param.name.is_hole() {
                continue;
            }
            let loc = self.loc(module, param.name.span);
            if let Some(first) = params.iter().position(|p| p.name == param.name.name) {
                self.report_repeated(&param.name.name, loc, locs[first]);
                continue;
            }
            self.declare_at(loc, Symbol::Param(id, params.len() as u32));
            let (name, optional, doc) = (param.name.name.clone(), param.optional, docs(&param.docs));
            params.push(Field { name, ty, optional, default: None, doc });
            locs.push(loc);
        }
        let tags: Vec<ast::Ident> = decl.tags().cloned().collect();
        let mut tags: Vec<TagId> = self.word_list(module, Vocabulary::Tag, &tags).into_iter().map(TagId).collect();
        tags.sort();
        let pinned = decl.pinned().and_then(|lit| {
            if lit.value.parse::<claw_runtime::Digest>().is_ok() {
                return Some(lit.value.clone());
            }
            let loc = self.loc(module, lit.span);
            let error = Diagnostic::new(codes::E0422, loc, format!("`{}` is no digest", lit.value))
                .help("a digest is `sha256:` and 64 hexadecimal digits in lower case");
            self.report(error);
            None
        });
        let tool = &mut self.package.tools[id.index()];
        (tool.params, tool.param_locs, tool.tags, tool.pinned) = (params, locs, tags, pinned);
    }

    /// (kind, server, name on the wire) says which tool is called.
    fn check_wire_names(&mut self) {
        let mut seen: BTreeMap<(ToolKind, Option<String>, String), Loc> = BTreeMap::new();
        let mut errors = Vec::new();
        for tool in &self.package.tools {
            let key = (tool.kind, tool.server.clone(), tool.wire.clone());
            let loc = tool.decl.name_loc;
            if let Some(first) = seen.get(&key) {
                // The same name twice in one file has been reported already.
                let named_twice = first.file == loc.file && self.sources.text(*first) == self.sources.text(loc);
                if named_twice {
                    continue;
                }
                let server = tool.server.as_ref().map_or(String::new(), |s| format!(" of server `{s}`"));
                let error = Diagnostic::new(
                    codes::E0421,
                    loc,
                    format!("two tools are called `{}`{server} on the wire", tool.wire),
                )
                .label(*first, "the other one")
                .help("say which server each belongs to: `on server \"…\"`");
                errors.push(error);
            } else {
                seen.insert(key, loc);
            }
        }
        self.diagnostics.extend(errors);
    }

    /// A record can't hold itself: values are finite.
    fn check_record_circles(&mut self) {
        let count = self.package.schema.records.len();
        for id in 0..count as u32 {
            let mut seen: Vec<u32> = Vec::new();
            let mut open = vec![id];
            while let Some(record) = open.pop() {
                let fields = &self.package.schema.records[record as usize].fields;
                let inner = fields.iter().filter_map(|f| contained(&f.ty)).map(|r| r.0);
                for inner in inner {
                    if !seen.contains(&inner) {
                        seen.push(inner);
                        open.push(inner);
                    }
                }
            }
            if seen.contains(&id) {
                let decl = &self.package.record_decls[id as usize];
                let message = format!("the record `{}` contains itself", decl.name);
                let error = Diagnostic::new(codes::E0427, decl.name_loc, message)
                    .help("take `json` for data of unbounded depth");
                self.report(error);
                for field in &mut self.package.schema.records[id as usize].fields {
                    if contained(&field.ty).is_some() {
                        field.ty = Type::Error;
                    }
                }
            }
        }
    }
}

fn contained(ty: &Type) -> Option<RecordId> {
    match ty {
        Type::Record(id) => Some(*id),
        Type::List(inner) | Type::Set(inner) => contained(inner),
        _ => None,
    }
}

/// Attributes that the host itself defines.
fn reserved_attribute(root: AttrRoot) -> &'static [&'static str] {
    match root {
        AttrRoot::Agent => &["id", "roles", "owner", "chain", "depth"],
        AttrRoot::User => &["id", "roles"],
        AttrRoot::Context => &[],
    }
}

pub(crate) fn attr_table(package: &mut crate::hir::Package, root: AttrRoot) -> &mut Vec<Attr> {
    match root {
        AttrRoot::Agent => &mut package.agent,
        AttrRoot::User => &mut package.user,
        AttrRoot::Context => &mut package.context,
    }
}
