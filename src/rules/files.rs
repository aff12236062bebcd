//! Static files, media, and what must not be served: group `static`.

mod acme_blocked;
mod alias_trailing_slash_mismatch;
mod alias_traversal;
mod alias_without_capture;
mod dotfiles_reachable;
mod location_without_handler;
mod media_autoindex;
mod media_executable_content;
mod project_root_served;
mod regex_steals_media;
mod root_in_location;
mod sendfile_container;
mod source_files_reachable;
mod static_cache_unhashed;
mod static_location_missing;
mod static_logged_or_proxied;
mod static_path_permission;
mod static_root_doubled;

pub use acme_blocked::AcmeBlocked;
pub use alias_trailing_slash_mismatch::AliasTrailingSlashMismatch;
pub use alias_traversal::AliasTraversal;
pub use alias_without_capture::AliasWithoutCapture;
pub use dotfiles_reachable::DotfilesReachable;
pub use location_without_handler::LocationWithoutHandler;
pub use media_autoindex::MediaAutoindex;
pub use media_executable_content::MediaExecutableContent;
pub use project_root_served::ProjectRootServed;
pub use regex_steals_media::RegexStealsMedia;
pub use root_in_location::RootInLocation;
pub use sendfile_container::SendfileContainer;
pub use source_files_reachable::SourceFilesReachable;
pub use static_cache_unhashed::StaticCacheUnhashed;
pub use static_location_missing::StaticLocationMissing;
pub use static_logged_or_proxied::StaticLoggedOrProxied;
pub use static_path_permission::StaticPathPermission;
pub use static_root_doubled::StaticRootDoubled;

pub(in crate::rules) use media_executable_content::is_for_uploads;
