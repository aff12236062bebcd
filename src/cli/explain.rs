//! `djanginx explain`: which server, location and node handles a URL, and why.

use super::input::{KindArgs, TopologyArgs, read_config};
use super::{SUCCESS, Streams};
use crate::Error;
use crate::directives::Modules;
use crate::explain::{Request, World, explain, tree};
use crate::model::files::Disk;
use crate::model::{Limits, Prefix, Texts, dump};
use crate::render;
use crate::report::explanation;
use crate::source::FileId;
use crate::verdict::{self, Declared, Start};
use crate::version::{LINT_DEFAULT, Target};
use clap::ValueEnum;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The main file of a configuration, the output of `nginx -T`, `-` for standard input, or
    /// a topology (`.yaml`, `.yml`), of which the configuration is made first.
    file: PathBuf,

    /// The URL, as in `https://shop.example.com/static/a.css`; without it the whole
    /// configuration is shown.
    url: Option<String>,

    #[command(flatten)]
    kind: KindArgs,

    /// The method.
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,

    /// A header of the request; may be given several times.
    #[arg(long, value_name = "NAME: VALUE", value_parser = parse_header)]
    header: Vec<(String, String)>,

    /// The address that the request comes from.
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<IpAddr>,

    /// The name in the TLS handshake; the host of the URL by default.
    #[arg(long, value_name = "NAME")]
    sni: Option<String>,

    /// The address and port that the connection goes to.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<std::net::SocketAddr>,

    /// Where files are looked for, instead of `/`.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,

    /// The folder that relative names are in; that of the main file by default.
    #[arg(long, value_name = "DIR")]
    prefix: Option<PathBuf>,

    /// The nginx that the configuration is for.
    #[arg(long, value_name = "VERSION")]
    nginx_version: Option<Target>,

    /// How the answer is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The answer first, then the decisions.
    Text,
    /// One JSON object.
    Json,
    /// A flow chart of the whole configuration, for Mermaid.
    Mermaid,
}

fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write the name, `:` and the value, as in `Cookie: a=b`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Args {
    /// Runs the command.
    pub(super) fn run(&self, streams: &mut Streams<'_>) -> Result<ExitCode, Error> {
        let request = self.request()?;
        if self.kind.is_topology(&self.file) {
            return self.of_topology(request.as_ref(), streams);
        }
        let limits = Limits::default();
        let text = read_config(&self.file, limits)?;
        match dump::split(&text) {
            Some(dump) => {
                let mut texts = Texts::new(&dump.files, limits);
                let root = texts.open(&dump.main).map_err(|_| {
                    Error::Usage("the output of `nginx -T` has no main file".into())
                })?;
                self.answer(request.as_ref(), &mut texts, root, &dump.main, streams)
            }
            None => {
                let mut texts = Texts::new(&Disk, limits);
                let root = texts
                    .add(&self.file.to_string_lossy(), text)
                    .map_err(|_| Error::Usage("the file is over a limit".into()))?;
                self.answer(request.as_ref(), &mut texts, root, &self.file, streams)
            }
        }
    }

    /// Explains the configuration that a topology becomes.
    fn of_topology(
        &self,
        request: Option<&Request>,
        streams: &mut Streams<'_>,
    ) -> Result<ExitCode, Error> {
        let topology = TopologyArgs::of(self.file.clone(), self.nginx_version);
        let (valid, sources) = match topology.read_valid(streams)? {
            Ok(valid) => valid,
            Err(code) => return Ok(code),
        };
        let topology = &valid.loaded.topology;
        let target = topology
            .target()
            .map_err(|error| Error::Usage(error.to_string()))?;
        let text = sources.file(valid.loaded.file).text();
        let (memory, main) = render::in_memory(render::render(topology, target, text, None)?);
        let mut texts = Texts::new(&memory, Limits::default());
        let root = texts
            .open(&main)
            .map_err(|_| Error::Usage("the configuration is over a limit".into()))?;
        self.answer(request, &mut texts, root, &main, streams)
    }

    /// The request that is asked about.
    fn request(&self) -> Result<Option<Request>, Error> {
        let Some(url) = &self.url else {
            return Ok(None);
        };
        let mut request = Request::get(url).map_err(|error| Error::Usage(error.to_string()))?;
        request.method.clone_from(&self.method);
        request.headers.clone_from(&self.header);
        request.client = self.client_ip;
        request.sni.clone_from(&self.sni);
        if let Some(listen) = self.listen {
            request.listen = Some(listen.ip());
            request.port = listen.port();
        }
        Ok(Some(request))
    }

    fn answer(
        &self,
        request: Option<&Request>,
        texts: &mut Texts<'_>,
        root: FileId,
        main: &Path,
        streams: &mut Streams<'_>,
    ) -> Result<ExitCode, Error> {
        let prefix = match &self.prefix {
            Some(folder) => Prefix::of_folder(folder),
            None => Prefix::of_main_file(main),
        };
        let folder = prefix.folder.clone();
        let config = texts.follow(root, prefix);
        let tree = &texts.parse(root).tree;
        let declared = Declared::read(tree);
        let default = || LINT_DEFAULT.parse().expect("internal: a known release");
        let target = self
            .nginx_version
            .or(declared.target)
            .unwrap_or_else(default);
        let options = verdict::Options {
            target,
            modules: Modules::All,
            live: false,
            start: declared
                .start
                .unwrap_or_else(|| Start::infer(tree, target, false)),
        };
        let reading = verdict::read(texts, &config, &options);
        let sources = texts.sources();
        let Some(request) = request else {
            let nodes = tree::tree(&reading.model);
            match self.format {
                Format::Text => explanation::tree(streams.out, &nodes, sources)?,
                Format::Json => explanation::tree_json(streams.out, &nodes, sources)?,
                Format::Mermaid => explanation::mermaid(streams.out, &nodes)?,
            }
            return Ok(ExitCode::from(SUCCESS));
        };
        let world = World {
            model: &reading.model,
            texts,
            root: self.root.clone(),
            prefix: folder,
        };
        let answers = explain(&world, request);
        match self.format {
            Format::Text => explanation::text(streams.out, request, &answers, sources)?,
            Format::Json => explanation::json(streams.out, request, &answers, sources)?,
            Format::Mermaid => {
                return Err(Error::Usage(
                    "a chart is of the whole configuration: leave the URL out".into(),
                ));
            }
        }
        Ok(ExitCode::from(SUCCESS))
    }
}
