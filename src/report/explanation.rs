//! What a request comes to, for people and for machines.

use crate::explain::tree::{Node, NodeKind};
use crate::explain::{Answer, End, Request};
use crate::source::{SourceMap, Span, readable};
use serde_json::{Value, json};
use std::collections::HashMap;
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
        if let End::Upstream { nodes, chosen, .. } = &answer.end {
            for (index, (node, span)) in nodes.iter().enumerate() {
                let this = if Some(index) == *chosen {
                    "  (this one, unless it fails)"
                } else {
                    ""
                };
                writeln!(out, "  {:<9} {node}{this}  {}", "node", at(*span, sources))?;
            }
        }
        for effect in &answer.effects {
            let kind = effect.kind.name();
            let value = effect.value.as_ref().map(|value| format!(" = {value}"));
            let why = effect.why.as_ref().map(|why| format!(" ({why})"));
            writeln!(
                out,
                "  {kind:<9} {}{}{}  {}",
                effect.text,
                value.unwrap_or_default(),
                why.unwrap_or_default(),
                at(effect.span, sources)
            )?;
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
                "effects": answer.effects.iter().map(|effect| json!({
                    "kind": effect.kind.name(),
                    "text": effect.text,
                    "value": effect.value,
                    "why": effect.why,
                    "place": place(Some(effect.span), sources),
                })).collect::<Vec<_>>(),
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
        End::Listing { path, status: 200 } => format!("list of {}", readable(path)),
        End::Listing { path, status } => format!("{status} with list of {}", readable(path)),
        End::Upstream {
            directive,
            to,
            uri,
            nodes,
            method,
            status,
            ..
        } => {
            let mut text = format!("{directive} {}", readable(to));
            if let Some(status) = status {
                text = format!("{status} with {text}");
            }
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
        End::Listing { path, status } => {
            json!({"kind": "listing", "path": readable(path), "status": status})
        }
        End::Upstream {
            directive,
            to,
            uri,
            nodes,
            method,
            chosen,
            status,
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
                "chosen": chosen,
                "status": status,
            })
        }
        End::Handler(name) => json!({"kind": "handler", "directive": name}),
    }
}

/// Writes a configuration as a tree.
///
/// # Errors
/// When `out` refuses.
pub fn tree(out: &mut dyn Write, nodes: &[Node], sources: &SourceMap) -> io::Result<()> {
    for (depth, node) in walk(nodes) {
        let indent = "  ".repeat(depth);
        writeln!(out, "{indent}{}  {}", node.text, at(node.span, sources))?;
    }
    Ok(())
}

/// Writes a configuration as a flow chart of Mermaid; an upstream is drawn once.
///
/// # Errors
/// When `out` refuses.
pub fn mermaid(out: &mut dyn Write, nodes: &[Node]) -> io::Result<()> {
    writeln!(out, "flowchart LR")?;
    let mut path: Vec<String> = Vec::new();
    let mut drawn: HashMap<Span, String> = HashMap::new();
    for (depth, node) in walk(nodes) {
        path.truncate(depth);
        let shared = matches!(node.kind, NodeKind::Upstream | NodeKind::Node);
        let known = drawn.get(&node.span).filter(|_| shared).cloned();
        let is_new = known.is_none();
        let id = known.unwrap_or_else(|| format!("n{}", drawn.len()));
        if is_new {
            let text = label(&node.text);
            let (open, close) = match node.kind {
                NodeKind::Server => ("[\"", "\"]"),
                NodeKind::Location => ("(\"", "\")"),
                NodeKind::Handler => ("{{\"", "\"}}"),
                NodeKind::Upstream => ("[[\"", "\"]]"),
                NodeKind::Node => ("[(\"", "\")]"),
            };
            writeln!(out, "  {id}{open}{text}{close}")?;
            drawn.insert(node.span, id.clone());
        }
        if let Some(parent) = path.last()
            && (is_new || !matches!(node.kind, NodeKind::Node))
        {
            writeln!(out, "  {parent} --> {id}")?;
        }
        path.push(id);
    }
    Ok(())
}

/// A text as Mermaid takes it inside quotes: what would end them, or begin an entity, a tag,
/// Markdown or an escape, is written as the number of its character.
fn label(text: &str) -> String {
    let special = |c: char| matches!(c, '"' | '#' | '<' | '>' | '&' | '`' | '\\');
    text.chars()
        .map(|c| match special(c) || c.is_control() {
            true => format!("#{};", u32::from(c)),
            false => c.to_string(),
        })
        .collect()
}

/// The nodes of a tree with their depth, parents first.
fn walk(nodes: &[Node]) -> impl Iterator<Item = (usize, &Node)> {
    let mut open: Vec<(usize, &Node)> = nodes.iter().rev().map(|node| (0, node)).collect();
    std::iter::from_fn(move || {
        let (depth, node) = open.pop()?;
        open.extend(node.children.iter().rev().map(|child| (depth + 1, child)));
        Some((depth, node))
    })
}

/// Writes a configuration as one JSON object.
///
/// # Errors
/// When `out` refuses.
pub fn tree_json(out: &mut dyn Write, nodes: &[Node], sources: &SourceMap) -> io::Result<()> {
    fn value(node: &Node, sources: &SourceMap) -> Value {
        let children = node.children.iter().map(|child| value(child, sources));
        json!({
            "kind": match node.kind {
                NodeKind::Server => "server",
                NodeKind::Location => "location",
                NodeKind::Handler => "handler",
                NodeKind::Upstream => "upstream",
                NodeKind::Node => "node",
            },
            "text": node.text,
            "place": place(Some(node.span), sources),
            "children": children.collect::<Vec<_>>(),
        })
    }
    let servers: Vec<_> = nodes.iter().map(|node| value(node, sources)).collect();
    serde_json::to_writer(&mut *out, &json!({"version": 1, "servers": servers}))?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_label_ends_where_it_should() {
        assert_eq!(label("location /static/"), "location /static/");
        assert_eq!(
            label(r#"location ~ "^/a#1;<b>\.php$""#),
            "location ~ #34;^/a#35;1;#60;b#62;#92;.php$#34;"
        );
    }
}
