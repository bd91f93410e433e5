//! From the shapes of MCP to declarations.

use std::collections::BTreeSet;

use claw_runtime::Json;
use claw_syntax::ast::ToolKind;

use super::schema::{self, Naming};
use super::{Declaration, Declarations, ImportError, Options, Param, Presence, Ty, text};

pub(super) fn read(manifest: &Json, options: &Options) -> Result<Declarations, ImportError> {
    let mut reader = Reader { options, taken: BTreeSet::new(), out: Declarations::default() };
    reader.out.server = options.server.clone();
    match manifest {
        // Several answers one after another, as they came from the server.
        Json::Arr(answers) if answers.iter().any(|a| a.get("result").is_some()) => {
            answers.iter().try_for_each(|answer| reader.answer(answer))?;
        }
        Json::Arr(tools) => reader.tools(tools)?,
        answer => reader.answer(answer)?,
    }
    if reader.out.items.is_empty() {
        return Err(ImportError(
            "there is nothing to import: expected an object with `tools`, `resources`, `resourceTemplates` or `prompts`, \
             as a server answers to `tools/list`"
                .to_owned(),
        ));
    }
    reader.refuse_repeated()?;
    Ok(reader.out)
}

struct Reader<'a> {
    options: &'a Options,
    taken: BTreeSet<String>,
    out: Declarations,
}

impl Reader<'_> {
    fn answer(&mut self, answer: &Json) -> Result<(), ImportError> {
        if let (None, Some(error)) = (answer.get("result"), answer.get("error")) {
            let message = error.get("message").and_then(Json::as_str).unwrap_or("no reason given");
            return Err(ImportError(format!("the server answered with an error: {}", text::short(message))));
        }
        let root = answer.get("result").unwrap_or(answer);
        let list = |key: &str| match root.get(key) {
            Some(Json::Arr(items)) => Some(items.as_slice()),
            _ => None,
        };
        if let Some(tools) = list("tools") {
            self.tools(tools)?;
        }
        let (templates, resources) = (list("resourceTemplates"), list("resources"));
        for resource in templates.into_iter().chain(resources).flatten() {
            self.resource(resource)?;
        }
        // Either list alone leaves open what is in the other.
        if templates.is_some() && resources.is_some() {
            self.out.complete.push(ToolKind::Resource);
        }
        if let Some(prompts) = list("prompts") {
            prompts.iter().try_for_each(|prompt| self.prompt(prompt))?;
            self.out.complete.push(ToolKind::Prompt);
        }
        if root.get("nextCursor").is_some_and(|cursor| *cursor != Json::Null) {
            self.out.complete.clear();
            self.out.warnings.push("the answer has a `nextCursor`: there is more than what is listed here".to_owned());
        }
        Ok(())
    }

    fn tools(&mut self, tools: &[Json]) -> Result<(), ImportError> {
        tools.iter().try_for_each(|tool| self.tool(tool))?;
        self.out.complete.push(ToolKind::Tool);
        Ok(())
    }

    fn tool(&mut self, json: &Json) -> Result<(), ImportError> {
        let wire = member(json, "name").ok_or_else(|| ImportError("a tool has no `name`".to_owned()))?;
        let mut declaration = self.declaration(ToolKind::Tool, text::tool_name(wire), wire, json);
        if let Some(input) = json.get("inputSchema").or_else(|| json.get("input_schema")) {
            let naming = Naming { base: text::camel(&declaration.name), taken: &mut self.taken };
            let arguments = schema::arguments(input, naming);
            declaration.params = arguments.params;
            declaration.types = arguments.types;
            declaration.notes = arguments.notes;
        }
        self.out.items.push(declaration);
        Ok(())
    }

    /// A resource or a template of resources: the URI is the name on the wire, its variables are the parameters.
    fn resource(&mut self, json: &Json) -> Result<(), ImportError> {
        let uri = member(json, "uriTemplate")
            .or_else(|| member(json, "uri"))
            .ok_or_else(|| ImportError("a resource has neither `uriTemplate` nor `uri`".to_owned()))?;
        let name = text::title_name(member(json, "name").unwrap_or(uri));
        let mut declaration = self.declaration(ToolKind::Resource, name, uri, json);
        if json.get("uriTemplate").is_some() {
            for (name, optional) in variables(uri) {
                plain_param(&mut declaration, &name, optional, Vec::new());
            }
        }
        self.out.items.push(declaration);
        Ok(())
    }

    fn prompt(&mut self, json: &Json) -> Result<(), ImportError> {
        let wire = member(json, "name").ok_or_else(|| ImportError("a prompt has no `name`".to_owned()))?;
        let mut declaration = self.declaration(ToolKind::Prompt, text::tool_name(wire), wire, json);
        if let Some(Json::Arr(arguments)) = json.get("arguments") {
            for argument in arguments {
                let Some(name) = member(argument, "name") else { continue };
                let optional = argument.get("required") != Some(&Json::Bool(true));
                plain_param(&mut declaration, name, optional, doc(argument, name));
            }
        }
        self.out.items.push(declaration);
        Ok(())
    }

    fn declaration(&mut self, kind: ToolKind, name: String, wire: &str, json: &Json) -> Declaration {
        Declaration {
            kind,
            name: text::fresh_name(&name, kind, &mut self.taken),
            wire: wire.to_owned(),
            server: self.options.server.clone(),
            doc: doc(json, wire),
            params: Vec::new(),
            types: Vec::new(),
            digest: super::digest_of(json),
            pin: self.options.pin,
            notes: Vec::new(),
        }
    }

    /// Of two definitions with one name nobody can say which is called.
    fn refuse_repeated(&self) -> Result<(), ImportError> {
        let mut seen = BTreeSet::new();
        for item in &self.out.items {
            if !seen.insert((item.kind.word(), &item.wire)) {
                let message = format!("the {} `{}` is listed twice", item.kind.word(), text::short(&item.wire));
                return Err(ImportError(message));
            }
        }
        Ok(())
    }
}

fn plain_param(to: &mut Declaration, name: &str, optional: bool, doc: Vec<String>) {
    if to.params.iter().any(|p| p.name == name) {
        return;
    }
    if !text::can_be_name(name) {
        return to.notes.push(schema::unnameable(name));
    }
    let presence = if optional { Presence::Optional } else { Presence::Required };
    to.params.push(Param { name: name.to_owned(), ty: Ty::Word("string"), presence, doc, notes: Vec::new() });
}

fn member<'a>(json: &'a Json, key: &str) -> Option<&'a str> {
    json.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
}

/// The description, line by line; or else the title, if it says more than the name.
pub(super) fn doc(json: &Json, name: &str) -> Vec<String> {
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    let title = || member(json, "title").filter(|title| letters(title) != letters(name));
    text::lines(member(json, "description").or_else(title).unwrap_or_default())
}

/// Variables of a URI template (RFC 6570) and whether they may be left out: `{path}`, `{+path}`, `{?a,b*}`.
fn variables(template: &str) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((inside, tail)) = after.split_once('}') else { break };
        rest = tail;
        let optional = inside.starts_with(['?', '&']);
        for variable in inside.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']).split(',') {
            let name = variable.split(':').next().unwrap_or_default().trim_end_matches('*');
            if !name.is_empty() {
                out.push((name.to_owned(), optional));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates() {
        let names =
            |t: &str| variables(t).into_iter().map(|(n, o)| if o { n + "?" } else { n }).collect::<Vec<_>>().join(" ");
        assert_eq!(names("file:///{+path}{?a,b*}"), "path a? b?");
        assert_eq!(names("x://{id:3}/{id"), "id");
    }
}
