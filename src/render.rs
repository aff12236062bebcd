//! Turns a valid topology into nginx configuration text.
