//! The ids of what nginx would say itself, and of what djanginx says about its own input.

use super::meta::Meta;

/// All of them.
pub(super) static ALL: &[&Meta] = &[];
