//! Reads nginx configuration text into a lossless tree.
