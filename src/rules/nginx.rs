//! The ids of what nginx would say itself, and of what djanginx says about its own input.

mod client_max_body_size_not_set;
mod default_server_missing;
mod duplicate_regex_location;
mod error_log_off;
mod error_page_all_codes;
mod if_is_evil;
mod location_literal_has_regex_chars;
mod location_missing_space;
mod map_missing_default;
mod map_source_no_dollar;
mod missing_error_log;
mod mixed_case_variable;
mod nonexistent_capture;
mod regex_could_be_exact;
mod server_name_bad_wildcard;
mod server_name_comma;
mod server_name_port;
mod try_files_with_proxy;
mod unanchored_extension_regex;
mod unreachable_location;

pub use client_max_body_size_not_set::ClientMaxBodySizeNotSet;
pub use default_server_missing::DefaultServerMissing;
pub use duplicate_regex_location::DuplicateRegexLocation;
pub use error_log_off::ErrorLogOff;
pub use error_page_all_codes::ErrorPageAllCodes;
pub use if_is_evil::IfIsEvil;
pub use location_literal_has_regex_chars::LocationLiteralHasRegexChars;
pub use location_missing_space::LocationMissingSpace;
pub use map_missing_default::MapMissingDefault;
pub use map_source_no_dollar::MapSourceNoDollar;
pub use missing_error_log::MissingErrorLog;
pub use mixed_case_variable::MixedCaseVariable;
pub use nonexistent_capture::NonexistentCapture;
pub use regex_could_be_exact::RegexCouldBeExact;
pub use server_name_bad_wildcard::ServerNameBadWildcard;
pub use server_name_comma::ServerNameComma;
pub use server_name_port::ServerNamePort;
pub use try_files_with_proxy::TryFilesWithProxy;
pub use unanchored_extension_regex::UnanchoredExtensionRegex;
pub use unreachable_location::UnreachableLocation;

use super::meta::Meta;

/// All of them.
pub(super) static ALL: &[&Meta] = &[];
