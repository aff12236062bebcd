//! Names that do not fit into one of nginx's hashes.

use super::reading::{Reading, late_refusal};
use super::sink::{printed, warn};
use crate::finding::Finding;
use crate::model::{Model, ScopeId};
use crate::source::Span;
use crate::values::hash::{self, CACHE_LINE, HashError};
use crate::values::number::number;

/// A hash, called as nginx calls it, and how large it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hash {
    pub(super) name: &'static str,
    pub(super) max_size: usize,
    pub(super) bucket_size: usize,
}

impl Hash {
    /// One whose sizes are those of a block, or nginx's own.
    pub(super) fn of(
        model: &Model<'_>,
        scope: ScopeId,
        name: &'static str,
        [max_size, bucket_size]: [&str; 2],
        default: usize,
    ) -> Self {
        let value = |directive: &str, default: usize| {
            let word = model.value(scope, directive)?.arg(0)?;
            usize::try_from(number(&word.value())?)
                .ok()
                .or(Some(default))
        };
        let bucket = value(bucket_size, CACHE_LINE).unwrap_or(CACHE_LINE);
        Self {
            name,
            max_size: value(max_size, default).unwrap_or(default),
            bucket_size: bucket
                .checked_next_multiple_of(CACHE_LINE)
                .unwrap_or(bucket),
        }
    }

    /// What nginx says when these names do not fit; `at` is the block that has them.
    pub(super) fn judge(&self, names: &[(&[u8], Span)], at: Span) -> Option<Finding> {
        let texts: Vec<&[u8]> = names.iter().map(|(text, _)| *text).collect();
        let error = hash::build(&texts, self.max_size, self.bucket_size).err()?;
        let Self {
            name,
            max_size,
            bucket_size,
        } = self;
        Some(match error {
            HashError::NoBuckets => late_refusal(
                "hash-size",
                at,
                format!("`{name}_max_size` is zero"),
                format!("could not build {name}, you should increase {name}_max_size: {max_size}"),
                None,
            )
            .help(format!("Remove `{name}_max_size`")),
            HashError::BucketTooLarge => late_refusal(
                "hash-size",
                at,
                format!("`{name}_bucket_size` is more than 65472"),
                format!("could not build {name}, too large {name}_bucket_size: {bucket_size}"),
                None,
            )
            .help(format!("Write `{name}_bucket_size 128;`")),
            HashError::BucketTooSmall(index) => {
                let (text, span) = names[index];
                late_refusal(
                    "hash-size",
                    span,
                    format!(
                        "`{}` is longer than the {} bytes that `{name}_bucket_size` leaves",
                        printed(text),
                        hash::longest_name(*bucket_size),
                    ),
                    format!(
                        "could not build {name}, you should increase {name}_bucket_size: \
                         {bucket_size}"
                    ),
                    None,
                )
                .help(format!("Write `{name}_bucket_size {};`", bucket_size * 2))
            }
            HashError::NotOptimal => {
                let message = format!(
                    "{} names are too many for `{name}_max_size {max_size}`",
                    names.len()
                );
                let mut finding = Finding::warning("hash-size", at, message)
                    .help(format!("Write `{name}_max_size {};`", max_size.max(&1) * 2));
                finding.nginx = warn(
                    format!(
                        "could not build optimal {name}, you should increase either \
                         {name}_max_size: {max_size} or {name}_bucket_size: {bucket_size}; \
                         ignoring {name}_bucket_size"
                    ),
                    None,
                );
                finding
            }
        })
    }
}

/// The `types` of every block (`ngx_http_core_merge_loc_conf`).
pub(super) fn types(reading: &mut Reading<'_>) {
    let model = &reading.model;
    let mut blocks: Vec<_> = reading.state.extensions.iter().collect();
    blocks.sort_by_key(|(scope, _)| **scope);
    let mut findings = Vec::new();
    for (scope, extensions) in blocks {
        let is_http = Some(*scope) == model.http.scope;
        // Those of `http` are built for the first server.
        let sizes_of = match (is_http, model.http.servers.first()) {
            (true, None) => continue,
            (true, Some(server)) => server.scope,
            (false, _) => *scope,
        };
        let mut names: Vec<_> = { extensions.iter() }
            .map(|(name, (_, span))| (&name[..], *span))
            .collect();
        names.sort_by_key(|(_, span)| (span.file, span.start));
        let Some((_, first)) = names.first().copied() else {
            continue;
        };
        let directives = ["types_hash_max_size", "types_hash_bucket_size"];
        let hash = Hash::of(model, sizes_of, "types_hash", directives, 1024);
        findings.extend(hash.judge(&names, first));
    }
    for finding in findings {
        reading.say(finding);
    }
}
