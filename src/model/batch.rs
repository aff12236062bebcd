//! Opens many files at once: they are read and parsed in parallel, and numbered as if they
//! had been opened one after the other.

use super::files::ReadError;
use super::include::Texts;
use foldhash::HashSet;
use rayon::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Fewer files are opened sooner than threads are started.
const FEW: usize = 16;
/// So many files are in memory before those of them that are over a limit are let go.
const BATCH: usize = 1024;

/// What became of reading a file; `None` for one that was left alone.
pub(super) type Bytes = Option<Result<Arc<[u8]>, ReadError>>;

impl Texts<'_> {
    /// Opens files, unless that was done before: the same as [`Self::open`] for one after the
    /// other, and quicker.
    pub fn open_all<'p>(&mut self, paths: impl Iterator<Item = &'p Path>) {
        let mut seen = HashSet::default();
        let new: Vec<&Path> = paths
            .filter(|path| self.is_new(path) && seen.insert(*path))
            .collect();
        if new.len() < FEW {
            for path in new {
                // What came of it is remembered.
                let _ = self.open(path);
            }
            return;
        }
        self.expect(new.len());
        for batch in new.chunks(BATCH) {
            self.open_batch(batch);
        }
    }

    fn open_batch(&mut self, paths: &[&Path]) {
        let before = AtomicU64::new(self.bytes());
        let texts: Vec<_> = { paths.par_iter() }
            .map(|path| self.read(path, &before))
            .collect();
        // The limits count in the order of the files, whichever was read first.
        let mut numbered = Vec::with_capacity(paths.len());
        for (path, bytes) in paths.iter().zip(texts) {
            match self.number(path, bytes) {
                Ok(file) => numbered.push((*path, file)),
                Err(refusal) => self.remember(path, Err(refusal)),
            }
        }
        let parses: Vec<_> = { numbered.par_iter() }
            .map(|(_, file)| self.parse_now(*file))
            .collect();
        for ((path, file), parse) in numbered.into_iter().zip(parses) {
            let kept = self.keep(file, parse);
            self.remember(path, kept);
        }
    }
}
