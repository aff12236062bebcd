//! Releases as the data spells them.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A release of nginx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Version(pub(crate) u16, pub(crate) u16, pub(crate) u16);

impl Version {
    /// As the C macro `nginx_version` has it.
    pub(crate) fn as_number(self) -> i64 {
        i64::from(self.0) * 1_000_000 + i64::from(self.1) * 1_000 + i64::from(self.2)
    }

    /// From the C macro `nginx_version`.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let part = |n: i64| u16::try_from(n).ok();
        Some(Self(
            part(number / 1_000_000)?,
            part(number / 1_000 % 1_000)?,
            part(number % 1_000)?,
        ))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

impl FromStr for Version {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('.').map(|p| p.parse::<u16>().ok());
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Some(a)), Some(Some(b)), Some(Some(c)), None) => Ok(Self(a, b, c)),
            _ => anyhow::bail!("`{text}` is not a release such as `1.28.3`"),
        }
    }
}

impl TryFrom<String> for Version {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Version> for String {
    fn from(version: Version) -> Self {
        version.to_string()
    }
}
