//! From `ngx_command_t` tables to facts about directives.

use super::c::{Kind, Token, Tokens};
use super::data::{Opens, Repeat, Row};
use super::flags::{self, Family};
use super::tree::{Definition, Tree};
use super::version::Version;
use anyhow::{Context as _, bail};
use std::collections::BTreeMap;
use std::ops::Range;

/// The module that a table belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) family: Family,
}

/// One entry of a table.
#[derive(Debug, Clone)]
pub(super) struct Command {
    pub(super) module: Module,
    pub(super) name: String,
    pub(super) row: Row,
    /// Which file of the tree it is in.
    file: usize,
}

/// Reads every table of a tree. Tables of no module are left out.
pub(super) fn read(tree: &Tree<'_>) -> anyhow::Result<Vec<Command>> {
    let modules = modules(tree);
    let mut commands: Vec<Command> = Vec::new();
    let mut inner = Vec::new();
    for (file, read) in tree.files.iter().enumerate() {
        let tokens = &read.tokens;
        for (table, open) in tokens.definitions_of("ngx_command_t") {
            let owner = modules
                .get(&(Some(file), table))
                .or_else(|| modules.get(&(None, table)));
            let Some(module) = owner else {
                inner.push((file, open));
                continue;
            };
            let reader = Entry { tree, file, tokens };
            let found = reader
                .read_all(module, tokens.list[open], tokens.parts(open))
                .with_context(|| format!("{}: {table}", read.path.display()))?;
            commands.extend(found);
        }
    }
    for (file, open) in inner {
        read_inner(tree, file, open, &mut commands)?;
    }
    Ok(commands)
}

/// Reads a table that no module names: a block of the module in the same file looks its
/// lines up there, as `otel_exporter` does.
fn read_inner(
    tree: &Tree<'_>,
    file: usize,
    open: usize,
    commands: &mut Vec<Command>,
) -> anyhow::Result<()> {
    let mut blocks = commands
        .iter_mut()
        .filter(|c| c.file == file && c.row.opens == Some(Opens::Entries));
    let (Some(block), None) = (blocks.next(), blocks.next()) else {
        return Ok(());
    };
    let context = vec![block.name.clone()];
    block.row.opens = Some(Opens::Contexts(context.clone()));
    let module = block.module.clone();
    let tokens = &tree.files[file].tokens;
    let reader = Entry { tree, file, tokens };
    for mut command in reader.read_all(&module, tokens.list[open], tokens.parts(open))? {
        command.row.contexts.clone_from(&context);
        commands.push(command);
    }
    Ok(())
}

/// The modules that a file defines.
pub(super) fn modules_in(tree: &Tree<'_>, file: usize) -> impl Iterator<Item = Module> {
    let tokens = &tree.files[file].tokens;
    let found = tokens.definitions_of("ngx_module_t").into_iter();
    found.filter_map(move |(name, open)| {
        let fields = tokens.parts(open);
        let kind = tokens.list[fields.get(3)?.clone()].last()?;
        Some(Module {
            name: name.to_owned(),
            family: Family::from_macro(kind.text)?,
        })
    })
}

/// Modules by the name of their table, with the file first and without it second.
fn modules<'a>(tree: &Tree<'a>) -> BTreeMap<(Option<usize>, &'a str), Module> {
    let mut found = BTreeMap::new();
    for (file, read) in tree.files.iter().enumerate() {
        let tokens = &read.tokens;
        for (name, open) in tokens.definitions_of("ngx_module_t") {
            let fields = tokens.parts(open);
            let field = |i: usize| {
                let tokens = fields.get(i).map(|r| &tokens.list[r.clone()]);
                tokens.and_then(<[_]>::last).map_or("", |t| t.text)
            };
            let Some(family) = Family::from_macro(field(3)) else {
                continue;
            };
            let module = Module {
                name: name.to_owned(),
                family,
            };
            found.insert((None, field(2)), module.clone());
            found.insert((Some(file), field(2)), module);
        }
    }
    found
}

struct Entry<'t, 'a> {
    tree: &'t Tree<'a>,
    file: usize,
    tokens: &'t Tokens<'a>,
}

impl<'a> Entry<'_, 'a> {
    /// Reads the entries of a table, those that it includes from other files as well.
    fn read_all(
        &self,
        module: &Module,
        table: Token<'_>,
        entries: Vec<Range<usize>>,
    ) -> anyhow::Result<Vec<Command>> {
        let mut commands = Vec::new();
        for mut entry in entries {
            while let Some(token) = self.tokens.list[entry.clone()].first() {
                if token.kind != Kind::Include {
                    break;
                }
                entry.start += 1;
                let file = self
                    .tree
                    .included(token.text, self.file)
                    .with_context(|| format!("no file `{}`", token.text))?;
                let tokens = &self.tree.files[file].tokens;
                let Some(&first) = tokens.list.first() else {
                    continue;
                };
                let reader = Entry {
                    file,
                    tokens,
                    tree: self.tree,
                };
                let entries = tokens.parts_of(0..tokens.list.len());
                commands.extend(reader.read_all(module, first, entries)?);
            }
            if self.tokens.list[entry.clone()]
                .first()
                .is_some_and(|t| t.is("{"))
            {
                commands.push(self.read(module, table, entry.start)?);
            }
        }
        Ok(commands)
    }

    fn read(&self, module: &Module, table: Token<'_>, at: usize) -> anyhow::Result<Command> {
        let fields: Vec<&[Token<'a>]> = self
            .tokens
            .parts(at)
            .into_iter()
            .map(|r| &self.tokens.list[r])
            .collect();
        let first = fields.first().copied().unwrap_or(&[]);
        let name = text_of(first)
            .or_else(|| self.tree.text(last_ident(Some(&first))?))
            .context("entry without name")?;
        let flags = self
            .tree
            .value(fields.get(1).copied().unwrap_or(&[]))
            .with_context(|| format!("`{name}`"))?;
        let setter = last_ident(fields.get(2)).with_context(|| format!("`{name}`: no setter"))?;
        let conf = last_ident(fields.get(3)).unwrap_or("");
        let field = member(fields.get(4).copied().unwrap_or(&[]));
        let post = last_ident(fields.get(5)).filter(|n| *n != "NULL");

        let mut row = Row {
            contexts: module.family.contexts_of(flags),
            arguments: flags::arguments(flags),
            ..Row::default()
        };
        if flags::is_block(flags) {
            row.opens = Some(self.opens(setter));
        }
        match kind_of(setter) {
            Some(kind) => {
                row.value = Some(kind.to_owned());
                // The flag only counts the argument; this setter reads other values.
                if kind != "flag" && row.arguments == "flag" {
                    row.arguments = "1".to_owned();
                }
                row.repeat = if repeats(kind) {
                    Repeat::Allowed
                } else {
                    Repeat::Refused
                };
            }
            None => {
                row.setter = Some(setter.to_owned());
                self.own_setter(setter, &mut row);
            }
        }
        row.slot = slot(conf, field.as_deref());
        if let Some(post) = post {
            self.post(post, &mut row)
                .with_context(|| format!("`{name}`"))?;
        }
        let listed = matches!(row.value.as_deref(), Some("enum" | "bitmask"));
        if listed && row.values.is_empty() {
            // A third party takes the list of nginx's own, which is not in its tree.
            row.value = None;
            row.setter = Some(setter.to_owned());
        }
        let conditions: Vec<String> = self
            .tokens
            .conditions_between(table, self.tokens.list[at])
            .filter(|c| !c.is_empty())
            .map(str::to_owned)
            .collect();
        row.since = conditions.iter().find_map(|c| since_of(c));
        row.needs = conditions
            .iter()
            .find_map(|c| module_of(c))
            .map(str::to_owned);
        Ok(Command {
            module: module.clone(),
            name: name.to_owned(),
            row,
            file: self.file,
        })
    }

    /// What a block holds, from what its setter does before `ngx_conf_parse`.
    fn opens(&self, setter: &str) -> Opens {
        let mut contexts = Vec::new();
        for (file, body) in self.tree.reached(setter, self.file) {
            let calls: Vec<_> = self.tree.calls(file, body.clone()).collect();
            if calls.iter().any(|(f, _)| f.ends_with("lua_block_parse")) {
                return Opens::Lua;
            }
            if !calls.iter().any(|(f, _)| *f == "ngx_conf_parse") {
                continue;
            }
            let list = &self.tree.files[file].tokens.list[body];
            for (i, token) in list.iter().enumerate() {
                let assigned = |name: &str| {
                    token.is(name)
                        && list.get(i + 1).is_some_and(|t| t.is("="))
                        && list.get(i + 2).is_some_and(|t| !t.is("="))
                };
                if assigned("cmd_type") {
                    let context = Family::context_opened_by(list[i + 2].text);
                    contexts.extend(context.map(str::to_owned));
                }
                let owner = i.checked_sub(2).map_or("", |j| {
                    if list[j].is("-") {
                        i.checked_sub(3).map_or("", |k| list[k].text)
                    } else {
                        list[j].text
                    }
                });
                if assigned("handler") && owner.to_ascii_lowercase().contains("cf") {
                    let content_handler = owner == "clcf" || owner == "cscf";
                    if !content_handler {
                        return Opens::Entries;
                    }
                }
            }
        }
        contexts.sort();
        contexts.dedup();
        if contexts.is_empty() {
            Opens::Entries
        } else {
            Opens::Contexts(contexts)
        }
    }

    /// What can be seen of a setter of the module's own.
    fn own_setter(&self, setter: &str, row: &mut Row) {
        let reached = self.tree.reached(setter, self.file);
        if reached.is_empty() {
            row.repeat = Repeat::Unknown;
            return;
        }
        row.repeat = Repeat::Unread;
        for (file, body) in reached {
            let list = &self.tree.files[file].tokens.list[body.clone()];
            let says = list
                .iter()
                .any(|t| t.kind == Kind::Text && t.text.contains("is duplicate"));
            let stores = self
                .tree
                .calls(file, body)
                .any(|(f, first)| first == "cf" && kind_of(f).is_some_and(|k| !repeats(k)));
            if says || stores {
                row.repeat = Repeat::Refused;
            }
        }
    }

    /// What the last field adds: values, bounds, a deprecation, a check.
    fn post(&self, name: &str, row: &mut Row) -> anyhow::Result<()> {
        let Some(Definition {
            file,
            kind,
            at: open,
        }) = self.tree.post(name, self.file)
        else {
            return Ok(());
        };
        let tokens = &self.tree.files[file].tokens;
        let fields: Vec<&[Token<'_>]> = tokens
            .parts(open)
            .into_iter()
            .map(|r| &tokens.list[r])
            .collect();
        match kind {
            "ngx_conf_enum_t" | "ngx_conf_bitmask_t" => {
                row.values = fields
                    .iter()
                    .filter_map(|f| text_of(f))
                    .map(str::to_owned)
                    .collect();
                if row.values.is_empty() {
                    bail!("no values in `{name}`");
                }
            }
            "ngx_conf_deprecated_t" => {
                row.deprecated = fields.get(2).and_then(|f| text_of(f)).map(str::to_owned);
            }
            "ngx_conf_num_bounds_t" => {
                let bound = |i: usize| {
                    let tokens = fields.get(i).copied().unwrap_or(&[]);
                    match tokens.split_first() {
                        Some((minus, rest)) if minus.is("-") => self.tree.value(rest).map(|v| -v),
                        _ => self.tree.value(tokens),
                    }
                };
                row.bounds = Some([bound(1)?, bound(2)?]);
            }
            "ngx_conf_post_handler_pt" => {
                row.check = tokens.list.get(open + 1).map(|t| t.text.to_owned());
            }
            _ => row.check = last_ident(fields.first()).map(str::to_owned),
        }
        Ok(())
    }
}

/// The kind of value of a setter that is nginx's own, in the words of the data.
fn kind_of(setter: &str) -> Option<&'static str> {
    Some(match setter {
        "ngx_conf_set_flag_slot" => "flag",
        "ngx_conf_set_str_slot" => "str",
        "ngx_conf_set_str_array_slot" => "str_array",
        "ngx_conf_set_keyval_slot" => "keyval",
        "ngx_conf_set_num_slot" => "num",
        "ngx_conf_set_size_slot" => "size",
        "ngx_conf_set_off_slot" => "off",
        "ngx_conf_set_msec_slot" => "msec",
        "ngx_conf_set_sec_slot" => "sec",
        "ngx_conf_set_bufs_slot" => "bufs",
        "ngx_conf_set_enum_slot" => "enum",
        "ngx_conf_set_bitmask_slot" => "bitmask",
        "ngx_conf_set_path_slot" => "path",
        "ngx_conf_set_access_slot" => "access",
        "ngx_http_set_complex_value_slot" | "ngx_stream_set_complex_value_slot" => "expression",
        "ngx_http_set_complex_value_zero_slot" | "ngx_stream_set_complex_value_zero_slot" => {
            "expression_zero"
        }
        "ngx_http_set_complex_value_size_slot" | "ngx_stream_set_complex_value_size_slot" => {
            "expression_size"
        }
        "ngx_http_set_predicate_slot" => "predicates",
        _ => return None,
    })
}

/// Whether the setter of this kind takes the directive any number of times.
fn repeats(kind: &str) -> bool {
    matches!(kind, "str_array" | "keyval" | "bitmask" | "predicates")
}

/// Where the value is kept: the level of the configuration and the member.
fn slot(conf: &str, member: Option<&str>) -> Option<String> {
    let level = if conf.ends_with("_MAIN_CONF_OFFSET") {
        "main"
    } else if conf.ends_with("_SRV_CONF_OFFSET") {
        "srv"
    } else if conf.ends_with("_LOC_CONF_OFFSET") {
        "loc"
    } else if conf.ends_with("_APP_CONF_OFFSET") {
        "app"
    } else if conf.is_empty() || conf == "0" {
        "main"
    } else {
        return None;
    };
    Some(match member {
        Some(member) => format!("{level}.{member}"),
        None => level.to_owned(),
    })
}

/// The member of `offsetof(type, member)`.
fn member(tokens: &[Token<'_>]) -> Option<String> {
    let comma = tokens.iter().position(|t| t.is(","))?;
    let end = tokens.len().checked_sub(1)?;
    (tokens.first()?.is("offsetof"))
        .then(|| tokens[comma + 1..end].iter().map(|t| t.text).collect())
}

/// The first string.
fn text_of<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    tokens.iter().find(|t| t.kind == Kind::Text).map(|t| t.text)
}

/// The last identifier, which is the name in `&name`, `space::name`, `(void *) name`.
fn last_ident<'a>(field: Option<&&[Token<'a>]>) -> Option<&'a str> {
    field?
        .iter()
        .rev()
        .find(|t| t.kind == Kind::Ident)
        .map(|t| t.text)
}

/// The module that a feature comes with, unless every build has it.
fn module_of(condition: &str) -> Option<&'static str> {
    match condition {
        "NGX_HTTP_SSL" => Some("ngx_http_ssl_module"),
        "NGX_STREAM_SSL" => Some("ngx_stream_ssl_module"),
        _ => None,
    }
}

/// The release that `nginx_version >= N` asks for.
fn since_of(condition: &str) -> Option<Version> {
    let number = condition.strip_prefix("nginx_version")?.trim_start();
    let number = number.strip_prefix(">=")?.trim();
    Version::from_number(super::c::number(number)?)
}
