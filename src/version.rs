//! Which nginx a configuration is meant for.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A release of nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// 1 for every release so far.
    pub major: u16,
    /// Even for stable branches, odd for mainline.
    pub minor: u16,
    /// The release within the branch.
    pub patch: u16,
}

impl Version {
    /// `major.minor.patch`.
    #[must_use]
    pub const fn new(major: u16, minor: u16, patch: u16) -> Self {
        Self {
            major,
            minor,
            patch,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What `generate` targets when nothing is said.
pub const GENERATE_DEFAULT: &str = "1.26";
/// What `lint` targets when nothing is said.
pub const LINT_DEFAULT: &str = "1.30";
/// The release that "mainline" stands for (nginx's CHANGES).
pub const MAINLINE: Version = Version::new(1, 31, 5);
/// The release that "stable" stands for (nginx's CHANGES).
pub const STABLE: Version = Version::new(1, 30, 4);
/// The oldest release that djanginx knows.
pub const OLDEST: Version = Version::new(1, 18, 0);

/// The last release of each branch (nginx's CHANGES and release tags).
const LAST_OF_BRANCH: &[(u16, u16)] = &[
    (18, 0),
    (19, 10),
    (20, 2),
    (21, 6),
    (22, 1),
    (23, 4),
    (24, 0),
    (25, 5),
    (26, 3),
    (27, 5),
    (28, 3),
    (29, 8),
    (30, 4),
    (31, 5),
];

/// The open-source release that each nginx Plus release is built on
/// (nginx Plus release notes).
const PLUS: &[(u16, Version)] = &[
    (22, Version::new(1, 19, 0)),
    (23, Version::new(1, 19, 5)),
    (24, Version::new(1, 19, 10)),
    (25, Version::new(1, 21, 3)),
    (26, Version::new(1, 21, 5)),
    (27, Version::new(1, 21, 6)),
    (28, Version::new(1, 23, 2)),
    (29, Version::new(1, 23, 4)),
    (30, Version::new(1, 25, 1)),
    (31, Version::new(1, 25, 3)),
    (32, Version::new(1, 25, 5)),
    (33, Version::new(1, 27, 2)),
    (34, Version::new(1, 27, 4)),
    (35, Version::new(1, 29, 0)),
    (36, Version::new(1, 29, 3)),
];

/// The nginx that a configuration must load on: a release, open source or Plus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Target {
    /// The release; for Plus the open-source release that it is built on.
    pub version: Version,
    /// The Plus release, such as 35.
    pub plus: Option<u16>,
}

impl Target {
    /// An open-source release.
    #[must_use]
    pub const fn open_source(version: Version) -> Self {
        Self {
            version,
            plus: None,
        }
    }

    /// Whether the release is at least `major.minor.patch`.
    #[must_use]
    pub fn at_least(self, major: u16, minor: u16, patch: u16) -> bool {
        self.version >= Version::new(major, minor, patch)
    }

    /// Whether it is nginx Plus.
    #[must_use]
    pub fn is_plus(self) -> bool {
        self.plus.is_some()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.plus {
            Some(release) => write!(f, "plus-r{release}"),
            None => self.version.fmt(f),
        }
    }
}

/// A text that names no known nginx.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseTargetError(String);

impl FromStr for Target {
    type Err = ParseTargetError;

    /// Reads `1.28`, `1.28.3`, `stable`, `mainline` or `plus-r35`.
    ///
    /// # Errors
    /// For any other form, and for releases that djanginx does not know.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || {
            ParseTargetError(format!(
                "`{text}` is not an nginx version that is known here: write `1.28`, `1.28.3`, \
                 `stable`, `mainline` or `plus-r35`, from {OLDEST} to {MAINLINE}"
            ))
        };
        match text {
            "stable" => return Ok(Self::open_source(STABLE)),
            "mainline" => return Ok(Self::open_source(MAINLINE)),
            _ => {}
        }
        if let Some(release) = text.strip_prefix("plus-r") {
            let release: u16 = number(release).ok_or_else(unknown)?;
            return PLUS
                .iter()
                .find(|(known, _)| *known == release)
                .map(|&(_, version)| Self {
                    version,
                    plus: Some(release),
                })
                .ok_or_else(unknown);
        }
        let mut parts = text.split('.').map(number);
        let (Some(Some(1)), Some(Some(minor))) = (parts.next(), parts.next()) else {
            return Err(unknown());
        };
        let &(_, last) = LAST_OF_BRANCH
            .iter()
            .find(|(branch, _)| *branch == minor)
            .ok_or_else(unknown)?;
        let patch = match parts.next() {
            None => last,
            Some(Some(patch)) if patch <= last.max(20) => patch,
            Some(_) => return Err(unknown()),
        };
        if parts.next().is_some() {
            return Err(unknown());
        }
        Ok(Self::open_source(Version::new(1, minor, patch)))
    }
}

/// A decimal number without sign or leading zeros.
fn number(text: &str) -> Option<u16> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0')))
        .then(|| text.parse().ok())
        .flatten()
}

impl Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_means_its_last_release() {
        let target = |text: &str| text.parse::<Target>().unwrap().to_string();
        assert_eq!(target("1.28"), "1.28.3");
        assert_eq!(target("1.28.0"), "1.28.0");
        assert_eq!(target("stable"), "1.30.4");
        assert_eq!(target("mainline"), "1.31.5");
        assert_eq!(target("plus-r35"), "plus-r35");
        assert_eq!(
            "plus-r35".parse::<Target>().unwrap().version,
            Version::new(1, 29, 0)
        );
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        for text in [
            "", "1", "1.3", "1.16", "2.0", "1.28.03", "1.28.3.1", "1.99", "plus", "r35",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }
}
