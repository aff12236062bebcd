//! The ids of what nginx would say itself, and of what djanginx says about its own input: they
//! are found while a configuration is read (`crate::verdict`), and have manuals like any rule.

use super::meta::{Group, Meta};
use crate::finding::Severity;

/// An id with the three parts of its manual.
macro_rules! said {
    ($id:literal, $group:ident, $severity:ident, $what:literal, $why:literal, $how:literal) => {
        &Meta {
            id: $id,
            group: Group::$group,
            severity: Severity::$severity,
            docs: concat!(
                "## What it reports\n\n",
                $what,
                "\n\n## Why it matters\n\n",
                $why,
                "\n\n## What to do\n\n",
                $how,
                "\n"
            ),
            ..Meta::DEFAULT
        }
    };
}

/// All of them, sorted by id.
pub(super) static ALL: &[&Meta] = &[
    said!(
        "absolute-index",
        Nginx,
        Warning,
        "An absolute path in `index` that is not the last argument.",
        "nginx goes to it and never tries what stands behind it.",
        "Put it last."
    ),
    said!(
        "affinity-mask-count",
        Nginx,
        Warning,
        "Another number of `worker_cpu_affinity` masks than of `worker_processes`.",
        "The last mask is used for all processes that have none.",
        "Write one mask for each process, or `auto`."
    ),
    said!(
        "alias-in-named-location",
        Nginx,
        Error,
        "`alias` in a named location.",
        "A named location has no path of its own that an alias could replace, and nginx refuses it.",
        "Write `root`."
    ),
    said!(
        "bad-upstream-parameter",
        Upstream,
        Error,
        "A parameter of `server` in an `upstream` that nginx does not know, or a value that it does not take.",
        "nginx refuses the configuration.",
        "Write `name=value` without blanks, with a value that the documentation names."
    ),
    said!(
        "bad-upstream-server-address",
        Upstream,
        Error,
        "An address of `server` in an `upstream`, or behind `*_pass`, that nginx cannot read.",
        "nginx refuses the configuration. A scheme in front, a path behind and a socket without `unix:` are the usual mistakes.",
        "Write `host:port`, `[address]:port` or `unix:/path`."
    ),
    said!(
        "byte-order-mark",
        Nginx,
        Error,
        "A byte order mark at the beginning of a file.",
        "nginx takes it for a part of the first directive's name.",
        "Save the file as UTF-8 without a byte order mark."
    ),
    said!(
        "cache-without-key",
        Proxy,
        Error,
        "A cache without a key.",
        "nginx refuses the configuration: only `proxy_cache` has a key of its own.",
        "Write the key, as in `uwsgi_cache_key $scheme$host$request_uri`."
    ),
    said!(
        "conflicting-directives",
        Nginx,
        Error,
        "Two directives that exclude each other in one block.",
        "nginx refuses the second one.",
        "Remove one of them."
    ),
    said!(
        "conflicting-server-name",
        Nginx,
        Warning,
        "A name that another server of the same socket has already.",
        "nginx ignores the second one: its server is never reached by that name.",
        "Remove the name from one of the servers, or join them."
    ),
    said!(
        "deprecated-directive",
        Nginx,
        Warning,
        "A directive that has a new name.",
        "nginx still takes it and warns; later releases may not.",
        "Write the new name."
    ),
    said!(
        "deprecated-parameter",
        Nginx,
        Warning,
        "A parameter that has become a directive.",
        "nginx still takes it and warns; later releases may not.",
        "Write the directive."
    ),
    said!(
        "directive-not-allowed-here",
        Nginx,
        Error,
        "A directive in a block that it is not for.",
        "nginx refuses the configuration.",
        "Move it into a block that takes it."
    ),
    said!(
        "duplicate-default-server",
        Nginx,
        Error,
        "Two servers that are both the default of one socket.",
        "nginx cannot know which of them answers to unknown hosts, and refuses.",
        "Keep `default_server` on one of them."
    ),
    said!(
        "duplicate-directive",
        Nginx,
        Error,
        "A directive that may stand only once in a block, given twice.",
        "nginx refuses the configuration.",
        "Remove one of them."
    ),
    said!(
        "duplicate-listen",
        Nginx,
        Error,
        "The same address and port twice in one server.",
        "nginx refuses the configuration.",
        "Remove one `listen`."
    ),
    said!(
        "duplicate-listen-options",
        Nginx,
        Error,
        "Options of one socket in two places.",
        "A socket has one set of options, and nginx refuses the second.",
        "Keep the options on one `listen` of that address."
    ),
    said!(
        "duplicate-location",
        Nginx,
        Error,
        "Two locations of one path in one block.",
        "nginx refuses the configuration; `/a` and `^~ /a` count as the same.",
        "Join them."
    ),
    said!(
        "duplicate-log-format",
        Nginx,
        Error,
        "Two log formats of one name.",
        "nginx refuses the second; `combined` is there from the beginning.",
        "Give one of them another name."
    ),
    said!(
        "duplicate-map-entry",
        Nginx,
        Error,
        "The same key twice in a `map`, `geo` or `types`.",
        "nginx refuses it, or warns and takes one of them.",
        "Remove one of them."
    ),
    said!(
        "duplicate-thread-pool",
        Nginx,
        Error,
        "Two thread pools of one name.",
        "nginx refuses the second.",
        "Give one of them another name."
    ),
    said!(
        "duplicate-upstream",
        Upstream,
        Error,
        "Two upstreams of one name.",
        "nginx refuses the second; letters of either case are the same.",
        "Give one of them another name, or join them."
    ),
    said!(
        "duplicate-value",
        Nginx,
        Warning,
        "A word that is given twice in a list.",
        "nginx warns and goes on.",
        "Remove one of them."
    ),
    said!(
        "duplicate-variable",
        Nginx,
        Error,
        "A variable of nginx's own that is defined again.",
        "nginx refuses it.",
        "Take another name."
    ),
    said!(
        "empty-replacement",
        Nginx,
        Error,
        "A `rewrite` to nothing.",
        "nginx refuses it.",
        "Write the path, at least `/`."
    ),
    said!(
        "geo-ranges-too-late",
        Nginx,
        Error,
        "`ranges` behind networks in a `geo`.",
        "nginx reads the lines before it as networks, and refuses.",
        "Write `ranges` first."
    ),
    said!(
        "hash-size",
        Nginx,
        Error,
        "Names that do not fit into the hash that nginx makes of them.",
        "nginx refuses the configuration.",
        "Raise the size or the bucket size that the message names."
    ),
    said!(
        "include-cycle",
        Nginx,
        Error,
        "A file that includes itself, directly or through others.",
        "nginx reads on until it has no more files or memory.",
        "Remove one of the `include`s."
    ),
    said!(
        "include-missing",
        Nginx,
        Warning,
        "An included file that is not there.",
        "nginx refuses to start without it; here it may be somewhere else than where the configuration will run.",
        "Name a file that is there, or give the folder with `--prefix`."
    ),
    said!(
        "include-unreadable",
        Nginx,
        Error,
        "An included file that cannot be read.",
        "nginx refuses to start without it.",
        "Make it a readable file."
    ),
    said!(
        "input-limit",
        Nginx,
        Error,
        "Input that is over a limit of djanginx.",
        "What is behind the limit was not looked at.",
        "Raise the limit that the message names."
    ),
    said!(
        "invalid-address",
        Nginx,
        Error,
        "A text that is no address.",
        "nginx refuses the configuration.",
        "Write `address:port`, or a name."
    ),
    said!(
        "invalid-charset-map",
        Nginx,
        Error,
        "A wrong line or name of a `charset_map`.",
        "nginx refuses the configuration.",
        "Correct the codes."
    ),
    said!(
        "invalid-comment",
        Nginx,
        Warning,
        "A comment for djanginx that it does not understand.",
        "What the comment says does not count.",
        "Correct it, as in `# djanginx: nginx 1.28`."
    ),
    said!(
        "invalid-condition",
        Nginx,
        Error,
        "A condition of `if` that nginx cannot read.",
        "nginx refuses the configuration.",
        "Write `if ($variable)`, `if ($variable = text)`, `if ($variable ~ expression)` or a test such as `-f`."
    ),
    said!(
        "invalid-flag-value",
        Nginx,
        Error,
        "Another value than `on` or `off` where only these are meant.",
        "nginx refuses the configuration.",
        "Write `on` or `off`."
    ),
    said!(
        "invalid-listen",
        Nginx,
        Error,
        "A `listen` that nginx cannot read, or parameters that do not fit together.",
        "nginx refuses the configuration.",
        "Write `port`, `address:port`, `[address]:port` or `unix:/path`, and parameters that the documentation names."
    ),
    said!(
        "invalid-location-modifier",
        Nginx,
        Error,
        "A word before the path of a `location` that is none of `=`, `^~`, `~` and `~*`.",
        "nginx refuses the configuration.",
        "Write one of these, or none."
    ),
    said!(
        "invalid-log-buffer",
        Nginx,
        Error,
        "Buffering of a log that nginx cannot do.",
        "nginx refuses the configuration.",
        "Give a buffer with a size, to a file whose name has no variables."
    ),
    said!(
        "invalid-method",
        Nginx,
        Error,
        "A method of `limit_except` that nginx does not know.",
        "nginx refuses the configuration.",
        "Write a method such as `GET` or `POST`."
    ),
    said!(
        "invalid-network",
        Nginx,
        Error,
        "A text that is no address and no network.",
        "nginx refuses the configuration.",
        "Write an address, as in `10.0.0.1`, or a network, as in `10.0.0.0/8`."
    ),
    said!(
        "invalid-parameter",
        Nginx,
        Error,
        "A parameter that a directive does not know.",
        "nginx refuses the configuration.",
        "Remove it, or write one that the documentation names."
    ),
    said!(
        "invalid-percentage",
        Nginx,
        Error,
        "Percentages that nginx cannot use.",
        "nginx refuses the configuration.",
        "Write numbers with at most two decimals and `%`, together 100 % or less, and `*` last."
    ),
    said!(
        "invalid-range",
        Nginx,
        Error,
        "A text that is no range of addresses.",
        "nginx refuses the configuration.",
        "Write `first-last`."
    ),
    said!(
        "invalid-referer",
        Nginx,
        Error,
        "A name of `valid_referers` that nginx cannot read.",
        "nginx refuses the configuration.",
        "Write a host with a wildcard at most at one end, or an expression behind `~`."
    ),
    said!(
        "invalid-regex",
        Nginx,
        Error,
        "A regular expression that does not compile.",
        "nginx refuses the configuration.",
        "Correct it; put quotes round one that has `{`, `}` or `;`."
    ),
    said!(
        "invalid-resolver",
        Nginx,
        Error,
        "A `resolver` that nginx cannot read.",
        "nginx refuses the configuration.",
        "Write addresses of name servers, then parameters such as `valid=30s`."
    ),
    said!(
        "invalid-return-code",
        Nginx,
        Error,
        "A code of `return` that is none.",
        "nginx refuses the configuration.",
        "Write a number up to 999, or a URL."
    ),
    said!(
        "invalid-server-name",
        Nginx,
        Error,
        "A `server_name` that nginx cannot use.",
        "nginx refuses the configuration.",
        "Write a name with a wildcard at most at one end, or an expression behind `~`."
    ),
    said!(
        "invalid-settings",
        Nginx,
        Error,
        "Settings that djanginx cannot read.",
        "They do not count.",
        "Correct the file."
    ),
    said!(
        "invalid-syslog",
        Nginx,
        Error,
        "A `syslog:` that nginx cannot read.",
        "nginx refuses the configuration.",
        "Write `syslog:server=address` and parameters that the documentation names."
    ),
    said!(
        "invalid-value",
        Nginx,
        Error,
        "A value that a directive does not take.",
        "nginx refuses the configuration.",
        "Write a value of the kind that the message names."
    ),
    said!(
        "invalid-variable",
        Nginx,
        Error,
        "A `$` without the name of a variable behind it.",
        "nginx refuses the configuration.",
        "Write `$name` or `${name}`."
    ),
    said!(
        "lb-method-after-keepalive",
        Upstream,
        Error,
        "A balancing method behind `keepalive`, before nginx 1.29.7.",
        "The method takes the place of what `keepalive` has set up: no connection is kept open, and nginx only warns.",
        "Move `keepalive` below the method."
    ),
    said!(
        "lb-method-after-sticky",
        Upstream,
        Error,
        "A balancing method behind `sticky`.",
        "The method takes the place of what `sticky` has set up: sessions do not stay on their node, and nginx only warns.",
        "Move `sticky` below the method."
    ),
    said!(
        "listen-protocols-differ",
        Nginx,
        Warning,
        "Servers that want different protocols on one socket.",
        "A socket has one set of protocols: nginx takes those of all of them together, and warns.",
        "Give every `listen` of the address the same protocols."
    ),
    said!(
        "load-module-too-late",
        Nginx,
        Error,
        "`load_module` behind a block.",
        "nginx has set up its modules already, and refuses.",
        "Move it to the beginning of the main file."
    ),
    said!(
        "misplaced-location",
        Nginx,
        Error,
        "A location inside one that cannot have it.",
        "nginx refuses a location that is not below the path around it, that is in an exact or named one, or that is named and not directly in a server.",
        "Move it."
    ),
    said!(
        "missing-auth-http",
        Nginx,
        Error,
        "A server of `mail` without `auth_http`.",
        "nginx has nobody to ask about users, and refuses.",
        "Write `auth_http`."
    ),
    said!(
        "missing-block",
        Nginx,
        Error,
        "A directive that needs a block, without one.",
        "nginx refuses the configuration.",
        "Write `{` and the block."
    ),
    said!(
        "missing-certificate",
        Tls,
        Error,
        "TLS without a certificate, or a certificate without its key.",
        "nginx refuses the configuration.",
        "Write `ssl_certificate` and `ssl_certificate_key`."
    ),
    said!(
        "missing-charset-map",
        Nginx,
        Error,
        "A conversion of characters that no `charset_map` describes.",
        "nginx refuses the configuration.",
        "Include the map that comes with nginx, or write one."
    ),
    said!(
        "missing-client-ca",
        Tls,
        Error,
        "`ssl_verify_client` or `*_ssl_verify` without certificates to verify with.",
        "nginx refuses the configuration.",
        "Write the directive that the message names."
    ),
    said!(
        "missing-events",
        Nginx,
        Error,
        "A configuration without `events`.",
        "nginx refuses it.",
        "Write `events {}` on the outermost level."
    ),
    said!(
        "missing-handler",
        Nginx,
        Error,
        "A server of `stream` that does nothing with connections.",
        "nginx refuses it.",
        "Write `proxy_pass`, `return` or `pass`."
    ),
    said!(
        "missing-listen",
        Nginx,
        Error,
        "A server of `stream` or `mail` without `listen`.",
        "nginx refuses it.",
        "Write `listen`."
    ),
    said!(
        "missing-parameter",
        Nginx,
        Error,
        "A parameter that a directive needs.",
        "nginx refuses the configuration.",
        "Write the parameter that the message names."
    ),
    said!(
        "missing-referer",
        Nginx,
        Error,
        "`valid_referers` without a name.",
        "nginx refuses the configuration.",
        "Write a host beside `none` and `blocked`."
    ),
    said!(
        "missing-semicolon",
        Nginx,
        Error,
        "A directive that is not ended.",
        "nginx reads the next line as more arguments.",
        "Write `;` at the end of the line."
    ),
    said!(
        "multiple-lb-methods",
        Upstream,
        Warning,
        "Two balancing methods in one upstream.",
        "The last one counts, and nginx warns.",
        "Keep one."
    ),
    said!(
        "nameless-block",
        Nginx,
        Error,
        "A `{` without a directive in front. A tag of a template, such as `{% if tls %}` or \
         `{{ port }}`, is the last thing that is told of its file.",
        "nginx refuses the configuration.",
        "Write the directive, or remove the block. Lint what a template makes, not the template."
    ),
    said!(
        "network-low-bits",
        Nginx,
        Warning,
        "A network with bits behind its mask, such as `10.0.0.1/8`.",
        "nginx ignores them and warns.",
        "Write zeros there."
    ),
    said!(
        "nginx-refuses",
        Nginx,
        Error,
        "What an nginx of this machine refuses of a generated configuration (`djanginx check`).",
        "nginx would not start with it.",
        "Correct the line of the topology, or your own template, that the words come from."
    ),
    said!(
        "nginx-warns",
        Nginx,
        Warning,
        "What an nginx of this machine warns of in a generated configuration (`djanginx check`).",
        "nginx starts with it, and does something else than is written.",
        "Correct the line of the topology, or your own template, that the words come from."
    ),
    said!(
        "not-on-this-machine",
        Nginx,
        Warning,
        "A file, a user, a host or a socket that a generated configuration needs and that this machine does not give to nginx (`djanginx check`).",
        "nginx would not start here. Where the configuration is made for another machine this is as it should be, and so it never fails the check.",
        "Put it there before you deploy, or check on the machine that the configuration is for."
    ),
    said!(
        "nothing-to-delete",
        Nginx,
        Warning,
        "A `delete` of a network that a `geo` does not have.",
        "It does nothing, and nginx warns.",
        "Remove it."
    ),
    said!(
        "other-nginx",
        Nginx,
        Warning,
        "A generated configuration that the nginx of this machine refuses, or warns of, because it is not the one that the topology is for: another release, other modules or another OpenSSL (`djanginx check`).",
        "It would not start with this nginx. The check does not fail, because the topology says that it will run with another.",
        "Write the nginx that you have into the topology, as in `nginx: {version: \"1.28\"}`, or check with the one that you deploy to: `--nginx PROGRAM`."
    ),
    said!(
        "path-conflict",
        Nginx,
        Error,
        "One folder for two purposes, or with two numbers of levels.",
        "nginx refuses the configuration.",
        "Name another folder."
    ),
    said!(
        "plus-only-feature",
        Nginx,
        Error,
        "What only nginx Plus has, or a release other than the target.",
        "The target refuses the configuration.",
        "Remove it, or take a target that has it."
    ),
    said!(
        "proxy-buffers",
        Proxy,
        Error,
        "Sizes of buffers that do not fit together.",
        "nginx refuses the configuration: what is busy must hold the largest buffer and be smaller than all buffers but one.",
        "Change the directive that the message names, or set `proxy_buffers` and `proxy_busy_buffers_size` together with `proxy_buffer_size`."
    ),
    said!(
        "proxy-pass-no-scheme",
        Proxy,
        Error,
        "A `proxy_pass` without `http://` or `https://`.",
        "nginx refuses the configuration.",
        "Write `http://` in front."
    ),
    said!(
        "proxy-pass-uri-forbidden",
        Proxy,
        Error,
        "A `proxy_pass` with a path where nginx cannot replace one: in a location with an expression or a name, in `if` and in `limit_except`.",
        "nginx refuses the configuration.",
        "Remove the path, even a lone `/`."
    ),
    said!(
        "quic-without-tls13",
        Tls,
        Error,
        "QUIC without TLS 1.3.",
        "HTTP/3 has no other TLS, and nginx refuses the configuration.",
        "Add `TLSv1.3` to `ssl_protocols`."
    ),
    said!(
        "resolve-without-resolver",
        Upstream,
        Error,
        "`resolve` in an upstream without a `resolver`.",
        "nginx has nobody to ask, and refuses.",
        "Write `resolver` in the upstream or in `http`."
    ),
    said!(
        "resolve-without-zone",
        Upstream,
        Error,
        "`resolve` in an upstream without a `zone`.",
        "The addresses have no place that all processes share, and nginx refuses.",
        "Write `zone NAME 64k`."
    ),
    said!(
        "secure-link-mixed",
        Nginx,
        Error,
        "`secure_link_secret` beside `secure_link` or `secure_link_md5`.",
        "nginx refuses the configuration.",
        "Use one of the two ways."
    ),
    said!(
        "service-without-resolve",
        Upstream,
        Error,
        "`service` of an upstream's server that cannot be looked up.",
        "nginx refuses the configuration.",
        "Write `resolve`, and a name without a port."
    ),
    said!(
        "sticky-incomplete",
        Upstream,
        Error,
        "A `sticky` that lacks something or has too much.",
        "nginx refuses the configuration.",
        "Write what the message names."
    ),
    said!(
        "stray-semicolon",
        Nginx,
        Error,
        "A `;` without a directive in front.",
        "nginx refuses the configuration.",
        "Remove it."
    ),
    said!(
        "suspicious-server-name",
        Nginx,
        Warning,
        "A `server_name` with characters that no host name has.",
        "No request matches it, and nginx warns.",
        "Write the host alone, without scheme, port and path."
    ),
    said!(
        "text-after-quote",
        Nginx,
        Error,
        "Text right behind a closing quote.",
        "nginx refuses the configuration.",
        "Put a blank between them, or everything into the quotes."
    ),
    said!(
        "too-few-connections",
        Nginx,
        Error,
        "Fewer `worker_connections` than listening sockets.",
        "nginx has none left for clients, and refuses.",
        "Raise `worker_connections`."
    ),
    said!(
        "too-long-lua-block",
        Nginx,
        Error,
        "A block of Lua that is too long.",
        "nginx refuses the configuration.",
        "Move the code into a file."
    ),
    said!(
        "too-long-parameter",
        Nginx,
        Error,
        "An argument of more than 4,096 bytes.",
        "nginx refuses the configuration; most often a closing quote is missing far above.",
        "Close the quote, or shorten the text."
    ),
    said!(
        "too-many-patterns",
        Nginx,
        Error,
        "More `sub_filter`s than nginx takes in a block.",
        "nginx refuses the configuration.",
        "Use fewer."
    ),
    said!(
        "unclosed-lua-block",
        Nginx,
        Error,
        "A block of Lua without its end.",
        "nginx refuses the configuration.",
        "Write the `}`."
    ),
    said!(
        "unclosed-quote",
        Nginx,
        Error,
        "A quote that is not closed.",
        "nginx reads everything behind it as one argument.",
        "Close it."
    ),
    said!(
        "undefined-thread-pool",
        Nginx,
        Error,
        "A thread pool that nothing defines.",
        "nginx refuses the configuration.",
        "Write `thread_pool` on the outermost level."
    ),
    said!(
        "undefined-zone",
        Nginx,
        Error,
        "Shared memory that nothing gives a size.",
        "nginx refuses the configuration.",
        "Write the directive that makes the zone, such as `limit_req_zone`."
    ),
    said!(
        "unexpected-block",
        Nginx,
        Error,
        "A block behind a directive that has none.",
        "nginx refuses the configuration.",
        "End the directive with `;`."
    ),
    said!(
        "unknown-directive",
        Nginx,
        Error,
        "A directive that the target does not know.",
        "nginx refuses the configuration.",
        "Correct the name, or name the module with `--modules`."
    ),
    said!(
        "unknown-log-format",
        Nginx,
        Error,
        "A log format that nothing defines.",
        "nginx refuses the configuration.",
        "Write `log_format`, or take `combined`."
    ),
    said!(
        "unknown-mail-protocol",
        Nginx,
        Error,
        "A server of `mail` whose protocol is not known.",
        "nginx refuses the configuration.",
        "Write `protocol`, or listen on the usual port."
    ),
    said!(
        "unknown-rule",
        Nginx,
        Error,
        "A comment that names a rule that there is not.",
        "It keeps nothing back.",
        "Correct the name; `djanginx rules` lists them."
    ),
    said!(
        "unknown-variable",
        Nginx,
        Error,
        "A variable that nothing defines.",
        "nginx refuses the configuration.",
        "Correct the name, or define it with `map` or `set`."
    ),
    said!(
        "unmatched-brace",
        Nginx,
        Error,
        "A brace without its partner.",
        "nginx refuses the configuration.",
        "Write the missing one, or remove the other."
    ),
    said!(
        "unsupported-parameter",
        Nginx,
        Warning,
        "A parameter that the system does not have.",
        "nginx warns and goes on without it, or refuses.",
        "Remove it."
    ),
    said!(
        "unused-suppression",
        Nginx,
        Warning,
        "A comment that keeps nothing back.",
        "It hides what may come later.",
        "Remove the rule from the comment."
    ),
    said!(
        "upstream-empty",
        Upstream,
        Error,
        "An upstream without servers.",
        "nginx refuses the configuration.",
        "Write at least one `server`."
    ),
    said!(
        "upstream-name-with-port",
        Upstream,
        Error,
        "A port behind the name of an upstream.",
        "The ports are those of its servers, and nginx refuses another one.",
        "Remove the port."
    ),
    said!(
        "upstream-only-backup",
        Upstream,
        Error,
        "An upstream of which every server is a `backup`.",
        "nginx refuses the configuration.",
        "Make one of them an ordinary server."
    ),
    said!(
        "wrong-argument-count",
        Nginx,
        Error,
        "More or fewer arguments than a directive takes.",
        "nginx refuses the configuration.",
        "Remove or add arguments; put quotes round one that has blanks."
    ),
    said!(
        "zone-conflict",
        Nginx,
        Error,
        "One zone of shared memory for two purposes, or with two sizes.",
        "nginx refuses the configuration.",
        "Give one of them another name."
    ),
    said!(
        "zone-size",
        Nginx,
        Error,
        "A size of shared memory that is wrong or too small.",
        "nginx refuses the configuration.",
        "Write at least `32k`; `64k` is enough for most upstreams."
    ),
];
