//! All directives of a configuration in the order in which nginx reads them: what an
//! `include` brings in comes where the directive stands.

use super::include::{Config, Included, Refusal, Texts};
use super::limits::Limits;
use crate::source::FileId;
use crate::syntax::{self, Directive, DirectiveId};
use std::path::Path;

/// A step of a [`Walk`].
#[derive(Debug, Clone, Copy)]
pub enum WalkEvent<'m> {
    /// A file begins; the main file comes first.
    Open(FileId),
    /// Before what is in the directive's block, and before what it includes.
    Enter(Directive<'m>),
    /// Behind what is in its block; comes for every directive.
    Leave(Directive<'m>),
    /// A file ends.
    Close(FileId),
    /// A file that is not gone into, which that directive names.
    Stop(Directive<'m>, &'m Path, Stop<'m>),
}

/// Why a file is not gone into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop<'m> {
    /// It cannot be read.
    Refused(&'m Refusal),
    /// It is being read already.
    Cycle,
    /// [`Limits::include_depth`] files are inside each other.
    TooDeep,
    /// [`Limits::files`] files, or files of [`Limits::total_bytes`] bytes, have been gone
    /// through. Comes once.
    TooMany,
}

/// A file that is being gone through.
#[derive(Debug, Clone)]
struct Frame<'m> {
    file: FileId,
    walk: syntax::Walk<'m>,
    /// The includes of the file that are still to come.
    includes: std::slice::Iter<'m, (DirectiveId, Vec<Included>)>,
    /// An include, and what it still brings in.
    pending: Option<(Directive<'m>, std::slice::Iter<'m, Included>)>,
}

/// The directives of a configuration, in nginx's order.
#[derive(Clone)]
pub struct Walk<'m> {
    texts: &'m Texts<'m>,
    config: &'m Config,
    stack: Vec<Frame<'m>>,
    started: bool,
    files: usize,
    bytes: u64,
    full: bool,
}

impl<'m> Walk<'m> {
    /// A walk that begins with the main file.
    #[must_use]
    pub fn new(texts: &'m Texts<'m>, config: &'m Config) -> Self {
        Self {
            texts,
            config,
            stack: Vec::new(),
            started: false,
            files: 0,
            bytes: 0,
            full: false,
        }
    }

    /// Leaves out what is in the block of a directive that was just entered, unless a file
    /// is included there.
    pub fn pass_over(&mut self, directive: Directive<'m>) {
        let Some(frame) = self.stack.last_mut() else {
            return;
        };
        let end = directive.span().end;
        let includes_inside = frame.includes.as_slice().first().is_some_and(|(id, _)| {
            let include = directive.tree().directive(*id);
            include.span().start < end
        });
        if !includes_inside {
            frame.walk.pass_over();
        }
    }

    fn is_full(&self, next: FileId, limits: Limits) -> bool {
        let bytes = self.texts.parse(next).tree.text().len() as u64;
        self.files >= limits.files || self.bytes + bytes > limits.total_bytes
    }

    fn open(&mut self, file: FileId) -> WalkEvent<'m> {
        let tree = &self.texts.parse(file).tree;
        self.files += 1;
        self.bytes += tree.text().len() as u64;
        self.stack.push(Frame {
            file,
            walk: tree.walk(),
            includes: self.config.includes(file).iter(),
            pending: None,
        });
        WalkEvent::Open(file)
    }

    fn include(
        &mut self,
        directive: Directive<'m>,
        included: &'m Included,
    ) -> Option<WalkEvent<'m>> {
        let limits = self.texts.limits();
        let file = match included {
            Included::File(file) => *file,
            Included::Refused(path, why) => {
                return Some(WalkEvent::Stop(directive, path, Stop::Refused(why)));
            }
        };
        let stop = if self.full {
            return None;
        } else if self.stack.iter().any(|frame| frame.file == file) {
            Stop::Cycle
        } else if self.stack.len() > limits.include_depth {
            Stop::TooDeep
        } else if self.is_full(file, limits) {
            self.full = true;
            Stop::TooMany
        } else {
            return Some(self.open(file));
        };
        let name = self.texts.sources().file(file).name();
        Some(WalkEvent::Stop(directive, Path::new(name), stop))
    }
}

impl<'m> Iterator for Walk<'m> {
    type Item = WalkEvent<'m>;

    fn next(&mut self) -> Option<WalkEvent<'m>> {
        if !self.started {
            self.started = true;
            return Some(self.open(self.config.root));
        }
        loop {
            let frame = self.stack.last_mut()?;
            if let Some((directive, pending)) = &mut frame.pending {
                let directive = *directive;
                match pending.next() {
                    Some(included) => match self.include(directive, included) {
                        Some(event) => return Some(event),
                        None => continue,
                    },
                    None => frame.pending = None,
                }
            }
            return Some(match frame.walk.next() {
                Some(syntax::WalkEvent::Enter(directive)) => {
                    if let Some((id, included)) = frame.includes.as_slice().first()
                        && *id == directive.id()
                    {
                        frame.includes.next();
                        frame.pending = Some((directive, included.iter()));
                    }
                    WalkEvent::Enter(directive)
                }
                Some(syntax::WalkEvent::Leave(directive)) => WalkEvent::Leave(directive),
                None => {
                    let file = frame.file;
                    self.stack.pop();
                    WalkEvent::Close(file)
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::files::Memory;
    use super::super::include::Prefix;
    use super::*;

    fn steps(files: &[(&str, &str)]) -> String {
        let mut memory = Memory::new();
        for (path, text) in files {
            memory.insert(path, text.as_bytes());
        }
        let mut texts = Texts::new(&memory, Limits::default());
        let root = texts.open(Path::new(files[0].0)).unwrap();
        let config = texts.follow(root, Prefix::of_main_file(Path::new(files[0].0)));
        let name = |file| texts.sources().file(file).name();
        let steps = Walk::new(&texts, &config).map(|event| match event {
            WalkEvent::Open(file) => format!("<{}", name(file)),
            WalkEvent::Close(file) => format!("{}>", name(file)),
            WalkEvent::Enter(directive) => format!("+{}", directive.name().to_str()),
            WalkEvent::Leave(directive) => format!("-{}", directive.name().to_str()),
            WalkEvent::Stop(_, path, stop) => format!("!{} {stop:?}", path.display()),
        });
        steps.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_included_comes_where_it_is_included() {
        let files = [("m", "a { include x*; b; }"), ("x1", "c;"), ("x2", "d { }")];
        assert_eq!(
            steps(&files),
            "<m +a +include <x1 +c -c x1> <x2 +d -d x2> -include +b -b -a m>"
        );
    }

    #[test]
    fn a_cycle_stops_where_it_closes() {
        let files = [("m", "include a; e;"), ("a", "b; include m;")];
        assert_eq!(
            steps(&files),
            "<m +include <a +b -b +include !m Cycle -include a> -include +e -e m>"
        );
    }

    #[test]
    fn depth_is_limited() {
        let name = |n: usize| format!("f{n}");
        let chain = |length: usize| {
            let texts: Vec<_> = (0..=length)
                .map(|n| (name(n), format!("include {};", name(n + 1))))
                .chain([(name(length + 1), String::new())])
                .collect();
            let files: Vec<_> = texts.iter().map(|(n, t)| (&**n, &**t)).collect();
            steps(&files)
        };
        assert!(!chain(31).contains('!'));
        assert!(chain(32).contains("!f33 TooDeep"));
    }

    #[test]
    fn files_that_multiply_come_to_an_end() {
        let texts: Vec<_> = (0..30)
            .map(|n| {
                (
                    format!("f{n}"),
                    format!("include f{0}; include f{0};", n + 1),
                )
            })
            .chain([("f30".to_owned(), String::new())])
            .collect();
        let files: Vec<_> = texts.iter().map(|(n, t)| (&**n, &**t)).collect();
        assert_eq!(steps(&files).matches("TooMany").count(), 1);
    }
}
