//! The Rust table made from the data.

use super::data::{Data, ModuleData, Opens, Origin, Repeat, Row, VariableRow};
use super::version::Version;
use anyhow::{Context as _, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The text of `src/directives/table.rs`.
pub(super) fn text(data: &Data) -> anyhow::Result<String> {
    let mut modules = String::new();
    let mut rows = Vec::new();
    let mut variables = Vec::new();
    for ((origin, name), module) in &data.modules {
        let constant = constant(origin, name);
        write_module(&mut modules, &constant, origin, module).with_context(|| name.clone())?;
        let shared = shared_slots(module);
        for (plus, directives) in [(false, &module.directives), (true, &module.plus)] {
            for (directive, variants) in directives {
                for row in variants {
                    let text = row_text(directive, row, plus, &constant, module, &shared)
                        .with_context(|| format!("{name}: {directive}"))?;
                    let key = (directive, origin, name, row.since, row.until, plus);
                    rows.push((key, text));
                }
            }
        }
    }
    for ((origin, name), module) in &data.modules {
        let constant = constant(origin, name);
        for (plus, named) in [(false, &module.variables), (true, &module.plus_variables)] {
            for (variable, variants) in named {
                for row in variants {
                    let text = variable_text(variable, row, plus, &constant)?;
                    let key = (variable, origin, name, row.since, row.until, plus);
                    variables.push((key, text));
                }
            }
        }
    }
    variables.sort();
    let variables: String = variables.into_iter().map(|(_, text)| text).collect();
    rows.sort();
    let rows: String = rows.into_iter().map(|(_, text)| text).collect();
    Ok(format!(
        "\
// Generated from schemas/directives by `cargo xtask directives`; edit the data instead.

use super::arity::Arity as A;
use super::context::Context::*;
use super::context::{{Context, Contexts as C}};
use super::info::{{
    Body, Built as B, DirectiveInfo as D, Documentation, Family as F, Module, Notes as N,
    Origin as O, Repeat as R, Value as V,
}};
use super::variable::VariableInfo as W;
use crate::version::Version;

const fn c(contexts: &[Context]) -> C {{
    C::of(contexts)
}}

const fn a(counts: &[u8]) -> A {{
    A::of(counts)
}}

const fn v(minor: u16, patch: u16) -> Option<Version> {{
    Some(Version::new(1, minor, patch))
}}

const NONE: D = D {{
    name: \"\",
    module: &NGX_CORE_MODULE,
    contexts: C::NONE,
    arguments: A::ANY,
    body: Body::Semicolon,
    value: V::Unknown,
    repeat: R::Unknown,
    since: None,
    until: None,
    plus: false,
    notes: &PLAIN,
}};

const PLAIN: N = N {{
    check: None,
    same_as: &[],
    deprecated: None,
    needs: None,
    documentation: Documentation::OfModule,
}};

{modules}
pub(super) static TABLE: &[D] = &[
{rows}];

const OTHER: W = W {{
    name: \"\",
    module: &NGX_CORE_MODULE,
    prefix: false,
    changeable: false,
    since: None,
    until: None,
    plus: false,
}};

pub(super) static VARIABLES: &[W] = &[
{variables}];
"
    ))
}

fn constant(origin: &Origin, module: &str) -> String {
    let name = match origin {
        Origin::Nginx => module.to_owned(),
        Origin::ThirdParty(project) => format!("{project}_{module}"),
    };
    name.to_ascii_uppercase().replace('-', "_")
}

fn write_module(
    out: &mut String,
    constant: &str,
    origin: &Origin,
    module: &ModuleData,
) -> anyhow::Result<()> {
    let family = match module.family.as_str() {
        "conf" => "F::Conf",
        "core" => "F::Core",
        "event" => "F::Event",
        "http" => "F::Http",
        "mail" => "F::Mail",
        "stream" => "F::Stream",
        "rtmp" => "F::Rtmp",
        other => bail!("family `{other}`"),
    };
    let origin = match origin {
        Origin::Nginx => "O::Nginx".to_owned(),
        Origin::ThirdParty(project) => format!("O::ThirdParty(\"{project}\")"),
    };
    let built = match module.built.as_str() {
        "default" => "B::Default".to_owned(),
        "plus" => "B::Plus".to_owned(),
        "third-party" => "B::ThirdParty".to_owned(),
        options if options.starts_with("--") => {
            let options: Vec<_> = options.split(' ').map(|o| format!("{o:?}")).collect();
            format!("B::With(&[{}])", options.join(", "))
        }
        other => bail!("built `{other}`"),
    };
    let _ = writeln!(
        out,
        "static {constant}: Module = Module {{ name: \"{}\", family: {family}, origin: {origin}, \
         built: {built}, platform: {:?}, documentation: {:?} }};",
        module.module, module.platform, module.documentation
    );
    Ok(())
}

/// Directives that keep their value in the same place, by that place.
fn shared_slots(module: &ModuleData) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut shared: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, rows) in &module.directives {
        for row in rows.iter().filter(|r| r.repeat == Repeat::Refused) {
            // Without a member the place is the whole structure.
            if let Some(slot) = row.slot.as_deref().filter(|s| s.contains('.')) {
                shared.entry(slot).or_default().insert(name);
            }
        }
    }
    shared
}

fn row_text(
    name: &str,
    row: &Row,
    plus: bool,
    module_constant: &str,
    module: &ModuleData,
    shared: &BTreeMap<&str, BTreeSet<&str>>,
) -> anyhow::Result<String> {
    let mut out = format!(
        "    D {{ name: \"{name}\", module: &{module_constant}, contexts: {}, arguments: {}",
        contexts(&row.contexts)?,
        arguments(&row.arguments)?,
    );
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, ", {name}: {value}");
        }
    };
    let body = match &row.opens {
        None => None,
        Some(Opens::Contexts(inside)) => Some(format!("Body::Directives({})", contexts(inside)?)),
        Some(Opens::Entries) => Some("Body::Entries".to_owned()),
        Some(Opens::Lua) => Some("Body::Lua".to_owned()),
    };
    field("body", body);
    field("value", value(row)?);
    let repeat = match row.repeat {
        Repeat::Refused => Some("R::Refused"),
        Repeat::Allowed => Some("R::Allowed"),
        Repeat::Depends => Some("R::Depends"),
        Repeat::Unread | Repeat::Unknown => None,
    };
    field("repeat", repeat.map(str::to_owned));
    field("since", row.since.map(version).transpose()?);
    field("until", row.until.map(version).transpose()?);
    field("plus", plus.then(|| "true".to_owned()));
    field("notes", notes(name, row, module, shared));
    out.push_str(", ..NONE },\n");
    Ok(out)
}

fn variable_text(
    name: &str,
    row: &VariableRow,
    plus: bool,
    module_constant: &str,
) -> anyhow::Result<String> {
    let mut out = format!("    W {{ name: \"{name}\", module: &{module_constant}");
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, ", {name}: {value}");
        }
    };
    let truth = |value: bool| value.then(|| "true".to_owned());
    field("prefix", truth(row.prefix));
    field("changeable", truth(row.changeable));
    field("since", row.since.map(version).transpose()?);
    field("until", row.until.map(version).transpose()?);
    field("plus", truth(plus));
    out.push_str(", ..OTHER },\n");
    Ok(out)
}

/// What few rows have, when this one has any of it.
fn notes(
    name: &str,
    row: &Row,
    module: &ModuleData,
    shared: &BTreeMap<&str, BTreeSet<&str>>,
) -> Option<String> {
    let mut out = String::new();
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, "{name}: {value}, ");
        }
    };
    field("check", row.check.as_ref().map(|c| format!("Some({c:?})")));
    let others: Vec<_> = row
        .slot
        .as_deref()
        .filter(|_| row.repeat == Repeat::Refused)
        .and_then(|slot| shared.get(slot))
        .into_iter()
        .flatten()
        .filter(|other| **other != name)
        .collect();
    field(
        "same_as",
        (!others.is_empty()).then(|| format!("&{others:?}")),
    );
    field(
        "deprecated",
        row.deprecated.as_ref().map(|d| format!("Some({d:?})")),
    );
    field("needs", row.needs.as_ref().map(|n| format!("Some({n:?})")));
    let page = match module.documented_elsewhere.get(name) {
        Some(page) => Some(format!("Documentation::Elsewhere({page:?})")),
        None if module.undocumented.iter().any(|n| n == name) => {
            Some("Documentation::Missing".to_owned())
        }
        None => None,
    };
    field("documentation", page);
    (!out.is_empty()).then(|| format!("&N {{ {out}..PLAIN }}"))
}

fn version(version: Version) -> anyhow::Result<String> {
    let Version(1, minor, patch) = version else {
        bail!("release {version}: the table has those of 1.x only");
    };
    Ok(format!("v({minor}, {patch})"))
}

fn contexts(names: &[String]) -> anyhow::Result<String> {
    if names.len() == 1 && names[0] == "any" {
        return Ok("C::ANY".to_owned());
    }
    let names: Vec<_> = names
        .iter()
        .map(|name| {
            let words = name.split(['-', '_']);
            words
                .map(|word| {
                    let (first, rest) = word.split_at(1);
                    first.to_ascii_uppercase() + rest
                })
                .collect::<String>()
        })
        .collect();
    if names.is_empty() {
        bail!("no context");
    }
    Ok(format!("c(&[{}])", names.join(", ")))
}

fn arguments(text: &str) -> anyhow::Result<String> {
    Ok(match text {
        "any" => "A::ANY".to_owned(),
        "flag" => "A::FLAG".to_owned(),
        "1+" => "A::ONE_OR_MORE".to_owned(),
        "2+" => "A::TWO_OR_MORE".to_owned(),
        counts => {
            let mut numbers = Vec::new();
            for part in counts.split('|') {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                let (first, last): (u8, u8) = (first.parse()?, last.parse()?);
                numbers.extend((first..=last).map(|n| n.to_string()));
            }
            format!("a(&[{}])", numbers.join(", "))
        }
    })
}

fn value(row: &Row) -> anyhow::Result<Option<String>> {
    let Some(kind) = &row.value else {
        return Ok(row.setter.as_ref().map(|s| format!("V::Own({s:?})")));
    };
    let plain = match kind.as_str() {
        "flag" => "Flag",
        "msec" => "Milliseconds",
        "sec" => "Seconds",
        "size" => "Size",
        "off" => "Offset",
        "bufs" => "Buffers",
        "str" => "Text",
        "str_array" => "TextList",
        "keyval" => "Pair",
        "path" => "Path",
        "access" => "Access",
        "expression" | "expression_zero" => "Expression",
        "expression_size" => "SizeExpression",
        "predicates" => "Predicates",
        "num" => {
            let bounds = row.bounds.map(|[low, high]| (low, high));
            return Ok(Some(format!("V::Number({bounds:?})")));
        }
        "enum" => return Ok(Some(format!("V::Enum(&{:?})", row.values))),
        "bitmask" => return Ok(Some(format!("V::Bitmask(&{:?})", row.values))),
        other => bail!("value `{other}`"),
    };
    Ok(Some(format!("V::{plain}")))
}
