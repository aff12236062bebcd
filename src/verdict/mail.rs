//! `mail`.

use super::reading::Setter;
use crate::directives::DirectiveInfo;

/// What reads a directive of this family.
pub(super) fn setter(_row: &'static DirectiveInfo) -> Option<Setter> {
    None
}

/// What is done when the block of a directive of this family ends.
pub(super) fn closer(_row: &'static DirectiveInfo) -> Option<Setter> {
    None
}
