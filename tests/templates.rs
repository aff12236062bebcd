//! Templates of the user's: what they can change, and what they cannot do.

#![allow(clippy::unwrap_used)] // a test may panic

use djanginx::render::{File, RenderError, render};
use djanginx::topology::model::Topology;
use djanginx::topology::settle::settle;
use std::path::Path;

const TOPOLOGY: &str = "
pools: {app: {nodes: ['10.0.0.1:8000', '10.0.0.2:8000']}}
sites:
  main:
    domains: [example.com]
    routes: {/: app}
    headers: {response: {X-Note: 'a; } server { listen 81; # \"b\" \\ c'}}
";

/// Renders with templates of the user's own: names and texts.
fn with(templates: &[(&str, &str)]) -> Result<Vec<File>, RenderError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in templates {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    rendered(Some(folder.path()))
}

fn rendered(folder: Option<&Path>) -> Result<Vec<File>, RenderError> {
    let mut topology: Topology = serde_yaml::from_str(TOPOLOGY).unwrap();
    settle(&mut topology);
    let target = topology.target().unwrap();
    render(&topology, target, TOPOLOGY.as_bytes(), folder)
}

fn error(templates: &[(&str, &str)]) -> String {
    with(templates).unwrap_err().to_string()
}

const UPSTREAM: &str = "http/upstream.conf.j2";

#[test]
fn one_block_is_replaced_and_the_rest_stays() {
    let own = "upstream {{ upstream.name }} {\n# mine\n{% for server in upstream.servers %}\n\
               server {{ server.args[0] }};\n{% endfor %}\n}\n";
    let text = with(&[(UPSTREAM, own)]).unwrap().remove(0).text;
    let want = "    upstream app {\n        # mine\n        server 10.0.0.1:8000;\n        \
                server 10.0.0.2:8000;\n    }\n";
    assert!(text.contains(want), "{text}");
    let plain = rendered(None).unwrap().remove(0).text;
    assert!(text.contains("return 444;") && plain.contains("return 444;"));
}

#[test]
fn values_are_quoted_whatever_they_hold() {
    let text = rendered(None).unwrap().remove(0).text;
    let want = "add_header X-Note \"a; } server { listen 81; # \\\"b\\\" \\\\ c\" always;";
    assert!(text.contains(want), "{text}");
}

#[test]
fn there_is_no_way_around_quoting() {
    let filters = error(&[(UPSTREAM, "upstream {{ upstream.name | safe }} {}")]);
    assert!(
        filters.contains("http/upstream.conf.j2:1: filter safe is unknown"),
        "{filters}"
    );
    let block = "{% autoescape false %}\nupstream {{ upstream.name }} {}\n{% endautoescape %}";
    let block = error(&[(UPSTREAM, block)]);
    assert!(
        block.contains("http/upstream.conf.j2:2: `autoescape` does not exist"),
        "{block}"
    );
}

#[test]
fn a_value_is_a_whole_argument_or_refused() {
    for template in [
        "upstream x{{ upstream.name }} {}",
        "upstream \"x {{ upstream.name }}\" {}",
        "upstream {{ upstream.name }}{{ upstream.name }} {}",
        "# {{ upstream.name }}\n#{{ upstream.name }}\nupstream 'a{{ upstream.name }}' {}",
    ] {
        let message = error(&[(UPSTREAM, template)]);
        assert!(message.starts_with("nginx.conf:"), "{message}");
        assert!(message.contains("one whole argument"), "{message}");
    }
}

#[test]
fn broken_output_is_refused_with_its_line() {
    let message = error(&[(UPSTREAM, "upstream {{ upstream.name }} {\n")]);
    assert!(
        message.contains("unexpected end of file, expecting \"}\""),
        "{message}"
    );
}

#[test]
fn mistakes_in_templates_have_a_place() {
    let undefined = error(&[(UPSTREAM, "\n\n{{ upstream.nmae }}")]);
    assert!(
        undefined.starts_with("http/upstream.conf.j2:3: "),
        "{undefined}"
    );
    let syntax = error(&[(UPSTREAM, "{% for %}")]);
    assert!(syntax.starts_with("http/upstream.conf.j2:1: "), "{syntax}");
    let name = error(&[("http/upstreams.conf.j2", "")]);
    assert!(
        name.ends_with("did you mean `http/upstream.conf.j2`?"),
        "{name}"
    );
}
