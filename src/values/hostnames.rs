//! Host names with wildcards, as nginx keeps those of servers, maps and referers
//! (`ngx_hash_add_key` with `NGX_HASH_WILDCARD_KEY`, `ngx_hash_find_combined`).

use foldhash::HashMap;
use std::collections::hash_map::Entry;

/// Names, each with what it stands for.
#[derive(Debug, Clone)]
pub struct Hostnames<T> {
    exact: HashMap<Box<[u8]>, T>,
    /// `*.example.com` and `.example.com`, without what is before `example.com`.
    head: HashMap<Box<[u8]>, Head<T>>,
    /// `www.example.*`, without `.*`.
    tail: HashMap<Box<[u8]>, T>,
}

#[derive(Debug, Clone)]
struct Head<T> {
    /// The name itself counts as well.
    bare: bool,
    value: T,
}

/// Why a name is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected<T> {
    /// A `*` where none may be, two dots in a row, or a zero byte.
    Invalid,
    /// The name stands for this already.
    Taken(T),
}

impl<T> Default for Hostnames<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::default(),
            head: HashMap::default(),
            tail: HashMap::default(),
        }
    }
}

impl<T: Copy> Hostnames<T> {
    /// Adds a name in small letters.
    ///
    /// # Errors
    /// When nginx does not take it.
    pub fn add(&mut self, name: &[u8], value: T) -> Result<(), Rejected<T>> {
        let stars = memchr::memchr_iter(b'*', name).count();
        let twice = name.windows(2).any(|pair| pair == b"..");
        if stars > 1 || twice || memchr::memchr(0, name).is_some() {
            return Err(Rejected::Invalid);
        }
        match name {
            [b'.', rest @ ..] if !rest.is_empty() => {
                if let Some(taken) = self.exact.get(rest) {
                    return Err(Rejected::Taken(*taken));
                }
                self.add_head(rest, true, value)
            }
            [b'*', b'.', rest @ ..] if !rest.is_empty() => self.add_head(rest, false, value),
            [first @ .., b'.', b'*'] if !first.is_empty() => vacant(&mut self.tail, first, value),
            _ if stars > 0 => Err(Rejected::Invalid),
            _ => self.add_exact(name, value),
        }
    }

    /// Adds a name in small letters in which `*` means nothing.
    ///
    /// # Errors
    /// When it is there already.
    pub fn add_exact(&mut self, name: &[u8], value: T) -> Result<(), Rejected<T>> {
        match self.head.get(name) {
            Some(Head { bare: true, value }) => Err(Rejected::Taken(*value)),
            _ => vacant(&mut self.exact, name, value),
        }
    }

    fn add_head(&mut self, name: &[u8], bare: bool, value: T) -> Result<(), Rejected<T>> {
        match self.head.entry(name.into()) {
            Entry::Occupied(taken) => Err(Rejected::Taken(taken.get().value)),
            Entry::Vacant(place) => {
                place.insert(Head { bare, value });
                Ok(())
            }
        }
    }

    /// Those without wildcards, in no order.
    pub fn exact(&self) -> impl Iterator<Item = (&[u8], T)> {
        self.exact.iter().map(|(name, value)| (&name[..], *value))
    }

    /// What a host, in small letters, comes to: the whole name first, then the longest
    /// wildcard at the beginning, then the longest one at the end.
    #[must_use]
    pub fn find(&self, host: &[u8]) -> Option<T> {
        if let Some(value) = self.exact.get(host) {
            return Some(*value);
        }
        if let Some(Head { bare: true, value }) = self.head.get(host) {
            return Some(*value);
        }
        let behind = memchr::memchr_iter(b'.', host).map(|dot| &host[dot + 1..]);
        let before = memchr::memrchr_iter(b'.', host).map(|dot| &host[..dot]);
        let head = { behind }.find_map(|name| self.head.get(name));
        head.map(|head| head.value)
            .or_else(|| { before }.find_map(|name| self.tail.get(name)).copied())
    }
}

fn vacant<T: Copy>(
    names: &mut HashMap<Box<[u8]>, T>,
    name: &[u8],
    value: T,
) -> Result<(), Rejected<T>> {
    match names.entry(name.into()) {
        Entry::Occupied(taken) => Err(Rejected::Taken(*taken.get())),
        Entry::Vacant(place) => {
            place.insert(value);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_name_wins() {
        let mut names = Hostnames::default();
        for (value, name) in [
            "example.com",
            "*.example.com",
            ".example.org",
            "www.example.*",
            "*.a.example.com",
            "",
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(names.add(name.as_bytes(), value), Ok(()), "{name}");
        }
        for (host, expected) in [
            ("example.com", Some(0)),
            ("b.example.com", Some(1)),
            ("c.b.example.com", Some(1)),
            ("b.a.example.com", Some(4)),
            ("example.org", Some(2)),
            ("a.example.org", Some(2)),
            ("www.example.net", Some(3)),
            ("www.example.com", Some(1)),
            ("", Some(5)),
            ("other", None),
        ] {
            assert_eq!(names.find(host.as_bytes()), expected, "{host}");
        }
    }

    #[test]
    fn a_name_is_taken_once() {
        let mut names = Hostnames::default();
        assert_eq!(names.add(b".a.b", 0), Ok(()));
        assert_eq!(names.add(b"a.b", 1), Err(Rejected::Taken(0)));
        assert_eq!(names.add(b"*.a.b", 2), Err(Rejected::Taken(0)));
        assert_eq!(names.add(b"c.*", 3), Ok(()));
        assert_eq!(names.add(b"c.*", 4), Err(Rejected::Taken(3)));
        for name in ["a*b", "a..b", "*.a.*", "*", "a*", "*a"] {
            assert_eq!(
                names.add(name.as_bytes(), 5),
                Err(Rejected::Invalid),
                "{name}"
            );
        }
    }
}
