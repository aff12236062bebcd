//! What nginx knows about its own directives.
