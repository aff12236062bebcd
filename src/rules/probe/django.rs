//! Causes that an answer of Django's tells.

use crate::rules::meta::declare_rule;

declare_rule! {
    /// ## What it reports
    ///
    /// Django that refuses the `Host` that nginx sends, with 400.
    ///
    /// ## Why it matters
    ///
    /// Every visitor of the site gets `Bad Request (400)`: the host is not in `ALLOWED_HOSTS`.
    ///
    /// ## What to do
    ///
    /// Add the domain to `ALLOWED_HOSTS`; or, where nginx sends the name of an upstream,
    /// `proxy_set_header Host $host`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#allowed-hosts>
    pub struct ProbeDisallowedHost {
        id: "probe-disallowed-host",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// Django that redirects to the same page over HTTPS, although nginx tells it that the client
    /// uses HTTPS, or would always get this answer.
    ///
    /// ## Why it matters
    ///
    /// With `SECURE_SSL_REDIRECT` Django sends everybody to HTTPS who has not come by it. It
    /// believes nginx's word only with `SECURE_PROXY_SSL_HEADER`; without, browsers go in a
    /// circle.
    ///
    /// ## What to do
    ///
    /// Set `SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")` in Django, and let
    /// nginx send `X-Forwarded-Proto $scheme`. waitress drops that header unless it is started
    /// with `--trusted-proxy` and `--trusted-proxy-headers=x-forwarded-proto`. A site without TLS
    /// must not have `SECURE_SSL_REDIRECT`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#secure-proxy-ssl-header>
    pub struct ProbeSslRedirectLoop {
        id: "probe-ssl-redirect-loop",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// Django that redirects the path of the health check to the same path with a slash.
    ///
    /// ## Why it matters
    ///
    /// `APPEND_SLASH` answers, not the view: the check says nothing about the view.
    ///
    /// ## What to do
    ///
    /// Write the path with its final slash.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#append-slash>
    pub struct ProbeSlashRedirect {
        id: "probe-slash-redirect",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// Django that redirects the health check to the page where people log in.
    ///
    /// ## Why it matters
    ///
    /// `LoginRequiredMiddleware` or `@login_required` answers, not the view: the check says that
    /// Django runs, and nothing about what the view looks after.
    ///
    /// ## What to do
    ///
    /// Put `@login_not_required` before the view, or take `@login_required` away.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/topics/auth/default/#django.contrib.auth.decorators.login_not_required>
    pub struct ProbeLoginRedirect {
        id: "probe-login-redirect",
        group: Probe,
        severity: Info,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that redirects to another host.
    ///
    /// ## Why it matters
    ///
    /// The answer says nothing about the site itself, and visitors leave it.
    ///
    /// ## What to do
    ///
    /// Check `PREPEND_WWW`, the sites framework and the domain; or ask another path.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#prepend-www>
    pub struct ProbeRedirectElsewhere {
        id: "probe-redirect-elsewhere",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers 404 to the path of the health check.
    ///
    /// ## Why it matters
    ///
    /// The path is not in Django's `urls.py`, or something stands in front of it:
    /// `FORCE_SCRIPT_NAME`, a prefix that nginx strips or does not.
    ///
    /// ## What to do
    ///
    /// Write the path of a view that exists, in `health` or `--path`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/topics/http/urls/>
    pub struct ProbeNotFound {
        id: "probe-not-found",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that wants a login for the path of the health check, with 401 or 403.
    ///
    /// ## Why it matters
    ///
    /// The answer does not tell a healthy node from a sick one.
    ///
    /// ## What to do
    ///
    /// Ask a path that needs no login, or send one: `--header "Authorization: Bearer ${TOKEN}"`.
    pub struct ProbeAuthRequired {
        id: "probe-auth-required",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers with a status from 500 on.
    ///
    /// ## Why it matters
    ///
    /// The application fails, or a part that it needs: a database, a cache, a migration.
    ///
    /// ## What to do
    ///
    /// Read the log of the application. Where it is not Django that answers, the server may not
    /// have loaded the project: read its log from the start.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/howto/error-reporting/>
    pub struct ProbeServerError {
        id: "probe-server-error",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers 400 before Django has seen the request.
    ///
    /// ## Why it matters
    ///
    /// The application server could not read it, or something else is behind the port.
    ///
    /// ## What to do
    ///
    /// Read the log of the node; ask it with the command that is shown.
    pub struct ProbeBadRequest {
        id: "probe-bad-request",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers with another status than the health check wants, or with one that no
    /// page has.
    ///
    /// ## Why it matters
    ///
    /// What `health.status` says is not what comes.
    ///
    /// ## What to do
    ///
    /// Correct `health.status` or the view.
    pub struct ProbeUnexpectedStatus {
        id: "probe-unexpected-status",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// Django that shows its debug page: `DEBUG` is true.
    ///
    /// ## Why it matters
    ///
    /// Visitors see settings, paths, SQL and variables, and Django keeps every query in memory.
    ///
    /// ## What to do
    ///
    /// Set `DEBUG = False`.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/settings/#debug>
    pub struct ProbeDebugPage {
        id: "probe-debug-page",
        group: Probe,
        severity: Error,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that is Django's development server (`runserver`).
    ///
    /// ## Why it matters
    ///
    /// It is not made for many requests and has had no security review.
    ///
    /// ## What to do
    ///
    /// Run gunicorn, uvicorn or another server of the list in Django's manual.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver>
    pub struct ProbeDevelopmentServer {
        id: "probe-development-server",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that needs longer than `--slow` for its first byte.
    ///
    /// ## Why it matters
    ///
    /// Visitors wait at least so long, and a worker is taken for the time.
    ///
    /// ## What to do
    ///
    /// Find what the view waits for; ask a cheaper path for health checks.
    pub struct ProbeSlow {
        id: "probe-slow",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that answers otherwise than the rest of its pool: another status, or another
    /// server.
    ///
    /// ## Why it matters
    ///
    /// Visitors get one or the other by chance. Often a deploy has not reached the node.
    ///
    /// ## What to do
    ///
    /// Bring the node to the version of the others.
    pub struct ProbeNodesDiffer {
        id: "probe-nodes-differ",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node whose `Server` header names another application server than the topology.
    ///
    /// ## Why it matters
    ///
    /// What is generated depends on the server: whether connections to it are kept, and
    /// whether it can speak WebSocket.
    ///
    /// ## What to do
    ///
    /// Correct `server` of the pool, or the service. gunicorn with uvicorn's worker may be
    /// declared as either.
    pub struct ProbeOtherServer {
        id: "probe-other-server",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that sets the cookie `sessionid` when its health check is asked.
    ///
    /// ## Why it matters
    ///
    /// Each check then writes a session into the database or the cache, and nobody comes back
    /// for it: with one check a second that is 86,400 rows a day for each node.
    ///
    /// ## What to do
    ///
    /// Let the view of the health check leave `request.session` alone, and turn
    /// `SESSION_SAVE_EVERY_REQUEST` off.
    ///
    /// ## References
    ///
    /// - <https://docs.djangoproject.com/en/stable/topics/http/sessions/#when-sessions-are-saved>
    pub struct ProbeSessionCreated {
        id: "probe-session-created",
        group: Probe,
        severity: Warning,
    }
}

declare_rule! {
    /// ## What it reports
    ///
    /// A node that sets the cookie by which nginx finds the node of a session
    /// (`sticky cookie`).
    ///
    /// ## Why it matters
    ///
    /// The browser gets two cookies of one name. When the application's one wins, nginx finds
    /// no node for its value, and each request may go to another.
    ///
    /// ## What to do
    ///
    /// Give the cookie of `sticky` a name that the application does not use.
    ///
    /// ## References
    ///
    /// - <https://nginx.org/en/docs/http/ngx_http_upstream_module.html#sticky_cookie>
    pub struct ProbeStickyCookie {
        id: "probe-sticky-cookie",
        group: Probe,
        severity: Warning,
    }
}
