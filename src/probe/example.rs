//! A path that a regular expression matches, to ask for where a location has one.

use crate::values::regex::Regex;
use std::iter::Peekable;
use std::str::Chars;

/// A path for the expression of a location, tried on it: the first of each alternative, the
/// least of each repetition. `None` where that is no path, or does not match.
pub(super) fn path(pattern: &str, regex: &Regex) -> Option<String> {
    let mut text = String::new();
    branch(&mut pattern.chars().peekable(), &mut text)?;
    if !text.starts_with('/') {
        text.insert(0, '/');
    }
    regex.is_match(text.as_bytes()).then_some(text)
}

/// Reads one alternative up to the end of its group, and skips the others.
fn branch(pattern: &mut Peekable<Chars<'_>>, text: &mut String) -> Option<()> {
    while let Some(c) = pattern.next() {
        let before = text.len();
        match c {
            ')' => return Some(()),
            '|' => return skip(pattern),
            '^' | '$' => continue,
            '(' => {
                if pattern.next_if_eq(&'?').is_some() {
                    match pattern.next()? {
                        ':' => {}
                        'P' | '<' => {
                            // Of a name; looking behind is for no path.
                            let name = pattern.by_ref().take_while(|c| *c != '>');
                            if name.last().is_none_or(|last| "=!".contains(last)) {
                                return None;
                            }
                        }
                        _ => return None,
                    }
                }
                branch(pattern, text)?;
            }
            '[' => text.push(class(pattern)?),
            '.' => text.push('a'),
            '\\' => match pattern.next()? {
                'd' => text.push('1'),
                'w' => text.push('a'),
                'b' | 'A' | 'Z' | 'z' => continue,
                c if c.is_ascii_punctuation() => text.push(c),
                _ => return None,
            },
            c => text.push(c),
        }
        repeat(pattern, text, before)?;
    }
    Some(())
}

/// Applies the repetition of what has been added last.
fn repeat(pattern: &mut Peekable<Chars<'_>>, text: &mut String, before: usize) -> Option<()> {
    match pattern.peek() {
        Some('*' | '?') => text.truncate(before),
        Some('+') => {}
        Some('{') => {
            pattern.next();
            let counts: String = pattern.by_ref().take_while(|c| *c != '}').collect();
            let least: usize = counts.split(',').next()?.parse().ok()?;
            let once = text.split_off(before);
            text.push_str(&once.repeat(least.min(64)));
            while pattern.next_if(|c| "?+".contains(*c)).is_some() {}
            return Some(());
        }
        _ => return Some(()),
    }
    pattern.next();
    while pattern.next_if(|c| "?+".contains(*c)).is_some() {}
    Some(())
}

/// One character of a class.
fn class(pattern: &mut Peekable<Chars<'_>>) -> Option<char> {
    let mut negative = false;
    let mut members = String::new();
    loop {
        match pattern.next()? {
            '^' if members.is_empty() => negative = true,
            ']' => break,
            '\\' => match pattern.next()? {
                'd' => members.push('1'),
                'w' => members.push('a'),
                c => members.push(c),
            },
            c => members.push(c),
        }
    }
    if negative {
        "a1-".chars().find(|c| !members.contains(*c))
    } else {
        members.chars().next()
    }
}

/// Skips to the end of a group.
fn skip(pattern: &mut Peekable<Chars<'_>>) -> Option<()> {
    let mut depth = 0;
    while let Some(c) = pattern.next() {
        match c {
            '\\' => {
                pattern.next();
            }
            '(' => depth += 1,
            ')' if depth == 0 => return Some(()),
            ')' => depth -= 1,
            _ => {}
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_match() {
        for (pattern, want) in [
            ("^/api/", Some("/api/")),
            ("^/(api|admin)/(.*)$", Some("/api/")),
            ("^/v\\d+/users?$", Some("/v1/user")),
            ("\\.php$", Some("/.php")),
            ("^/(?<lang>[a-z]{2})/shop", Some("/aa/shop")),
            ("^/[^/]+/edit$", Some("/a/edit")),
            ("^(?:/a|/b)$", Some("/a")),
            ("(?=x)", None),
            ("^/a\\p{L}", None),
        ] {
            let regex = Regex::new(pattern.as_bytes(), false).unwrap();
            assert_eq!(path(pattern, &regex).as_deref(), want, "{pattern}");
        }
    }
}
