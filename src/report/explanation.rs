//! What a request comes to, for people and for machines.

use crate::explain::{Answer, End, Request};
use crate::source::{SourceMap, Span, readable};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{self, Write};

/// Writes answers as text: what the request comes to first, then the decisions.
///
/// # Errors
/// When `out` refuses.
pub fn text(
    out: &mut dyn Write,
    request: &Request,
    answers: &[Answer],
    sources: &SourceMap,
) -> io::Result<()> {
    for (index, answer) in answers.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        let place = answer
            .span
            .map(|span| format!(" ({})", at(span, sources)))
            .unwrap_or_default();
        writeln!(out, "{} → {}{place}", url(request), end(&answer.end))?;
        for assumption in &answer.assuming {
            writeln!(out, "  if {assumption}")?;
        }
        for step in &answer.steps {
            let place = step
                .span
                .map(|span| format!("  {}", at(span, sources)))
                .unwrap_or_default();
            writeln!(out, "  {:<9} {}{place}", step.kind.name(), step.text)?;
            for loser in &step.lost {
                writeln!(
                    out,
                    "            not {}  {}",
                    loser.text,
                    at(loser.span, sources)
                )?;
            }
        }
        if let End::Upstream { nodes, .. } = &answer.end {
            for (node, span) in nodes {
                writeln!(out, "  {:<9} {node}  {}", "node", at(*span, sources))?;
            }
        }
    }
    Ok(())
}

/// Writes answers as one JSON object.
///
/// # Errors
/// When `out` refuses.
pub fn json(
    out: &mut dyn Write,
    request: &Request,
    answers: &[Answer],
    sources: &SourceMap,
) -> io::Result<()> {
    let answers: Vec<Value> = answers
        .iter()
        .map(|answer| {
            let steps: Vec<Value> = answer
                .steps
                .iter()
                .map(|step| {
                    let lost: Vec<Value> = step
                        .lost
                        .iter()
                        .map(|loser| json!({"text": loser.text, "place": place(Some(loser.span), sources)}))
                        .collect();
                    json!({
                        "kind": step.kind.name(),
                        "text": step.text,
                        "place": place(step.span, sources),
                        "lost": lost,
                    })
                })
                .collect();
            json!({
                "assuming": answer.assuming,
                "end": end_value(&answer.end, sources),
                "place": place(answer.span, sources),
                "steps": steps,
            })
        })
        .collect();
    let report =
        json!({"version": 1, "url": url(request), "method": request.method, "answers": answers});
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)
}

fn url(request: &Request) -> String {
    let scheme = if request.tls { "https" } else { "http" };
    format!(
        "{scheme}://{}{}",
        readable(&request.host),
        readable(&request.target)
    )
}

fn at(span: Span, sources: &SourceMap) -> String {
    format!(
        "{}:{}",
        sources.file(span.file).name(),
        sources.start(span).line
    )
}

fn place(span: Option<Span>, sources: &SourceMap) -> Value {
    match span {
        None => Value::Null,
        Some(span) => json!({
            "file": sources.file(span.file).name(),
            "start": sources.start(span),
            "end": sources.end(span),
        }),
    }
}

fn end(end: &End) -> String {
    match end {
        End::Closed => "no answer: the connection is closed".to_owned(),
        End::Response {
            status,
            location: Some(location),
        } => format!("{status}, to {}", readable(location)),
        End::Response { status, .. } => format!("{status}"),
        End::File { path, status: 200 } => format!("file {}", readable(path)),
        End::File { path, status } => format!("{status} with file {}", readable(path)),
        End::Listing { path } => format!("list of {}", readable(path)),
        End::Upstream {
            directive,
            to,
            uri,
            nodes,
            method,
        } => {
            let mut text = format!("{directive} {}", readable(to));
            if let Some(uri) = uri {
                let _ = write!(text, " as {}", readable(uri));
            }
            if let Some(method) = method {
                let nodes_text = if nodes.len() == 1 { "node" } else { "nodes" };
                let _ = write!(text, ", {} {nodes_text}, {method}", nodes.len());
            }
            text
        }
        End::Handler(name) => format!("`{name}`"),
    }
}

fn end_value(end: &End, sources: &SourceMap) -> Value {
    match end {
        End::Closed => json!({"kind": "closed"}),
        End::Response { status, location } => json!({
            "kind": "response",
            "status": status,
            "location": location.as_ref().map(|location| readable(location)),
        }),
        End::File { path, status } => {
            json!({"kind": "file", "path": readable(path), "status": status})
        }
        End::Listing { path } => json!({"kind": "listing", "path": readable(path)}),
        End::Upstream {
            directive,
            to,
            uri,
            nodes,
            method,
        } => {
            let nodes: Vec<Value> = nodes
                .iter()
                .map(|(node, span)| json!({"server": node, "place": place(Some(*span), sources)}))
                .collect();
            json!({
                "kind": "upstream",
                "directive": directive,
                "to": readable(to),
                "uri": uri.as_ref().map(|uri| readable(uri)),
                "method": method,
                "nodes": nodes,
            })
        }
        End::Handler(name) => json!({"kind": "handler", "directive": name}),
    }
}
