//! What is known about a directive and its module.

use super::arity::Arity;
use super::context::{Context, Contexts};
use crate::version::{Target, Version};

/// One variant of a directive: its module and the releases in which it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectiveInfo {
    /// The name, as written.
    pub name: &'static str,
    /// The module that has it.
    pub module: &'static Module,
    /// The blocks that it may stand in.
    pub contexts: Contexts,
    /// How many arguments it takes.
    pub arguments: Arity,
    /// What follows the arguments.
    pub body: Body,
    /// What the arguments are.
    pub value: Value,
    /// What a second one in the same block does.
    pub repeat: Repeat,
    /// The first release that has it so; `None` for the oldest known, or before.
    pub since: Option<Version>,
    /// The first release that does not have it so any more.
    pub until: Option<Version>,
    /// Only nginx Plus has it so; the facts come from the documentation alone.
    pub plus: bool,
    /// What few directives have.
    pub notes: &'static Notes,
}

/// What few directives have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notes {
    /// The name of nginx's function that judges the value further.
    pub check: Option<&'static str>,
    /// Directives that count as a second one of this (`proxy_downstream_buffer` of
    /// `proxy_buffer_size`).
    pub same_as: &'static [&'static str],
    /// What nginx's warning says to use instead.
    pub deprecated: Option<&'static str>,
    /// The module without which the directive is not there (`proxy_ssl_verify` needs
    /// `ngx_http_ssl_module`).
    pub needs: Option<&'static str>,
    /// Which page of nginx's documentation tells about it; see [`DirectiveInfo::url`].
    pub documentation: Documentation,
}

/// Which page of nginx's documentation tells about a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Documentation {
    /// The page of its module, if there is one.
    OfModule,
    /// Another page.
    Elsewhere(&'static str),
    /// No page.
    Missing,
}

impl DirectiveInfo {
    /// Whether it is so in `target`, whichever modules that has.
    #[must_use]
    pub fn holds_in(&self, target: Target) -> bool {
        (target.is_plus() || !self.plus)
            && self.since.is_none_or(|since| since <= target.version)
            && self.until.is_none_or(|until| target.version < until)
    }

    /// The place in nginx's documentation.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        let page = match self.notes.documentation {
            Documentation::OfModule => self.module.documentation?,
            Documentation::Elsewhere(page) => page,
            Documentation::Missing => return None,
        };
        Some(format!(
            "https://nginx.org/en/docs/{page}.html#{}",
            self.name
        ))
    }
}

/// What follows the arguments of a directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// `;`.
    Semicolon,
    /// A block of directives, in one of these contexts; see [`Body::context_in`].
    Directives(Contexts),
    /// A block of lines that only the module understands, such as `map` or `types`.
    Entries,
    /// A block of Lua source.
    Lua,
}

impl Body {
    /// Whether it is a block of any kind.
    #[must_use]
    pub fn is_block(self) -> bool {
        self != Self::Semicolon
    }

    /// The context inside the block, when the directive stands in `outer`.
    ///
    /// Only `if` opens one of two (`ngx_http_rewrite_if`).
    #[must_use]
    pub fn context_in(self, outer: Context) -> Option<Context> {
        match self {
            Self::Directives(contexts) if contexts.len() > 1 => Some(match outer {
                Context::Server => Context::IfInServer,
                _ => Context::IfInLocation,
            }),
            Self::Directives(contexts) => contexts.first(),
            _ => None,
        }
    }
}

/// What the arguments of a directive are, from the function that reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value {
    /// `on` or `off`.
    Flag,
    /// A time, kept in milliseconds.
    Milliseconds,
    /// A time, kept in seconds.
    Seconds,
    /// A size up to that of memory: `k`, `m`.
    Size,
    /// A size of files: `k`, `m`, `g`.
    Offset,
    /// A whole number, within bounds when there are any.
    Number(Option<(i32, i32)>),
    /// A number and a size.
    Buffers,
    /// One of these words.
    Enum(&'static [&'static str]),
    /// Any of these words; nginx warns of a repeated one.
    Bitmask(&'static [&'static str]),
    /// One text without variables.
    Text,
    /// One text without variables, which joins those before.
    TextList,
    /// A name and a text, which join those before.
    Pair,
    /// A path, and levels of folders below it.
    Path,
    /// Permissions such as `user:rw`.
    Access,
    /// A text with variables.
    Expression,
    /// A text with variables that results in a size.
    SizeExpression,
    /// Texts with variables, of which one must be neither empty nor `0`.
    Predicates,
    /// What the function of this name makes of it.
    Own(&'static str),
    /// Not known: the source is not public.
    Unknown,
}

/// What a second occurrence in the same block does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// nginx refuses it: `"…" directive is duplicate`.
    Refused,
    /// It adds to the first or takes its place.
    Allowed,
    /// Some are refused, by name or value or neighbour, often in other words.
    Depends,
    /// Not known.
    Unknown,
}

/// A module of nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Module {
    /// The name, such as `ngx_http_proxy_module`.
    pub name: &'static str,
    /// Which part of the server it belongs to.
    pub family: Family,
    /// Who publishes it.
    pub origin: Origin,
    /// How it comes into a build.
    pub built: Built,
    /// The system that it is for, when not for all.
    pub platform: Option<&'static str>,
    /// The page of nginx's documentation, below `https://nginx.org/en/docs/` and
    /// without `.html`.
    pub documentation: Option<&'static str>,
}

/// The part of the server that a module belongs to (`ngx_module_t.type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// `include` alone.
    Conf,
    /// The process itself.
    Core,
    /// Connections.
    Event,
    /// HTTP.
    Http,
    /// Mail proxies.
    Mail,
    /// TCP and UDP proxies.
    Stream,
    /// RTMP, of a third party.
    Rtmp,
}

/// Who publishes a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// nginx.
    Nginx,
    /// A project of this name.
    ThirdParty(&'static str),
}

/// How a module comes into a build of nginx (`auto/options`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Built {
    /// Without being asked for.
    Default,
    /// With all of these options of `configure`.
    With(&'static [&'static str]),
    /// In nginx Plus alone.
    Plus,
    /// From the source of a third party.
    ThirdParty,
}
