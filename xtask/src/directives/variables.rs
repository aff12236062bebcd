//! From tables of variables to facts about them.

use super::c::{Kind, Token};
use super::commands::{Command, Module};
use super::data::VariableRow;
use super::flags::Family;
use super::tree::Tree;
use std::collections::BTreeMap;

/// One variable of a module.
#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) module: Module,
    pub(super) name: String,
    pub(super) row: VariableRow,
}

const CHANGEABLE: i64 = 1;
const PREFIX: i64 = 32;

/// Reads the variables of a tree: those in tables, and those that are added one by one.
/// `commands` are the directives of the same tree.
pub(super) fn read(tree: &Tree<'_>, commands: &[Command]) -> anyhow::Result<Vec<Variable>> {
    let mut found = Vec::new();
    for file in 0..tree.files.len() {
        for family in [Family::Http, Family::Stream] {
            if let Some(module) = module_of(tree, commands, file, family) {
                let reader = Reader { tree, file, module };
                reader.tables(&mut found)?;
                reader.calls(&mut found)?;
            }
        }
    }
    Ok(found)
}

/// The module of `family` that a file belongs to: its own, else the one that the
/// directives of its tree name first.
fn module_of(tree: &Tree<'_>, commands: &[Command], file: usize, family: Family) -> Option<Module> {
    let own = super::commands::modules_in(tree, file).find(|m| m.family == family);
    let core = || {
        let name = format!("ngx_{}_core_module", family.name());
        commands
            .iter()
            .map(|c| &c.module)
            .find(|m| m.name == name)
            .or_else(|| {
                commands
                    .iter()
                    .map(|c| &c.module)
                    .find(|m| m.family == family)
            })
            .cloned()
    };
    own.or_else(core)
}

struct Reader<'t, 'a> {
    tree: &'t Tree<'a>,
    file: usize,
    module: Module,
}

impl<'a> Reader<'_, 'a> {
    /// Reads `ngx_http_variable_t` tables, and those of types that are called alike.
    fn tables(&self, found: &mut Vec<Variable>) -> anyhow::Result<()> {
        let family = self.module.family.name();
        let own = format!("ngx_{family}_variable_t");
        let other = match self.module.family {
            Family::Http => "ngx_stream_variable_t",
            _ => "ngx_http_variable_t",
        };
        let tokens = &self.tree.files[self.file].tokens;
        for known in [true, false] {
            let tables = tokens.definitions(|name| {
                name.ends_with("_variable_t") && name != other && (name == own) == known
            });
            for (_, open) in tables {
                for entry in tokens.parts(open) {
                    let fields: Vec<_> = match tokens.list[entry.start] {
                        first if first.is("{") => tokens.parts(entry.start),
                        _ => continue,
                    };
                    let field = |i: usize| fields.get(i).map(|r| &tokens.list[r.clone()]);
                    let Some(name) = field(0).and_then(text) else {
                        continue;
                    };
                    // The flags of another type are not known: nothing is to be refused.
                    let flags = match field(4) {
                        Some(flags) if known => self.tree.value(flags)?,
                        Some(_) | None if known => 0,
                        _ => CHANGEABLE,
                    };
                    found.push(self.variable(name, flags));
                }
            }
        }
        Ok(())
    }

    /// Reads `ngx_http_add_variable(cf, &name, flags)` with a name that does not change.
    fn calls(&self, found: &mut Vec<Variable>) -> anyhow::Result<()> {
        let adder = format!("ngx_{}_add_variable", self.module.family.name());
        let tokens = &self.tree.files[self.file].tokens;
        let names: BTreeMap<_, _> = tokens.definitions_of("ngx_str_t").into_iter().collect();
        for (_, body) in tokens.functions() {
            for i in body {
                if !tokens.list[i].is(&adder) || !tokens.list[i + 1].is("(") {
                    continue;
                }
                let arguments = tokens.parts(i + 1);
                let argument = |i: usize| arguments.get(i).map(|r| &tokens.list[r.clone()]);
                let Some([ampersand, name]) = argument(1) else {
                    continue;
                };
                let Some(&at) = names.get(name.text).filter(|_| ampersand.is("&")) else {
                    continue;
                };
                let end = (at + 5).min(tokens.list.len());
                if let Some(name) = text(&tokens.list[at..end]) {
                    let flags = self.tree.value(argument(2).unwrap_or(&[]))?;
                    found.push(self.variable(name, flags));
                }
            }
        }
        Ok(())
    }

    fn variable(&self, name: &str, flags: i64) -> Variable {
        Variable {
            module: self.module.clone(),
            name: name.to_owned(),
            row: VariableRow {
                prefix: flags & PREFIX != 0,
                changeable: flags & CHANGEABLE != 0,
                ..VariableRow::default()
            },
        }
    }
}

/// The first string.
fn text<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    let found = tokens.iter().find(|t| t.kind == Kind::Text)?;
    (!found.text.is_empty()).then_some(found.text)
}
