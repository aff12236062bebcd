//! nginx engines: Debian's, the one built from the `nginx-src` crate, and any other.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use cargo_metadata::MetadataCommand;

use crate::manifest::{DynamicModule, Engine, Manifest};
use crate::system::{NGINX, NGINX_MAIL, NGINX_STREAM};
use crate::workspace::{Workspace, output_of, run_logged, say};

/// Every module of nginx that needs no library beyond PCRE2, OpenSSL and zlib. A tree that
/// is older than an option is configured without it.
const OPTIONS: &[&str] = &[
    "--with-threads",
    "--with-file-aio",
    "--with-compat",
    "--with-http_ssl_module",
    "--with-http_v2_module",
    "--with-http_v3_module",
    "--with-http_realip_module",
    "--with-http_addition_module",
    "--with-http_sub_module",
    "--with-http_dav_module",
    "--with-http_flv_module",
    "--with-http_mp4_module",
    "--with-http_gunzip_module",
    "--with-http_gzip_static_module",
    "--with-http_auth_request_module",
    "--with-http_random_index_module",
    "--with-http_secure_link_module",
    "--with-http_degradation_module",
    "--with-http_slice_module",
    "--with-http_stub_status_module",
    "--with-mail",
    "--with-mail_ssl_module",
    "--with-stream",
    "--with-stream_ssl_module",
    "--with-stream_realip_module",
    "--with-stream_ssl_preread_module",
];

/// Name of the engine that Debian's package is.
const DEBIAN: &str = "debian";

/// Debian's nginx with its modules for streams and mail, which are files of their own there.
pub(crate) fn debian() -> Result<Engine> {
    let version = version_of(Path::new(NGINX))?;
    Ok(Engine {
        name: DEBIAN.to_owned(),
        origin: format!("Debian's package of nginx {version}"),
        version,
        binary: NGINX.into(),
        dynamic_modules: [("stream", NGINX_STREAM), ("mail", NGINX_MAIL)]
            .map(|(name, file)| DynamicModule {
                name: name.to_owned(),
                file: file.into(),
            })
            .into(),
    })
}

/// The source tree inside the `nginx-src` crate.
pub(crate) struct BundledSource {
    pub(crate) path: PathBuf,
    /// The release of nginx.
    pub(crate) version: String,
    origin: String,
}

/// Finds the source tree inside the `nginx-src` crate.
pub(crate) fn bundled_source(workspace: &Workspace) -> Result<BundledSource> {
    let metadata = MetadataCommand::new()
        .current_dir(&workspace.root)
        .exec()
        .context("`cargo metadata` failed")?;
    let package = metadata
        .packages
        .iter()
        .find(|package| package.name.as_str() == "nginx-src")
        .context("internal: nginx-src is a dependency of xtask")?;
    let manifest_path = package.manifest_path.as_std_path();
    let folder = manifest_path
        .parent()
        .context("internal: a manifest lies in a folder")?;
    Ok(BundledSource {
        path: folder.join("nginx"),
        // The crate's version is `1.28.5+1.28.3`: its own, then that of its nginx.
        version: package.version.build.as_str().to_owned(),
        origin: format!("nginx-src {}", package.version),
    })
}

/// Builds the source inside the `nginx-src` crate, unless the manifest has that version.
pub(crate) fn bundled(workspace: &Workspace, manifest: &Manifest) -> Result<Option<Engine>> {
    let source = bundled_source(workspace)?;
    let name = format!("nginx-{}", source.version);
    if manifest
        .engine(&name)
        .is_some_and(|engine| engine.origin == source.origin)
    {
        return Ok(None);
    }
    let engine = build(workspace, &source.path, Some(&name), &source.origin)?;
    if engine.version != source.version {
        bail!("{} holds nginx {}", source.origin, engine.version);
    }
    Ok(Some(engine))
}

/// Builds a source tree of the user's and registers it.
pub(crate) fn add(workspace: &Workspace, source: &Path, name: Option<&str>) -> Result<()> {
    let _lock = workspace.lock()?;
    if let Some(name) = name
        && (name == DEBIAN || name.is_empty() || !name.bytes().all(is_name_byte))
    {
        bail!("`{name}` cannot be the name of an engine");
    }
    let source = source
        .canonicalize()
        .with_context(|| format!("there is no source tree at {}", source.display()))?;
    let engine = build(
        workspace,
        &source,
        name,
        &format!("source tree {}", source.display()),
    )?;
    let mut manifest = Manifest::read(workspace)?;
    say(&format!(
        "the tests use nginx {} as `{}` from now on",
        engine.version, engine.name
    ));
    manifest.register(engine);
    manifest.write(workspace)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-_".contains(&byte)
}

/// Copies a source tree, configures and makes it, and keeps the binary.
fn build(workspace: &Workspace, source: &Path, name: Option<&str>, origin: &str) -> Result<Engine> {
    let started = Instant::now();
    let declared = declared_version(source)?;
    // PCRE2 is known since 1.21.5.
    let pcre = fs::read_to_string(source.join("auto/lib/pcre/conf")).unwrap_or_default();
    if !pcre.contains("PCRE2") && !Path::new("/usr/include/pcre.h").exists() {
        bail!("nginx {declared} needs the old PCRE; run: apt-get install libpcre3-dev");
    }
    let name = name.map_or_else(|| format!("nginx-{declared}"), str::to_owned);
    say(&format!(
        "building nginx {declared} ({name}) from {}",
        source.display()
    ));

    let tree = workspace.engines.join("build").join(&name);
    remove_folder(&tree)?;
    copy_tree(source, &tree)
        .with_context(|| format!("cannot copy {} to {}", source.display(), tree.display()))?;
    let home = workspace.engines.join(&name);
    remove_folder(&home)?;
    fs::create_dir_all(home.join("logs"))?;

    let log = home.join("build.log");
    run_logged(&mut configure(&tree, &home)?, &log)?;
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    run_logged(
        Command::new("make")
            .arg(format!("-j{jobs}"))
            .current_dir(&tree),
        &log,
    )?;

    let binary = PathBuf::from(&name).join("nginx");
    fs::copy(tree.join("objs/nginx"), workspace.engines.join(&binary))?;
    copy_tree(&tree.join("conf"), &home.join("conf"))?;
    remove_folder(&tree)?;
    let version = version_of(&workspace.engines.join(&binary))?;
    say(&format!(
        "built nginx {version} in {:.0} s",
        started.elapsed().as_secs_f32()
    ));
    Ok(Engine {
        name,
        version,
        binary,
        dynamic_modules: Vec::new(),
        origin: origin.to_owned(),
    })
}

/// The command that configures the copied tree for its own folder in `.engines`.
fn configure(tree: &Path, home: &Path) -> Result<Command> {
    // A release has `configure` at its top, the repository in `auto`.
    let script = ["configure", "auto/configure"]
        .into_iter()
        .find(|name| tree.join(name).is_file());
    let script = script.with_context(|| format!("{} is no nginx source", tree.display()))?;
    let known =
        fs::read_to_string(tree.join("auto/options")).context("cannot read auto/options")?;
    let mut command = Command::new("sh");
    command
        .arg(script)
        .current_dir(tree)
        .arg(format!("--prefix={}", home.display()));
    command.args(
        OPTIONS
            .iter()
            .filter(|option| known.contains(&format!("{option})"))),
    );
    // Compiled once and run for seconds: a short build counts for more than fast code.
    command.args(["--with-cc-opt=-O1 -g0 -w -pipe", "--builddir=objs"]);
    Ok(command)
}

/// The version in a source tree.
fn declared_version(source: &Path) -> Result<String> {
    let header = source.join("src/core/nginx.h");
    let text = fs::read_to_string(&header)
        .with_context(|| format!("cannot read {}: is it an nginx source?", header.display()))?;
    text.lines()
        .find_map(|line| {
            line.strip_prefix("#define NGINX_VERSION")?
                .trim()
                .split('"')
                .nth(1)
        })
        .map(str::to_owned)
        .with_context(|| format!("{} has no NGINX_VERSION", header.display()))
}

/// The version that a binary reports.
fn version_of(binary: &Path) -> Result<String> {
    let text = output_of(Command::new(binary).arg("-v"))?;
    let version = text
        .split("nginx/")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next());
    version
        .map(str::to_owned)
        .with_context(|| format!("`{} -v` says: {text}", binary.display()))
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Copies files and folders, without the history of a checkout and what was built there.
fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            if entry.file_name() != ".git" && entry.file_name() != "objs" {
                copy_tree(&entry.path(), &target)?;
            }
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
