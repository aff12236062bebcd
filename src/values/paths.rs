//! What the words of a path tell of what is behind it.

/// Words of paths that stand for WebSockets.
pub const WEBSOCKETS: &[&str] = &["ws", "wss", "websocket", "websockets", "socket.io"];

/// Words of paths that stand for server-sent events.
pub const EVENTS: &[&str] = &["sse", "events", "event-stream", "eventstream", "stream"];

/// First words of paths that stand for uploads.
pub const UPLOADS: &[&str] = &[
    "media",
    "uploads",
    "upload",
    "mediafiles",
    "user_uploads",
    "user-uploads",
];

fn is_in_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The first word of a path, as it is written: `ws` of `/ws/`, `^/ws/chat` and `@ws`.
#[must_use]
pub fn first_word(path: &[u8]) -> &[u8] {
    let start = path.iter().position(is_in_word);
    let word = &path[start.unwrap_or(path.len())..];
    let end = { word.iter() }.position(|byte| !is_in_word(byte) && *byte != b'.');
    &word[..end.unwrap_or(word.len())]
}

/// Whether the first word of a path is one of these, in any letters.
#[must_use]
pub fn begins_with(path: &[u8], words: &[&str]) -> bool {
    is_one_of(first_word(path), words)
}

/// Whether one of the words of a path is one of these, in any letters.
#[must_use]
pub fn has_word(path: &[u8], words: &[&str]) -> bool {
    let mut parts = path.split(|byte| !is_in_word(byte) && *byte != b'.');
    parts.any(|part| is_one_of(part, words))
}

fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    let mut words = words.iter();
    words.any(|known| word.eq_ignore_ascii_case(known.as_bytes()))
}
