//! `location-without-handler`.

use crate::directives::{Context, PASSES};
use crate::model::http::{Location, LocationKind};
use crate::model::{Model, ScopeId, Statement};
use crate::rules::facts::answers::{
    hands_on_some, has_all_of_its_own, has_locations, is_closed, only_files_answer,
};
use crate::rules::facts::patterns::literal_start;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, folder, inherited, lacks_a_file};
use crate::rules::{Meta, Rule, RuleContext};
use crate::syntax::Word;
use foldhash::HashMap;
use std::borrow::Cow;
use std::cell::OnceCell;

declare_rule! {
    /// ## What it reports
    ///
    /// A `location` that says neither who answers its requests nor where files are, while the `location`
    /// that it takes them from hands them to a backend.
    ///
    /// ```nginx
    /// location / {
    ///     proxy_pass http://django;
    /// }
    /// location ~* \.(css|js|png)$ {
    ///     expires 7d;
    /// }
    /// ```
    ///
    /// Where a `root` counts or a `try_files` goes on elsewhere, nothing is reported. Neither are
    /// `/favicon.ico`, `/robots.txt`, `/.well-known/` and the pages of `error_page`, for which the answer
    /// of nginx is mostly meant.
    ///
    /// ## Why it matters
    ///
    /// A request is answered by one `location` alone, and `proxy_pass` and its like are not inherited, not
    /// even by a `location` inside the one that has them. Without them nginx looks for a file in the
    /// folder `html` that it came with, finds none and answers 404. Django never sees the request.
    ///
    /// ## What to do
    ///
    /// Write the `proxy_pass` into the `location` too, with its `proxy_set_header` lines if these are not
    /// in the server; or a `root` or `alias`, if files are meant. If the folder that nginx came with
    /// is meant, write it: `root html;`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#location>
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#root>
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct LocationWithoutHandler {
        id: "location-without-handler",
        group: Static,
        severity: Warning,
    }
}

impl Rule for LocationWithoutHandler {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let (prefixes, pages) = (Prefixes::new(model), OnceCell::new());
        for place in places.places() {
            let Some(location) = model.http.location_of(place.scope) else {
                continue;
            };
            let location = model.http.location(location);
            let matched = location.kind.is_static() || location.kind.is_regex();
            if !matched
                || !only_files_answer(model, place.scope)
                || has_locations(model, place.scope)
                || hands_on_some(model, place.scope, &["return", "rewrite"])
                || goes_on(model, place.scope)
                || model.value(place.scope, "internal").is_some()
                || is_closed(model, place.scope)
                || !surely_lacks_a_folder(model, place.scope)
                || is_known_name(place.path)
            {
                continue;
            }
            let Some((around, pass)) = prefixes.taken_from(location) else {
                continue;
            };
            if { pages.get_or_init(|| Pages::new(model)) }.has(location) {
                continue;
            }
            let Some(around) = places.place_around(around.scope) else {
                continue;
            };
            let finding = cx
                .finding(
                    place.span(),
                    "nginx looks for these in its own folder `html`",
                )
                .label("neither a handler nor a `root`")
                .related(around.span(), "hands on all others")
                .help(format!("Write the `{}` here too, or a `root`", pass.name()));
            cx.report(finding);
        }
    }
}

/// Whether a file that is not found leads to somebody who answers.
fn goes_on(model: &Model<'_>, scope: ScopeId) -> bool {
    let tried = model.scope(scope).last("try_files");
    let last = tried.and_then(|tried| tried.args().next_back());
    let mut pages = model.effective(scope, "error_page").into_iter();
    last.is_some_and(|last| !last.value().starts_with(b"="))
        || pages.any(|page| {
            // A named location, or one that says the code itself.
            let mark = |word: Word<'_>| matches!(word.value().first(), Some(b'@' | b'='));
            page.args().any(|word| word.is("404")) && page.args().any(mark)
        })
}

/// Whether neither `root` nor `alias` counts, and no file that is not at hand may have one.
fn surely_lacks_a_folder(model: &Model<'_>, scope: ScopeId) -> bool {
    let mut around = { model.outwards(scope) }.take_while(|id| Some(*id) != model.http.scope);
    folder(model, scope).is_none()
        && inherited(model, scope, "root").known != Known::No
        && around.all(|id| has_all_of_its_own(model, id))
}

/// Names that browsers and robots ask for by themselves, and those of the ACME protocol.
fn is_known_name(path: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"favicon", b"robots", b"apple-touch-icon", b"well-known"];
    let mut names = names.iter();
    names.any(|name| memchr::memmem::find(path, name).is_some())
}

/// The prefix locations by the block that they stand in and their path.
struct Prefixes<'a, 'm> {
    model: &'a Model<'m>,
    by_path: HashMap<(Option<ScopeId>, &'a [u8]), &'a Location<'m>>,
}

impl<'a, 'm> Prefixes<'a, 'm> {
    fn new(model: &'a Model<'m>) -> Self {
        let mut by_path = HashMap::default();
        for location in &model.http.locations {
            if is_prefix(location) {
                let around = model.scope(location.scope).parent;
                by_path.entry((around, &*location.name)).or_insert(location);
            }
        }
        Self { model, by_path }
    }

    /// The `location` that would get the requests of another one if that one were not there, and
    /// what hands them to a backend in it.
    fn taken_from(&self, location: &Location<'m>) -> Option<(&'a Location<'m>, Statement<'m>)> {
        let model = self.model;
        let server = model.http.server(location.server?).scope;
        // Answers before nginx looks for a location.
        if model.scope(server).first("return").is_some() || lacks_a_file(model, server, "location")
        {
            return None;
        }
        let regex = location.kind.is_regex();
        let start = match &*location.name {
            pattern if regex => literal_start(pattern),
            name => name.to_vec(),
        };
        let start = if start.is_empty() { b"/" } else { &*start };
        let around = model.scope(location.scope).parent;
        // A prefix itself is not meant.
        let mut ends = (0..=start.len() - usize::from(is_prefix(location))).rev();
        let longest = ends.find_map(|end| self.by_path.get(&(around, &start[..end])).copied());
        // Behind `^~` no expression is tried.
        if regex && longest.is_some_and(|other| other.kind == LocationKind::PrefixNoRegex) {
            return None;
        }
        let around = location.parent.map(|around| model.http.location(around));
        let other = longest.or(around)?;
        let block = model.scope(other.scope);
        let mut passes = PASSES.iter().filter_map(|name| block.first(name));
        Some((other, passes.next()?))
    }
}

fn is_prefix(location: &Location<'_>) -> bool {
    matches!(
        location.kind,
        LocationKind::Prefix | LocationKind::PrefixNoRegex
    )
}

/// What `error_page` leads to, by the block `server` that has it; nginx comes with such pages.
struct Pages<'m> {
    model: &'m Model<'m>,
    by_server: HashMap<Option<ScopeId>, Vec<Cow<'m, [u8]>>>,
}

impl<'m> Pages<'m> {
    fn new(model: &'m Model<'m>) -> Self {
        let mut by_server: HashMap<_, Vec<_>> = HashMap::default();
        for page in model.everywhere(&["error_page"]) {
            let mut around = model.outwards(page.scope);
            let server = around.find(|id| model.scope(*id).context == Context::Server);
            let to = page.args().next_back().map(Word::value);
            by_server.entry(server).or_default().extend(to);
        }
        Self { model, by_server }
    }

    /// Whether one is in a `location`.
    fn has(&self, location: &Location<'_>) -> bool {
        let server = location.server.map(|server| self.model.http.server(server));
        let is_here = |path: &[u8]| match location.kind {
            LocationKind::Exact => *path == *location.name,
            _ => match &location.regex {
                Some(regex) => regex.is_match(path),
                None => path.starts_with(&location.name),
            },
        };
        let lists = [None, server.map(|server| server.scope)];
        let pages = lists.iter().filter_map(|list| self.by_server.get(list));
        pages.flatten().any(|page| is_here(page))
    }
}
