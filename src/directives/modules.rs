//! Which modules an nginx has: `--modules`.

use super::info::{Built, DirectiveInfo, Module, Origin};
use super::table::TABLE;

/// The modules that an nginx is taken to have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Modules {
    /// Every module that is known for the release.
    #[default]
    All,
    /// Those that a build has without being asked, and these.
    Only(Vec<String>),
}

/// A name of no module that is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a module that is known here")]
pub struct UnknownModule(pub String);

impl Modules {
    /// Reads `all`, or names with commas between: of modules
    /// (`ngx_http_ssl_module`, `http_ssl_module`, `http_ssl`), of parts of the server
    /// (`stream`, `mail`, `threads`) and of third-party projects (`lua`).
    ///
    /// # Errors
    /// For the first name that is none of these.
    pub fn parse(text: &str) -> Result<Self, UnknownModule> {
        if text == "all" {
            return Ok(Self::All);
        }
        let names: Vec<_> = text
            .split(',')
            .map(str::trim)
            .filter(|n| !n.is_empty())
            .map(stem)
            .collect();
        let known = |name: &str| TABLE.iter().any(|d| is_named(d.module, name));
        match names.iter().find(|name| !known(name)) {
            Some(unknown) => Err(UnknownModule((*unknown).to_owned())),
            None => Ok(Self::Only(names.into_iter().map(str::to_owned).collect())),
        }
    }

    /// Whether they have `directive`.
    #[must_use]
    pub fn have(&self, directive: &DirectiveInfo) -> bool {
        self.have_module(directive.module)
            && match (self, directive.notes.needs) {
                (Self::Only(names), Some(needed)) => names.iter().any(|n| n == stem(needed)),
                _ => true,
            }
    }

    /// Whether they have `module`.
    #[must_use]
    pub fn have_module(&self, module: &Module) -> bool {
        let Self::Only(names) = self else {
            return true;
        };
        let named = |wanted: &str| names.iter().any(|n| n == wanted);
        named(stem(module.name))
            || match (module.origin, module.built) {
                (Origin::ThirdParty(project), _) => named(project),
                (Origin::Nginx, Built::Default) => module.platform.is_none_or(|p| p == "linux"),
                (Origin::Nginx, Built::With(options)) => {
                    options.iter().all(|option| named(stem(option)))
                }
                // The target decides about nginx Plus.
                (Origin::Nginx, Built::Plus) => true,
                (Origin::Nginx, Built::ThirdParty) => false,
            }
    }
}

/// Whether a name given by a user means this module, wholly or in part.
fn is_named(module: &Module, name: &str) -> bool {
    stem(module.name) == name
        || match (module.origin, module.built) {
            (Origin::ThirdParty(project), _) => project == name,
            (_, Built::With(options)) => options.iter().any(|option| stem(option) == name),
            _ => false,
        }
}

/// `http_ssl` of `ngx_http_ssl_module`, `http_ssl_module` and `--with-http_ssl_module`.
fn stem(name: &str) -> &str {
    let name = name.strip_prefix("--with-").unwrap_or(name);
    let name = name.strip_prefix("ngx_").unwrap_or(name);
    name.strip_suffix("_module").unwrap_or(name)
}
