//! `body-size-below-django`.

use crate::finding::Severity;
use crate::rules::meta::declare_rule;
use crate::rules::places::{Known, inherited};
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::number;

declare_rule! {
    /// ## What it reports
    ///
    /// A `client_max_body_size` that does not fit Django: less than the largest body that the settings
    /// state (`max-body-size`), which is a warning; less than the 2.5 MB that Django takes without files
    /// by default, one megabyte if nothing is set; or 0, which is no limit and a warning.
    ///
    /// ## Why it matters
    ///
    /// nginx answers 413 before Django sees the request: an upload of 1.1 MB fails with the default.
    /// Without any limit every client can fill the disk with temporary files.
    ///
    /// ## What to do
    ///
    /// Write `client_max_body_size 10m;`, or what the largest upload needs.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_core_module.html#client_max_body_size>
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#data-upload-max-memory-size>
    pub struct BodySizeBelowDjango {
        id: "body-size-below-django",
        group: Django,
        severity: Info,
    }
}

impl BodySizeBelowDjango {
    /// What Django takes without files, in bytes (`DATA_UPLOAD_MAX_MEMORY_SIZE`).
    pub const DJANGO: u64 = 2_621_440;
}

impl Rule for BodySizeBelowDjango {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn config(&self, cx: &mut RuleContext<'_, '_>) {
        let (places, model) = (cx.places(), cx.model);
        let stated = cx.settings.django.max_body_size;
        let needed = stated.unwrap_or(Self::DJANGO);
        let mut told = Vec::new();
        for pass in places.passes.iter().filter(|pass| pass.is_django()) {
            let limit = inherited(model, pass.statement.scope, "client_max_body_size");
            if limit.known == Known::No || limit.list.is_empty() && limit.known != Known::Surely {
                continue;
            }
            let word = limit.list.last().and_then(|set| set.arg(0));
            let bytes = match word {
                None => Some(1 << 20),
                Some(word) => number::offset(&word.value()),
            };
            let Some(bytes) = bytes.and_then(|bytes| u64::try_from(bytes).ok()) else {
                continue;
            };
            let span = word.map_or_else(|| pass.statement.head(), |word| word.span());
            let key = word.map_or_else(
                || pass.server.map(|id| (id.index(), 0)),
                |word| Some((word.span().file.0 as usize, word.span().start as usize + 1)),
            );
            if bytes >= needed || told.contains(&key) {
                continue;
            }
            told.push(key);
            let mut finding = if bytes == 0 {
                cx.finding(span, "bodies of any size are taken for Django")
                    .label("no limit")
            } else {
                let message = match stated {
                    Some(stated) => format!(
                        "nginx refuses bodies that Django takes: {bytes} bytes instead of {stated}"
                    ),
                    None => {
                        format!("nginx refuses bodies over {bytes} bytes, Django takes 2621440")
                    }
                };
                let label = if word.is_some() {
                    "the limit"
                } else {
                    "1 megabyte by default"
                };
                cx.finding(span, message).label(label)
            };
            finding = finding.help(
                "Write `client_max_body_size` with the size of the largest upload, such as `10m`",
            );
            if bytes == 0 || stated.is_some() {
                finding.severity = Severity::Warning;
            }
            cx.report(finding);
        }
    }
}
