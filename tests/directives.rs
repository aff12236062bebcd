//! The directive table against real nginx: random statements at random places.
//!
//! What nginx says before it looks at the values of a statement comes from its tables
//! alone, and has to be what [`find`] and the row say.

#[path = "support/engines.rs"]
mod support;

use djanginx::directives::{
    Body, Context, DirectiveInfo, Family, Found, Modules, Value, all, all_variables, find,
    find_variable,
};
use djanginx::version::Target;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::process::Command;
use support::Engine;

#[test]
fn every_engine_agrees_about_random_statements() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("nginx.conf");
    for engine in support::engines().nginx() {
        let target: Target = engine.version.parse().expect("a release");
        let options = options(engine);
        let mut runner = TestRunner::new(ProptestConfig {
            cases: 200,
            failure_persistence: None,
            ..ProptestConfig::default()
        });
        let result = runner.run(&statements(), |statement| {
            let text = statement.config();
            let modules = modules(engine, &options, &text);
            std::fs::write(&config, text).expect("written");
            let verdict = engine.check(folder.path(), &config);
            let found = |name: &str, context| find(name.as_bytes(), context, target, &modules);
            if let Some(outer) = statement.outer().first()
                && found(outer, Context::Main) == Found::Unknown
            {
                let told = format!("unknown directive \"{outer}\"");
                prop_assert!(verdict.text.contains(&told), "{}", verdict.text);
                return Ok(());
            }
            let found = found(statement.name, statement.context);
            let complaint = statement.complaint_of_nginx(&verdict.text);
            // Debian's 1.22.1 has the directive of 1.29.8.
            if engine.name == "debian" && statement.name == "max_headers" {
                return Ok(());
            }
            prop_assert_eq!(complaint, statement.complaint(found), "{}", verdict.text);
            Ok(())
        });
        result.unwrap_or_else(|error| panic!("{}: {error}", engine.name));
    }
}

#[test]
fn every_engine_has_the_same_variables() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("nginx.conf");
    for engine in support::engines().nginx() {
        let target: Target = engine.version.parse().expect("a release");
        let options = options(engine);
        for (family, context) in [
            (Family::Http, Context::Http),
            (Family::Stream, Context::Stream),
        ] {
            let block = context.name();
            let modules = modules(engine, &options, &format!("{block} {{"));
            if find(block.as_bytes(), Context::Main, target, &modules) == Found::Unknown {
                continue;
            }
            let nginx = |names: &str| {
                let text = format!("events {{}}\n{block} {{\nlog_format all '{names}';\n}}\n");
                std::fs::write(&config, text).expect("written");
                engine.check(folder.path(), &config).text
            };
            let rows = all_variables().iter().filter(|v| v.module.family == family);
            // One beginning stands for many; any end will do.
            let names = rows.map(|v| {
                if v.prefix {
                    format!("{}x", v.name)
                } else {
                    v.name.into()
                }
            });
            let is_there =
                |name: &String| find_variable(name.as_bytes(), family, target, &modules).is_some();
            let (present, absent): (Vec<_>, Vec<_>) = names.partition(is_there);
            assert!(present.len() > 20, "{}: {}", engine.name, present.len());
            let told = nginx(&format!("${}", present.join(" $")));
            assert!(!told.contains("unknown"), "{}: {told}", engine.name);
            for name in absent {
                let told = nginx(&format!("${name}"));
                let expected = format!("unknown \"{name}\" variable");
                assert!(told.contains(&expected), "{}: {name}: {told}", engine.name);
            }
        }
    }
}

/// What is wrong with a statement before its values are looked at.
#[derive(Debug, PartialEq)]
enum Complaint {
    Unknown,
    NotAllowedHere,
    NoSemicolon,
    NoBlock,
    Arguments,
}

/// `name a a a;` or `name a a a {}` in a block of the kind `context`.
#[derive(Debug, Clone)]
struct Statement {
    name: &'static str,
    context: Context,
    arguments: usize,
    block: bool,
}

impl Statement {
    fn config(&self) -> String {
        let end = if self.block { "{}" } else { ";" };
        let statement = format!("{}{} {end}\n", self.name, " a".repeat(self.arguments));
        let outer = self.outer();
        let open: String = outer.iter().map(|block| format!("{block} {{\n")).collect();
        open + &statement + &"}\n".repeat(outer.len())
    }

    /// The blocks around it.
    fn outer(&self) -> &'static [&'static str] {
        match self.context {
            Context::Events => &["events"],
            Context::Http => &["http"],
            Context::Server => &["http", "server"],
            Context::Location => &["http", "server", "location /"],
            Context::IfInServer => &["http", "server", "if ($uri)"],
            Context::IfInLocation => &["http", "server", "location /", "if ($uri)"],
            Context::LimitExcept => &["http", "server", "location /", "limit_except GET"],
            Context::Upstream => &["http", "upstream u"],
            Context::Mail => &["mail"],
            Context::MailServer => &["mail", "server"],
            Context::Stream => &["stream"],
            Context::StreamServer => &["stream", "server"],
            Context::StreamUpstream => &["stream", "upstream u"],
            _ => &[],
        }
    }

    /// What the table says.
    fn complaint(&self, found: Found) -> Option<Complaint> {
        match found {
            Found::Unknown => Some(Complaint::Unknown),
            Found::NotAllowedHere => Some(Complaint::NotAllowedHere),
            Found::Here(row) => match (row.body.is_block(), self.block) {
                (false, true) => Some(Complaint::NoSemicolon),
                (true, false) => Some(Complaint::NoBlock),
                _ => (!row.arguments.accepts(self.arguments)).then_some(Complaint::Arguments),
            },
        }
    }

    /// What nginx says, unless it has come to the values.
    fn complaint_of_nginx(&self, text: &str) -> Option<Complaint> {
        let name = self.name;
        [
            (format!("unknown directive \"{name}\""), Complaint::Unknown),
            (
                format!("\"{name}\" directive is not allowed here"),
                Complaint::NotAllowedHere,
            ),
            (
                format!("directive \"{name}\" is not terminated by \";\""),
                Complaint::NoSemicolon,
            ),
            (
                format!("directive \"{name}\" has no opening \"{{\""),
                Complaint::NoBlock,
            ),
            (
                format!("invalid number of arguments in \"{name}\" directive"),
                Complaint::Arguments,
            ),
        ]
        .into_iter()
        .find_map(|(words, complaint)| text.contains(&words).then_some(complaint))
    }
}

/// Statements, half of them at a place and of a shape that the table has for the name.
fn statements() -> impl Strategy<Value = Statement> {
    let contexts: Vec<_> = Context::ALL
        .into_iter()
        .take_while(|context| *context != Context::Rtmp)
        .collect();
    let row = prop::sample::select(
        all()
            .iter()
            .filter(|row| counts_alone(row))
            .collect::<Vec<_>>(),
    );
    (
        row,
        any::<bool>(),
        prop::sample::select(contexts),
        0..10usize,
        any::<bool>(),
    )
        .prop_map(|(row, fitting, context, arguments, block)| {
            let fits = |c: &Context| *c < Context::Rtmp;
            let own: Vec<_> = row.contexts.iter().filter(fits).collect();
            let (context, block) = match own.first() {
                Some(_) if fitting => (own[arguments % own.len()], row.body.is_block()),
                _ => (context, block),
            };
            Statement {
                name: row.name,
                context,
                arguments,
                block,
            }
        })
}

/// Whether nothing but the table speaks of the number of arguments.
fn counts_alone(row: &DirectiveInfo) -> bool {
    // The function that reads it counts again, and nginx would read the body as Lua.
    row.value != Value::Own("ngx_set_cpu_affinity") && row.body != Body::Lua
}

/// What the engine was built with: the options that name modules.
fn options(engine: &Engine) -> Vec<String> {
    let output = Command::new(&engine.binary).arg("-V").output();
    let output = output.expect("nginx can be run");
    String::from_utf8_lossy(&output.stderr)
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--with-"))
        .filter(|name| Modules::parse(name).is_ok())
        .map(str::to_owned)
        .collect()
}

/// The modules that the engine has in a configuration.
fn modules(engine: &Engine, options: &[String], config: &str) -> Modules {
    let mut names: Vec<&str> = options.iter().map(String::as_str).collect();
    names.extend(engine.used_modules(config).map(|module| &*module.name));
    for part in ["stream", "mail"] {
        if !names.contains(&part) {
            names.retain(|name| !name.starts_with(part));
        }
    }
    Modules::parse(&names.join(",")).expect("each is known")
}
