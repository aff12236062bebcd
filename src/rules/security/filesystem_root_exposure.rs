//! `filesystem-root-exposure`.

use crate::model::{Scope, Statement};
use crate::rules::facts::Matcher;
use crate::rules::facts::folders::absolute_folder;
use crate::rules::meta::declare_rule;
use crate::rules::places::serves_files;
use crate::rules::{Meta, Rule, RuleContext};

declare_rule! {
    /// ## What it reports
    ///
    /// `root` or `alias` with `/` or a folder of the system: `/etc`, `/root`, `/home`, `/var`,
    /// `/proc`, `/usr`, `/sys`, `/dev` or `/boot`. `/opt` and `/srv` are not among them. A `root`
    /// whose `try_files` begin with the name of another folder is silent.
    ///
    /// ## Why it matters
    ///
    /// Everybody can fetch `/etc/passwd`, keys, logs and databases of the machine, as far as the workers
    /// may read them.
    ///
    /// ## What to do
    ///
    /// Write the folder that has the files of this site.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#root>
    pub struct FilesystemRootExposure {
        id: "filesystem-root-exposure",
        group: Security,
        severity: Error,
    }
}

impl Rule for FilesystemRootExposure {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["root", "alias"]
    }

    fn directive(&self, folder: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some((word, path)) = absolute_folder(folder) else {
            return;
        };
        let Some(system) = SYSTEM.iter().find(|system| path == system.as_bytes()) else {
            return;
        };
        // `root /` with a location that names the folder is the whole path, not the whole disk.
        let (places, model) = (cx.places(), cx.model);
        if folder.name() == "root"
            && let Some(place) = places.place_around(folder.scope)
            && (place.matcher == Matcher::Exact
                || place.is_prefix() && place.path.len() > 1 && *system == "/"
                || !serves_files(model, place.scope)
                || names_folders(model.scope(place.scope), system))
        {
            return;
        }
        let finding = cx
            .finding(
                word.span(),
                format!("everybody gets the files of `{system}`"),
            )
            .label("a folder of the system")
            .help("Write the folder that has the files of this site");
        cx.report(finding);
    }
}

/// Whether `try_files` looks into folders below alone, and into none of the system.
fn names_folders(scope: &Scope<'_>, system: &str) -> bool {
    let Some(tried) = scope.last("try_files") else {
        return false;
    };
    // The last one is no file.
    let files = tried.args().count().saturating_sub(1);
    tried.args().take(files).all(|file| {
        let file = file.value();
        let literal = &file[..memchr::memchr(b'$', &file).unwrap_or(file.len())];
        let folder = &literal[..memchr::memrchr(b'/', literal).unwrap_or(0)];
        let path = [system.trim_end_matches('/').as_bytes(), folder].concat();
        !path.is_empty() && !SYSTEM.iter().any(|system| path == system.as_bytes())
    })
}

const SYSTEM: &[&str] = &[
    "/", "/etc", "/root", "/home", "/var", "/proc", "/usr", "/sys", "/dev", "/boot",
];
