//! What rules ask about servers and locations: sockets, headers, folders, guards.

use super::facts::{self, Matcher, Pass, location_of};
use super::settings::Settings;
use crate::directives::{Context, PASSES};
use crate::model::http::LocationKind;
use crate::model::{Model, Scope, ScopeId, Statement, Texts};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::address::{self, Allowed, Host};
use crate::values::expression::{self, Part};
use crate::values::paths;
use foldhash::HashMap;
use std::borrow::Cow;

/// The servers and locations of `http` as rules ask about them, and what hands requests on.
///
/// Locations are taken apart by the model; a block that nginx refuses because of an argument
/// too many is looked into all the same.
#[derive(Debug, Clone)]
pub struct Places<'a, 'm> {
    model: &'a Model<'m>,
    /// Every place that hands requests to a backend, in reading order.
    pub passes: Vec<Pass<'m>>,
    /// `map` blocks by the variable that they define, in small letters without `$`.
    maps: HashMap<Vec<u8>, Statement<'m>>,
    /// Every `server`, and how it is reached.
    sites: Vec<(ScopeId, Reach)>,
    /// Every `location`.
    places: Vec<Spot<'a>>,
}

/// A `server` of `http`.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a, 'm> {
    /// Its block.
    pub scope: ScopeId,
    /// What opens it.
    pub statement: Statement<'m>,
    model: &'a Model<'m>,
    reach: Reach,
}

/// How a server is reached, of all its sockets together.
#[derive(Debug, Clone, Copy, Default)]
struct Reach {
    /// One has TLS.
    tls: bool,
    /// One speaks the PROXY protocol.
    proxy_protocol: bool,
    /// One has no TLS, and other machines reach it.
    plain: bool,
    /// Other machines reach one.
    remote: bool,
    /// Clients with IPv4 addresses can come.
    v4: bool,
    /// Clients with IPv6 addresses can come.
    v6: bool,
}

/// Where a server listens.
#[derive(Debug, Clone)]
pub struct Socket<'m> {
    /// The `listen`; `None` for the socket that nginx takes without one.
    pub statement: Option<Statement<'m>>,
    /// Its address.
    pub host: Host,
    /// Its port; `None` for a unix socket.
    pub port: Option<u16>,
    /// `ssl` or `quic`.
    pub tls: bool,
    /// `default_server`.
    pub default: bool,
    /// `proxy_protocol`.
    pub proxy_protocol: bool,
}

/// A `location`.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a, 'm> {
    /// Its block.
    pub scope: ScopeId,
    /// How it is written.
    pub matcher: Matcher,
    /// Its path, pattern or name.
    pub path: &'a [u8],
    /// The `server` that it is in.
    pub server: Option<ScopeId>,
    model: &'a Model<'m>,
}

/// What is kept of a [`Place`].
#[derive(Debug, Clone, Copy)]
struct Spot<'a> {
    scope: ScopeId,
    matcher: Matcher,
    path: &'a [u8],
    server: Option<ScopeId>,
}

/// How sure it is that nothing but what is at hand counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// All of it is at hand.
    Surely,
    /// What is around a part of a configuration may add to it.
    Probably,
    /// A file that is not at hand may add to it.
    No,
}

/// The directives of a name that count in a block.
#[derive(Debug, Clone)]
pub struct Inherited<'m> {
    /// The directives, in reading order.
    pub list: Vec<Statement<'m>>,
    /// Whether these are all.
    pub known: Known,
}

impl<'m> Inherited<'m> {
    /// The directive whose first argument is this name, in any letters.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Statement<'m>> {
        let named = |word: Word<'_>| word.value().eq_ignore_ascii_case(name.as_bytes());
        let mut list = self.list.iter().copied();
        list.find(|statement| statement.arg(0).is_some_and(named))
    }

    /// Whether it is certain enough that there is no such directive.
    #[must_use]
    pub fn lacks(&self, name: &str) -> bool {
        self.known != Known::No && self.get(name).is_none()
    }
}

/// A header that is set round a block but does not count in it, because the block or one
/// nearer to it sets others.
#[must_use]
pub fn dropped<'m>(
    model: &Model<'m>,
    scope: ScopeId,
    directive: &str,
    header: &str,
) -> Option<Statement<'m>> {
    let named = |word: Word<'_>| word.value().eq_ignore_ascii_case(header.as_bytes());
    let mut found = model.outwards(scope).flat_map(|id| {
        let list = model.scope(id).named(directive);
        list.collect::<Vec<_>>()
    });
    found.find(|statement| statement.arg(0).is_some_and(named))
}

/// The variables of a value, in small letters without `$`; none where it is no expression.
#[must_use]
pub fn variables(value: &[u8]) -> Vec<Vec<u8>> {
    let parts = expression::parse(value).unwrap_or_default();
    let name = |part: &Part| match part {
        Part::Variable { name, .. } => Some(value[name.clone()].to_ascii_lowercase()),
        Part::Text(_) | Part::Capture { .. } => None,
    };
    parts.iter().filter_map(name).collect()
}

/// A folder whose files are handed out.
#[derive(Debug, Clone)]
pub struct Folder<'m> {
    /// `root` or `alias`.
    pub statement: Statement<'m>,
    /// Its value.
    pub path: Cow<'m, [u8]>,
    /// Whether it is `alias`.
    pub alias: bool,
}

/// What answers the requests of a location.
#[derive(Debug, Clone, Copy)]
pub enum Handler<'m> {
    /// A backend.
    Pass(Statement<'m>),
    /// `return`.
    Return(Statement<'m>),
    /// Another module.
    Other(Statement<'m>),
    /// Files.
    Files,
}

impl Socket<'_> {
    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match &self.host {
            Host::V4(address) => address.is_loopback(),
            Host::V6(address) => address.is_loopback(),
            Host::Unix(_) => true,
            Host::Name(name) => name == b"localhost",
        }
    }
}

impl<'a, 'm> Site<'a, 'm> {
    /// Where it listens; one socket where it does not say so.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket<'m>> {
        sockets(self.model, self.scope)
    }

    /// Its names.
    pub fn names(&self) -> impl Iterator<Item = Word<'m>> + use<'a, 'm> {
        let names = self.model.scope(self.scope).named("server_name");
        names.flat_map(|statement| statement.args())
    }

    /// Whether it has a TLS socket.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.reach.tls
    }

    /// Whether only this machine reaches it.
    #[must_use]
    pub fn is_local(&self) -> bool {
        !self.reach.remote
    }

    /// Whether clients with IPv4 and with IPv6 addresses can come.
    #[must_use]
    pub fn families(&self) -> (bool, bool) {
        (self.reach.v4, self.reach.v6)
    }

    /// A socket without TLS that other machines reach.
    #[must_use]
    pub fn plain(&self) -> Option<Socket<'m>> {
        if !self.reach.plain {
            return None;
        }
        let mut sockets = self.sockets().into_iter();
        sockets.find(|socket| !socket.tls && !socket.is_local())
    }

    /// Whether it has a name that a client can ask for.
    #[must_use]
    pub fn is_named(&self) -> bool {
        let mut names = self.names().map(|word| word.value());
        names.any(|name| !name.is_empty() && *name != *b"_")
    }
}

impl Reach {
    fn of(sockets: &[Socket<'_>]) -> Self {
        let any = |test: &dyn Fn(&Socket<'_>) -> bool| sockets.iter().any(test);
        Self {
            tls: any(&|socket| socket.tls),
            proxy_protocol: any(&|socket| socket.proxy_protocol),
            plain: any(&|socket| !socket.tls && !socket.is_local()),
            remote: any(&|socket| !socket.is_local()),
            v4: any(&|socket| matches!(socket.host, Host::V4(_) | Host::Name(_))),
            v6: any(&|socket| matches!(socket.host, Host::V6(_) | Host::Name(_))),
        }
    }
}

impl<'a> Spot<'a> {
    /// `None` for a location that nginx cannot take apart. One that it does not take for a
    /// location, because of an argument too many, is one here.
    fn of(model: &'a Model<'_>, scope: ScopeId) -> Option<Self> {
        let statement = model.scope(scope).opener?;
        let known = model.http.location_of(scope);
        let known = known.map(|id| model.http.location(id));
        let kind = known.map_or(LocationKind::Invalid, |location| location.kind);
        let (matcher, path) = match kind {
            LocationKind::Prefix => (Matcher::Prefix, None),
            LocationKind::PrefixNoRegex => (Matcher::PrefixNoRegex, None),
            LocationKind::Exact => (Matcher::Exact, None),
            LocationKind::Regex | LocationKind::RegexCaseless => (Matcher::Regex, None),
            LocationKind::Named => (Matcher::Named, None),
            LocationKind::If | LocationKind::LimitExcept | LocationKind::Invalid => {
                let (matcher, path) = location_of(statement)?;
                (matcher, Some(path))
            }
        };
        let path = match (known, path) {
            (Some(location), _) => &*location.name,
            (None, Some(Cow::Borrowed(path))) => path,
            (None, _) => return None,
        };
        Some(Self {
            scope,
            matcher,
            path,
            server: server_around(model, scope),
        })
    }
}

impl<'a, 'm> Place<'a, 'm> {
    fn of(model: &'a Model<'m>, spot: &Spot<'a>) -> Self {
        let Spot {
            scope,
            matcher,
            path,
            server,
        } = *spot;
        Self {
            scope,
            matcher,
            path,
            server,
            model,
        }
    }

    /// What opens it.
    #[must_use]
    pub fn statement(&self) -> Statement<'m> {
        let opener = self.model.scope(self.scope).opener;
        opener.expect("internal: a location has a directive")
    }

    /// Where its path is written.
    #[must_use]
    pub fn span(&self) -> Span {
        let statement = self.statement();
        let path = statement.args().next_back();
        path.map_or_else(|| statement.head(), Word::span)
    }

    /// Its path for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(self.path).into_owned()
    }

    /// Whether it is a prefix, exact, or neither.
    #[must_use]
    pub fn is_prefix(&self) -> bool {
        matches!(self.matcher, Matcher::Prefix | Matcher::PrefixNoRegex)
    }

    /// The first word of its path, as it is written: `ws` of `/ws/`, `^/ws/chat` and `@ws`.
    #[must_use]
    pub fn first_word(&self) -> &'a [u8] {
        paths::first_word(self.path)
    }

    /// Whether the first word of its path is one of these, in any letters.
    #[must_use]
    pub fn begins_with(&self, words: &[&str]) -> bool {
        paths::begins_with(self.path, words)
    }

    /// Whether one of the words of its path is one of these.
    #[must_use]
    pub fn has_word(&self, words: &[&str]) -> bool {
        paths::has_word(self.path, words)
    }

    /// Whether it is under a URL, such as `/static/`.
    #[must_use]
    pub fn is_under(&self, url: &str) -> bool {
        let bare = url.trim_end_matches('/').as_bytes();
        !bare.is_empty()
            && self.is_prefix()
            && self.path.starts_with(bare)
            && matches!(self.path.get(bare.len()), None | Some(b'/'))
    }
}

/// Names of folders that are meant to be public.
const PUBLIC: &[&[u8]] = &[
    b"static",
    b"staticfiles",
    b"static_root",
    b"static-files",
    b"collected_static",
    b"collectstatic",
    b"media",
    b"mediafiles",
    b"uploads",
    b"public",
    b"public_html",
    b"htdocs",
    b"assets",
    b"dist",
    b"build",
    b"out",
    b"html",
    b"www",
    b"web",
    b"docs",
    b"images",
];

/// Whether the last part of a path is a folder that is meant to be public.
#[must_use]
pub fn is_public_folder(path: &[u8]) -> bool {
    let bare = trim_slashes(path);
    let last = bare.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    PUBLIC.iter().any(|known| last.eq_ignore_ascii_case(known))
}

/// Whether a path is a folder that is meant to be public, or lies in one; `www` is where
/// projects lie as well.
#[must_use]
pub fn is_in_public_folder(path: &[u8]) -> bool {
    let ends = memchr::memchr_iter(b'/', path).filter(|end| *end > 0);
    let mut around = ends.map(|end| &path[..end]);
    is_public_folder(path)
        || around.any(|folder| is_public_folder(folder) && !folder.ends_with(b"/www"))
}

/// A path without the slashes at its end.
#[must_use]
pub fn trim_slashes(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|byte| *byte != b'/');
    &path[..end.map_or(0, |last| last + 1)]
}

/// Whether a path is a folder or lies in it.
#[must_use]
pub fn is_within(path: &[u8], folder: &[u8]) -> bool {
    let folder = trim_slashes(folder);
    path.starts_with(folder) && matches!(path.get(folder.len()), None | Some(b'/'))
}

/// Whether a directive answers instead of files, beside those that hand requests to a backend.
fn answers(name: &str) -> bool {
    matches!(
        name,
        "stub_status"
            | "empty_gif"
            | "perl"
            | "js_content"
            | "content_by_lua"
            | "content_by_lua_block"
            | "content_by_lua_file"
            | "echo"
            | "api"
            | "upstream_conf"
            | "dav_methods"
            | "vhost_traffic_status_display"
            | "rtmp_stat"
            | "rtmp_control"
            | "auth_jwt_key_request"
    )
}

/// The `server` round a block, itself included.
fn server_around(model: &Model<'_>, scope: ScopeId) -> Option<ScopeId> {
    let mut around = model.outwards(scope);
    around.find(|id| model.scope(*id).context == Context::Server)
}

impl<'a, 'm> Places<'a, 'm> {
    pub(super) fn new(model: &'a Model<'m>, texts: &Texts<'_>, settings: &Settings) -> Self {
        let mut maps = HashMap::default();
        for table in &model.tables {
            if table.name() == "map"
                && let Some(name) = table.arg(1)
                && let [b'$', name @ ..] = &*name.value()
            {
                maps.insert(name.to_ascii_lowercase(), *table);
            }
        }
        let blocks = |context| {
            let blocks = model.scopes.iter();
            let written = blocks.filter(move |block| block.context == context);
            written.filter(|block| block.opener.is_some())
        };
        let site = |block: &Scope<'m>| (block.id, Reach::of(&sockets(model, block.id)));
        Self {
            model,
            passes: facts::passes(model, texts, settings),
            maps,
            sites: blocks(Context::Server).map(site).collect(),
            places: { blocks(Context::Location) }
                .filter_map(|block| Spot::of(model, block.id))
                .collect(),
        }
    }

    /// Every `server`, in reading order.
    pub fn sites(&self) -> impl Iterator<Item = Site<'a, 'm>> {
        self.sites.iter().filter_map(|site| self.site(*site))
    }

    fn site(&self, (scope, reach): (ScopeId, Reach)) -> Option<Site<'a, 'm>> {
        Some(Site {
            scope,
            statement: self.model.scope(scope).opener?,
            model: self.model,
            reach,
        })
    }

    /// Every `location`, in reading order.
    pub fn places(&self) -> impl Iterator<Item = Place<'a, 'm>> {
        let places = self.places.iter();
        places.map(|spot| Place::of(self.model, spot))
    }

    /// Every `location` with a regular expression, in reading order.
    pub fn regexes(&self) -> impl Iterator<Item = Place<'a, 'm>> {
        self.places()
            .filter(|place| place.matcher == Matcher::Regex)
    }

    /// The `server` round a block, itself included.
    #[must_use]
    pub fn site_around(&self, scope: ScopeId) -> Option<Site<'a, 'm>> {
        let server = server_around(self.model, scope)?;
        let found = self
            .sites
            .binary_search_by_key(&server, |(scope, _)| *scope);
        self.site(self.sites[found.ok()?])
    }

    /// The nearest `location` round a block, itself included.
    #[must_use]
    pub fn place_around(&self, scope: ScopeId) -> Option<Place<'a, 'm>> {
        let model = self.model;
        let mut around = model.outwards(scope);
        let location = around.find(|id| model.scope(*id).context == Context::Location)?;
        let found = self
            .places
            .binary_search_by_key(&location, |spot| spot.scope);
        Some(Place::of(model, &self.places[found.ok()?]))
    }

    /// The locations of a server, at whatever depth.
    pub fn places_in(&self, server: ScopeId) -> impl Iterator<Item = Place<'a, 'm>> {
        let inside = self.part_in(server, &self.places, |spot| spot.scope);
        inside.iter().map(|spot| Place::of(self.model, spot))
    }

    /// The places of a server that hand requests to Django.
    pub fn django_in(&self, server: ScopeId) -> impl Iterator<Item = &Pass<'m>> {
        let passes = self.part_in(server, &self.passes, |pass| pass.statement.scope);
        passes.iter().filter(|pass| pass.is_django())
    }

    /// Those of a list in reading order that stand in a block.
    fn part_in<'l, T>(
        &self,
        block: ScopeId,
        list: &'l [T],
        scope: impl Fn(&T) -> ScopeId,
    ) -> &'l [T] {
        let last = self.model.last_within(block);
        let first = list.partition_point(|one| scope(one) < block);
        let behind = list.partition_point(|one| scope(one) <= last);
        &list[first..behind.max(first)]
    }

    /// The places that hand requests to Django over HTTP.
    pub fn django_over_http(&self) -> impl Iterator<Item = &Pass<'m>> {
        self.passes.iter().filter(|pass| {
            pass.is_django()
                && matches!(
                    pass.protocol,
                    facts::Protocol::Http | facts::Protocol::Https
                )
        })
    }

    /// The `map` that defines a variable.
    #[must_use]
    pub fn map(&self, name: &[u8]) -> Option<Statement<'m>> {
        self.maps.get(&name.to_ascii_lowercase()).copied()
    }

    /// Whether a value is what the client says in a header: by its variable, by `set`, or by
    /// a `map` that looks at nothing else.
    #[must_use]
    pub fn is_from_client(&self, scope: ScopeId, value: &[u8], header: &str) -> bool {
        let model = self.model;
        let is_header = |name: &Vec<u8>| name == header.as_bytes();
        variables(value).iter().any(|name| {
            if is_header(name) {
                return true;
            }
            if let Some(map) = self.map(name) {
                let source = map.arg(0).map(|word| variables(&word.value()));
                return source
                    .is_some_and(|names| names.iter().all(is_header) && !names.is_empty());
            }
            model.outwards(scope).any(|id| {
                model.scope(id).named("set").any(|set| {
                    let target = set.arg(0).map(|word| word.value().to_ascii_lowercase());
                    let same = target.is_some_and(|target| target.get(1..) == Some(name));
                    same && set
                        .arg(1)
                        .is_some_and(|word| variables(&word.value()).iter().any(is_header))
                })
            })
        })
    }

    /// Whether a server sends what comes without TLS to HTTPS.
    #[must_use]
    pub fn sends_to_https(&self, server: ScopeId) -> bool {
        let model = self.model;
        model.within(server).any(|id| {
            let scope = model.scope(id);
            let outer = match scope.context {
                Context::Server | Context::IfInServer => true,
                Context::Location => scope
                    .opener
                    .and_then(location_of)
                    .is_some_and(|(matcher, path)| matcher == Matcher::Prefix && *path == *b"/"),
                _ => false,
            };
            outer && scope.statements().any(is_to_https)
        })
    }
}

fn is_to_https(statement: Statement<'_>) -> bool {
    let word = match statement.name() {
        "return" => statement.args().next_back(),
        "rewrite" => statement.arg(1),
        _ => None,
    };
    word.is_some_and(|word| word.value().starts_with(b"https://"))
}

fn sockets<'m>(model: &Model<'m>, server: ScopeId) -> Vec<Socket<'m>> {
    let allowed = Allowed {
        listen: true,
        uri: false,
    };
    let ssl = is_on(model, server, "ssl", false);
    let socket = |statement: Statement<'m>| {
        let word = statement.arg(0)?;
        let value = word.value();
        let url = address::parse_url(&value, allowed).ok()?;
        let has = |name: &str| statement.args().skip(1).any(|word| word.is(name));
        let port = match url.host {
            Host::Unix(_) => None,
            _ => Some(url.port.unwrap_or(80)),
        };
        Some(Socket {
            statement: Some(statement),
            host: url.host,
            port,
            tls: ssl || has("ssl") || has("quic"),
            default: has("default_server") || has("default"),
            proxy_protocol: has("proxy_protocol"),
        })
    };
    let mut listens = model.scope(server).named("listen").peekable();
    if listens.peek().is_none() {
        return vec![Socket {
            statement: None,
            host: Host::V4(std::net::Ipv4Addr::UNSPECIFIED),
            port: Some(80),
            tls: ssl,
            default: false,
            proxy_protocol: false,
        }];
    }
    listens.filter_map(socket).collect()
}

/// Whether a switch is on in a block.
#[must_use]
pub fn is_on(model: &Model<'_>, scope: ScopeId, name: &str, default: bool) -> bool {
    let value = model.value(scope, name).and_then(|found| found.arg(0));
    value.map_or(default, |word| word.value().eq_ignore_ascii_case(b"on"))
}

/// The directives of a name that count in a block, as far as they are at hand.
#[must_use]
pub fn inherited<'m>(model: &Model<'m>, scope: ScopeId, name: &str) -> Inherited<'m> {
    let mut list = Vec::new();
    let may_merge = name == "add_header";
    for id in model.outwards(scope) {
        let block = model.scope(id);
        if block.first(name).is_some() {
            list.extend(block.named(name));
        }
        if lacks_a_file(model, id, name) {
            let known = Known::No;
            return Inherited { list, known };
        }
        let merges = may_merge
            && model
                .value(id, "add_header_inherit")
                .is_some_and(|inherit| inherit.arg(0).is_some_and(|word| word.is("merge")));
        if !list.is_empty() && !merges {
            let known = Known::Surely;
            return Inherited { list, known };
        }
    }
    let known = match model.scopes[0].context {
        Context::Main => Known::Surely,
        Context::Http => Known::Probably,
        _ => Known::No,
    };
    Inherited { list, known }
}

/// Whether a file is not at hand that is included in a block and may have a directive.
#[must_use]
pub fn lacks_a_file(model: &Model<'_>, scope: ScopeId, name: &str) -> bool {
    !model.missing.is_empty()
        && model.scope(scope).named("include").any(|include| {
            model.missing.contains(&include.head())
                && include
                    .arg(0)
                    .is_some_and(|word| may_have(&word.value(), name))
        })
}

/// Whether a directive may be in a file; what comes with nginx, Debian and certbot is known.
fn may_have(path: &[u8], name: &str) -> bool {
    match path.rsplit(|byte| *byte == b'/').next().unwrap_or_default() {
        b"mime.types" => name == "types",
        b"koi-utf" | b"koi-win" | b"win-utf" => name == "charset_map",
        b"uwsgi_params" => name == "uwsgi_param",
        b"fastcgi_params" | b"fastcgi.conf" => name == "fastcgi_param",
        b"scgi_params" => name == "scgi_param",
        b"proxy_params" => name == "proxy_set_header",
        b"options-ssl-nginx.conf" => name.starts_with("ssl_"),
        _ => true,
    }
}

/// Whether everything of `http` is at hand as far as a directive goes: what is not there is
/// nowhere.
#[must_use]
pub fn is_whole(model: &Model<'_>, name: &str) -> bool {
    model.scopes[0].context == Context::Main
        && (model.missing.is_empty()
            || (0..model.scopes.len())
                .all(|index| !lacks_a_file(model, ScopeId(index as u32), name)))
}

/// What answers the requests of a location.
#[must_use]
pub fn handler<'m>(model: &Model<'m>, scope: ScopeId) -> Handler<'m> {
    let scope = model.scope(scope);
    for statement in scope.statements() {
        let name = statement.name();
        if name == "return" {
            return Handler::Return(statement);
        }
        if PASSES.contains(&name) {
            return Handler::Pass(statement);
        }
        if answers(name) {
            return Handler::Other(statement);
        }
    }
    let lua = scope.opener.and_then(|opener| opener.directive.block());
    let lua = lua.into_iter().flat_map(|block| block.directives());
    let mut lua = lua.filter(|inner| inner.is("content_by_lua_block"));
    match (lua.next(), scope.opener) {
        (Some(_), Some(opener)) => Handler::Other(opener),
        _ => Handler::Files,
    }
}

/// Whether files answer the requests of a location.
#[must_use]
pub fn serves_files(model: &Model<'_>, scope: ScopeId) -> bool {
    matches!(handler(model, scope), Handler::Files)
}

/// The folder whose files a block hands out; `None` where none is set.
#[must_use]
pub fn folder<'m>(model: &Model<'m>, scope: ScopeId) -> Option<Folder<'m>> {
    model.outwards(scope).find_map(|id| {
        let scope = model.scope(id);
        let alias = scope.last("alias");
        let statement = alias.or_else(|| scope.last("root"))?;
        Some(Folder {
            statement,
            path: statement.arg(0)?.value(),
            alias: alias.is_some(),
        })
    })
}

/// The lines of `allow` and `deny` that count in a block, in order. A block with a line of
/// either inherits none of both (`ngx_http_access_merge_loc_conf`).
#[must_use]
pub fn access<'m>(model: &Model<'m>, scope: ScopeId) -> Vec<Statement<'m>> {
    let own = |id: ScopeId| {
        let scope = model.scope(id);
        if scope.first("allow").is_none() && scope.first("deny").is_none() {
            return Vec::new();
        }
        let statements = scope.statements();
        let access = statements.filter(|found| matches!(found.name(), "allow" | "deny"));
        access.collect::<Vec<_>>()
    };
    let mut lists = model.outwards(scope).map(own);
    lists.find(|list| !list.is_empty()).unwrap_or_default()
}

/// Whom the lines of `allow` and `deny` let in, as far as the families of addresses go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// A line lets everybody of a family in.
    Everybody,
    /// No line refuses those who match none.
    ByDefault,
    /// Those who match no `allow` are refused.
    Some,
}

/// Whom the lines of a block let in. `v4` and `v6`: which clients can come.
#[must_use]
pub fn lets_in(rules: &[Statement<'_>], v4: bool, v6: bool) -> Access {
    for rule in rules {
        let Some(word) = rule.arg(0) else {
            continue;
        };
        let all = match &*word.value() {
            b"all" => true,
            b"0.0.0.0/0" => v4,
            b"::/0" => v6,
            _ => false,
        };
        if all && rule.name() == "allow" {
            return Access::Everybody;
        }
        if all {
            return Access::Some;
        }
    }
    Access::ByDefault
}

/// Whether a block asks clients who they are before it answers.
#[must_use]
pub fn asks_who(model: &Model<'_>, scope: ScopeId) -> bool {
    [
        "auth_basic",
        "auth_request",
        "auth_jwt",
        "auth_oidc",
        "auth_pam",
        "auth_ldap",
    ]
    .iter()
    .any(|name| is_set(model, scope, name))
}

/// Whether one way of being let in is enough in a block.
#[must_use]
pub fn is_any_enough(model: &Model<'_>, scope: ScopeId) -> bool {
    let satisfy = model.value(scope, "satisfy");
    satisfy.is_some_and(|satisfy| satisfy.arg(0).is_some_and(|word| word.is("any")))
}

/// Whether a directive counts in a block with another value than `off`.
#[must_use]
#[inline]
pub fn is_set(model: &Model<'_>, scope: ScopeId, name: &str) -> bool {
    let set = model.value(scope, name);
    set.is_some_and(|set| set.arg(0).is_some_and(|word| !word.is("off")))
}

/// Whether somebody must be known, or come from somewhere, to be let in.
#[must_use]
pub fn is_guarded(model: &Model<'_>, scope: ScopeId) -> bool {
    let mut rules = access(model, scope).into_iter();
    asks_who(model, scope)
        || is_set(model, scope, "ssl_verify_client")
        || rules.any(|rule| rule.name() == "deny")
        || model.scope(scope).first("internal").is_some()
}

/// Whether another proxy stands in front: nginx takes the address of the client from it.
#[must_use]
pub fn is_behind_proxy(model: &Model<'_>, site: Option<Site<'_, '_>>, scope: ScopeId) -> bool {
    model.value(scope, "set_real_ip_from").is_some()
        || site.is_some_and(|site| site.reach.proxy_protocol)
}
