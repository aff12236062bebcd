//! Files that commands read, and the arguments that say how.

use super::{FINDINGS, Streams};
use crate::Error;
use crate::finding::Finding;
use crate::model;
use crate::report::full;
use crate::source::SourceMap;
use crate::topology::{self, Limits, Options, Valid};
use crate::version::Target;
use clap::ValueEnum;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A topology and how it is read.
#[derive(Debug, clap::Args)]
pub(super) struct TopologyArgs {
    /// The topology, or `-` for standard input.
    topology: PathBuf,

    /// The nginx that the configuration is for, whatever the topology says: `1.28`,
    /// `1.28.3`, `stable`, `mainline` or `plus-r35`.
    #[arg(long, value_name = "VERSION")]
    nginx_version: Option<Target>,

    #[command(flatten)]
    limits: LimitArgs,
}

/// What a file is, for commands that take more than one kind.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(super) struct KindArgs {
    /// What the file is, whatever its name says.
    #[arg(long = "as", value_name = "KIND", value_enum)]
    kind: Option<Kind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A topology.
    Topology,
    /// A configuration of nginx.
    Nginx,
}

impl KindArgs {
    /// Whether a file is a topology.
    pub(super) fn is_topology(self, path: &Path) -> bool {
        match (self.kind, path.extension().and_then(OsStr::to_str)) {
            (Some(kind), _) => kind == Kind::Topology,
            (None, end) => matches!(end, Some("yaml" | "yml")),
        }
    }
}

/// What a YAML file may cost.
#[derive(Debug, clap::Args)]
struct LimitArgs {
    /// The largest file, in bytes.
    #[arg(long, value_name = "N", help_heading = "Limits", hide_short_help = true, default_value_t = Limits::default().bytes,
          value_parser = at_most(u32::MAX as usize))]
    max_yaml_bytes: usize,

    /// The most YAML events: one for each scalar, two for each sequence and mapping.
    #[arg(long, value_name = "N", help_heading = "Limits", hide_short_help = true, default_value_t = Limits::default().events,
          value_parser = at_most(usize::MAX))]
    max_yaml_events: usize,

    /// The deepest nesting.
    #[arg(long, value_name = "N", help_heading = "Limits", hide_short_help = true, default_value_t = Limits::default().depth,
          value_parser = at_most(200))]
    max_yaml_depth: usize,

    /// The most values that aliases stand for.
    #[arg(long, value_name = "N", help_heading = "Limits", hide_short_help = true, default_value_t = Limits::default().expanded,
          value_parser = at_most(u32::MAX as usize))]
    max_yaml_aliased: usize,
}

/// A number from 1 to `most`.
fn at_most(most: usize) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        text.parse()
            .ok()
            .filter(|number| (1..=most).contains(number))
            .ok_or_else(|| format!("write a number from 1 to {most}"))
    }
}

impl LimitArgs {
    fn limits(&self) -> Limits {
        Limits {
            bytes: self.max_yaml_bytes,
            events: self.max_yaml_events,
            depth: self.max_yaml_depth,
            expanded: self.max_yaml_aliased,
        }
    }
}

/// What was read, with the texts that findings speak of.
pub(super) struct Reading {
    pub(super) sources: SourceMap,
    pub(super) result: Result<Valid, Vec<Finding>>,
}

impl TopologyArgs {
    /// The topology of a file, within the usual limits.
    pub(super) fn of(topology: PathBuf, nginx_version: Option<Target>) -> Self {
        let Limits {
            bytes,
            events,
            depth,
            expanded,
            ..
        } = Limits::default();
        Self {
            topology,
            nginx_version,
            limits: LimitArgs {
                max_yaml_bytes: bytes,
                max_yaml_events: events,
                max_yaml_depth: depth,
                max_yaml_aliased: expanded,
            },
        }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        &self.topology
    }

    /// The nginx that was asked for.
    pub(super) fn nginx_version(&self) -> Option<Target> {
        self.nginx_version
    }

    /// Reads and checks the topology.
    pub(super) fn read(&self) -> Result<Reading, Error> {
        let options = Options {
            limits: self.limits.limits(),
            target: self.nginx_version,
        };
        // One byte more, so that the limit speaks.
        let bytes = read(&self.topology, options.limits.bytes as u64 + 1)?;
        let mut sources = SourceMap::new();
        let result = topology::check(&mut sources, &name(&self.topology), bytes, &options);
        Ok(Reading { sources, result })
    }

    /// As [`Self::read`], for commands that go on with a valid topology: findings go to
    /// standard error, and errors among them end the command.
    pub(super) fn read_valid(
        &self,
        streams: &mut Streams<'_>,
    ) -> Result<Result<(Valid, SourceMap), ExitCode>, Error> {
        let Reading { sources, result } = self.read()?;
        let (findings, valid) = match result {
            Ok(valid) => (valid.remarks.clone(), Some(valid)),
            Err(findings) => (findings, None),
        };
        full::write(streams.err, &findings, &sources, streams.err_style)?;
        Ok(match valid {
            Some(valid) => Ok((valid, sources)),
            None => Err(ExitCode::from(FINDINGS)),
        })
    }
}

/// How a file is called in messages.
fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "<stdin>".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Reads a file, or standard input for `-`; never more than `most` bytes.
pub(super) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| {
            // Room for all of it at once, so that a large file is not copied while it grows.
            let size = file.metadata().map_or(0, |metadata| metadata.len());
            bytes.reserve_exact(size.min(most) as usize);
            file.take(most).read_to_end(&mut bytes)
        })
    };
    read.map(|_| bytes).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

/// Reads a configuration of nginx as [`read`] does, and refuses one that is over the limit.
pub(super) fn read_config(path: &Path, limits: model::Limits) -> Result<Vec<u8>, Error> {
    let bytes = read(path, limits.file_bytes + 1)?;
    if bytes.len() as u64 > limits.file_bytes {
        return Err(Error::Read {
            path: path.to_owned(),
            source: std::io::Error::other("it is over a limit of size"),
        });
    }
    Ok(bytes)
}
