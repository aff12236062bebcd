//! What is asked and how: arguments that all commands share that ask nodes.

use crate::Error;
use crate::cli::{Streams, Verbosity};
use crate::probe::diagnose::Diagnosed;
use crate::probe::{self, Header, Limits, Secret, Targets, Wishes};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

pub(in crate::cli) const ASKING: &str = "What is asked";
const RUNNING: &str = "How it is asked";

/// Arguments about questions to nodes.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct AskingArgs {
    /// Ask for this path, whatever `health` says.
    #[arg(long, value_name = "PATH", help_heading = ASKING, value_parser = path)]
    path: Option<String>,

    /// A header that the client sends, such as `Authorization: Bearer ${TOKEN}`. `${NAME}` is
    /// a variable of the environment, which is never shown.
    #[arg(long, value_name = "NAME: VALUE", help_heading = ASKING, value_parser = header)]
    header: Vec<Given>,

    /// Ask link-local addresses, too.
    #[arg(long, help_heading = ASKING)]
    allow_link_local: bool,

    /// Fail also for a wrong certificate that nginx does not look at (`proxy_ssl_verify off`).
    #[arg(long, help_heading = ASKING)]
    strict_tls: bool,

    /// For a connection with its TLS.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "2s", value_parser = time)]
    connect_timeout: Duration,

    /// From the connection to the first byte.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "5s", value_parser = time)]
    read_timeout: Duration,

    /// For one question.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "8s", value_parser = time)]
    timeout: Duration,

    /// For the whole run; with `--wait` it is as much longer.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "60s", value_parser = time)]
    deadline: Duration,

    /// Ask again until all is well, at most so long.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, value_parser = time)]
    wait: Option<Duration>,

    /// How often to ask again after a failure that may pass.
    #[arg(long, value_name = "N", help_heading = RUNNING, default_value_t = 2)]
    retries: u32,

    /// Questions at a time.
    #[arg(long, value_name = "N", help_heading = RUNNING, default_value_t = 16, value_parser = number())]
    concurrency: u32,

    /// Questions at a time to one address.
    #[arg(long, value_name = "N", help_heading = RUNNING, default_value_t = 4, value_parser = number())]
    per_host: u32,

    /// From when on an answer is slow.
    #[arg(long, value_name = "TIME", help_heading = RUNNING, default_value = "1s", value_parser = time)]
    slow: Duration,
}

/// From 1 to 10,000.
fn number() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=10_000)
}

/// `500ms`, `2s`, `1m`; a number alone is seconds.
fn time(text: &str) -> Result<Duration, String> {
    let millis = crate::values::number::time(text.as_bytes(), false);
    let unit = text.ends_with(|c: char| c.is_ascii_alphabetic());
    let duration = millis
        .and_then(|millis| u64::try_from(millis).ok())
        .map(|millis| Duration::from_millis(if unit { millis } else { millis * 1000 }));
    duration
        .filter(|time| (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(time))
        .ok_or_else(|| "write a time such as `500ms`, `2s` or `1m`, at most `1d`".to_owned())
}

fn path(text: &str) -> Result<String, String> {
    let visible = text.bytes().all(|byte| (0x21..0x7f).contains(&byte));
    if text.starts_with('/') && visible {
        Ok(text.to_owned())
    } else {
        Err("write a path that begins with `/`, without blanks".to_owned())
    }
}

/// A header, and what in it is never shown.
#[derive(Debug, Clone)]
struct Given {
    header: Header,
    secrets: Vec<Secret>,
}

/// `NAME: VALUE`, with variables of the environment in it.
fn header(text: &str) -> Result<Given, String> {
    let (name, written) = text.split_once(':').ok_or("write `NAME: VALUE`")?;
    let (name, written) = (name.trim(), written.trim());
    let (mut value, mut secrets) = (String::new(), Vec::new());
    let mut rest = written;
    while let Some((before, behind)) = rest.split_once("${") {
        let (variable, behind) = behind.split_once('}').ok_or("`${` is not ended with `}`")?;
        let set = std::env::var(variable);
        let set = set.map_err(|_| format!("`${{{variable}}}` is not set"))?;
        value += before;
        value += &set;
        secrets.push(Secret {
            shown: format!("${{{variable}}}"),
            value: set,
        });
        rest = behind;
    }
    value += rest;
    if reqwest::header::HeaderName::try_from(name).is_err()
        || reqwest::header::HeaderValue::try_from(&value).is_err()
    {
        return Err("this cannot be a header".to_owned());
    }
    let header = Header {
        name: name.to_owned(),
        value,
        shown: (!secrets.is_empty()).then(|| written.to_owned()),
    };
    Ok(Given { header, secrets })
}

/// What a run came to.
pub(in crate::cli) struct Asked {
    /// Each question, with what is to be said about its answer.
    pub(in crate::cli) probes: Vec<Diagnosed>,
    /// The signal that ended the run early.
    pub(in crate::cli) signal: Option<i32>,
}

impl AskingArgs {
    /// What the user wants beside the configuration.
    pub(in crate::cli) fn wishes(&self) -> Wishes {
        Wishes {
            path: self.path.clone(),
            headers: self
                .header
                .iter()
                .map(|given| given.header.clone())
                .collect(),
            secrets: self.secrets(),
        }
    }

    fn secrets(&self) -> Vec<Secret> {
        let all = self.header.iter().flat_map(|given| &given.secrets);
        all.cloned().collect()
    }

    /// Asks, with progress on a terminal.
    pub(in crate::cli) fn ask(
        &self,
        targets: &Targets,
        streams: &mut Streams<'_>,
    ) -> Result<Asked, Error> {
        let limits = self.limits();
        let bar = self.bar(targets.targets.len(), streams);
        let mut progress = |done: usize, count: usize| {
            bar.set_length(count as u64);
            bar.set_position(done as u64);
        };
        let run = probe::run(&targets.targets, &limits, &mut progress)?;
        bar.finish_and_clear();
        if limits.concurrency > 16 && streams.verbosity > Verbosity::Quiet {
            writeln!(
                streams.err,
                "note: with more than 16 questions at a time, times are of little worth"
            )?;
        }
        Ok(Asked {
            probes: probe::diagnose(run.probes, &limits),
            signal: run.signal,
        })
    }

    fn limits(&self) -> Limits {
        let wait = self.wait.unwrap_or_default();
        Limits {
            connect: self.connect_timeout,
            first_byte: self.read_timeout,
            total: self.timeout,
            deadline: self.deadline + wait,
            concurrency: self.concurrency as usize,
            per_host: self.per_host as usize,
            retries: self.retries,
            wait,
            link_local: self.allow_link_local,
            slow: self.slow,
            strict_tls: self.strict_tls,
            secrets: self.secrets(),
            ..Limits::default()
        }
    }

    fn bar(&self, count: usize, streams: &Streams<'_>) -> ProgressBar {
        let shown = streams.verbosity > Verbosity::Quiet && std::io::stderr().is_terminal();
        if !shown {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr());
        match ProgressStyle::with_template("{bar:30} {pos}/{len} asked, {elapsed}") {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }
    }
}
