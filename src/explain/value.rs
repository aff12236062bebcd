//! Variables of a request, as far as they are known.

use super::request::Request;
use super::uri::Uri;
use crate::model::{Model, Statement};
use crate::values::expression::{self, Part};
use crate::values::regex::Regex;
use std::collections::HashMap;

/// A value, or what it depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Known(Vec<u8>),
    /// The variable that is not known, with `$`.
    Unknown(String),
}

impl Value {
    pub(super) fn known(text: impl Into<Vec<u8>>) -> Self {
        Self::Known(text.into())
    }
}

/// What groups of a regular expression matched.
pub(super) type Captures = Vec<Option<Vec<u8>>>;

/// What variables are made of.
#[derive(Debug, Clone)]
pub(super) struct Facts {
    pub(super) uri: Uri,
    pub(super) host: Vec<u8>,
    /// The method; pages of errors are got.
    pub(super) method: String,
    /// The first name of the server.
    pub(super) server_name: Vec<u8>,
    pub(super) set: HashMap<Vec<u8>, Value>,
    pub(super) captures: Captures,
    /// Maps that are being worked out, against those that need themselves.
    depth: usize,
}

impl Facts {
    pub(super) fn new(uri: Uri, host: Vec<u8>, method: &str) -> Self {
        Self {
            uri,
            host,
            method: method.to_owned(),
            server_name: Vec::new(),
            set: HashMap::new(),
            captures: Vec::new(),
            depth: 0,
        }
    }

    /// The value of a text with variables.
    pub(super) fn expand(&mut self, text: &[u8], request: &Request, model: &Model<'_>) -> Value {
        let Ok(parts) = expression::parse(text) else {
            return Value::known(text);
        };
        let mut value = Vec::new();
        for part in parts {
            match part {
                Part::Text(range) => value.extend_from_slice(&text[range]),
                Part::Capture { group, .. } => {
                    let group = self.captures.get(usize::from(group));
                    if let Some(Some(text)) = group {
                        value.extend_from_slice(text);
                    }
                }
                Part::Variable { name, .. } => match self.variable(&text[name], request, model) {
                    Value::Known(text) => value.extend_from_slice(&text),
                    unknown @ Value::Unknown(_) => return unknown,
                },
            }
        }
        Value::Known(value)
    }

    pub(super) fn variable(&mut self, name: &[u8], request: &Request, model: &Model<'_>) -> Value {
        /// Maps inside maps; nginx has no limit, and calls itself.
        const DEEPEST: usize = 32;

        let name = name.to_ascii_lowercase();
        let shown = format!("${}", String::from_utf8_lossy(&name));
        if let Some(value) = self.set.get(&name) {
            return value.clone();
        }
        if let Some(table) = self.table(&name, model) {
            if self.depth == DEEPEST {
                return Value::Unknown(shown);
            }
            self.depth += 1;
            let value = self.look_up(table, request, model);
            self.depth -= 1;
            return value;
        }
        self.built_in(&name, request)
            .unwrap_or(Value::Unknown(shown))
    }

    /// The `map`, `geo` or `split_clients` that makes a variable.
    fn table<'m>(&self, name: &[u8], model: &Model<'m>) -> Option<Statement<'m>> {
        let of_http = model.http.scope?;
        let makes = |table: &&Statement<'m>| {
            let word = table.args().next_back().map(|word| word.value());
            table.scope == of_http
                && matches!(table.name(), "map" | "geo" | "split_clients")
                && word.is_some_and(|word| {
                    word.strip_prefix(b"$")
                        .is_some_and(|made| made.eq_ignore_ascii_case(name))
                })
        };
        model.tables.iter().rev().find(makes).copied()
    }

    fn look_up(&mut self, table: Statement<'_>, request: &Request, model: &Model<'_>) -> Value {
        let made = table
            .args()
            .next_back()
            .map(|word| word.value().into_owned());
        let shown = String::from_utf8_lossy(&made.unwrap_or_default()).into_owned();
        if table.name() != "map" {
            return Value::Unknown(shown);
        }
        let (Some(source), Some(block)) = (table.arg(0), table.directive.block()) else {
            return Value::Unknown(shown);
        };
        let source = match self.expand(&source.value(), request, model) {
            Value::Known(source) => source,
            unknown @ Value::Unknown(_) => return unknown,
        };
        let mut default = Vec::new();
        let mut regexes = Vec::new();
        let mut exact = None;
        let mut hostnames = false;
        for entry in block.directives() {
            let key = entry.name().value().into_owned();
            let value = entry.arg(0).map(|word| word.value().into_owned());
            match (key.as_slice(), value) {
                (b"hostnames", None) => hostnames = true,
                (b"volatile", None) => {}
                // What another file says is not looked at.
                (b"include", _) => return Value::Unknown(shown),
                (b"default", Some(value)) => default = value,
                ([b'~', pattern @ ..], Some(value)) => regexes.push((pattern.to_vec(), value)),
                (key, Some(value)) => {
                    let key = key.strip_prefix(b"\\").unwrap_or(key);
                    if exact.is_none() && key.eq_ignore_ascii_case(&source) {
                        exact = Some(value);
                    }
                }
                _ => {}
            }
        }
        if hostnames {
            return Value::Unknown(shown);
        }
        if let Some(value) = exact {
            return self.expand(&value, request, model);
        }
        for (pattern, value) in regexes {
            let (pattern, caseless) = match pattern.strip_prefix(b"*") {
                Some(pattern) => (pattern, true),
                None => (pattern.as_slice(), false),
            };
            let Ok(regex) = Regex::new(pattern, caseless) else {
                return Value::Unknown(shown);
            };
            if self.matches(&regex, &source) {
                return self.expand(&value, request, model);
            }
        }
        self.expand(&default, request, model)
    }

    /// Whether an expression matches; then its groups are what `$1` and names mean.
    pub(super) fn matches(&mut self, regex: &Regex, text: &[u8]) -> bool {
        let Some(found) = regex.captures_in(text) else {
            self.captures.clear();
            return false;
        };
        self.captures = found
            .iter()
            .map(|group| group.map(<[u8]>::to_vec))
            .collect();
        for (name, group) in regex.named_in(text) {
            self.set
                .insert(name.to_ascii_lowercase(), Value::known(group));
        }
        true
    }

    fn built_in(&self, name: &[u8], request: &Request) -> Option<Value> {
        let text = |bytes: &[u8]| Some(Value::known(bytes));
        match name {
            b"uri" | b"document_uri" => text(&self.uri.path),
            b"request_uri" => text(&request.target),
            b"args" | b"query_string" => text(&self.uri.args),
            b"is_args" => text(if self.uri.args.is_empty() { b"" } else { b"?" }),
            b"host" => text(&self.host),
            b"http_host" => text(&request.host_header()),
            b"server_name" => text(&self.server_name),
            b"server_port" => text(request.port.to_string().as_bytes()),
            b"scheme" => text(if request.tls { b"https" } else { b"http" }),
            b"https" => text(if request.tls { b"on" } else { b"" }),
            b"request_method" => text(self.method.as_bytes()),
            b"server_protocol" => text(b"HTTP/1.1"),
            b"remote_addr" => Some(match request.client {
                Some(address) => Value::known(address.to_string()),
                None => Value::Unknown("$remote_addr".to_owned()),
            }),
            b"ssl_server_name" => request.sni.as_ref().map(|name| Value::known(name.as_str())),
            _ => {
                if let Some(argument) = name.strip_prefix(b"arg_") {
                    return Some(Value::Known(self.argument(argument)));
                }
                if let Some(cookie) = name.strip_prefix(b"cookie_") {
                    return Some(Value::Known(cookie_of(request.header("cookie")?, cookie)));
                }
                let header = name.strip_prefix(b"http_")?;
                let header = String::from_utf8_lossy(header).replace('_', "-");
                // What is not stated may be there or not.
                request.header(&header).map(Value::known)
            }
        }
    }

    /// `$arg_NAME`: the first argument of that name, as written.
    fn argument(&self, name: &[u8]) -> Vec<u8> {
        let mut arguments = self.uri.args.split(|byte| *byte == b'&');
        let value = arguments.find_map(|argument| {
            let equals = memchr::memchr(b'=', argument)?;
            let (key, value) = argument.split_at(equals);
            key.eq_ignore_ascii_case(name).then(|| value[1..].to_vec())
        });
        value.unwrap_or_default()
    }
}

/// A cookie by its name in any letters; empty where the header has none of that name.
fn cookie_of(header: &str, name: &[u8]) -> Vec<u8> {
    let cookies = header
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='));
    let mut named = cookies.filter(|(key, _)| key.as_bytes().eq_ignore_ascii_case(name));
    named
        .next()
        .map(|(_, value)| value.as_bytes().to_vec())
        .unwrap_or_default()
}
