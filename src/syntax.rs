//! Reads nginx configuration text into a lossless tree.
//!
//! [`parse`] takes any bytes and gives a [`Tree`] and the list of what is wrong with
//! them. The rules are those of `ngx_conf_read_token` and `ngx_conf_parse` in
//! nginx's `src/core/ngx_conf_file.c`, which have not changed from 1.18 to 1.31, and
//! those of the lua module for the bodies of `*_by_lua_block`.
//!
//! - `lexer` cuts tokens, `lua` finds the end of a raw body; both look only forward.
//! - `parser` builds the blocks, and recovers behind a mistake.
//! - `tree` holds the result in flat arrays: no boxes, and no recursion on depth.
//!
//! There is no I/O here, and no knowledge of directives but the names of raw bodies: the
//! rows of `map`, `types` and the like are [`Directive`]s whose name is the first word,
//! and whether a directive should have had a block is for a later stage to say.

mod buffer;
mod error;
mod indentation;
mod lexer;
mod lua;
mod parser;
mod tree;
mod word;

pub use error::{NginxWords, SyntaxError, SyntaxErrorKind};
pub use parser::{MAX_ERRORS, Parse, parse, parse_within};
pub use tree::{
    Block, Comment, Directive, DirectiveId, Directives, Item, Items, Terminator, Token, TokenKind,
    Tokens, Tree, Walk, WalkEvent,
};
pub use word::{Quote, Word, Words};
