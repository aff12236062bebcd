//! `nginx -t` about text that is nowhere but in memory.
//!
//! nginx stops at its first complaint, also at one about a file that only this machine lacks.
//! So what is of the machine is noted and taken out of the text, and nginx is asked again,
//! until it accepts the text, refuses it, or stops where nothing can be taken out.

use super::nginx::Nginx;
use super::sandbox::Sandbox;
use super::words::{self, Message, is_of_the_machine, quoted};
use crate::finding::NginxLevel;
use crate::model::{Config, Model, ScopeId, Statement, Texts};
use crate::source::Span;
use crate::verdict::{self, Start};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How often nginx is asked about one text.
const ATTEMPTS: usize = 16;
/// How long it may take; it may look for hosts.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most that is read of what it says.
const MOST: u64 = 1024 * 1024;

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// nginx takes the text.
    Accepted,
    /// It does not.
    Refused,
    /// It stopped at something that is no fault of the text, and did not judge the rest.
    Unsure,
}

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum About {
    /// The text.
    Text,
    /// This machine: files, users, hosts, sockets.
    Machine,
    /// That this nginx is not the one that the text is for.
    Release,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// How bad it is for nginx.
    pub level: NginxLevel,
    /// Its words.
    pub message: String,
    /// What it is about.
    pub about: About,
    /// The statement in the text, where nginx names a line or a file that the text names.
    pub place: Option<Span>,
}

/// What an nginx says about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// What came of it.
    pub outcome: Outcome,
    /// In nginx's order, each once.
    pub said: Vec<Said>,
}

impl Trial {
    /// Lets a program judge a configuration that was read for its target; `openssl` is the one
    /// that the configuration is for, such as `3.5`.
    ///
    /// # Errors
    /// When the folder cannot be made, or the program cannot be run.
    pub fn run<'m>(
        nginx: &Nginx,
        texts: &'m Texts<'m>,
        config: &'m Config,
        model: &Model<'m>,
        openssl: Option<&str>,
    ) -> io::Result<Self> {
        let court = Court {
            nginx,
            texts,
            config,
            model,
            openssl,
        };
        court.run()
    }
}

struct Court<'a, 'm> {
    nginx: &'a Nginx,
    texts: &'m Texts<'m>,
    config: &'m Config,
    model: &'a Model<'m>,
    openssl: Option<&'a str>,
}

impl<'m> Court<'_, 'm> {
    fn run(&self) -> io::Result<Trial> {
        let mut sandbox = Sandbox::new(self.nginx, self.texts, self.config, self.model)?;
        let mut said = self.certificates(&mut sandbox);
        let mut outcome = Outcome::Unsure;
        for _ in 0..ATTEMPTS {
            sandbox.write()?;
            let (accepted, output) = self.ask(&sandbox)?;
            let messages = words::read(&output, sandbox.path());
            let refusal = (!accepted)
                .then(|| messages.iter().find(|m| m.level == NginxLevel::Emerg))
                .flatten();
            let Some(refusal) = refusal else {
                said.extend(messages.into_iter().map(|message| self.said(message)));
                if accepted {
                    outcome = Outcome::Accepted;
                } else {
                    said.push(unexplained(&output));
                }
                break;
            };
            let judged = self.said(refusal.clone());
            let about = judged.about;
            let again = about == About::Machine && self.take_out(&judged, &mut sandbox);
            if !again {
                // It binds its sockets when it has nothing to say about the text any more.
                let at_the_end = ["bind() ", "listen() ", "socket() ", "still could not bind"];
                let at_the_end = |text: &str| at_the_end.iter().any(|call| text.starts_with(call));
                outcome = match about {
                    About::Text => Outcome::Refused,
                    About::Machine if at_the_end(&judged.message) => Outcome::Accepted,
                    About::Machine | About::Release => Outcome::Unsure,
                };
                let all = messages.into_iter().map(|message| self.said(message));
                said.extend(
                    all.filter(|other| *other != judged && other.level == NginxLevel::Warn),
                );
                said.push(judged);
                break;
            }
            said.push(judged);
        }
        let mut told = BTreeSet::new();
        said.retain(|said| told.insert((said.message.clone(), said.place)));
        Ok(Trial { outcome, said })
    }

    /// Certificates and keys that are not here: nginx would stop at the first, and look at them
    /// only after all of the text.
    fn certificates(&self, sandbox: &mut Sandbox<'m>) -> Vec<Said> {
        let mut said = Vec::new();
        for statement in self.certificate_statements() {
            let Some(file) = statement.arg(0) else {
                continue;
            };
            let name = file.to_str();
            let Err(error) = File::open(sandbox.path().join(&*name)) else {
                continue;
            };
            self.put_off(statement.scope, sandbox);
            said.push(Said {
                level: NginxLevel::Emerg,
                message: format!("cannot open \"{name}\": {}", reason(&error)),
                about: About::Machine,
                place: Some(statement.head()),
            });
        }
        let mut names = BTreeSet::new();
        said.retain(|said| names.insert(said.message.clone()));
        said
    }

    /// The certificates and keys of the text that are files with a fixed name.
    fn certificate_statements(&self) -> impl Iterator<Item = Statement<'m>> {
        self.model.statements().filter(is_certificate)
    }

    /// One that is looked for later makes all of its block so.
    fn put_off(&self, block: ScopeId, sandbox: &mut Sandbox<'m>) {
        let statements = self.model.scope(block).statements();
        for statement in statements.filter(|statement| is_certificate(statement)) {
            sandbox.put_off(statement);
        }
    }

    /// Runs the program; whether it accepts the text, and what it prints.
    fn ask(&self, sandbox: &Sandbox<'_>) -> io::Result<(bool, String)> {
        let mut child = Command::new(&self.nginx.program)
            .args(sandbox.arguments(self.nginx))
            // Sockets that another nginx hands on.
            .env_remove("NGINX")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let pipe = child.stderr.take().expect("internal: it was just piped");
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            let mut output = Vec::new();
            let read = pipe.take(MOST).read_to_end(&mut output);
            // Nobody waits any more when it took too long.
            let _ = sender.send(read.map(|_| output));
        });
        let Ok(read) = receiver.recv_timeout(PATIENCE) else {
            child.kill()?;
            child.wait()?;
            let late = format!("it did not end within {} s", PATIENCE.as_secs());
            return Err(io::Error::new(io::ErrorKind::TimedOut, late));
        };
        let status = child.wait()?;
        let output = String::from_utf8_lossy(&read?).into_owned();
        Ok((status.success(), output))
    }

    fn said(&self, message: Message) -> Said {
        let about = if is_of_the_machine(&message.text) {
            About::Machine
        } else if self.is_of_the_release(&message) {
            About::Release
        } else {
            About::Text
        };
        let at = message.place.as_ref();
        let place = at
            .and_then(|(file, line)| self.ending_at(file, *line))
            .or_else(|| self.listening(&message.text))
            .or_else(|| {
                let named = |file: &str| self.naming(file).map(|statement| statement.head());
                quoted(&message.text).find_map(named)
            });
        Said {
            level: message.level,
            message: message.text,
            about,
            place,
        }
    }

    /// Whether djanginx, which takes the text for its own target, knows that this nginx does
    /// not: it is another release, or lacks a module.
    fn is_of_the_release(&self, message: &Message) -> bool {
        const OPENSSL: [&str; 4] = [
            "SSL_CTX_set1_curves_list(",
            "SSL_CTX_set_cipher_list(",
            "SSL_CONF_cmd(",
            "SSL_CTX_set1_groups_list(",
        ];
        if OPENSSL.iter().any(|call| message.text.contains(call)) {
            return self
                .openssl
                .is_some_and(|wanted| self.nginx.openssl() != Some(wanted));
        }
        let here = verdict::Options {
            target: self.nginx.target.unwrap_or(self.model.target),
            modules: self.nginx.modules(),
            live: false,
            start: Start::Whole,
        };
        let says = |options: &verdict::Options| {
            let findings = verdict::read(self.texts, self.config, options).findings;
            findings.iter().any(|finding| {
                let nginx = finding.nginx.as_ref();
                nginx.is_some_and(|nginx| {
                    nginx.level == message.level
                        && (nginx.level == NginxLevel::Emerg || nginx.message == message.text)
                })
            })
        };
        let there = verdict::Options {
            target: self.model.target,
            modules: crate::directives::Modules::All,
            ..here.clone()
        };
        says(&here) && !says(&there)
    }

    /// The statement that ends in a line, as nginx counts; where none does, the line.
    fn ending_at(&self, file: &str, line: u32) -> Option<Span> {
        let sources = self.texts.sources();
        let file = self.texts.file(Path::new(file))?;
        let ends_there = |statement: &Statement<'_>| {
            let end = statement.end();
            end.file == file && sources.end(end).line == line
        };
        let statement = self.model.statements().find(ends_there);
        statement.map(|statement| statement.head()).or_else(|| {
            let text = sources.file(file).text();
            let mut lines = text.split(|byte| *byte == b'\n');
            let before: usize = lines
                .by_ref()
                .take((line as usize).saturating_sub(1))
                .map(|l| l.len() + 1)
                .sum();
            let words = lines.next()?;
            let start = before + words.len() - words.trim_ascii_start().len();
            let end = before + words.trim_ascii_end().len();
            Some(Span::new(file, start.min(end) as u32, end as u32))
        })
    }

    /// The `listen` of a socket that nginx cannot have.
    fn listening(&self, message: &str) -> Option<Span> {
        let address = message.strip_prefix("bind() to ")?.split(' ').next()?;
        let (_, port) = address.rsplit_once(':')?;
        let listens = |statement: &Statement<'_>| {
            let to = statement.arg(0).filter(|_| statement.name() == "listen");
            to.is_some_and(|to| to.is(address) || to.is(port) || to.is(&format!("*:{port}")))
        };
        let statement = self.model.statements().find(listens)?;
        Some(statement.head())
    }

    /// The first statement with a word.
    fn naming(&self, word: &str) -> Option<Statement<'m>> {
        let names = |statement: &Statement<'_>| statement.args().any(|arg| arg.is(word));
        (!word.is_empty())
            .then(|| self.model.statements().find(names))
            .flatten()
    }

    /// Takes out of the text what this machine lacks; `false` where that cannot be done.
    fn take_out(&self, said: &Said, sandbox: &mut Sandbox<'m>) -> bool {
        let message = &said.message;
        let place = said.place;
        let mut statements = self.model.statements();
        let Some(statement) = statements.find(|statement| Some(statement.head()) == place) else {
            return false;
        };
        match statement.name() {
            "ssl_certificate" | "ssl_certificate_key" => {
                // Several servers may have the same file.
                let name = statement.arg(0).map(|file| file.value());
                let same = |other: &Statement<'_>| other.arg(0).map(|file| file.value()) == name;
                for other in self.certificate_statements().filter(same) {
                    self.put_off(other.scope, sandbox);
                }
            }
            "user" | "include" | "load_module" => sandbox.blank(statement.directive.span()),
            _ if message.starts_with("host not found in ") => {
                let host = quoted(message).next().unwrap_or_default();
                let (host, _) = host.rsplit_once(':').unwrap_or((host, ""));
                return !host.is_empty() && sandbox.resolve(statement, host);
            }
            _ => return false,
        }
        true
    }
}

/// Whether a statement names a file with a certificate or a key.
fn is_certificate(statement: &Statement<'_>) -> bool {
    let fixed = |value: &[u8]| {
        !value.contains(&b'$') && !value.starts_with(b"data:") && !value.starts_with(b"engine:")
    };
    matches!(statement.name(), "ssl_certificate" | "ssl_certificate_key")
        && statement.arg(0).is_some_and(|file| fixed(&file.value()))
}

/// The system's words without its number.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let (text, _) = text.split_once(" (os error").unwrap_or((&text, ""));
    text.to_lowercase()
}

/// What a program prints that fails without a message of nginx's.
fn unexplained(output: &str) -> Said {
    let last = output.lines().rfind(|line| !line.trim().is_empty());
    Said {
        level: NginxLevel::Emerg,
        message: last.unwrap_or("it failed and said nothing").to_owned(),
        about: About::Machine,
        place: None,
    }
}
