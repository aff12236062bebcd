//! How many arguments a directive takes.

use std::fmt;

/// The numbers of arguments that a directive takes.
///
/// The same bits as in `ngx_command_t.type`, asked in the same order as in
/// `ngx_conf_handler` (`src/core/ngx_conf_file.c`).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Arity(u16);

impl Arity {
    /// Any number.
    pub const ANY: Self = Self(0x0400);
    /// One or more.
    pub const ONE_OR_MORE: Self = Self(0x0800);
    /// Two or more.
    pub const TWO_OR_MORE: Self = Self(0x1000);
    /// Exactly one, which is meant to be `on` or `off`; the function that reads it
    /// decides, see [`Value`](super::Value).
    pub const FLAG: Self = Self(0x0200);

    /// Exactly these numbers, each at most 7.
    #[must_use]
    pub const fn of(counts: &[u8]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < counts.len() {
            bits |= 1 << counts[i];
            i += 1;
        }
        Self(bits)
    }

    /// Whether `count` arguments are right; the name is no argument.
    #[must_use]
    pub const fn accepts(self, count: usize) -> bool {
        if self.0 & Self::ANY.0 != 0 {
            true
        } else if self.0 & Self::FLAG.0 != 0 {
            count == 1
        } else if self.0 & Self::ONE_OR_MORE.0 != 0 {
            count >= 1
        } else if self.0 & Self::TWO_OR_MORE.0 != 0 {
            count >= 2
        } else {
            count <= 7 && self.0 & (1 << count) != 0
        }
    }
}

impl fmt::Display for Arity {
    /// In words for a help text: `no argument`, `one or two arguments`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NUMBERS: [&str; 8] = ["no", "one", "two", "three", "four", "five", "six", "seven"];
        match *self {
            Self::ANY => return f.write_str("any number of arguments"),
            Self::ONE_OR_MORE => return f.write_str("at least one argument"),
            Self::TWO_OR_MORE => return f.write_str("at least two arguments"),
            Self::FLAG => return f.write_str("one argument"),
            Self(_) => {}
        }
        let counts: Vec<_> = (0..8).filter(|n| self.accepts(*n)).collect();
        for (i, &count) in counts.iter().enumerate() {
            match i {
                0 => {}
                _ if i + 1 == counts.len() => f.write_str(" or ")?,
                _ => f.write_str(", ")?,
            }
            f.write_str(NUMBERS[count])?;
        }
        let plural = counts.last().is_some_and(|n| *n > 1);
        f.write_str(if plural { " arguments" } else { " argument" })
    }
}

impl fmt::Debug for Arity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arity({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_tested_as_nginx_does() {
        assert!(Arity::of(&[0]).accepts(0));
        assert!(!Arity::of(&[0]).accepts(1));
        assert!(Arity::of(&[1, 3]).accepts(3));
        assert!(!Arity::of(&[1, 3]).accepts(2));
        assert!(!Arity::of(&[1, 2, 3, 4, 5, 6, 7]).accepts(8));
        assert!(!Arity::FLAG.accepts(0) && Arity::FLAG.accepts(1) && !Arity::FLAG.accepts(2));
        assert!(!Arity::ONE_OR_MORE.accepts(0) && Arity::ONE_OR_MORE.accepts(200));
        assert!(!Arity::TWO_OR_MORE.accepts(1) && Arity::TWO_OR_MORE.accepts(2));
        assert!(Arity::ANY.accepts(0));
    }

    #[test]
    fn counts_are_said_in_words() {
        let said = |a: Arity| a.to_string();
        assert_eq!(said(Arity::of(&[0])), "no argument");
        assert_eq!(said(Arity::of(&[0, 1])), "no or one argument");
        assert_eq!(said(Arity::of(&[1, 2, 3])), "one, two or three arguments");
        assert_eq!(said(Arity::FLAG), "one argument");
        assert_eq!(said(Arity::TWO_OR_MORE), "at least two arguments");
    }
}
