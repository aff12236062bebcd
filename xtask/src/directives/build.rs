//! What nginx's `configure` builds: read from `auto/options`, `auto/sources` and
//! `auto/modules`, which are shell.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// How each module comes into a build: `default`, or the options that add it.
pub(super) type Built = BTreeMap<String, String>;

/// Reads the three files below `root`.
pub(super) fn read(root: &Path) -> io::Result<Built> {
    let text = |name: &str| fs::read_to_string(root.join("auto").join(name));
    Ok(parse(
        &text("options")?,
        &text("sources")?,
        &text("modules")?,
    ))
}

/// The system that an event module is for (`auto/os`).
pub(super) fn platform(module: &str) -> Option<&'static str> {
    Some(match module {
        "ngx_epoll_module" => "linux",
        "ngx_kqueue_module" => "bsd",
        "ngx_devpoll_module" | "ngx_eventport_module" => "solaris",
        "ngx_iocp_module" => "windows",
        _ => return None,
    })
}

fn parse(options: &str, sources: &str, modules: &str) -> Built {
    let mut shell = Shell::default();
    for line in options.lines().take_while(|l| !l.starts_with("for option")) {
        shell.assign(line);
    }
    for line in sources.lines() {
        shell.assign(line);
    }
    let options = options_by_variable(options);
    let mut built = Built::new();
    for variable in ["CORE_MODULES", "EVENT_MODULES"] {
        for name in shell.value(variable).split_whitespace() {
            built.insert(name.to_owned(), "default".to_owned());
        }
    }
    for (variable, how) in [
        ("EPOLL_MODULE", "default"),
        ("KQUEUE_MODULE", "default"),
        ("DEVPOLL_MODULE", "default"),
        ("EVENTPORT_MODULE", "default"),
        ("IOCP_MODULE", "default"),
        ("THREAD_POOL_MODULE", "--with-threads"),
    ] {
        built.insert(shell.value(variable).to_owned(), how.to_owned());
    }
    shell.run(modules, &options, &mut built);
    built
}

/// The option that sets each variable to `YES`.
fn options_by_variable(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    // Cases of a `case`; the assignment may stand on the line after the pattern.
    for case in text.split(";;") {
        let Some((option, rest)) = case.split_once(')') else {
            continue;
        };
        let option = option.split_whitespace().next_back().unwrap_or("");
        if let Some((variable, "YES")) = rest.trim().split_once('=') {
            found
                .entry(variable.to_owned())
                .or_insert_with(|| option.to_owned());
        }
    }
    // Set by other scripts, from what the modules ask for.
    found.insert("USE_OPENSSL".into(), "--with-http_ssl_module".into());
    found.insert("USE_OPENSSL_QUIC".into(), "--with-http_v3_module".into());
    found
}

/// An `if` that is open.
#[derive(Debug)]
struct Branch {
    holds: bool,
    /// The variables that would have to be set for it to hold.
    missing: Vec<String>,
}

/// The state of a run with the default options.
#[derive(Debug, Default)]
struct Shell {
    variables: BTreeMap<String, String>,
    open: Vec<Branch>,
}

impl Shell {
    fn run(&mut self, text: &str, options: &BTreeMap<String, String>, built: &mut Built) {
        for line in joined(text) {
            let line = line.trim();
            if let Some(condition) = line.strip_prefix("if ") {
                let branch = self.branch(condition);
                self.open.push(branch);
            } else if let Some(condition) = line.strip_prefix("elif ") {
                let branch = self.branch(condition);
                self.open.pop();
                self.open.push(branch);
            } else if line == "else" {
                if let Some(top) = self.open.last_mut() {
                    top.holds = !top.holds;
                }
            } else if line == "fi" {
                self.open.pop();
            } else if line == ". auto/module" {
                self.module(options, built);
            } else {
                let name = line.split('=').next().unwrap_or("");
                // What a module is called matters even where it is not built.
                if name.starts_with("ngx_module_") || self.open.iter().all(|b| b.holds) {
                    self.assign(line);
                }
            }
        }
    }

    fn module(&self, options: &BTreeMap<String, String>, built: &mut Built) {
        let missing: Vec<_> = self
            .open
            .iter()
            .filter(|b| !b.holds)
            .flat_map(|b| &b.missing)
            .filter_map(|v| options.get(v))
            .cloned()
            .collect();
        let how = if missing.is_empty() {
            "default".to_owned()
        } else {
            missing.join(" ")
        };
        for name in self.value("ngx_module_name").split_whitespace() {
            if name.starts_with("ngx_") {
                built.entry(name.to_owned()).or_insert_with(|| how.clone());
            }
        }
    }

    /// Takes `NAME=VALUE`, with quotes around the value or not.
    fn assign(&mut self, line: &str) {
        if let Some((name, value)) = line.split_once('=') {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if !name.is_empty() && name.bytes().all(plain) {
                let value = value.trim_matches('"').to_owned();
                self.variables.insert(name.to_owned(), value);
            }
        }
    }

    fn value(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }

    /// Reads `[ $A = YES -a $B != NO ]; then` or `:; then`.
    fn branch(&self, condition: &str) -> Branch {
        let words: Vec<_> = condition.split_whitespace().collect();
        let mut holds = None;
        let mut missing = Vec::new();
        let mut either = false;
        for (i, word) in words.iter().enumerate() {
            match *word {
                "-o" => either = true,
                "-a" => either = false,
                "=" | "!=" if i > 0 && i + 1 < words.len() => {
                    let variable = words[i - 1].trim_start_matches('$');
                    let same = self.value(variable) == words[i + 1];
                    let this = same == (*word == "=");
                    if !this {
                        missing.push(variable.to_owned());
                    }
                    holds = Some(match holds {
                        None => this,
                        Some(before) if either => before || this,
                        Some(before) => before && this,
                    });
                }
                _ => {}
            }
        }
        Branch {
            holds: holds.unwrap_or(true),
            missing,
        }
    }
}

/// Lines, with those joined that a backslash or an open quote continues.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let body = line.strip_suffix('\\');
        match lines.last_mut() {
            Some(last) if open => {
                last.push(' ');
                last.push_str(body.unwrap_or(line).trim());
            }
            _ => lines.push(body.unwrap_or(line).to_owned()),
        }
        let quotes = lines.last().map_or(0, |l| l.matches('"').count());
        open = body.is_some() || quotes % 2 == 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_default_or_needs_its_options() {
        let options = "HTTP=YES\nHTTP_SSL=NO\nHTTP_GZIP=YES\nSTREAM=NO\nSTREAM_SSL=NO\n\
            for option\ndo\n--with-http_ssl_module)   HTTP_SSL=YES   ;;\n\
            --with-stream) STREAM=YES ;;\n--with-stream_ssl_module)\n   STREAM_SSL=YES ;;\n";
        let modules = "if [ $HTTP = YES ]; then\n\
            if :; then\nngx_module_name=\"ngx_http_module \\\n   ngx_http_core_module\"\n. auto/module\nfi\n\
            if [ $HTTP_SSL = YES ]; then\nUSE_OPENSSL=YES\nngx_module_name=ngx_http_ssl_module\n. auto/module\nfi\n\
            if [ $HTTP_GZIP = YES -a $HTTP_SSL = YES ]; then\nngx_module_name=ngx_http_both_module\n. auto/module\nfi\n\
            fi\n\
            if [ $STREAM != NO ]; then\n\
            if [ $STREAM_SSL = YES ]; then\nngx_module_name=ngx_stream_ssl_module\n. auto/module\nfi\nfi\n";
        let built = parse(options, "CORE_MODULES=\"ngx_core_module\"\n", modules);
        let of = |name: &str| built[name].as_str();
        assert_eq!(of("ngx_core_module"), "default");
        assert_eq!(of("ngx_http_core_module"), "default");
        assert_eq!(of("ngx_http_ssl_module"), "--with-http_ssl_module");
        assert_eq!(of("ngx_http_both_module"), "--with-http_ssl_module");
        assert_eq!(
            of("ngx_stream_ssl_module"),
            "--with-stream --with-stream_ssl_module"
        );
    }
}
