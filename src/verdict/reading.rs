//! What a directive's own function works with: the model that it fills, and what it says.

use super::Options;
use super::sink::{Sink, emerg, printed, warn};
use super::state::State;
use crate::directives::{Family, find_variable};
use crate::finding::{Finding, Wording};
use crate::model::variables::{Provenance, Variables};
use crate::model::{Config, Model, ScopeId, Statement, Texts};
use crate::source::Span;
use crate::syntax::Word;
use crate::values::expression::{self, ExpressionError, Part};
use crate::values::regex::{Regex, RegexError};
use foldhash::HashMap;
use std::rc::Rc;

/// What reads the arguments of a directive; their number is right.
pub(super) type Setter = for<'m> fn(&mut Reading<'m>, Statement<'m>);

/// Expressions that were compiled, by how they are written.
type Compiled = HashMap<Box<[u8]>, Result<Rc<Regex>, RegexError>>;

/// The nginx that reads.
pub(super) struct Reading<'m> {
    pub(super) texts: &'m Texts<'m>,
    pub(super) config: &'m Config,
    pub(super) options: &'m Options,
    pub(super) model: Model<'m>,
    /// What only the verdict needs.
    pub(super) state: State<'m>,
    /// The block that the directive being read opens.
    pub(super) opened: ScopeId,
    sink: Sink,
    /// What the open blocks have once, those further in behind those around them.
    once: Vec<(&'static str, Statement<'m>)>,
    /// Expressions by how they are written, those that regard letters first.
    regexes: [Compiled; 2],
}

/// A finding that nginx has as well, at the place of a statement.
pub(super) fn refusal(
    statement: Statement<'_>,
    rule: &'static str,
    span: Span,
    message: impl Into<Wording>,
    nginx: impl Into<String>,
) -> Finding {
    late_refusal(rule, span, message, nginx, Some(statement.end()))
}

/// A warning that nginx has as well, at the place of a statement.
pub(super) fn warning(
    statement: Statement<'_>,
    rule: &'static str,
    span: Span,
    message: impl Into<Wording>,
    nginx: impl Into<String>,
) -> Finding {
    late_warning(rule, span, message, nginx, Some(statement.end()))
}

/// A refusal that nginx prints when it has read everything: at a place that is not that
/// of the cause, or at none.
pub(super) fn late_refusal(
    rule: &'static str,
    span: Span,
    message: impl Into<Wording>,
    nginx: impl Into<String>,
    at: Option<Span>,
) -> Finding {
    let mut finding = Finding::error(rule, span, message);
    finding.nginx = emerg(nginx, at);
    finding
}

/// As [`late_refusal`], of a warning.
pub(super) fn late_warning(
    rule: &'static str,
    span: Span,
    message: impl Into<Wording>,
    nginx: impl Into<String>,
    at: Option<Span>,
) -> Finding {
    let mut finding = Finding::warning(rule, span, message);
    finding.nginx = warn(nginx, at);
    finding
}

impl<'m> Reading<'m> {
    pub(super) fn new(
        texts: &'m Texts<'m>,
        config: &'m Config,
        options: &'m Options,
        model: Model<'m>,
    ) -> Self {
        Self {
            texts,
            config,
            options,
            model,
            state: State::default(),
            opened: ScopeId::MAIN,
            sink: Sink::new(texts.limits().findings),
            once: Vec::new(),
            regexes: Default::default(),
        }
    }

    pub(super) fn finish(self) -> super::Reading<'m> {
        let (findings, left_out) = self.sink.finish();
        super::Reading {
            model: self.model,
            findings,
            left_out,
        }
    }

    pub(super) fn say(&mut self, finding: Finding) {
        self.sink.push(finding);
    }

    /// The collector of findings, for what needs no model.
    pub(super) fn sink(&mut self) -> &mut Sink {
        &mut self.sink
    }

    /// Whether the target is at least a release.
    pub(super) fn at_least(&self, major: u16, minor: u16, patch: u16) -> bool {
        self.options.target.at_least(major, minor, patch)
    }

    /// A file and line as nginx prints them inside a message: `nginx.conf:12`.
    pub(super) fn place(&self, span: Span) -> String {
        let sources = self.texts.sources();
        let name = sources.file(span.file).name();
        format!("{name}:{}", sources.end(span).line)
    }

    /// Remembers that the block that is being read has something, and gives what had it
    /// before.
    pub(super) fn once(
        &mut self,
        statement: Statement<'m>,
        what: &'static str,
    ) -> Option<Statement<'m>> {
        // Blocks that have ended have greater numbers than those that go on round them.
        let open = |(_, first): &(_, Statement<'m>)| first.scope <= statement.scope;
        while self.once.pop_if(|last| !open(last)).is_some() {}
        let here = { self.once.iter().rev() }.take_while(|(_, it)| it.scope == statement.scope);
        let first = here.copied().find(|(known, _)| *known == what);
        if first.is_none() {
            self.once.push((what, statement));
        }
        first.map(|(_, first)| first)
    }

    /// The variables of `http` or of `stream`.
    pub(super) fn variables(&mut self, family: Family) -> &mut Variables {
        match family {
            Family::Stream => &mut self.model.stream.variables,
            _ => &mut self.model.http.variables,
        }
    }

    /// Reads a word as text with variables, and notes their use; what is wrong is said.
    pub(super) fn expression(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
    ) -> Option<Vec<Part>> {
        let length = word.value().len();
        self.expression_in(statement, word, 0..length)
    }

    /// As [`Self::expression`], of a part of the word's value.
    pub(super) fn expression_in(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        range: std::ops::Range<usize>,
    ) -> Option<Vec<Part>> {
        self.expression_at(statement, word, range, Some(statement.end()))
    }

    /// As [`Self::expression_in`], where nginx prints another place, or none.
    pub(super) fn expression_at(
        &mut self,
        statement: Statement<'m>,
        word: Word<'m>,
        range: std::ops::Range<usize>,
        at: Option<Span>,
    ) -> Option<Vec<Part>> {
        let value = word.value();
        let start = range.start;
        let text = value.get(range)?;
        if !expression::has_variables(text) {
            return Some(vec![Part::Text(0..text.len())]);
        }
        let parts = match expression::parse(text) {
            Ok(parts) => parts,
            Err(error) => {
                let part = |range: std::ops::Range<usize>| {
                    word.part(start + range.start..start + range.end)
                };
                let mut finding = match error {
                    ExpressionError::InvalidName(at) => refusal(
                        statement,
                        "invalid-variable",
                        part(at..text.len().min(at + 2)),
                        "`$` is not followed by the name of a variable",
                        "invalid variable name",
                    )
                    .help(
                        "Write a name of letters, digits and `_`; a `$` of its own needs a \
                         variable that holds one, such as one made by `geo`",
                    ),
                    ExpressionError::Unclosed(name) => refusal(
                        statement,
                        "invalid-variable",
                        part(name.start.saturating_sub(2)..name.end),
                        "`${` is not closed behind the name",
                        format!(
                            "the closing bracket in \"{}\" variable is missing",
                            printed(&text[name])
                        ),
                    )
                    .help("Write `}` behind the name"),
                };
                if let Some(nginx) = &mut finding.nginx {
                    nginx.at = at;
                }
                self.say(finding);
                return None;
            }
        };
        for part in &parts {
            if let Part::Variable { name, whole } = part {
                let span = word.part(start + whole.start..start + whole.end);
                self.variables(statement.row.module.family)
                    .add_use(&text[name.clone()], span);
            }
        }
        Some(parts)
    }

    /// Notes the use of a variable by its name alone (`ngx_http_get_variable_index`); false,
    /// and said, where there is no name.
    pub(super) fn index(&mut self, statement: Statement<'m>, name: &[u8], span: Span) -> bool {
        if name.is_empty() {
            self.say(
                refusal(
                    statement,
                    "invalid-variable",
                    span,
                    "`$` is not followed by the name of a variable",
                    "invalid variable name \"$\"",
                )
                .help("Write a name behind `$`"),
            );
            return false;
        }
        self.variables(statement.row.module.family)
            .add_use(name, span);
        true
    }

    /// Compiles a regular expression, and defines its named groups as variables; what is
    /// wrong is said.
    pub(super) fn regex(
        &mut self,
        statement: Statement<'m>,
        pattern: &[u8],
        caseless: bool,
        span: Span,
    ) -> Option<Rc<Regex>> {
        let regex = self.regex_alone(statement, pattern, caseless, span)?;
        for name in regex.names() {
            self.define(statement, name.as_bytes(), Provenance::Capture, span);
        }
        Some(regex)
    }

    /// As [`Self::regex`], for the few directives whose groups are no variables.
    pub(super) fn regex_alone(
        &mut self,
        statement: Statement<'m>,
        pattern: &[u8],
        caseless: bool,
        span: Span,
    ) -> Option<Rc<Regex>> {
        let known = &mut self.regexes[usize::from(caseless)];
        let compiled = match known.get(pattern) {
            Some(compiled) => compiled.clone(),
            None => {
                let compiled = Regex::new(pattern, caseless).map(Rc::new);
                known.insert(pattern.into(), compiled.clone());
                compiled
            }
        };
        match compiled {
            Ok(regex) => Some(regex),
            Err(error) => {
                let nginx = error.nginx(pattern, self.at_least(1, 21, 5));
                self.say(
                    refusal(
                        statement,
                        "invalid-regex",
                        span,
                        format!("the regular expression is wrong: {}", error.text),
                        nginx,
                    )
                    .label(format!("at character {}", error.offset + 1))
                    .help("Correct the expression; put quotes round one that has `{`, `}` or `;`"),
                );
                None
            }
        }
    }

    /// Defines a variable; says so where nginx's own may not be defined again.
    pub(super) fn define(
        &mut self,
        statement: Statement<'m>,
        name: &[u8],
        by: Provenance,
        span: Span,
    ) -> bool {
        let family = statement.row.module.family;
        let options = self.options;
        if name.is_empty() {
            self.say(
                refusal(
                    statement,
                    "invalid-variable",
                    span,
                    "`$` is not followed by the name of a variable",
                    "invalid variable name \"$\"",
                )
                .help("Write a name of letters, digits and `_`"),
            );
            return false;
        }
        let own = find_variable(name, family, options.target, &options.modules);
        if let Some(own) = own
            && !own.prefix
            && !own.changeable
        {
            let shown = printed(name).into_owned();
            self.say(
                refusal(
                    statement,
                    "duplicate-variable",
                    span,
                    format!("`${shown}` is a variable of nginx's own"),
                    format!("the duplicate \"{shown}\" variable"),
                )
                .help("Take another name"),
            );
            return false;
        }
        self.variables(family).define(name, by, span);
        true
    }
}
