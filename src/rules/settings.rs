//! What the user states about a project: `djanginx.toml`, `.djanginx.toml` or
//! `[tool.djanginx]` in `pyproject.toml`.

mod reading;

pub use crate::app_server::AppServer;
pub use reading::SettingsError;

use super::selection::{Selection, Selector};
use crate::directives::Modules;
use crate::finding::Severity;
use crate::version::Target;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// Settings; what is not stated is inferred or left open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// The file that they come from.
    pub path: Option<PathBuf>,
    /// The nginx that configurations are for.
    pub nginx_version: Option<Target>,
    /// The modules that it has.
    pub modules: Option<Modules>,
    /// Which rules speak.
    pub selection: Selection,
    /// Rules that do not speak about files that match a pattern, relative to the settings.
    pub per_file_ignores: Vec<(glob::Pattern, Vec<Selector>)>,
    /// The severity from which on the exit status is 1.
    pub fail_on: Option<Severity>,
    /// What Django is like.
    pub django: Django,
}

/// What the user states about Django.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Django {
    /// What runs it.
    pub app_server: Option<AppServer>,
    /// What gunicorn runs requests in, such as `sync` or `gthread`.
    pub worker_class: Option<String>,
    /// Whether clients reach this nginx from the internet, over HTTPS.
    pub public: Option<bool>,
    /// Names of the upstreams that are Django.
    pub upstreams: Vec<String>,
    /// `SECURE_PROXY_SSL_HEADER`: the header and the value that stands for HTTPS.
    pub secure_proxy_ssl_header: Option<(String, String)>,
    /// `USE_X_FORWARDED_HOST`.
    pub use_x_forwarded_host: Option<bool>,
    /// `SECURE_SSL_REDIRECT`.
    pub secure_ssl_redirect: Option<bool>,
    /// `SECURE_HSTS_SECONDS`.
    pub secure_hsts_seconds: Option<u64>,
    /// `ALLOWED_HOSTS`.
    pub allowed_hosts: Option<Vec<String>>,
    /// `STATIC_URL`.
    pub static_url: Option<String>,
    /// `STATIC_ROOT`.
    pub static_root: Option<String>,
    /// `MEDIA_URL`.
    pub media_url: Option<String>,
    /// `MEDIA_ROOT`.
    pub media_root: Option<String>,
    /// Whether static files have a hash in their names (`ManifestStaticFilesStorage`).
    pub hashed_static: Option<bool>,
    /// Whether Django serves its static files itself (WhiteNoise).
    pub whitenoise: Option<bool>,
    /// Whether the workers of the app server take one request at a time, as Gunicorn's do by
    /// default.
    pub sync_workers: Option<bool>,
    /// How many seconds a worker has for a request (Gunicorn's `timeout`, uWSGI's `harakiri`).
    pub worker_timeout: Option<u64>,
    /// `FORCE_SCRIPT_NAME`.
    pub force_script_name: Option<String>,
    /// URLs that only `X-Accel-Redirect` may reach.
    pub protected_urls: Vec<String>,
    /// `DATA_UPLOAD_MAX_MEMORY_SIZE` and its like, in bytes: the largest body that it takes.
    pub max_body_size: Option<u64>,
}

impl Django {
    /// The name of the header that `SECURE_PROXY_SSL_HEADER` means, as it is sent:
    /// `X-Forwarded-Proto` for `HTTP_X_FORWARDED_PROTO`.
    #[must_use]
    pub fn scheme_header(&self) -> Option<String> {
        let (name, _) = self.secure_proxy_ssl_header.as_ref()?;
        let bare = name.strip_prefix("HTTP_").unwrap_or(name);
        let words = bare.split(['_', '-']).map(|word| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
        });
        Some(words.collect::<Vec<_>>().join("-"))
    }
}

impl Settings {
    /// The nearest file of settings from a folder upwards, ending where a repository does.
    #[must_use]
    pub fn find(folder: &Path) -> Option<PathBuf> {
        for folder in folder.ancestors() {
            for name in ["djanginx.toml", ".djanginx.toml"] {
                let path = folder.join(name);
                if path.is_file() {
                    return Some(path);
                }
            }
            let path = folder.join("pyproject.toml");
            let has_ours = |text: String| text.contains("[tool.djanginx");
            if std::fs::read_to_string(&path).is_ok_and(has_ours) {
                return Some(path);
            }
            if folder.join(".git").exists() {
                return None;
            }
        }
        None
    }

    /// Whether a rule is not to speak about a file, or not to repeat what nginx says of it.
    pub fn ignores<'n>(&self, rule: &str, of_nginx: bool, name: impl FnOnce() -> &'n str) -> bool {
        if self.per_file_ignores.is_empty() {
            return false;
        }
        let Some(meta) = super::find(rule) else {
            return false;
        };
        let name = Path::new(name());
        let full = name.canonicalize().unwrap_or_else(|_| name.to_owned());
        let folder = self.path.as_deref().and_then(Path::parent);
        let relative = folder.and_then(|folder| full.strip_prefix(folder).ok());
        let relative = relative.unwrap_or(name);
        self.per_file_ignores.iter().any(|(pattern, rules)| {
            pattern.matches_path(relative) && rules.iter().any(|rule| rule.takes(meta, of_nginx))
        })
    }
}
