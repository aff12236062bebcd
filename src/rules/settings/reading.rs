//! Reads settings: every key by itself, so that every problem is told with its place.

use super::{Django, Settings};
use crate::directives::Modules;
use crate::finding::Severity;
use crate::rules::selection::{Selection, Selector};
use crate::version::Target;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde::{Deserialize, de};
use std::collections::BTreeMap;
use std::fmt::{self, Display};
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

/// A problem of a file of settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    /// What is wrong.
    pub message: String,
    /// Where, in bytes.
    pub range: Range<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
struct File {
    nginx_version: Option<Spanned<String>>,
    modules: Option<Spanned<Names>>,
    select: Option<Vec<Spanned<String>>>,
    extend_select: Vec<Spanned<String>>,
    ignore: Vec<Spanned<String>>,
    per_file_ignores: BTreeMap<Spanned<String>, Vec<Spanned<String>>>,
    fail_on: Option<Severity>,
    django: Django,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "write a name or a list of names")]
enum Names {
    One(String),
    Many(Vec<String>),
}

impl Settings {
    /// Reads a file of settings.
    ///
    /// # Errors
    /// All that is wrong with it, in its order: text that is no TOML, unknown keys, wrong
    /// types, and names that are no rules, releases or modules.
    pub fn parse(path: &Path, text: &str) -> Result<Self, Vec<SettingsError>> {
        let (document, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            return Err(first_of_lines(errors, text));
        }
        let mut reader = Reader::default();
        let whole = document.span();
        let table = match path.file_name() {
            Some(name) if name == "pyproject.toml" => ours(document.into_inner()),
            _ => Some(document.into_inner()),
        };
        let settings = reader.settings(path, table.unwrap_or_default(), whole);
        if reader.errors.is_empty() {
            return Ok(settings);
        }
        reader.errors.sort_by_key(|error| error.range.start);
        Err(reader.errors)
    }
}

/// The first mistake of each line: what follows in the line comes of it.
fn first_of_lines(errors: Vec<toml::de::Error>, text: &str) -> Vec<SettingsError> {
    let mut errors: Vec<_> = errors.into_iter().map(of_toml).collect();
    errors.sort_by_key(|error| error.range.start);
    errors.dedup_by_key(|error| {
        let before = &text.as_bytes()[..error.range.start.min(text.len())];
        memchr::memrchr(b'\n', before)
    });
    errors
}

/// `[tool.djanginx]` of a project's file.
fn ours(mut project: DeTable<'_>) -> Option<DeTable<'_>> {
    for key in ["tool", "djanginx"] {
        match project.remove(key)?.into_inner() {
            DeValue::Table(table) => project = table,
            _ => return None,
        }
    }
    Some(project)
}

#[derive(Default)]
struct Reader {
    errors: Vec<SettingsError>,
}

impl Reader {
    fn settings(&mut self, path: &Path, mut table: DeTable<'_>, whole: Range<usize>) -> Settings {
        let django = match table.get("django").map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => table.remove("django"),
            _ => None,
        };
        let django = match django.map(|django| (django.span(), django.into_inner())) {
            Some((place, DeValue::Table(table))) => self.keys(table, place),
            _ => Django::default(),
        };
        let file: File = self.keys(table, whole);
        let per_file_ignores = { file.per_file_ignores.into_iter() }
            .filter_map(|(pattern, names)| {
                let compiled = self.value(&pattern, |text| {
                    glob::Pattern::new(text)
                        .map_err(|error| format!("`{text}` is no pattern of file names: {error}"))
                });
                Some((compiled, self.selectors(names))).and_then(|(a, b)| Some((a?, b)))
            })
            .collect();
        Settings {
            path: Some(path.to_owned()),
            nginx_version: { file.nginx_version }
                .and_then(|version| self.value(&version, Target::from_str)),
            modules: file.modules.and_then(|modules| {
                let place = modules.span();
                let names = match modules.into_inner() {
                    Names::One(name) => name,
                    Names::Many(names) => names.join(","),
                };
                self.value(&Spanned::new(place, names), Modules::parse)
            }),
            selection: Selection {
                select: file.select.map(|names| self.selectors(names)),
                extend: self.selectors(file.extend_select),
                ignore: self.selectors(file.ignore),
            },
            per_file_ignores,
            fail_on: file.fail_on,
            django,
        }
    }

    fn selectors(&mut self, names: Vec<Spanned<String>>) -> Vec<Selector> {
        { names.iter() }
            .filter_map(|name| self.value(name, Selector::from_str))
            .collect()
    }

    /// What a text stands for.
    fn value<T, E: Display>(
        &mut self,
        text: &Spanned<String>,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        read(text.get_ref())
            .map_err(|error| {
                self.errors.push(SettingsError {
                    message: error.to_string(),
                    range: text.span(),
                });
            })
            .ok()
    }

    /// A table whose keys are those of a structure; those that are wrong are left out.
    fn keys<T: DeserializeOwned + Default>(
        &mut self,
        table: DeTable<'_>,
        place: Range<usize>,
    ) -> T {
        let known = known_keys::<T>();
        let mut good = DeTable::new();
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let nearest = { known.iter() }
                    .map(|known| (strsim::osa_distance(name, known), known))
                    .min()
                    .filter(|(distance, _)| *distance <= (name.len() / 3).max(1));
                let message = match nearest {
                    Some((_, known)) => {
                        format!("there is no setting `{name}`: did you mean `{known}`?")
                    }
                    None => format!("there is no setting `{name}`"),
                };
                let range = key.span();
                self.errors.push(SettingsError { message, range });
                continue;
            }
            let mut alone = DeTable::new();
            alone.insert(key.clone(), value.clone());
            match read::<T>(alone, value.span()) {
                Ok(_) => {
                    good.insert(key, value);
                }
                Err(error) => self.errors.push(SettingsError {
                    message: format!("`{name}`: {}", error.message),
                    ..error
                }),
            }
        }
        read(good, place).unwrap_or_else(|error| {
            self.errors.push(error);
            T::default()
        })
    }
}

fn read<T: DeserializeOwned>(table: DeTable<'_>, place: Range<usize>) -> Result<T, SettingsError> {
    let spanned = Spanned::new(place.clone(), table);
    T::deserialize(Deserializer::from(spanned)).map_err(|error| SettingsError {
        range: error.span().unwrap_or(place),
        ..of_toml(error)
    })
}

fn of_toml(error: toml::de::Error) -> SettingsError {
    SettingsError {
        message: error.message().trim().to_owned(),
        range: error.span().unwrap_or(0..0),
    }
}

/// The names of the fields of a structure that refuses others.
fn known_keys<T: DeserializeOwned>() -> &'static [&'static str] {
    let no_field = MapDeserializer::<_, Refused>::new(std::iter::once(("", ())));
    match T::deserialize(no_field) {
        Err(Refused(known)) => known,
        Ok(_) => &[],
    }
}

/// What a structure knows instead of a field.
#[derive(Debug)]
struct Refused(&'static [&'static str]);

impl Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "none of {:?}", self.0)
    }
}

impl std::error::Error for Refused {}

impl de::Error for Refused {
    fn custom<T: Display>(_: T) -> Self {
        Self(&[])
    }

    fn unknown_field(_: &str, known: &'static [&'static str]) -> Self {
        Self(known)
    }
}
