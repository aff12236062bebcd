//! What nginx accepts although it is wrong, unsafe or broken for Django.
//!
//! One rule per file, in the folder of its group; the doc comment of a rule is its manual,
//! which `djanginx rule ID`, `docs/rules` and the README print. Rules ask the
//! [`Model`](crate::model::Model) and never walk the tree.
//!
//! # Adding a rule
//!
//! 1. Write `src/rules/GROUP/ID.rs` with `declare_rule!` and an `impl Rule`.
//! 2. Add it to [`ALL`], which is sorted by id.
//! 3. Write `fixtures/rules/ID/bad.conf` and `good.conf`, and `fixed.conf` if it repairs.
//! 4. Run `DJANGINX_REGENERATE=1 cargo test --test generated` for its page and its row in the
//!    README, `INSTA_UPDATE=always cargo test --test rules` for its snapshot, and review both.
//!
//! A failing test names each step that is missing.

mod context;
pub mod django;
mod edits;
mod engine;
pub mod facts;
pub mod files;
mod meta;
pub mod nginx;
pub mod performance;
pub mod places;
pub mod probe;
pub mod proxy;
mod said;
pub mod security;
mod selection;
mod settings;
pub mod style;
mod suppress;
pub mod tls;
pub mod upstream;

pub use context::RuleContext;
pub use engine::run;
pub use meta::{Group, Meta};
pub use selection::{Selection, Selector, UnknownRule};
pub use settings::{AppServer, Django, Settings, SettingsError};
pub use suppress::{Suppressions, Verdict};

use crate::model::Statement;
use crate::model::upstream::Upstream;

/// A rule: one hook per height at which it may look; all but [`Rule::meta`] are empty.
pub trait Rule: Sync {
    /// Its name and manual.
    fn meta(&self) -> &'static Meta;

    /// The names of the directives that [`Rule::directive`] wants to see.
    fn directives(&self) -> &'static [&'static str] {
        &[]
    }

    /// A directive of one of those names, in any block.
    fn directive(&self, _directive: Statement<'_>, _cx: &mut RuleContext<'_, '_>) {}

    /// An `upstream` of `http` or `stream`.
    fn upstream(&self, _upstream: &Upstream<'_>, _cx: &mut RuleContext<'_, '_>) {}

    /// The whole configuration.
    fn config(&self, _cx: &mut RuleContext<'_, '_>) {}
}

/// Every rule that looks at the model, sorted by id.
pub static ALL: &[&dyn Rule] = &[
    &security::AccessRulesBypassed,
    &files::AcmeBlocked,
    &proxy::AddHeaderDropped,
    &security::AddHeaderMultiline,
    &django::AdminUnrestricted,
    &files::AliasTrailingSlashMismatch,
    &files::AliasTraversal,
    &files::AliasWithoutCapture,
    &security::AllowWithoutDeny,
    &django::AppendSlashConflict,
    &proxy::ArrayDirectiveDropped,
    &security::AuthBasicWithoutFile,
    &security::AutoindexEnabled,
    &upstream::BackupWithHashMethod,
    &style::BlockTooLong,
    &django::BodySizeBelowDjango,
    &nginx::ClientMaxBodySizeNotSet,
    &django::CsrfCookieOverHttp,
    &nginx::DefaultServerMissing,
    &security::DenyBeforeAllow,
    &tls::DeprecatedTlsProtocol,
    &proxy::DirectiveOfOtherProtocol,
    &django::DjangoHostFromClientHeader,
    &django::DjangoHostLosesPort,
    &django::DjangoHostNotForwarded,
    &django::DjangoPrefixStripped,
    &django::DjangoSslRedirectLoop,
    &django::DjangoXffMissing,
    &django::DjangoXffSpoofableEdge,
    &django::DjangoXfpFromClient,
    &django::DjangoXfpHardcodedHttps,
    &django::DjangoXfpMissing,
    &files::DotfilesReachable,
    &nginx::DuplicateRegexLocation,
    &django::DuplicateSecurityHeaders,
    &upstream::DuplicateUpstreamServer,
    &nginx::ErrorLogOff,
    &nginx::ErrorPageAllCodes,
    &django::ErrorPageFromBackend,
    &upstream::ExternalResolver,
    &security::FilesystemRootExposure,
    &django::GzipBreach,
    &upstream::HashNotConsistent,
    &django::HostCatchAllMissing,
    &security::HostHeaderSpoofing,
    &security::HstsMissingOrWeak,
    &nginx::IfIsEvil,
    &nginx::IncludeGlobEmpty,
    &upstream::IpHashBehindProxy,
    &upstream::KeepaliveGunicornSync,
    &upstream::KeepaliveUselessProtocol,
    &upstream::KeepaliveWithoutHttp11,
    &nginx::LocationLiteralHasRegexChars,
    &nginx::LocationMissingSpace,
    &style::LocationOrder,
    &files::LocationWithoutHandler,
    &nginx::MapMissingDefault,
    &nginx::MapSourceNoDollar,
    &files::MediaAutoindex,
    &files::MediaExecutableContent,
    &django::MergeSlashesAbsoluteRedirect,
    &nginx::MissingErrorLog,
    &nginx::MixedCaseVariable,
    &upstream::MixedSocketTcpUpstream,
    &nginx::NamedLocationMissing,
    &upstream::NextUpstreamNonIdempotent,
    &upstream::NextUpstreamOffMixed,
    &upstream::NextUpstreamUnbounded,
    &nginx::NonexistentCapture,
    &files::ProjectRootServed,
    &proxy::ProxyBufferingOff,
    &django::ProxyCacheWithSessions,
    &django::ProxyHeadersDropped,
    &proxy::ProxyMissingHostHeader,
    &proxy::ProxyPassDecodedPath,
    &proxy::ProxyPassPathMismatch,
    &upstream::ProxyPassStaticDns,
    &django::ProxyRedirectWrong,
    &proxy::ProxySetHeaderDropped,
    &django::RedirectUsesClientHost,
    &nginx::RegexCouldBeExact,
    &files::RegexStealsMedia,
    &django::RequestBufferingOffSync,
    &security::ReturnBypassesAcl,
    &files::RootInLocation,
    &django::SecurityHeaderWithoutAlways,
    &files::SendfileContainer,
    &nginx::ServerNameBadWildcard,
    &nginx::ServerNameComma,
    &nginx::ServerNamePort,
    &security::ServerTokens,
    &files::SourceFilesReachable,
    &files::StaticCacheUnhashed,
    &files::StaticLocationMissing,
    &files::StaticLoggedOrProxied,
    &files::StaticPathPermission,
    &files::StaticRootDoubled,
    &security::StatusPageExposed,
    &upstream::StickyCookieFlags,
    &upstream::StickyPointless,
    &django::TimeoutVsWorker,
    &django::TryFilesToDjango,
    &django::TryFilesUriSlash,
    &nginx::TryFilesWithProxy,
    &performance::TryFilesWithoutOpenFileCache,
    &nginx::UnanchoredExtensionRegex,
    &upstream::UndefinedUpstream,
    &django::UnderscoreHeaders,
    &nginx::UnreachableLocation,
    &nginx::UnreachableServer,
    &upstream::UnusedUpstream,
    &upstream::UpstreamAllDown,
    &upstream::UpstreamNameUnderscore,
    &upstream::UpstreamServerNoResolve,
    &upstream::UpstreamSingleServerParams,
    &django::UwsgiParamsMissing,
    &upstream::VariableProxyPassWithoutResolver,
    &tls::WeakCiphers,
    &django::WebsocketBufferingSse,
    &django::WebsocketConnectionHardcoded,
    &django::WebsocketReadTimeout,
    &django::WebsocketUpgradeMissing,
    &django::XAccelDirectoryAlsoPublic,
    &django::XAccelHiddenHeaderLeak,
    &django::XAccelLocationNotInternal,
    &upstream::ZoneMissingMultiWorker,
];

/// Every id that a finding may have, with its manual, sorted.
#[must_use]
pub fn every_meta() -> Vec<&'static Meta> {
    let mut all: Vec<_> = ALL.iter().map(|rule| rule.meta()).collect();
    all.extend(said::ALL.iter().filter(|meta| rule(meta.id).is_none()));
    all.extend(probe::ALL);
    all.sort_by_key(|meta| meta.id);
    all
}

/// The manual of an id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Meta> {
    let said = || said::ALL.binary_search_by_key(&id, |meta| meta.id).ok();
    let probe = || probe::ALL.binary_search_by_key(&id, |meta| meta.id).ok();
    rule(id)
        .or_else(|| said().map(|at| said::ALL[at]))
        .or_else(|| probe().map(|at| probe::ALL[at]))
}

fn rule(id: &str) -> Option<&'static Meta> {
    let at = ALL.binary_search_by_key(&id, |rule| rule.meta().id).ok()?;
    Some(ALL[at].meta())
}

/// The known id or group that is nearest to a wrong one.
#[must_use]
pub fn nearest(name: &str) -> Option<&'static str> {
    let ids = every_meta().into_iter().map(|meta| meta.id);
    ids.chain(Group::ALL.iter().map(|group| group.name()))
        .map(|known| (strsim::osa_distance(name, known), known))
        .min()
        .filter(|(distance, _)| *distance <= (name.len() / 3).max(1))
        .map(|(_, known)| known)
}
