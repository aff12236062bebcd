//! What is known about variables that modules define.
//!
//! Not among them: the captures of a regular expression, and what directives such as
//! `set`, `map` or `geo` define.

use super::index::Index;
use super::info::{Family, Module};
use super::modules::Modules;
use super::table::VARIABLES;
use crate::version::{Target, Version};

/// One variant of a variable: its module and the releases in which it is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VariableInfo {
    /// The name without `$`, in small letters.
    pub name: &'static str,
    /// The module that defines it; its family says whether it is for `http` or `stream`.
    pub module: &'static Module,
    /// The name is the beginning of many: `http_` of `$http_accept`.
    pub prefix: bool,
    /// `set`, `map` and others may define it again; otherwise nginx refuses them with
    /// `the duplicate "…" variable`.
    pub changeable: bool,
    /// The first release that has it; `None` for the oldest known, or before.
    pub since: Option<Version>,
    /// The first release that does not have it any more.
    pub until: Option<Version>,
    /// Only nginx Plus has it.
    pub plus: bool,
}

impl VariableInfo {
    /// Whether it is there in `target`, whichever modules that has.
    #[must_use]
    pub fn holds_in(&self, target: Target) -> bool {
        (target.is_plus() || !self.plus)
            && self.since.is_none_or(|since| since <= target.version)
            && self.until.is_none_or(|until| target.version < until)
    }
}

/// Every variant of every variable, sorted by name.
#[must_use]
pub fn all_variables() -> &'static [VariableInfo] {
    VARIABLES
}

/// The variable that `$name` means in `family`, which is `http` or `stream`, in an nginx
/// that is `target` and has `modules`.
///
/// As in `ngx_http_variables_init_vars`: capital letters do not count, and a whole name
/// goes before the beginning of one.
#[must_use]
pub fn find_variable(
    name: &[u8],
    family: Family,
    target: Target,
    modules: &Modules,
) -> Option<&'static VariableInfo> {
    let small = name.to_ascii_lowercase();
    let is_there = |row: &&VariableInfo| {
        row.module.family == family && row.holds_in(target) && modules.have_module(row.module)
    };
    let exact = INDEX
        .rows(VARIABLES, &small, |row| row.name)
        .iter()
        .find(|row| !row.prefix && is_there(row));
    exact.or_else(|| {
        // A beginning ends with `_`.
        let ends = small.iter().enumerate().rev().filter(|(_, b)| **b == b'_');
        ends.map(|(i, _)| &small[..=i]).find_map(|beginning| {
            let rows = INDEX.rows(VARIABLES, beginning, |row| row.name);
            rows.iter().find(|row| row.prefix && is_there(row))
        })
    })
}

static INDEX: Index<1024> = {
    let mut names = [""; VARIABLES.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = VARIABLES[i].name;
        i += 1;
    }
    Index::of(&names)
};

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, family: Family, version: &str) -> Option<(&'static str, &'static str)> {
        let target = version.parse().unwrap();
        let row = find_variable(name.as_bytes(), family, target, &Modules::All)?;
        Some((row.name, row.module.name))
    }

    #[test]
    fn the_family_and_the_release_decide() {
        let http = |name: &str, version: &str| found(name, Family::Http, version);
        let stream = |name: &str, version: &str| found(name, Family::Stream, version);
        assert_eq!(http("host", "1.18"), Some(("host", "ngx_http_core_module")));
        assert_eq!(stream("host", "1.18"), None);
        assert_eq!(
            http("server_name", "1.18"),
            Some(("server_name", "ngx_http_core_module"))
        );
        assert_eq!(stream("server_name", "1.24"), None);
        assert_eq!(
            stream("server_name", "1.26"),
            Some(("server_name", "ngx_stream_core_module"))
        );
        assert_eq!(http("http3", "1.24"), None);
        assert_eq!(
            http("http3", "1.25.0"),
            Some(("http3", "ngx_http_v3_module"))
        );
        assert_eq!(http("jwt_claim_sub", "mainline"), None);
        assert_eq!(
            http("jwt_claim_sub", "plus-r30"),
            Some(("jwt_claim_", "ngx_http_auth_jwt_module"))
        );
        assert_eq!(http("no_such_variable", "mainline"), None);
        assert_eq!(http("", "mainline"), None);
    }

    #[test]
    fn a_beginning_stands_for_all_that_begin_so() {
        let http = |name: &str| found(name, Family::Http, "1.28").map(|(name, _)| name);
        assert_eq!(http("http_x_request_id"), Some("http_"));
        assert_eq!(http("http_host"), Some("http_host"));
        assert_eq!(http("HTTP_Host"), Some("http_host"));
        assert_eq!(http("upstream_http_x_a"), Some("upstream_http_"));
        assert_eq!(http("arg_"), Some("arg_"));
        assert_eq!(http("arg"), None);
        assert_eq!(http("args"), Some("args"));
        assert_eq!(http("proxy_protocol_tlv_0x05"), Some("proxy_protocol_tlv_"));
    }

    #[test]
    fn the_modules_decide() {
        let target = "1.28".parse().unwrap();
        let with = |modules: &str| {
            let modules = Modules::parse(modules).unwrap();
            find_variable(b"ssl_protocol", Family::Http, target, &modules).is_some()
        };
        assert!(with("all") && with("http_ssl") && !with(""));
    }

    #[test]
    fn the_rows_are_sorted_and_beginnings_end_with_an_underscore() {
        for pair in all_variables().windows(2) {
            assert!(pair[0].name <= pair[1].name, "{}", pair[1].name);
            assert_ne!(pair[0], pair[1]);
        }
        for row in all_variables() {
            assert!(!row.prefix || row.name.ends_with('_'), "{}", row.name);
            assert_eq!(row.name, row.name.to_ascii_lowercase());
            let family = row.module.family;
            assert!(
                matches!(family, Family::Http | Family::Stream),
                "{}",
                row.name
            );
        }
    }
}
