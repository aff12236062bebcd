//! Causes that lie in the protocol: something answers, but not as nginx expects.

use crate::rules::meta::declare_rule;

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers, but not in HTTP.
    ///
    /// ## Why it matters
    ///
    /// nginx says `upstream sent no valid HTTP/1.0 header` and answers 502. The port is that of
    /// another service, such as Redis, PostgreSQL or SSH.
    ///
    /// ## What to do
    ///
    /// Correct the port.
    pub struct ProbeNotHttp {
        id: "probe-not-http",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that speaks uwsgi's protocol, in a pool that is asked over HTTP.
    ///
    /// ## Why it matters
    ///
    /// uWSGI closes such connections without a word, gunicorn answers 500; nginx answers 502 or
    /// passes the error on.
    ///
    /// ## What to do
    ///
    /// Write `protocol: uwsgi` for the pool (`uwsgi_pass` in nginx), or let the node speak HTTP:
    /// `http-socket` for uWSGI, no `--protocol uwsgi` for gunicorn.
    ///
    /// ## References
    ///
    /// - <https://uwsgi-docs.readthedocs.io/en/latest/Nginx.html>
    pub struct ProbeHttpToUwsgi {
        id: "probe-http-to-uwsgi",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that speaks HTTP, in a pool that is asked over uwsgi's protocol.
    ///
    /// ## Why it matters
    ///
    /// The node waits for ever or answers 400, so nginx answers 504, 502 or 400.
    ///
    /// ## What to do
    ///
    /// Write `protocol: http` for the pool (`proxy_pass` in nginx), or let the node speak uwsgi:
    /// `socket` for uWSGI, `--protocol uwsgi` for gunicorn.
    ///
    /// ## References
    ///
    /// - <https://uwsgi-docs.readthedocs.io/en/latest/Nginx.html>
    pub struct ProbeUwsgiToHttp {
        id: "probe-uwsgi-to-http",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that speaks TLS, in a pool that is asked without.
    ///
    /// ## Why it matters
    ///
    /// Django never sees the request; nginx answers 502 or passes 400 on.
    ///
    /// ## What to do
    ///
    /// Let the node speak plain HTTP to nginx, which ends TLS itself; or write `proxy_pass
    /// https://…`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct ProbePlainToTls {
        id: "probe-plain-to-tls",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node without TLS that is asked with it.
    ///
    /// ## Why it matters
    ///
    /// nginx says `SSL_do_handshake() failed … wrong version number` and answers 502.
    ///
    /// ## What to do
    ///
    /// Write `proxy_pass http://…`, or correct the port.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_pass>
    pub struct ProbeTlsToPlain {
        id: "probe-tls-to-plain",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A certificate that nobody trusted has signed.
    ///
    /// ## Why it matters
    ///
    /// With `proxy_ssl_verify on` nginx refuses the node and answers 502.
    ///
    /// ## What to do
    ///
    /// Put the certificate of its authority into `proxy_ssl_trusted_certificate`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_trusted_certificate>
    pub struct ProbeTlsUnknownIssuer {
        id: "probe-tls-unknown-issuer",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A certificate that is not for the name that nginx asks for.
    ///
    /// ## Why it matters
    ///
    /// With `proxy_ssl_verify on` nginx refuses the node and answers 502. Without
    /// `proxy_ssl_server_name on` a node with several certificates sends its default one.
    ///
    /// ## What to do
    ///
    /// Set `proxy_ssl_name` to a name of the certificate, and `proxy_ssl_server_name on`.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_name>
    pub struct ProbeTlsWrongName {
        id: "probe-tls-wrong-name",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A certificate that is no longer valid.
    ///
    /// ## Why it matters
    ///
    /// With `proxy_ssl_verify on` nginx refuses the node and answers 502.
    ///
    /// ## What to do
    ///
    /// Renew it, and let the node load it.
    pub struct ProbeTlsExpired {
        id: "probe-tls-expired",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A certificate that is not valid yet.
    ///
    /// ## Why it matters
    ///
    /// With `proxy_ssl_verify on` nginx refuses the node and answers 502. Often a clock is wrong.
    ///
    /// ## What to do
    ///
    /// Correct the clock of this machine or of the one that made the certificate.
    pub struct ProbeTlsNotYetValid {
        id: "probe-tls-not-yet-valid",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node with which no version of TLS and no cipher is shared.
    ///
    /// ## Why it matters
    ///
    /// djanginx speaks TLS 1.2 and 1.3. nginx may still speak 1.0 and 1.1 to it, which no one
    /// should.
    ///
    /// ## What to do
    ///
    /// Bring the node up to TLS 1.2 or later.
    ///
    /// ## References
    ///
    /// - <https://datatracker.ietf.org/doc/html/rfc8996>
    pub struct ProbeTlsVersion {
        id: "probe-tls-version",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that wants a certificate of its client.
    ///
    /// ## Why it matters
    ///
    /// Without `proxy_ssl_certificate` nginx has none, and the node refuses it.
    ///
    /// ## What to do
    ///
    /// Set `proxy_ssl_certificate` and `proxy_ssl_certificate_key`. djanginx itself cannot ask
    /// such nodes yet.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ssl_certificate>
    pub struct ProbeTlsClientCertificate {
        id: "probe-tls-client-certificate",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node with which TLS fails for another reason.
    ///
    /// ## Why it matters
    ///
    /// nginx answers 502.
    ///
    /// ## What to do
    ///
    /// Ask it with `openssl s_client -connect ADDRESS -servername NAME`.
    pub struct ProbeTlsFailed {
        id: "probe-tls-failed",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node's certificate that ends within 21 days; within 3 it is an error.
    ///
    /// ## Why it matters
    ///
    /// With `proxy_ssl_verify on` nginx refuses the node from then on.
    ///
    /// ## What to do
    ///
    /// Renew it.
    pub struct ProbeCertificateExpiring {
        id: "probe-certificate-expiring",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// An answer with more headers than an answer has.
    ///
    /// ## Why it matters
    ///
    /// nginx says `upstream sent too big header` when they do not fit into `proxy_buffer_size`.
    ///
    /// ## What to do
    ///
    /// Find what sets so many headers or cookies.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_buffer_size>
    pub struct ProbeLargeHead {
        id: "probe-large-head",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node of a stream that accepts connections but does not answer as its port or name lets
    /// expect.
    ///
    /// ## Why it matters
    ///
    /// Clients of the stream will reach a service that they do not understand.
    ///
    /// ## What to do
    ///
    /// Correct the port. If something else is meant to be there, name the stream after it.
    ///
    /// ## References
    ///
    /// - <https://www.postgresql.org/docs/current/protocol-message-formats.html>
    /// - <https://redis.io/docs/latest/commands/ping/>
    pub struct ProbeUnexpectedProtocol {
        id: "probe-unexpected-protocol",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers a request for a WebSocket with a page.
    ///
    /// ## Why it matters
    ///
    /// The route is meant for WebSockets, but the server behind it is a WSGI server, which has
    /// none, or has no consumer there.
    ///
    /// ## What to do
    ///
    /// Serve the route with an ASGI server (uvicorn, daphne, hypercorn, granian), from `asgi.py`,
    /// and check the path in Channels' `URLRouter`.
    ///
    /// ## References
    ///
    /// - <https://channels.readthedocs.io/en/stable/deploying.html>
    pub struct ProbeWebsocketNotUpgraded {
        id: "probe-websocket-not-upgraded",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that refuses a WebSocket with 403.
    ///
    /// ## Why it matters
    ///
    /// Channels' `AllowedHostsOriginValidator` refuses the `Origin` of the site, or the consumer
    /// wants a login.
    ///
    /// ## What to do
    ///
    /// Add the domain to `ALLOWED_HOSTS`. If the consumer wants a login, this is what it should
    /// say: probe another path.
    ///
    /// ## References
    ///
    /// - <https://channels.readthedocs.io/en/stable/topics/security.html>
    pub struct ProbeWebsocketForbidden {
        id: "probe-websocket-forbidden",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers a request for a WebSocket with an error of its own.
    ///
    /// ## Why it matters
    ///
    /// ASGI servers say 500 when no consumer is there for the path.
    ///
    /// ## What to do
    ///
    /// Check the path in Channels' `URLRouter`, and read the log of the node.
    ///
    /// ## References
    ///
    /// - <https://channels.readthedocs.io/en/stable/topics/routing.html>
    pub struct ProbeWebsocketError {
        id: "probe-websocket-error",
        group: Probe,
        severity: Warning,
    }
}
