//! The paths of files (`ngx_http_map_uri_to_path`).

use super::{Facts, Value};
use crate::model::{Model, Statement};

/// A path, and how much of it the configuration gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath {
    /// The whole path.
    pub path: Vec<u8>,
    /// The length of what `root` or `alias` says.
    pub base: usize,
}

impl FilePath {
    /// One that a variable gives: the folder of the file says whether it can be known.
    #[must_use]
    pub fn alone(path: Vec<u8>) -> Self {
        let base = memchr::memrchr(b'/', &path)
            .unwrap_or(0)
            .max(1)
            .min(path.len());
        Self { path, base }
    }
}

impl Facts {
    /// The `root` or `alias` that counts.
    #[must_use]
    pub fn folder<'m>(&self, model: &Model<'m>) -> Option<Statement<'m>> {
        model.outwards(self.scope).find_map(|id| {
            let scope = model.scope(id);
            let alias = scope.last("alias");
            alias.or_else(|| scope.last("root"))
        })
    }

    /// `$document_root`; `None` where it is not known.
    pub(super) fn document_root(&self, model: &Model<'_>) -> Option<Vec<u8>> {
        let Some(folder) = self.folder(model) else {
            return Some(self.absolute(b"html"));
        };
        let mut value = folder.arg(0)?.value().into_owned();
        // One slash at the end of `root` is taken away before variables are put in.
        if folder.name() == "root" && value.ends_with(b"/") {
            value.pop();
        }
        // The text may need a variable that needs this one.
        if self.depth > 8 {
            return None;
        }
        match self.clone().expand(&value, model) {
            Value::Known(path) if path.is_empty() => Some(path),
            Value::Known(path) => Some(self.absolute(&path)),
            Value::Unknown(_) => None,
        }
    }

    /// The path of the file of a URI; `None` where it is not known.
    #[must_use]
    pub fn file(&self, uri: &[u8], model: &Model<'_>) -> Option<FilePath> {
        let mut path = self.document_root(model)?;
        let base = path.len();
        let alias = self.folder(model).filter(|folder| folder.name() == "alias");
        let location = alias.and_then(|alias| model.http.location_of(alias.scope));
        match location.map(|id| model.http.location(id)) {
            // It says the whole path.
            Some(location) if location.regex.is_some() && !self.alias_takes_uri => {}
            Some(location) if location.regex.is_some() => path.extend_from_slice(uri),
            Some(location) => {
                path.extend_from_slice(uri.get(location.name.len()..).unwrap_or_default())
            }
            None => path.extend_from_slice(uri),
        }
        Some(FilePath { path, base })
    }

    /// A path of the configuration.
    #[must_use]
    pub fn absolute(&self, path: &[u8]) -> Vec<u8> {
        if path.starts_with(b"/") {
            return path.to_vec();
        }
        let mut whole = self.prefix.as_os_str().as_encoded_bytes().to_vec();
        whole.push(b'/');
        whole.extend_from_slice(path);
        whole
    }
}
