//! Statuses that `error_page` answers.

use super::super::trace::StepKind;
use super::{Case, Expanded, Next, Phase, Router, redirect, response};
use crate::model::Statement;
use crate::source::Span;

impl<'m> Router<'_, 'm> {
    /// The `error_page` that answers a status here.
    pub(super) fn page(&self, case: &Case<'m>, status: u16) -> Option<Statement<'m>> {
        if case.error_page || case.changes == 0 {
            return None;
        }
        let pages = self.world.model.effective(case.facts.scope, "error_page");
        pages.into_iter().find(|page| {
            let count = page.args().len();
            let mut codes = page.args().take(count.saturating_sub(1));
            codes.any(|word| word.is(&status.to_string()))
        })
    }

    pub(super) fn status(&self, case: &mut Case<'m>, status: u16) -> Next<'m> {
        let Some(page) = self.page(case, status) else {
            let shown = if matches!(status, 494..=497) {
                400
            } else {
                status
            };
            return Next::End(
                response(shown),
                case.steps.last().and_then(|step| step.span),
            );
        };
        let model = self.world.model;
        let recursive = model
            .value(case.facts.scope, "recursive_error_pages")
            .is_some_and(|flag| flag.arg(0).is_some_and(|word| word.is("on")));
        if !recursive {
            case.error_page = true;
        }
        case.status = Some(if matches!(status, 494..=497) {
            400
        } else {
            status
        });
        let count = page.args().len();
        if let Some(overwrite) = count.checked_sub(2).and_then(|index| page.arg(index))
            && let Some(code) = overwrite.value().strip_prefix(b"=")
        {
            case.status = std::str::from_utf8(code)
                .ok()
                .and_then(|code| code.parse().ok());
        }
        let target = page
            .args()
            .next_back()
            .map(|word| word.value().into_owned());
        let to = match self.expand(case, &target.unwrap_or_default()) {
            Ok(to) => to,
            Err(Expanded::Cases(next)) => return *next,
            Err(Expanded::Unknown(what)) => what.into_bytes(),
        };
        let span = Some(page.head());
        if to.starts_with(b"/") {
            if case.facts.method != "HEAD" {
                case.facts.method = "GET".to_owned();
            }
            return self.internal_redirect(case, &to, "`error_page`", span);
        }
        if to.starts_with(b"@") {
            return self.internal_redirect(case, &to, "`error_page`", span);
        }
        let redirects = |status: &u16| matches!(status, 301 | 302 | 303 | 307 | 308);
        let status = case.status.filter(redirects).unwrap_or(302);
        case.step(
            StepKind::Redirect,
            format!("`error_page` answers {status}"),
            span,
        );
        Next::End(redirect(status, self.absolute(case, to)), span)
    }

    /// Sends the client elsewhere, unless `error_page` has something else for the status.
    pub(super) fn redirect(
        &self,
        case: &mut Case<'m>,
        status: u16,
        to: Vec<u8>,
        span: Option<Span>,
    ) -> Next<'m> {
        if self.page(case, status).is_some() {
            case.phase = Phase::Status(status);
            return Next::Go;
        }
        Next::End(redirect(status, self.absolute(case, to)), span)
    }

    /// `Location` as clients see it (`ngx_http_header_filter`).
    pub(super) fn absolute(&self, case: &Case<'m>, to: Vec<u8>) -> Vec<u8> {
        let model = self.world.model;
        let is = |name: &str, default: bool| {
            let flag = model
                .value(case.facts.scope, name)
                .and_then(|flag| flag.arg(0));
            flag.map_or(default, |word| word.value().eq_ignore_ascii_case(b"on"))
        };
        if !to.starts_with(b"/") || !is("absolute_redirect", true) {
            return to;
        }
        let host = match is("server_name_in_redirect", false) {
            true => &case.facts.server_name,
            false => &case.facts.host,
        };
        let (scheme, usual) = if case.facts.tls {
            ("https", 443)
        } else {
            ("http", 80)
        };
        let mut whole = format!("{scheme}://").into_bytes();
        whole.extend_from_slice(host);
        let port = case.facts.server_port;
        if port != usual && is("port_in_redirect", true) {
            whole.extend(format!(":{port}").bytes());
        }
        whole.extend(to);
        whole
    }
}
