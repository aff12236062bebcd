//! Each step of nginx's way from a connection to an answer, on real engines: what nginx
//! does, and what `explain` says, is what is written here.

use std::net::{IpAddr, Ipv4Addr};

use djanginx::explain::{End, Request};

use super::{explained, with_model};
use crate::certificate::Certificate;
use crate::client::Client;
use crate::home::{Home, Port};
use crate::nginx::{Nginx, for_each_engine};

/// A step of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Step {
    AddressBeforeWildcard,
    DefaultServer,
    Sni,
    RejectHandshake,
    PlainOnTls,
    HostIsNormalized,
    BadHost,
    NameBeforeWildcards,
    LeadingBeforeTrailingAndRegex,
    LongestLeading,
    TrailingBeforeRegex,
    RegexesInOrder,
    DotMeansBoth,
    HostBesideSni,
    UnknownHostIsTheDefaultServers,
    Misdirected,
    ServerRewrite,
    UriIsNormalized,
    CaseMatters,
    ExactEndsTheSearch,
    NestedRegexBeforeOuter,
    CaretOfTheLongestPrefixOnly,
    RegexBeforePrefix,
    InsideARegex,
    SlashBeforeRegexes,
    NamedIsForNobody,
    LastSearchesAgain,
    TenChanges,
    RealIp,
    Access,
    SatisfyAny,
    LimitExcept,
    TryFiles,
    ErrorPage,
    Internal,
    Content,
}

/// Where a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Socket {
    Plain,
    /// The same port of an address of its own.
    Address,
    /// TLS, with this name in the handshake.
    Secure(&'static str),
    /// TLS where names that nobody has are rejected.
    Reject(&'static str),
    /// Plain HTTP where TLS is spoken.
    Unencrypted,
}

/// A step, where a request goes, its `Host`, method and target, a header, and what comes of it.
type Case = (
    Step,
    Socket,
    &'static str,
    &'static str,
    Option<(&'static str, &'static str)>,
    &'static str,
);

const CASES: &[Case] = {
    use Socket::*;
    use Step::*;
    &[
        (
            AddressBeforeWildcard,
            Address,
            "a.test",
            "GET /exact",
            None,
            "200 id-exact-address",
        ),
        (
            DefaultServer,
            Plain,
            "unknown.test",
            "GET /",
            None,
            "200 id-default",
        ),
        (
            Sni,
            Secure("sni.test"),
            "sni.test",
            "GET /",
            None,
            "200 id-sni",
        ),
        (
            Sni,
            Secure("nobody.test"),
            "nobody.test",
            "GET /",
            None,
            "200 id-tls-default",
        ),
        (
            RejectHandshake,
            Reject("nobody.test"),
            "nobody.test",
            "GET /",
            None,
            "closed",
        ),
        (
            RejectHandshake,
            Reject("sni.test"),
            "sni.test",
            "GET /",
            None,
            "200 id-accepted",
        ),
        (PlainOnTls, Unencrypted, "sni.test", "GET /", None, "400"),
        (
            HostIsNormalized,
            Plain,
            "EXACT.w.TEST.:99",
            "GET /",
            None,
            "200 id-exact-name",
        ),
        (BadHost, Plain, "a..test", "GET /", None, "400"),
        (
            NameBeforeWildcards,
            Plain,
            "exact.w.test",
            "GET /",
            None,
            "200 id-exact-name",
        ),
        (
            LeadingBeforeTrailingAndRegex,
            Plain,
            "www.w.test",
            "GET /",
            None,
            "200 id-leading",
        ),
        (
            LongestLeading,
            Plain,
            "x.long.w.test",
            "GET /",
            None,
            "200 id-longer-leading",
        ),
        (
            TrailingBeforeRegex,
            Plain,
            "www.other",
            "GET /",
            None,
            "200 id-trailing",
        ),
        (
            RegexesInOrder,
            Plain,
            "re.test",
            "GET /",
            None,
            "200 id-regex",
        ),
        (
            RegexesInOrder,
            Plain,
            "rex.test",
            "GET /",
            None,
            "200 id-later-regex",
        ),
        (DotMeansBoth, Plain, "dot.test", "GET /", None, "200 id-dot"),
        (
            DotMeansBoth,
            Plain,
            "a.dot.test",
            "GET /",
            None,
            "200 id-dot",
        ),
        (
            HostBesideSni,
            Secure("sni.test"),
            "other.test",
            "GET /",
            None,
            "200 id-other",
        ),
        (
            UnknownHostIsTheDefaultServers,
            Secure("sni.test"),
            "nobody.test",
            "GET /",
            None,
            "200 id-tls-default",
        ),
        (
            Misdirected,
            Secure("sni.test"),
            "verify.test",
            "GET /",
            None,
            "421",
        ),
        (
            Misdirected,
            Secure("verify.test"),
            "verify.test",
            "GET /",
            None,
            "400",
        ),
        (
            ServerRewrite,
            Plain,
            "a.test",
            "GET /old/",
            None,
            "200 id-equal",
        ),
        (
            UriIsNormalized,
            Plain,
            "a.test",
            "GET //x/../%65xact?y",
            None,
            "200 id-equal",
        ),
        (
            CaseMatters,
            Plain,
            "a.test",
            "GET /Exact",
            None,
            "200 id-root",
        ),
        (
            ExactEndsTheSearch,
            Plain,
            "a.test",
            "GET /exact",
            None,
            "200 id-equal",
        ),
        (
            NestedRegexBeforeOuter,
            Plain,
            "a.test",
            "GET /nested/x.css",
            None,
            "200 id-nested-regex",
        ),
        (
            NestedRegexBeforeOuter,
            Plain,
            "a.test",
            "GET /nested/x.css.map",
            None,
            "200 id-top-regex",
        ),
        (
            CaretOfTheLongestPrefixOnly,
            Plain,
            "a.test",
            "GET /caret/x",
            None,
            "200 id-caret",
        ),
        (
            CaretOfTheLongestPrefixOnly,
            Plain,
            "a.test",
            "GET /caret/long/x",
            None,
            "200 id-caret-regex",
        ),
        (
            RegexBeforePrefix,
            Plain,
            "a.test",
            "GET /re/x",
            None,
            "200 id-regex-outer",
        ),
        (
            InsideARegex,
            Plain,
            "a.test",
            "GET /re/deep",
            None,
            "200 id-regex-inside",
        ),
        (
            SlashBeforeRegexes,
            Plain,
            "a.test",
            "GET /slash?x",
            None,
            "301 to http://a.test:@PLAIN@/slash/?x",
        ),
        (
            NamedIsForNobody,
            Plain,
            "a.test",
            "GET /@named",
            None,
            "200 id-root",
        ),
        (
            LastSearchesAgain,
            Plain,
            "a.test",
            "GET /last/y",
            None,
            "200 id-nested",
        ),
        (TenChanges, Plain, "a.test", "GET /loop", None, "500"),
        (
            RealIp,
            Plain,
            "a.test",
            "GET /denied/",
            Some(("X-Real-IP", "192.0.2.1")),
            "200 id-named",
        ),
        (Access, Plain, "a.test", "GET /denied/", None, "403"),
        (
            SatisfyAny,
            Plain,
            "a.test",
            "GET /allowed/",
            Some(("X-Real-IP", "192.0.2.1")),
            "200 id-named",
        ),
        (SatisfyAny, Plain, "a.test", "GET /allowed/", None, "401"),
        (LimitExcept, Plain, "a.test", "POST /limited/", None, "403"),
        (
            LimitExcept,
            Plain,
            "a.test",
            "GET /limited/",
            None,
            "200 id-named",
        ),
        (
            TryFiles,
            Plain,
            "a.test",
            "GET /try/x",
            None,
            "200 id-named",
        ),
        (
            ErrorPage,
            Plain,
            "a.test",
            "GET /jump/",
            None,
            "404 id-internal",
        ),
        (Internal, Plain, "a.test", "GET /internal/", None, "404"),
        (Content, Plain, "a.test", "GET /last-pass/", None, "502"),
        (
            Content,
            Plain,
            "a.test",
            "GET /last-pass/?x=1",
            None,
            "200 id-if",
        ),
    ]
};

#[test]
fn each_step_has_a_case() {
    for step in <Step as clap::ValueEnum>::value_variants() {
        assert!(
            CASES.iter().any(|case| case.0 == *step),
            "{step:?} has no case"
        );
    }
}

#[test]
fn steps_are_those_of_nginx() {
    for_each_engine(|engine| {
        let home = Home::new();
        let run = home.writable("run");
        home.writable("run/temp");
        let names = ["sni.test", "other.test", "verify.test", "nobody.test"];
        let certificate = Certificate::new(&home, &names);
        let [plain, secure, reject, nobody] = [(); 4].map(|()| Port::lease());
        // `ssl_reject_handshake` came with 1.19.4.
        let target: djanginx::version::Target = engine.version.parse().expect("a release");
        let rejects = target.at_least(1, 19, 4);
        let mut text = include_str!("../../../fixtures/e2e/explain/steps.conf").to_owned();
        for (name, value) in [
            ("@RUN@", run.display().to_string()),
            ("@CERTIFICATE@", certificate.file.display().to_string()),
            ("@KEY@", certificate.key.display().to_string()),
            ("@PLAIN@", plain.to_string()),
            ("@SECURE@", secure.to_string()),
            ("@REJECT@", reject.to_string()),
            ("@NOBODY@", nobody.to_string()),
            (
                "@REJECT_HANDSHAKE@",
                if rejects {
                    "ssl_reject_handshake on;"
                } else {
                    ""
                }
                .to_owned(),
            ),
        ] {
            text = text.replace(name, &value);
        }
        let config = home.write("run/nginx.conf", &text);
        let nginx = Nginx::start_noisy(&home, engine, &run, &config, plain.number());
        with_model(&text, &run, engine, |world| {
            for (step, socket, host, line, header, expected) in CASES {
                if *step == Step::RejectHandshake && !rejects {
                    continue;
                }
                let expected = expected.replace("@PLAIN@", &plain.to_string());
                let (method, target) = line.split_once(' ').expect("a method and a target");
                let (port, sni) = match socket {
                    Socket::Plain | Socket::Address => (&plain, None),
                    Socket::Unencrypted => (&secure, None),
                    Socket::Secure(name) => (&secure, Some(*name)),
                    Socket::Reject(name) => (&reject, Some(*name)),
                };
                let address = match socket {
                    Socket::Address => Ipv4Addr::new(127, 0, 0, 2),
                    _ => Ipv4Addr::LOCALHOST,
                };

                let mut client = Client::new(port.number(), sni.unwrap_or(host)).to(address);
                if sni.is_some() {
                    client = client.tls(certificate.client()).host(host);
                }
                let mut asked = client.request(method, target);
                if let Some((name, value)) = header {
                    asked = asked.header(name, value);
                }
                let nginx = match asked.try_send() {
                    Err(_) => "closed".to_owned(),
                    Ok(response) => {
                        let text = response.text();
                        match response.header("location") {
                            Some(to) => format!("{} to {to}", response.status),
                            None if text.starts_with("id-") => {
                                format!("{} {text}", response.status)
                            }
                            None => response.status.to_string(),
                        }
                    }
                };
                assert_eq!(nginx, expected, "{step:?}: nginx at {line} of {host}");

                let scheme = if sni.is_some() { "https" } else { "http" };
                let url = format!("{scheme}://url.test:{}{target}", port.number());
                let mut request = Request::get(&url).expect("a URL");
                request.method = method.to_owned();
                request.sni = sni.map(str::to_owned);
                request.listen = Some(IpAddr::V4(address));
                request.client = Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
                request.whole = true;
                request
                    .headers
                    .push(("Host".to_owned(), (*host).to_owned()));
                if let Some((name, value)) = header {
                    request
                        .headers
                        .push(((*name).to_owned(), (*value).to_owned()));
                }
                let answers = djanginx::explain::explain(world, &request);
                let ours = match answers.as_slice() {
                    [answer] if answer.end == End::Closed => "closed".to_owned(),
                    _ => explained(world, &request),
                };
                assert_eq!(ours, expected, "{step:?}: explain at {line} of {host}");
            }
        });
        nginx.stop();
    });
}
