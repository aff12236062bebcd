//! Puts files on disk, whole or not at all.
