//! Counts agreement, and lists what differs.

use super::case::{Case, Class, Refusal};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// How cases of one kind came out.
#[derive(Debug, Default)]
struct Row {
    cases: usize,
    verdict: usize,
    message: usize,
    line: usize,
    differences: Vec<String>,
}

/// All counts.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rows: BTreeMap<(Class, String), Row>,
}

const LOADS: &str = "(loads)";

impl Tally {
    /// Counts a case.
    pub(crate) fn add(&mut self, case: &Case, said: &Option<Refusal>) {
        let template = case
            .refusal
            .as_ref()
            .map_or(LOADS.to_owned(), |refusal| template(&refusal.message));
        let row = self.rows.entry((case.class.clone(), template)).or_default();
        row.cases += 1;
        let (verdict, message, line) = match (&case.refusal, said) {
            (None, None) => (true, true, true),
            (Some(nginx), Some(ours)) => {
                let message = nginx.message == ours.message;
                let line = nginx.line == ours.line && nginx.file == ours.file;
                (true, message, message && line)
            }
            _ => (false, false, false),
        };
        row.verdict += usize::from(verdict);
        row.message += usize::from(message);
        row.line += usize::from(line);
        if !line {
            row.differences.push(format!(
                "{}\n        nginx {}\n        ours  {}",
                case.name,
                shown(&case.refusal),
                shown(said)
            ));
        }
    }

    /// How many cases nginx loads and djanginx refuses.
    pub(crate) fn false_refusals(&self) -> usize {
        let rows = self
            .rows
            .iter()
            .filter(|((class, template), _)| template == LOADS && *class != Class::Supplied);
        rows.map(|(_, row)| row.cases - row.verdict).sum()
    }

    /// How many of the counted verdicts agree, in percent.
    pub(crate) fn verdict_percent(&self) -> f64 {
        self.share(|_| true, |row| row.verdict)
    }

    /// How many of the counted refusals agree in message and line, in percent.
    pub(crate) fn refusal_percent(&self) -> f64 {
        self.share(|template| template != LOADS, |row| row.line)
    }

    fn share(&self, counts: impl Fn(&str) -> bool, agree: impl Fn(&Row) -> usize) -> f64 {
        let rows = self.rows.iter();
        let rows = rows.filter(|((class, name), _)| *class == Class::Counted && counts(name));
        let (all, same) = rows.fold((0, 0), |(all, same), (_, row)| {
            (all + row.cases, same + agree(row))
        });
        percent(same, all)
    }

    /// The report for a person.
    pub(crate) fn report(&self, show: usize) -> String {
        let mut out = String::new();
        let mut classes: Vec<_> = self.rows.keys().map(|(class, _)| class.clone()).collect();
        classes.dedup();
        for class in classes {
            let title = match &class {
                Class::Counted => "the verdict is about the text".to_owned(),
                Class::Supplied => "names were supplied (not counted)".to_owned(),
                Class::Other(name) => format!("class {name} (not counted)"),
            };
            let _ = writeln!(out, "== {title}\n cases verdict message  +line");
            let of_class = self.rows.iter().filter(|((of, _), _)| *of == class);
            let mut rows: Vec<_> = of_class
                .map(|((_, template), row)| (template, row))
                .collect();
            rows.sort_by_key(|(_, row)| std::cmp::Reverse(row.cases - row.line));
            let mut sums: [Row; 2] = Default::default();
            for (template, row) in rows {
                let sum = &mut sums[usize::from(template != LOADS)];
                sum.cases += row.cases;
                sum.verdict += row.verdict;
                sum.message += row.message;
                sum.line += row.line;
                let _ = writeln!(
                    out,
                    "{:6}{:8}{:8}{:7}  {template}",
                    row.cases, row.verdict, row.message, row.line
                );
                for difference in row.differences.iter().take(show) {
                    let _ = writeln!(out, "      - {difference}");
                }
            }
            for (sum, name) in sums.iter().zip(["loads", "refused"]) {
                let _ = writeln!(
                    out,
                    "{name}: {} cases, {:.2} % verdict, {:.2} % message, {:.2} % message and line",
                    sum.cases,
                    percent(sum.verdict, sum.cases),
                    percent(sum.message, sum.cases),
                    percent(sum.line, sum.cases)
                );
            }
        }
        let _ = write!(
            out,
            "refused by djanginx and loaded by nginx: {}",
            self.false_refusals()
        );
        out
    }
}

fn percent(part: usize, all: usize) -> f64 {
    if all == 0 {
        100.0
    } else {
        part as f64 * 100.0 / all as f64
    }
}

fn shown(refusal: &Option<Refusal>) -> String {
    match refusal {
        None => "loads".to_owned(),
        Some(Refusal {
            message,
            file,
            line,
        }) => {
            let line = line.map_or(String::new(), |line| format!(":{line}"));
            format!("{message} [{}{line}]", file.as_deref().unwrap_or(""))
        }
    }
}

/// The message with what is in quotes, and numbers, blanked.
fn template(message: &str) -> String {
    let mut out = String::new();
    let mut parts = message.split('"');
    let outside = |text: &str| {
        let mut blanked = String::new();
        for c in text.chars() {
            if !c.is_ascii_digit() {
                blanked.push(c);
            } else if !blanked.ends_with('N') {
                blanked.push('N');
            }
        }
        blanked
    };
    out.push_str(&outside(parts.next().unwrap_or_default()));
    while let Some(_inside) = parts.next() {
        out.push_str("\"X\"");
        if let Some(behind) = parts.next() {
            out.push_str(&outside(behind));
        }
    }
    out
}
