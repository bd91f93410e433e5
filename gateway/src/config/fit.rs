//! Whether a configuration and its policies fit each other: callers that nothing is granted to, servers that no policy
//! speaks of, approvals that nobody could give.
//!
//! Loads the policies as a gateway would, and starts nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use claw_compiler::suggest;
use claw_engine::policies::{Loaded, Policies};
use claw_runtime::bundle::ApprovalDef;
use claw_runtime::{Bundle, Field, Invalid, Json};

use super::finding::{Finding, Findings};
use super::read::{Places, Reading};
use super::reader::At;
use super::{Ability, Caller, CallerPlaces, Config};
use crate::{open, sources};

/// The policies of a configuration, by tenants; `None` is the one of calls without a tenant, or of all.
type Loadeds = BTreeMap<Option<String>, Arc<Loaded>>;

/// Adds to the findings what is wrong between the configuration and its policies. A configuration with errors of its own
/// is left alone.
pub fn fit(reading: &mut Reading) {
    if reading.findings.has_errors() {
        return;
    }
    let Reading { config, findings, places } = reading;
    let policies = load(config, places, findings);
    let all_there =
        policies.len() == config.policies.tenants.len().saturating_add(usize::from(config.policies.path.is_some()));
    if all_there {
        let mut fitting = Fitting { config, places, policies: &policies, findings };
        config.callers.iter().for_each(|caller| fitting.caller(caller));
        fitting.servers();
        fitting.people();
        policies.iter().for_each(|(tenant, loaded)| fitting.policy(tenant.as_deref(), loaded.policy.bundle()));
    }
    findings.sort();
}

/// Loads every policy, or says why it can't be.
fn load(config: &Config, places: &Places, findings: &mut Findings) -> Loadeds {
    let trust = match open::trust(config) {
        Ok(trust) => trust,
        Err(failure) => {
            findings.list.push(
                Finding::error(places.policy.clone(), failure.message).label("signed by a key that can't be read"),
            );
            return Loadeds::new();
        }
    };
    let policies = Policies::builder(trust).shared(config.policies.shared).build();
    let own = config.policies.path.iter().map(|path| (None, path));
    let tenants = config.policies.tenants.iter().map(|(tenant, path)| (Some(tenant.as_str()), path));
    let mut loadeds = Loadeds::new();
    for (tenant, path) in own.chain(tenants) {
        let span = tenant.and_then(|tenant| places.tenants.get(tenant)).unwrap_or(&places.policy).clone();
        match one(&policies, config, tenant, path, findings) {
            Ok(loaded) => drop(loadeds.insert(tenant.map(str::to_owned), loaded)),
            Err((message, help)) => {
                let finding = Finding::error(span, message).label("this policy");
                findings.list.push(Finding { help, ..finding });
            }
        }
    }
    loadeds
}

type Unloaded = (String, Option<String>);

fn one(
    policies: &Policies,
    config: &Config,
    tenant: Option<&str>,
    path: &Path,
    findings: &mut Findings,
) -> Result<Arc<Loaded>, Unloaded> {
    if sources::is_bundle(path).map_err(|failure| (failure.message, failure.help))? {
        let loaded = policies.load_file(tenant, path);
        return loaded.map_err(|failure| (format!("cannot load `{}`: {failure}", path.display()), None));
    }
    if !config.policies.signed_by.is_empty() {
        let message = "sources have no signature, and `signed_by` demands one".to_owned();
        let help = "build and sign a bundle: `clawc build … -o policy.clawb --sign KEY`".to_owned();
        return Err((message, Some(help)));
    }
    let source = sources::Source::open(path);
    let analysis = source.analysis.as_ref().map_err(|failure| (failure.message.clone(), failure.help.clone()))?;
    if analysis.has_errors() {
        findings.policies.push(source);
        return Err((
            "this policy has errors".to_owned(),
            Some("they are shown below, as `clawc check` shows them".to_owned()),
        ));
    }
    let bytes = source.bundle().map_err(|failure| (failure.message, failure.help))?;
    let loaded = policies.load_as(tenant, &source.root.display().to_string(), &bytes, None);
    loaded.map_err(|failure| (format!("cannot load `{}`: {failure}", path.display()), None))
}

struct Fitting<'f> {
    config: &'f Config,
    places: &'f Places,
    policies: &'f Loadeds,
    findings: &'f mut Findings,
}

impl<'f> Fitting<'f> {
    fn add(&mut self, finding: Finding) {
        self.findings.list.push(finding);
    }

    /// The policy that decides for a tenant.
    fn policy_of(&self, tenant: Option<&str>) -> Option<&'f Loaded> {
        let key = if self.config.policies.shared { None } else { tenant.map(str::to_owned) };
        self.policies.get(&key).map(|loaded| &**loaded)
    }

    fn caller(&mut self, caller: &Caller) {
        let Some(place) = self.places.callers.get(&caller.name) else { return };
        let Some(loaded) = self.policy_of(caller.tenant.as_deref()) else {
            let whose = caller
                .tenant
                .as_deref()
                .map_or_else(|| "calls without a tenant".to_owned(), |t| format!("the tenant `{t}`"));
            let finding = Finding::error(place.name.clone(), format!("there is no policy for {whose}"));
            return self.add(
                finding
                    .label("every call of this caller would be denied")
                    .help("name it under `[policy.tenants]`, or write `shared = true`"),
            );
        };
        // A host says itself who calls.
        if !caller.may.contains(&Ability::Mcp) {
            return;
        }
        let environment = caller.environment.as_deref().unwrap_or(&self.config.environment);
        match loaded.policy.callable(&caller.agent, caller.user.as_ref(), environment) {
            Err(invalid) => {
                let span = self.blamed(&invalid, place);
                let about = invalid.pointer.trim_start_matches('/').replace('/', ".");
                let lacking =
                    about.rsplit('.').next().is_some_and(|key| invalid.message == format!("`{key}` is missing"));
                let message = if lacking { format!("`{about}` is missing") } else { invalid.message };
                self.add(
                    Finding::error(span, message).label(format!("not so in the policy `{}`", loaded.policy.package())),
                );
            }
            Ok(tools) => {
                let reached = |server: &str| {
                    caller.servers.as_ref().is_none_or(|names| names.iter().any(|name| name == server))
                        && self.config.servers.iter().any(|known| known.name == server)
                };
                let usable = tools.iter().any(|tool| tool.server.as_deref().is_some_and(reached));
                let finding = Finding::warning(
                    place.name.clone(),
                    format!("nothing is granted to `{}` in `{environment}`", caller.name),
                );
                if tools.is_empty() {
                    self.add(
                        finding
                            .label("every call would be denied")
                            .help("a `grant` has to name a role of its agent; `clawc query` shows who can do what"),
                    );
                } else if !usable && !self.config.servers.is_empty() {
                    let servers: BTreeSet<&str> = tools.iter().filter_map(|tool| tool.server.as_deref()).collect();
                    let where_they_are = if servers.is_empty() {
                        "no tool that is granted says `on server \"…\"`".to_owned()
                    } else {
                        format!("what is granted is on {}", suggest::list(servers))
                    };
                    self.add(
                        Finding {
                            message: format!("`{}` reaches no server on which anything is granted to it", caller.name),
                            ..finding
                        }
                        .label(where_they_are),
                    );
                }
            }
        }
        self.attributes(caller, place, loaded.policy.bundle());
    }

    /// Where the blame for an invalid caller lies.
    fn blamed(&self, invalid: &Invalid, place: &CallerPlaces) -> Range<usize> {
        let mut steps = invalid.pointer.split('/').skip(1);
        let (root, key, index) = (steps.next(), steps.next(), steps.next());
        let indexed = |all: &[At<String>]| all.get(index?.parse::<usize>().ok()?).map(|at| at.span.clone());
        let found = match (root, key) {
            (Some("environment"), _) => place.environment.clone().or_else(|| self.places.environment.clone()),
            (Some("agent"), Some("roles")) => indexed(&place.agent_roles),
            (Some("user"), Some("roles")) => indexed(&place.user_roles),
            (Some("agent"), Some(key)) => place.agent.get(key).cloned(),
            (Some("user"), Some(key)) => place.user.get(key).cloned(),
            _ => None,
        };
        found.unwrap_or_else(|| place.name.clone())
    }

    /// Attributes that the policy does not declare are ignored, which is hardly meant.
    fn attributes(&mut self, caller: &Caller, place: &CallerPlaces, bundle: &Bundle) {
        let facts: &[(Arc<str>, Json)] = match &caller.context {
            Some(Json::Obj(facts)) => facts,
            _ => &[],
        };
        let given = |key: &str| facts.iter().any(|(there, _)| **there == *key);
        let needed = |field: &&Field| !field.optional && field.default.is_none();
        let missing = bundle.context.iter().filter(needed).filter(|field| !given(&field.name));
        for field in missing.filter(|_| caller.context.is_some()) {
            let finding = Finding::error(place.context_root.clone(), format!("`context.{}` is missing", field.name));
            self.add(finding.label(format!("the policy `{}` demands it", bundle.package)));
        }
        let context = place.context.keys().map(|key| (key, &bundle.context, &place.context, "context"));
        let user = caller.user.iter().flat_map(|user| &user.attrs);
        let user = user.map(|(key, _)| (key, &bundle.user, &place.user, "user"));
        let agent = caller.agent.attrs.iter().map(|(key, _)| (key, &bundle.agent, &place.agent, "agent"));
        for (key, declared, places, root) in agent.chain(user).chain(context) {
            if declared.iter().any(|field| field.name == *key) {
                continue;
            }
            let span = places.get(key).unwrap_or(&place.name).clone();
            let finding = Finding::warning(span, format!("the policy `{}` declares no `{root}.{key}`", bundle.package));
            self.add(match suggest::nearest(key, declared.iter().map(|field| field.name.as_str())) {
                Some(near) => finding.label("ignored").help(format!("did you mean `{near}`?")),
                None => finding.label("ignored"),
            });
        }
    }

    fn servers(&mut self) {
        let bundles: Vec<&'f Bundle> = self.policies.values().map(|loaded| loaded.policy.bundle()).collect();
        let named: BTreeSet<&str> =
            bundles.iter().flat_map(|b| &b.tools).filter_map(|tool| tool.server.as_deref()).collect();
        for server in &self.config.servers {
            if !named.contains(&*server.name) {
                let span = self.places.servers.get(&server.name).cloned().unwrap_or_default();
                let finding = Finding::warning(span, format!("no policy speaks of the server `{}`", server.name))
                    .label("everything on it is denied");
                self.add(match suggest::nearest(&server.name, named.iter().copied()) {
                    Some(near) => finding.help(format!("policies speak of `{near}`")),
                    None => finding.help(format!(
                        "declare its tools `on server \"{0}\"`; `clawc import mcp --server {0}` writes them",
                        server.name
                    )),
                });
            }
            let Some(words) = self.places.words.get(&server.name) else { continue };
            self.words("label", &words.labels, &bundles, |bundle| &bundle.labels);
            self.words("origin", &words.origins, &bundles, |bundle| &bundle.origins);
        }
    }

    /// A word that a policy does not declare would make every request with it invalid.
    fn words(
        &mut self,
        what: &str,
        words: &[At<String>],
        bundles: &[&Bundle],
        declared: impl Fn(&Bundle) -> &Vec<String>,
    ) {
        for word in words {
            for bundle in bundles.iter().filter(|bundle| !declared(bundle).contains(&word.value)) {
                let message = format!("the policy `{}` declares no {what} `{}`", bundle.package, word.value);
                let finding = Finding::error(word.span.clone(), message);
                self.add(match suggest::nearest(&word.value, declared(bundle).iter().map(String::as_str)) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding.help(format!("write `{what}s {}` in the policy", word.value)),
                });
            }
        }
    }

    /// What the policy demands of the gateway and the people.
    fn policy(&mut self, tenant: Option<&str>, bundle: &Bundle) {
        let span = tenant.and_then(|tenant| self.places.tenants.get(tenant)).unwrap_or(&self.places.policy).clone();
        for constraint in
            bundle.constraints.iter().filter(|constraint| !open::enforced().any(|name| name == constraint.name))
        {
            let message =
                format!("the gateway does not enforce the constraint `{}` of `{}`", constraint.name, bundle.package);
            self.add(Finding::warning(span.clone(), message).label("calls to which it applies are denied"));
        }
        for function in &bundle.externs {
            let message = format!("the gateway has no function `{}`, which `{}` asks", function.name, bundle.package);
            self.add(Finding::warning(span.clone(), message).label("its answer is unknown, which never grants"));
        }
        let tenants: BTreeSet<Option<&str>> = match self.config.policies.shared {
            true => self.config.callers.iter().map(|caller| caller.tenant.as_deref()).collect(),
            false => [tenant].into(),
        };
        for tenant in tenants {
            for approval in &bundle.approvals {
                self.approval(tenant, bundle, approval, &span);
            }
        }
    }

    /// Whether enough people could give an approval.
    fn approval(&mut self, tenant: Option<&str>, bundle: &Bundle, approval: &ApprovalDef, span: &Range<usize>) {
        let people = || self.config.people.iter().filter(|person| person.tenant.as_deref() == tenant);
        let whose = tenant.map(|tenant| format!(" of the tenant `{tenant}`")).unwrap_or_default();
        let mut findings = Vec::new();
        for (needed, roles) in &approval.by {
            let able: Vec<&str> = people()
                .filter(|person| holds(bundle, &person.roles, roles))
                .map(|person| person.name.as_str())
                .collect();
            let needed = usize::try_from(*needed).unwrap_or(usize::MAX);
            if able.len() >= needed {
                continue;
            }
            let names = roles
                .iter()
                .filter_map(|role| bundle.roles.get(usize::try_from(*role).ok()?))
                .map(|role| role.name.as_str());
            let roles = names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
            let who = match able.as_slice() {
                [] => format!("nobody{whose} has that role"),
                [one] => format!("only `{one}`{whose} has that role"),
                several => format!("only {}{whose} have that role", suggest::list(several.iter().copied())),
            };
            let message = format!("`{}` needs {needed} of {roles}, and {who}", approval.short);
            findings.push(
                Finding::warning(span.clone(), message)
                    .label("nobody could give this approval")
                    .help("add a `[[person]]` with that role"),
            );
        }
        if approval.by_user {
            let users: Vec<&str> = self
                .config
                .callers
                .iter()
                .filter(|caller| caller.tenant.as_deref() == tenant && caller.may.contains(&Ability::Mcp))
                .filter_map(|caller| caller.user.as_ref().map(|user| user.id.as_str()))
                .collect();
            let hosted = self.config.callers.iter().any(|caller| caller.may.contains(&Ability::Decide));
            let signed_in = users.iter().any(|user| people().any(|person| person.name == *user));
            if !hosted && (users.is_empty() || !(self.config.approvals.elicitation || signed_in)) {
                let why = if users.is_empty() { "no caller says for whom it works" } else { "no user can be asked" };
                let message = format!("`{}` is given by the user, and {why}", approval.short);
                findings.push(
                    Finding::warning(span.clone(), message)
                        .label("nobody could give this approval")
                        .help("give callers a `user = { id = \"…\" }`"),
                );
            }
        }
        findings.into_iter().for_each(|finding| self.add(finding));
    }

    /// People who could approve nothing.
    fn people(&mut self) {
        for person in &self.config.people {
            let Some(roles) = self.places.people.get(&person.name) else { continue };
            let Some(bundle) = self.policy_of(person.tenant.as_deref()).map(|loaded| loaded.policy.bundle()) else {
                continue;
            };
            let mut known = true;
            for role in roles.iter().filter(|role| bundle.roles.iter().all(|declared| declared.name != role.value)) {
                known = false;
                let message = format!("the policy `{}` declares no role `{}`", bundle.package, role.value);
                let finding =
                    Finding::warning(role.span.clone(), message).label("votes in this role count for nothing");
                self.add(match suggest::nearest(&role.value, bundle.roles.iter().map(|role| role.name.as_str())) {
                    Some(near) => finding.help(format!("did you mean `{near}`?")),
                    None => finding,
                });
            }
            let asked = bundle
                .approvals
                .iter()
                .any(|a| a.by_user || a.by.iter().any(|(_, roles)| holds(bundle, &person.roles, roles)));
            if let (true, false, Some(first)) = (known, asked, roles.first()) {
                let message = format!("no approval of `{}` asks for a role of `{}`", bundle.package, person.name);
                self.add(Finding::warning(first.span.clone(), message).label("can approve nothing"));
            }
        }
    }
}

/// Whether someone with these roles holds one of those.
fn holds(bundle: &Bundle, own: &[String], wanted: &[u32]) -> bool {
    let closures = bundle.roles.iter().filter(|role| own.contains(&role.name)).flat_map(|role| &role.closure);
    closures.into_iter().any(|held| wanted.contains(held))
}
