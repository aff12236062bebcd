//! What variables and texts with variables come to for one request, as far as it is known
//! (`src/http/ngx_http_variables.c`, `src/http/ngx_http_script.c`).
//!
//! [`Facts`] is what is known of the request: `explain` knows what its user states, `probe`
//! knows all of its client. `built_in` has nginx's own variables, [`forwarded`] the
//! addresses that proxies tell, [`path`] the paths of files.

mod built_in;
pub mod forwarded;
pub mod path;

use crate::model::computed::{Computed, Mapped, Table};
use crate::model::variables::Provenance;
use crate::model::{Model, ScopeId};
use crate::values::expression::{self, Part};
use crate::values::regex::Regex;
use crate::values::uri::Uri;
use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;

/// How deep variables may refer to each other (`ngx_http_get_variable` counts from 100).
const DEEPEST: u32 = 100;

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// It is this.
    Known(Vec<u8>),
    /// It depends on something that is not known.
    Unknown(Unknown),
}

/// What a value depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// The variable that is not known, with `$`.
    pub variable: String,
    /// The variable, without `$`, that `map`, `geo` or `split_clients` computes from it, if
    /// one does: it has only so many values.
    pub computed: Option<Vec<u8>>,
}

impl Value {
    /// A value that is known.
    pub fn known(text: impl Into<Vec<u8>>) -> Self {
        Self::Known(text.into())
    }

    /// That of a variable, without `$`, which is not known.
    #[must_use]
    pub fn unknown(name: &[u8]) -> Self {
        Self::Unknown(Unknown {
            variable: format!("${}", String::from_utf8_lossy(name)),
            computed: None,
        })
    }

    /// The value, where it is known.
    #[must_use]
    pub fn as_known(&self) -> Option<&[u8]> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown(_) => None,
        }
    }
}

/// What groups of a regular expression matched: the whole first.
pub type Captures = Vec<Option<Vec<u8>>>;

/// A request, as far as it is known.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Path and query, as rewriting has left them.
    pub uri: Uri,
    /// Path and query as the client wrote them.
    pub request_uri: Vec<u8>,
    /// The host that was looked for, in small letters and without port.
    pub host: Vec<u8>,
    /// The method; pages of errors are got.
    pub method: String,
    /// The method as the client wrote it.
    pub request_method: String,
    /// Whether it comes over TLS.
    pub tls: bool,
    /// The name in the TLS handshake.
    pub sni: Option<String>,
    /// The address that it came to.
    pub server_addr: Option<IpAddr>,
    /// The port that it came to.
    pub server_port: u16,
    /// The first name of the server.
    pub server_name: Vec<u8>,
    /// Where it comes from, perhaps as a proxy told.
    pub client: Option<IpAddr>,
    /// Where the connection comes from.
    pub peer: Option<IpAddr>,
    /// Its headers, `Host` included.
    pub headers: Vec<(String, String)>,
    /// Whether it has nothing but what is stated: no other header, no certificate.
    pub whole: bool,
    /// The block whose settings count.
    pub scope: ScopeId,
    /// The folder that relative paths are in.
    pub prefix: PathBuf,
    /// Variables, by their names in small letters, that have been set, or are given.
    pub set: HashMap<Vec<u8>, Value>,
    /// `try_files` has found a file below an `alias` that says the whole path otherwise.
    pub alias_takes_uri: bool,
    /// What `$1` and so on are.
    pub captures: Captures,
    /// What has been computed already, which nginx does once.
    computed: HashMap<Vec<u8>, Value>,
    depth: u32,
}

impl Facts {
    /// A `GET` of a URI, of which nothing else is known.
    #[must_use]
    pub fn new(uri: Uri, request_uri: Vec<u8>, host: Vec<u8>) -> Self {
        Self {
            uri,
            request_uri,
            host,
            method: "GET".to_owned(),
            request_method: "GET".to_owned(),
            tls: false,
            sni: None,
            server_addr: None,
            server_port: 80,
            server_name: Vec::new(),
            client: None,
            peer: None,
            headers: Vec::new(),
            whole: false,
            scope: ScopeId::MAIN,
            prefix: PathBuf::new(),
            set: HashMap::new(),
            alias_takes_uri: false,
            captures: Vec::new(),
            computed: HashMap::new(),
            depth: 0,
        }
    }

    /// The value of a text with variables.
    pub fn expand(&mut self, text: &[u8], model: &Model<'_>) -> Value {
        self.expand_with(text, model, |group| group.to_vec())
    }

    /// The value of a text with variables; something is done with what groups matched.
    pub fn expand_with(
        &mut self,
        text: &[u8],
        model: &Model<'_>,
        with_group: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Value {
        let Ok(parts) = expression::parse(text) else {
            return Value::known(text);
        };
        let mut value = Vec::with_capacity(text.len());
        for part in parts {
            match part {
                Part::Text(range) => value.extend_from_slice(&text[range]),
                Part::Capture { group, .. } => {
                    if let Some(Some(group)) = self.captures.get(usize::from(group)) {
                        value.extend(with_group(group));
                    }
                }
                Part::Variable { name, .. } => match self.variable(&text[name], model) {
                    Value::Known(text) => value.extend_from_slice(&text),
                    unknown @ Value::Unknown(_) => return unknown,
                },
            }
        }
        Value::Known(value)
    }

    /// The value of a variable, in any letters and without `$`.
    pub fn variable(&mut self, name: &[u8], model: &Model<'_>) -> Value {
        let name = name.to_ascii_lowercase();
        if let Some(value) = self.set.get(&name).or_else(|| self.computed.get(&name)) {
            return value.clone();
        }
        if self.depth == DEEPEST {
            return Value::unknown(&name);
        }
        self.depth += 1;
        let value = match model.http.computed.find(&name) {
            Some(computed) => self.compute(&name, computed, model),
            None => built_in::value(self, &name, model).unwrap_or_else(|| unset(&name, model)),
        };
        self.depth -= 1;
        value
    }

    /// Gives a variable a value, as `set` does.
    pub fn assign(&mut self, name: &[u8], value: Value) {
        let name = name.to_ascii_lowercase();
        if name == b"args" {
            if let Value::Known(args) = value {
                self.uri.args = args;
            }
        } else {
            self.set.insert(name, value);
        }
    }

    /// Takes a value for what `map`, `geo` or `split_clients` computes.
    pub fn assume(&mut self, name: &[u8], value: Value) {
        self.computed.insert(name.to_vec(), value);
    }

    fn compute(&mut self, name: &[u8], computed: &Computed<'_>, model: &Model<'_>) -> Value {
        let mut value = self.look_up(computed, model);
        if let Value::Unknown(unknown) = &mut value
            && unknown.computed.is_none()
        {
            unknown.computed = Some(name.to_vec());
        }
        let volatile = match &computed.table {
            Table::Map(map) => map.volatile,
            Table::Geo(geo) => geo.volatile,
            Table::Split(_) => false,
        };
        if !volatile && matches!(value, Value::Known(_)) {
            self.computed.insert(name.to_vec(), value.clone());
        }
        value
    }

    fn look_up(&mut self, computed: &Computed<'_>, model: &Model<'_>) -> Value {
        let block = computed.statement.directive.span();
        let lacks_lines = model.missing.iter().any(|include| {
            include.file == block.file && (block.start..block.end).contains(&include.start)
        });
        if lacks_lines {
            let made = computed
                .statement
                .args()
                .next_back()
                .map(|word| word.value());
            return Value::unknown(
                made.as_deref()
                    .and_then(|made| made.strip_prefix(b"$"))
                    .unwrap_or_default(),
            );
        }
        let source = match &computed.source {
            None => None,
            Some(source) => match self.expand(source, model) {
                Value::Known(source) => Some(source),
                unknown @ Value::Unknown(_) => return unknown,
            },
        };
        match &computed.table {
            Table::Map(map) => {
                let source = source.unwrap_or_default();
                match map.find(&source) {
                    Mapped::Name(result) => self.expand(result, model),
                    Mapped::Default => self.expand(&map.default, model),
                    Mapped::Regex(at) => {
                        let (regex, _, result) = &map.regexes[at];
                        self.matches(regex, &source);
                        self.expand(result, model)
                    }
                }
            }
            Table::Geo(geo) => {
                let address = match source {
                    Some(text) => std::str::from_utf8(&text)
                        .ok()
                        .and_then(|text| text.parse().ok()),
                    None => match self.client {
                        Some(client) => Some(client),
                        None => return Value::unknown(b"remote_addr"),
                    },
                };
                let told = self
                    .header("x-forwarded-for")
                    .filter(|_| !geo.proxies.is_empty());
                let address = match (address, told) {
                    (Some(address), Some(told)) => {
                        let proxies = &geo.proxies;
                        let found =
                            forwarded::address(address, &[&told], proxies, geo.proxy_recursive);
                        found.or(Some(address))
                    }
                    (address, _) => address,
                };
                Value::known(geo.find(address))
            }
            Table::Split(split) => Value::known(split.find(&source.unwrap_or_default())),
        }
    }

    /// Whether an expression matches; then its groups are what `$1` and names mean.
    pub fn matches(&mut self, regex: &Regex, text: &[u8]) -> bool {
        let Some(found) = regex.captures_in(text) else {
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

    /// All headers of a name in any letters, as one value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<String> {
        let named = self
            .headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let values: Vec<_> = named.map(|(_, value)| value.as_str()).collect();
        let between = if name.eq_ignore_ascii_case("cookie") {
            "; "
        } else {
            ", "
        };
        (!values.is_empty()).then(|| values.join(between))
    }
}

/// A variable that only `set` or a group of an expression defines is empty until then; of
/// others nothing is known.
fn unset(name: &[u8], model: &Model<'_>) -> Value {
    let variable = model.http.variables.find(name);
    let definitions = variable.map(|variable| variable.definitions.as_slice());
    let by_rewriting = |by: Provenance| matches!(by, Provenance::Set | Provenance::Capture);
    match definitions {
        Some(definitions)
            if !definitions.is_empty() && definitions.iter().all(|d| by_rewriting(d.by)) =>
        {
            Value::known(b"")
        }
        _ => Value::unknown(name),
    }
}
