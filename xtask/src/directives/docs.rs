//! nginx's documentation (the XML sources of nginx.org): what only nginx Plus has, and
//! which page tells about a directive.

use super::data::{Opens, Repeat, Row, VariableRow};
use super::flags;
use super::version::Version;
use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

/// A page about a module.
#[derive(Debug)]
pub(super) struct Page {
    /// The module that it is named after.
    pub(super) module: String,
    /// Below `https://nginx.org/en/docs/`, without `.html`.
    pub(super) path: String,
    pub(super) directives: Vec<Documented>,
    /// Variables that nginx Plus has or had alone.
    pub(super) plus_variables: Vec<(String, VariableRow)>,
}

/// A directive as documented.
#[derive(Debug)]
pub(super) struct Documented {
    pub(super) name: String,
    pub(super) contexts: Vec<String>,
    /// The row, when nginx Plus has or had it alone.
    pub(super) plus: Option<Row>,
    /// Values that only nginx Plus has, and since when.
    pub(super) plus_values: Vec<(String, Option<Version>)>,
}

/// Reads the folder with the pages in English (`xml/en/docs`, or one above it).
pub(super) fn read(root: &Path) -> io::Result<Vec<Page>> {
    let root = ["xml/en/docs", "en/docs", "docs", ""]
        .iter()
        .map(|below| root.join(below))
        .find(|path| path.join("ngx_core_module.xml").exists())
        .ok_or_else(|| {
            let what = format!("{}: no ngx_core_module.xml below it", root.display());
            io::Error::new(io::ErrorKind::NotFound, what)
        })?;
    let mut pages = Vec::new();
    for folder in ["", "http", "mail", "stream"] {
        for entry in fs::read_dir(root.join(folder))? {
            let path = entry?.path();
            let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or("");
            if path.extension().is_some_and(|e| e == "xml") && stem.ends_with("_module") {
                let place = format!("{folder}/{stem}");
                let text = fs::read_to_string(&path)?;
                pages.push(page(stem, place.trim_start_matches('/'), &text));
            }
        }
    }
    pages.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(pages)
}

/// Since when a thing is in nginx Plus alone, and until when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Commercial {
    since: Option<Version>,
    until: Option<Version>,
}

fn page(module: &str, path: &str, text: &str) -> Page {
    let head = &text[..text.find("<directive ").unwrap_or(text.len())];
    let whole = words(head);
    let of_module = commercial(&whole, "This module").map(|found| Commercial {
        since: between(&whole, &format!("{module} module ("), ")")
            .and_then(|v| v.parse().ok())
            .or(found.since),
        ..found
    });
    let family = path.split_once('/').map_or("core", |(folder, _)| folder);
    let directives = elements(text, "directive")
        .map(|(attributes, body)| {
            let name = between(attributes, "name=\"", "\"").unwrap_or("");
            let said = words(body);
            let own = commercial(&said, "This directive")
                .or_else(|| commercial(&said, "This functionality"))
                .or_else(|| commercial(&said, "this directive"));
            let contexts: Vec<_> = elements(body, "context")
                .filter_map(|(_, context)| context_of(context.trim(), family))
                .map(str::to_owned)
                .collect();
            let plus = own.or(of_module).map(|found| Row {
                since: own
                    .and_then(|found| found.since)
                    .or_else(|| {
                        let (_, version) = elements(body, "appeared-in").next()?;
                        version.trim().parse().ok()
                    })
                    .or(found.since)
                    .or_else(|| of_module?.since),
                until: found.until,
                contexts: contexts.clone(),
                repeat: Repeat::Unknown,
                ..shape(name, body)
            });
            Documented {
                name: name.to_owned(),
                contexts,
                plus,
                plus_values: plus_values(body),
            }
        })
        .collect();
    Page {
        module: module.to_owned(),
        path: path.to_owned(),
        directives,
        plus_variables: plus_variables(text, of_module),
    }
}

/// What the text says about nginx Plus, when it says it of `subject`.
fn commercial(text: &str, subject: &str) -> Option<Commercial> {
    const SUBSCRIPTION: &str = "as part of our commercial subscription";
    let at = text.match_indices(subject).find_map(|(at, _)| {
        let rest = text[at + subject.len()..].trim_start();
        let rest = rest
            .strip_prefix("is available ")
            .or_else(|| rest.strip_prefix("was available only "))
            .or_else(|| rest.strip_prefix("was available "))?;
        rest.starts_with(SUBSCRIPTION).then_some(at)
    })?;
    let after = &text[at..];
    let sentence = &after[..after.find(". ").unwrap_or(after.len())];
    let before = &text[..at];
    let before = &before[before.rfind(". ").map_or(0, |n| n + 2)..];
    Some(Commercial {
        since: version_after(before, "Since version "),
        until: version_after(before, "rior to version ")
            .or_else(|| version_after(before, "efore version "))
            .or_else(|| version_after(sentence, " until ")),
    })
}

/// The variables of a page: those that a note gives to nginx Plus, or all where the module
/// is of nginx Plus.
fn plus_variables(text: &str, of_module: Option<Commercial>) -> Vec<(String, VariableRow)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("<tag-name id=\"var_") {
        let rest = &text[at..];
        let Some((_, tag)) = elements(rest, "tag-name").next() else {
            continue;
        };
        let Some((_, name)) = elements(tag, "var").next() else {
            continue;
        };
        let description = elements(rest, "tag-desc").next().map_or("", |(_, d)| d);
        let said = words(description);
        let own = commercial(&said, "This variable")
            .or_else(|| commercial(&said, "this variable"))
            .or_else(|| commercial(&said, "The variable"));
        let Some(plus) = own.or(of_module) else {
            continue;
        };
        let row = VariableRow {
            since: plus
                .since
                .or_else(|| version_after(&said, "("))
                .or_else(|| of_module?.since),
            until: plus.until,
            // `$jwt_claim_` and the name of a claim.
            prefix: tag.contains("<value>"),
            ..VariableRow::default()
        };
        found.push((name.trim_start_matches('$').to_owned(), row));
    }
    found
}

/// The literals of the syntax whose description ends with a note about nginx Plus.
fn plus_values(body: &str) -> Vec<(String, Option<Version>)> {
    let Some((_, syntax)) = elements(body, "syntax").next() else {
        return Vec::new();
    };
    elements(syntax, "literal")
        .filter_map(|(_, literal)| {
            let tag = format!("><literal>{literal}</literal></tag-name>");
            let (_, rest) = body.split_once(&tag)?;
            let (_, description) = elements(rest, "tag-desc").next()?;
            let said = words(description);
            commercial(&said, "This parameter")?;
            Some((literal.to_owned(), version_after(&said, "(")))
        })
        .collect()
}

fn version_after(text: &str, word: &str) -> Option<Version> {
    let rest = text.split(word).nth(1)?.trim_start();
    let word = rest.split([' ', ',', ')']).next()?;
    word.trim_end_matches('.').parse().ok()
}

/// What the syntax of a directive says about its arguments and its block.
fn shape(name: &str, body: &str) -> Row {
    let mut counts = Vec::new();
    let mut flag = false;
    let mut block = false;
    for (attributes, syntax) in elements(body, "syntax") {
        let text = words(syntax).replace('|', " | ");
        block |= attributes.contains("block=\"yes\"");
        flag |= text.split_whitespace().collect::<String>() == "on|off";
        counts.push(arguments(&text));
    }
    let least = counts.iter().map(|c| c.0).min().unwrap_or(0);
    let most = counts.iter().map(|c| c.1).max().flatten();
    let unbounded = counts.iter().any(|c| c.1.is_none());
    let arguments = match (least, most) {
        _ if flag && counts.len() == 1 => "flag".to_owned(),
        (0, _) if unbounded => "any".to_owned(),
        (1, _) if unbounded => "1+".to_owned(),
        _ if unbounded => "2+".to_owned(),
        (least, most) => flags::ranges(least..=most.unwrap_or(least)),
    };
    Row {
        value: (arguments == "flag").then(|| "flag".to_owned()),
        opens: block.then(|| match name {
            "mgmt" | "oidc_provider" | "acme_issuer" => Opens::Contexts(vec![name.to_owned()]),
            _ => Opens::Entries,
        }),
        arguments,
        ..Row::default()
    }
}

/// The least and the greatest number of arguments of a syntax line.
fn arguments(text: &str) -> (u32, Option<u32>) {
    let text = text.replace('[', " [ ").replace(']', " ] ");
    let (mut least, mut most, mut depth) = (0u32, 0u32, 0u32);
    let mut open = false;
    let mut alternative = false;
    for word in text.split_whitespace() {
        match word {
            "[" => depth += 1,
            "]" => {
                depth = depth.saturating_sub(1);
                alternative = false;
            }
            "|" => alternative = true,
            "..." => open = true,
            _ if alternative => alternative = false,
            _ => {
                most += 1;
                if depth == 0 {
                    least += 1;
                }
            }
        }
    }
    // `[parameters]` stands for any number of them.
    open |= text.contains("parameters");
    (least, (!open).then_some(most))
}

/// The context in the words of the data.
fn context_of(text: &str, family: &str) -> Option<&'static str> {
    Some(match (text, family) {
        ("main", _) => "main",
        ("events", _) => "events",
        ("http", _) => "http",
        ("stream", _) => "stream",
        ("mail", _) => "mail",
        ("server", "stream") => "stream-server",
        ("server", "mail") => "mail-server",
        ("server", _) => "server",
        ("upstream", "stream") => "stream-upstream",
        ("upstream", _) => "upstream",
        ("location", _) => "location",
        ("if in location", _) => "if-in-location",
        ("if", _) => "if-in-server",
        ("limit_except", _) => "limit_except",
        ("mgmt", _) => "mgmt",
        ("oidc_provider", _) => "oidc_provider",
        ("acme_issuer", _) => "acme_issuer",
        _ => return None,
    })
}

/// The elements `name` of a text: their attributes and what is inside.
fn elements<'a>(text: &'a str, name: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let (open, close) = (format!("<{name}"), format!("</{name}>"));
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find(&open)?;
            let after = &rest[at + open.len()..];
            let end = after.find('>')?;
            let attributes = &after[..end];
            rest = &after[end + 1..];
            if attributes.starts_with(|c: char| c.is_alphanumeric() || c == '-') {
                continue;
            }
            if let Some(attributes) = attributes.strip_suffix('/') {
                return Some((attributes, ""));
            }
            let end = rest.find(&close)?;
            let body = &rest[..end];
            rest = &rest[end + close.len()..];
            return Some((attributes, body));
        }
    })
}

/// The text without tags, with single spaces.
fn words(text: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in text.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            _ if !inside => out.push(c),
            _ => {}
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let rest = &text[text.find(start)? + start.len()..];
    Some(&rest[..rest.find(end)?])
}

/// Where each directive is documented.
#[derive(Debug, Default)]
pub(super) struct Index<'a> {
    pages: BTreeMap<&'a str, Vec<(&'a Page, &'a Documented)>>,
}

impl<'a> Index<'a> {
    pub(super) fn new(pages: &'a [Page]) -> Self {
        let mut index = Self::default();
        for page in pages {
            for documented in &page.directives {
                let found = index.pages.entry(&documented.name).or_default();
                found.push((page, documented));
            }
        }
        index
    }

    /// The page of `module` itself, when it has the directive `name`.
    pub(super) fn page_of(&self, module: &str, name: &str) -> Option<&'a str> {
        let found = self.pages.get(name)?;
        let (page, _) = found.iter().find(|(page, _)| page.module == module)?;
        Some(&page.path)
    }

    /// The first page that has the directive `name` in one of `contexts`.
    pub(super) fn page_with(&self, name: &str, contexts: &[String]) -> Option<&'a str> {
        let (page, _) = self.pages.get(name)?.iter().find(|(_, documented)| {
            documented.contexts.iter().any(|c| contexts.contains(c))
                || contexts.iter().any(|c| c == "any")
        })?;
        Some(&page.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syntax_lines_give_counts() {
        assert_eq!(arguments("name"), (1, Some(1)));
        assert_eq!(arguments("on | off"), (1, Some(1)));
        assert_eq!(arguments("string [flag]"), (1, Some(2)));
        assert_eq!(arguments("zone [key=value] [a|b]"), (1, Some(3)));
        assert_eq!(arguments("learn create=$variable ..."), (2, None));
        assert_eq!(arguments("[parameters]"), (0, None));
    }

    #[test]
    fn what_plus_has_is_read_from_the_notes() {
        let text = |note: &str| {
            let row = page(
                "ngx_http_x_module",
                "http/ngx_http_x_module",
                &format!(
                    "<module><para>about</para><directive name=\"x\"><syntax><literal>on</literal> \
                     | <literal>off</literal></syntax><default/><context>server</context>\
                     <appeared-in>1.5.7</appeared-in><para>{note}</para></directive></module>"
                ),
            )
            .directives
            .remove(0)
            .plus?;
            Some((
                row.since?.to_string(),
                row.until.map(|v| v.to_string()),
                row.arguments,
            ))
        };
        let sold = "<commercial_version>commercial subscription</commercial_version>";
        assert_eq!(
            text(&format!(
                "This directive is available as part of our\n{sold}."
            )),
            Some(("1.5.7".into(), None, "flag".into()))
        );
        assert_eq!(
            text(&format!(
                "Prior to version 1.29.6, this directive was available only as part of our {sold}."
            )),
            Some(("1.5.7".into(), Some("1.29.6".into()), "flag".into()))
        );
        assert_eq!(
            text(&format!(
                "The parameter is available as part of our {sold}."
            )),
            None
        );
    }
}
