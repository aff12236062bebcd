//! The modules of `http` in nginx's order, which is that in which they settle, merge and
//! finish (`auto/modules`).

use super::super::limits;
use super::super::reading::{Reading, Setter};
use super::super::upstreams;
use crate::directives::{DirectiveInfo, Family};

/// What a module, or a group of them, does.
#[derive(Clone, Copy)]
pub(super) struct Module {
    /// What reads one of its directives when it is met.
    pub(super) setter: fn(&'static DirectiveInfo) -> Option<Setter>,
    /// What is done when the block of one of its directives ends.
    pub(super) closer: fn(&'static DirectiveInfo) -> Option<Setter>,
    /// `init_main_conf`.
    pub(super) settle: fn(&mut Reading<'_>),
    /// `merge_srv_conf` and `merge_loc_conf`, for all servers and locations.
    pub(super) merge: fn(&mut Reading<'_>),
    /// `postconfiguration`.
    pub(super) finish: fn(&mut Reading<'_>),
}

impl Module {
    /// One that does nothing.
    pub(super) const NONE: Self = Self {
        setter: |_| None,
        closer: |_| None,
        settle: |_| {},
        merge: |_| {},
        finish: |_| {},
    };
}

/// All of them.
pub(super) const MODULES: &[Module] = &[
    super::core::MODULE,
    UPSTREAM,
    super::v2::MODULE,
    super::files::MODULE,
    LIMITS,
    super::access::MODULE,
    super::rewrite::MODULE,
    super::ssl::MODULE,
    super::passing::MODULE,
    super::filters::MODULE,
    super::headers::MODULE,
];

const UPSTREAM: Module = Module {
    setter: upstreams::setter,
    closer: upstreams::closer,
    settle: |reading| upstreams::settle(reading, Family::Http),
    ..Module::NONE
};

const LIMITS: Module = Module {
    setter: limits::setter,
    ..Module::NONE
};
