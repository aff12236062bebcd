//! What the system's package manager has to install.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::python;
use crate::workspace::{Workspace, run_logged, say};

/// A package of Debian and what shows that it, or another source of the same, is there.
struct Need {
    package: &'static str,
    is_met: fn() -> bool,
}

const NEEDS: &[Need] = &[
    Need {
        package: "gcc",
        is_met: || in_path("gcc"),
    },
    Need {
        package: "make",
        is_met: || in_path("make"),
    },
    Need {
        package: "libc6-dev",
        is_met: || exists("/usr/include/stdio.h"),
    },
    Need {
        package: "libpcre2-dev",
        is_met: || exists("/usr/include/pcre2.h"),
    },
    Need {
        package: "libssl-dev",
        is_met: || exists("/usr/include/openssl/ssl.h"),
    },
    Need {
        package: "zlib1g-dev",
        is_met: || exists("/usr/include/zlib.h"),
    },
    Need {
        package: "nginx",
        is_met: || exists(NGINX),
    },
    Need {
        package: "libnginx-mod-stream",
        is_met: || exists(NGINX_STREAM),
    },
    Need {
        package: "libnginx-mod-mail",
        is_met: || exists(NGINX_MAIL),
    },
    Need {
        package: "curl",
        is_met: || in_path("curl"),
    },
    Need {
        package: "redis-server",
        is_met: || in_path("redis-server"),
    },
    Need {
        package: "redis-tools",
        is_met: || in_path("redis-cli"),
    },
    Need {
        package: "postgresql",
        is_met: || postgresql().is_ok(),
    },
    Need {
        package: "python3-venv",
        is_met: || python::interpreter().is_some(),
    },
];

/// Where Debian's package puts nginx.
pub(crate) const NGINX: &str = "/usr/sbin/nginx";
/// Where Debian's package puts the stream module.
pub(crate) const NGINX_STREAM: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";
/// Where Debian's package puts the mail module.
pub(crate) const NGINX_MAIL: &str = "/usr/lib/nginx/modules/ngx_mail_module.so";

/// Installs the packages that are not there yet, as root or through `sudo`.
pub(crate) fn install_missing(workspace: &Workspace) -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    let packages = missing.join(" ");
    let by_hand = format!("apt-get install --no-install-recommends {packages}");
    if !in_path("apt-get") {
        bail!("this system has no apt-get; install what Debian has as: {packages}");
    }
    let mut command = if is_root() {
        Command::new("sh")
    } else if may_sudo() {
        let mut command = Command::new("sudo");
        command.args(["-n", "sh"]);
        command
    } else {
        bail!("packages are missing and this is not root; run: sudo {by_hand}");
    };
    say(&format!("installing Debian packages: {packages}"));
    command
        .args(["-euc", include_str!("install.sh"), "sh"])
        .args(&missing);
    run_logged(&mut command, &workspace.engines.join("packages.log"))
        .with_context(|| format!("the packages were not installed; try by hand: {by_hand}"))?;
    let missing = self::missing();
    if !missing.is_empty() {
        bail!(
            "these packages do not give what is expected of them: {}",
            missing.join(" ")
        );
    }
    Ok(())
}

fn missing() -> Vec<&'static str> {
    NEEDS
        .iter()
        .filter(|need| !(need.is_met)())
        .map(|need| need.package)
        .collect()
}

/// The folder with the newest PostgreSQL server programs.
pub(crate) fn postgresql() -> Result<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    versions
        .map(|version| version.path().join("bin"))
        .filter(|bin| bin.join("initdb").is_file() && bin.join("psql").is_file())
        .max_by_key(|bin| {
            let version = bin.parent().and_then(Path::file_name)?.to_str()?;
            version.parse::<u32>().ok()
        })
        .context("there is no PostgreSQL below /usr/lib/postgresql")
}

/// Whether a program of that name is found in `PATH`.
pub(crate) fn in_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn exists(path: &str) -> bool {
    Path::new(path).exists()
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // The owner of a process's folder is its effective user.
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

fn may_sudo() -> bool {
    let allowed = Command::new("sudo").args(["-n", "true"]).output();
    allowed.is_ok_and(|output| output.status.success())
}
