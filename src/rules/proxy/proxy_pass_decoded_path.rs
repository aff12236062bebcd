//! `proxy-pass-decoded-path`.

use crate::model::Statement;
use crate::rules::facts::encoding;
use crate::rules::meta::declare_rule;
use crate::rules::{Meta, Rule, RuleContext};
use crate::values::expression::has_variables;

declare_rule! {
    /// ## What it reports
    ///
    /// A `proxy_pass` whose path is made from `$uri`, or from a group that takes any byte of it;
    /// and one that encodes a path again which `rewrite ^ $request_uri` has left encoded.
    ///
    /// ## Why it matters
    ///
    /// nginx has decoded that path, and sends variables as they are: `/a%3Fb` goes out as
    /// `/a?b`, `/a%20b` as two words, and `%0d%0a` ends the line. The backend sees another
    /// request than nginx has judged, or none. The other way round `/a%20b` goes out as `/a%2520b`.
    ///
    /// What a `rewrite` took from `$request_uri` is as the client wrote it, and so are `$uri` and the
    /// groups of later rewrites; `set` encodes numbered groups again, but not named ones and not `$uri`.
    ///
    /// ## What to do
    ///
    /// Write `proxy_pass` without a path, which sends the path as the client wrote it; with a
    /// name in a variable write `proxy_pass http://$backend$request_uri;`. To change a path,
    /// use `rewrite … break;`, after which nginx encodes it again.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct ProxyPassDecodedPath {
        id: "proxy-pass-decoded-path",
        group: Proxy,
        severity: Warning,
    }
}

impl Rule for ProxyPassDecodedPath {
    fn meta(&self) -> &'static Meta {
        Self::META
    }

    fn directives(&self) -> &'static [&'static str] {
        &["proxy_pass"]
    }

    fn directive(&self, pass: Statement<'_>, cx: &mut RuleContext<'_, '_>) {
        let Some(word) = pass.arg(0) else { return };
        let (places, model) = (cx.places(), cx.model);
        // Without variables and without a `rewrite` it is the path that nginx encodes itself.
        if !has_variables(&word.value()) && !encoding::is_rewritten(model, pass.scope) {
            return;
        }
        let flow = encoding::flow(model, pass.scope);
        let value = word.value();
        let sent = flow.sent(model, &places, pass.scope, &value);
        let mut path = sent.path.iter().flatten();
        if let Some(piece) = path.find(|piece| piece.forms.decoded) {
            let whole = piece.whole.clone();
            let shown = String::from_utf8_lossy(&value[whole.clone()]).into_owned();
            let finding = cx
                .finding(
                    word.part(whole),
                    format!("`{shown}` is sent without being encoded"),
                )
                .label("decoded by nginx")
                .help("Leave the path away, or write `$request_uri`");
            cx.report(finding);
            return;
        }
        // nginx puts `$uri` in itself, and encodes it.
        let own = sent.path.is_none() || !sent.variable;
        if let Some(rewrite) = flow.rewrite.filter(|_| own && flow.uri.raw) {
            let finding = cx
                .finding(word.span(), "the path is encoded twice")
                .label("encodes the path")
                .related(rewrite.head(), "encoded by the client")
                .help("Write `$uri` behind the host, which sends it as it is");
            cx.report(finding);
        }
    }
}
