//! Patterns of `include`, as glob(3) of the C library takes them without options: nginx
//! calls it so in `ngx_open_glob` (`src/os/unix/ngx_files.c`).

use super::files::Files;
use std::ffi::OsStr;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// At most so many names are looked at for one pattern.
const MAX_NAMES: usize = 200_000;

/// Whether nginx takes the name as a pattern.
pub(super) fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|byte| matches!(byte, b'*' | b'?' | b'['))
}

/// What exists and fits the pattern, in the order of its bytes.
pub(super) fn expand(files: &dyn Files, pattern: &Path) -> Vec<PathBuf> {
    let pattern = pattern.as_os_str().as_bytes();
    let mut found = vec![Vec::new()];
    let mut rest = pattern;
    let mut proven = false;
    while !rest.is_empty() {
        let slashes = rest.iter().take_while(|&&byte| byte == b'/').count();
        let (lead, behind) = rest.split_at(slashes);
        for path in &mut found {
            path.extend_from_slice(lead);
        }
        let end = memchr::memchr(b'/', behind).unwrap_or(behind.len());
        let (part, behind) = behind.split_at(end);
        rest = behind;
        if part.is_empty() {
            continue;
        }
        if is_magic(part) {
            let mut longer = Vec::new();
            for folder in &found {
                for name in files.list(Path::new(OsStr::from_bytes(folder))) {
                    if matches(part, name.as_bytes()) {
                        longer.push([folder, name.as_bytes()].concat());
                    }
                }
                if longer.len() > MAX_NAMES {
                    break;
                }
            }
            found = longer;
            proven = true;
        } else {
            let name = unescape(part);
            for path in &mut found {
                path.extend_from_slice(&name);
            }
            proven = false;
        }
    }
    let mut found: Vec<PathBuf> = found
        .into_iter()
        .map(|path| PathBuf::from(std::ffi::OsString::from_vec(path)))
        .filter(|path| proven || files.exists(path))
        .collect();
    found.sort_by(|a, b| a.as_os_str().as_bytes().cmp(b.as_os_str().as_bytes()));
    found
}

/// Whether one part of a path has something to be matched. An opening bracket alone is
/// an ordinary character.
fn is_magic(part: &[u8]) -> bool {
    let mut bytes = part.iter();
    let mut bracket = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'*' | b'?' => return true,
            b'[' => bracket = true,
            b']' if bracket => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

fn unescape(part: &[u8]) -> Vec<u8> {
    let mut name = Vec::with_capacity(part.len());
    let mut bytes = part.iter();
    while let Some(&byte) = bytes.next() {
        let next = if byte == b'\\' { bytes.next() } else { None };
        name.push(*next.unwrap_or(&byte));
    }
    name
}

/// Whether a name fits one part of a pattern. A dot in front is matched by a dot only.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && !pattern.starts_with(b".") && !pattern.starts_with(b"\\.") {
        return false;
    }
    // Where to go on when what follows the last `*` does not fit: one more byte for it.
    let (mut p, mut n) = (0, 0);
    let mut again = None;
    loop {
        let step = match pattern.get(p) {
            Some(b'*') => {
                again = Some((p + 1, n));
                p += 1;
                continue;
            }
            None if n == name.len() => return true,
            None => None,
            Some(_) => name.get(n).and_then(|&byte| one(&pattern[p..], byte)),
        };
        match (step, again) {
            (Some(length), _) => {
                p += length;
                n += 1;
            }
            (None, Some((behind, from))) if from < name.len() => {
                again = Some((behind, from + 1));
                (p, n) = (behind, from + 1);
            }
            (None, _) => return false,
        }
    }
}

/// The length of the first element of the pattern, where the byte fits it.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match pattern {
        [b'?', ..] => Some(1),
        [b'\\', escaped, ..] => (*escaped == byte).then_some(2),
        [b'[', set @ ..] => match bracket(set, byte) {
            Some((fits, length)) => fits.then_some(length + 1),
            None => (byte == b'[').then_some(1),
        },
        [first, ..] => (*first == byte).then_some(1),
        [] => None,
    }
}

/// Whether a byte is in a set, and the set's length; `None` where the set is not closed.
fn bracket(set: &[u8], byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(set.first(), Some(b'!' | b'^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut fits = false;
    loop {
        let rest = set.get(at..)?;
        match rest {
            [b']', ..] if at > first => return Some((fits != negated, at + 1)),
            [b'[', b':', ..] if class_end(rest).is_some() => {
                let end = class_end(rest)?;
                fits |= in_class(&rest[2..end], byte);
                at += end + 2;
            }
            [..] => {
                let (low, length) = literal(rest)?;
                at += length;
                match set.get(at..)? {
                    [b'-', high @ ..] if high.first().is_some_and(|&next| next != b']') => {
                        let (high, length) = literal(high)?;
                        fits |= (low..=high).contains(&byte);
                        at += 1 + length;
                    }
                    _ => fits |= low == byte,
                }
            }
        }
    }
}

fn literal(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'\\', escaped, ..] => Some((*escaped, 2)),
        [byte, ..] => Some((*byte, 1)),
        [] => None,
    }
}

fn class_end(rest: &[u8]) -> Option<usize> {
    memchr::memmem::find(rest, b":]")
}

fn in_class(class: &[u8], byte: u8) -> bool {
    match class {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"cntrl" => byte.is_ascii_control(),
        b"graph" => byte.is_ascii_graphic(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Memory;
    use super::*;

    fn fits(pattern: &str, name: &str) -> bool {
        matches(pattern.as_bytes(), name.as_bytes())
    }

    #[test]
    fn a_part_is_matched_as_the_c_library_does() {
        for (pattern, name) in [
            ("*", "a"),
            ("*.conf", "a.b.conf"),
            ("a*b*c", "a-b-b-c"),
            ("?.conf", "x.conf"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[^a-c]x", "dx"),
            ("[]]x", "]x"),
            ("[[:digit:]]*", "10-site"),
            ("[a", "[a"),
            (r"\*.conf", "*.conf"),
            (".*", ".hidden"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*", ".hidden"),
            ("?hidden", ".hidden"),
            ("*.conf", "a.conf~"),
            ("[a-c]x", "dx"),
            (r"\*.conf", "a.conf"),
            ("", "a"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_little_time() {
        assert!(!fits(&"*a".repeat(60), &"a".repeat(50)));
    }

    #[test]
    fn paths_come_in_the_order_of_their_bytes() {
        let mut files = Memory::new();
        for name in [
            "d/b/x.conf",
            "d/a/x.conf",
            "d/a-b/x.conf",
            "d/a/y.conf",
            "d/c",
        ] {
            files.insert(name, &b""[..]);
        }
        let found = |pattern: &str| {
            let paths = expand(&files, Path::new(pattern));
            let paths: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
            paths.join(" ")
        };
        assert_eq!(found("d/*/x.conf"), "d/a-b/x.conf d/a/x.conf d/b/x.conf");
        assert_eq!(found("d/[c"), "");
        assert_eq!(found("*/c"), "d/c");
        assert_eq!(found("none/*"), "");
    }
}
