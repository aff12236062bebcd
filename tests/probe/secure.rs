//! TLS, with certificates that are made on the fly; the configuration is nginx's.

use super::server::{Server, answer};
use super::{Said, command, said};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;

/// An authority.
fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Test");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Days from now.
fn day(days: i64) -> std::time::SystemTime {
    let now = std::time::SystemTime::now();
    let day = std::time::Duration::from_secs(86_400);
    match days {
        0.. => now + day * u32::try_from(days).unwrap(),
        _ => now - day * u32::try_from(-days).unwrap(),
    }
}

/// A server with a certificate of an authority, for a name and some days; returns its port.
fn serve(authority: &CertifiedIssuer<'_, KeyPair>, days: (i64, i64), wants_client: bool) -> u16 {
    let mut params = CertificateParams::new(vec!["node.example.com".to_owned()]).unwrap();
    params.not_before = day(days.0).into();
    params.not_after = day(days.1).into();
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if wants_client {
        let mut roots = RootCertStore::empty();
        roots.add(authority.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let chain: Vec<CertificateDer<'static>> = vec![certificate.der().clone()];
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = Arc::new(builder.with_single_cert(chain, key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let session = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(session, connection.unwrap());
            let mut buffer = [0; 4096];
            if stream.read(&mut buffer).is_ok_and(|count| count > 0) {
                let _ = stream.write_all(&answer(200, "", "well"));
            }
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    });
    port
}

/// Probes `https://127.0.0.1:PORT` with these directives; `ca.pem` is the authority's.
fn probe(authority: &CertifiedIssuer<'_, KeyPair>, port: u16, directives: &str) -> Said {
    probe_with(authority, port, directives, &[])
}

fn probe_with(
    authority: &CertifiedIssuer<'_, KeyPair>,
    port: u16,
    directives: &str,
    args: &[&str],
) -> Said {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let text = format!(
        "events {{}}\nhttp {{\n  server {{\n    server_name shop.example.com;\n    location / \
         {{\n      proxy_pass https://127.0.0.1:{port};\n      {directives}\n    }}\n  }}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
    said(command(folder.path(), "nginx.conf", args))
}

const VERIFY: &str = "proxy_ssl_verify on; proxy_ssl_trusted_certificate ca.pem; \
                      proxy_ssl_server_name on; proxy_ssl_name node.example.com;";
const NAME: &str = "proxy_ssl_server_name on; proxy_ssl_name node.example.com;";

#[test]
fn a_good_certificate() {
    let ca = authority();
    let port = serve(&ca, (-1, 90), false);
    let said = probe(&ca, port, VERIFY);
    assert_eq!(said.causes(), ["none"], "{}", said.text);
    assert!(
        said.json["probes"][0]["timings_ms"]["tls"].is_number(),
        "{}",
        said.text
    );
    assert_eq!(probe(&ca, port, NAME).causes(), ["none"]);
}

#[test]
fn a_certificate_for_another_address() {
    let ca = authority();
    let port = serve(&ca, (-1, 90), false);
    // Nobody listens at the address that the certificate should be for, and nobody is asked.
    let said = probe(&ca, port, "proxy_ssl_name 127.0.0.77;");
    assert_eq!(said.causes(), ["probe-tls-wrong-name"], "{}", said.text);
    assert_eq!(said.json["probes"][0]["status"], 200, "{}", said.text);
}

#[test]
fn certificates_that_nginx_refuses_or_does_not_look_at() {
    let ca = authority();
    for (days, want) in [
        ((-9, -2), "probe-tls-expired"),
        ((2, 9), "probe-tls-not-yet-valid"),
    ] {
        let port = serve(&ca, days, false);
        let said = probe(&ca, port, VERIFY);
        assert_eq!(
            (said.causes(), said.status),
            (vec![want], 1),
            "{}",
            said.text
        );
        let said = probe_with(&ca, port, NAME, &["--strict-tls"]);
        assert_eq!((said.causes(), said.status), (vec![want], 1));
        // Without `proxy_ssl_verify` the node works.
        let said = probe(&ca, port, NAME);
        assert_eq!(
            (said.causes(), said.status),
            (vec![want], 0),
            "{}",
            said.text
        );
    }
    let port = serve(&ca, (-1, 90), false);
    let other = VERIFY.replace("node.", "other.");
    assert_eq!(probe(&ca, port, &other).causes(), ["probe-tls-wrong-name"]);
    let stranger = authority();
    let said = probe(&stranger, port, VERIFY);
    assert_eq!(said.causes(), ["probe-tls-unknown-issuer"], "{}", said.text);
}

#[test]
fn a_certificate_that_ends_soon() {
    let ca = authority();
    for (days, status) in [(10, 0), (1, 1)] {
        let said = probe(&ca, serve(&ca, (-9, days), false), VERIFY);
        let got = (said.causes(), said.status);
        assert_eq!(
            got,
            (vec!["probe-certificate-expiring"], status),
            "{}",
            said.text
        );
    }
}

#[test]
fn a_node_that_wants_a_certificate() {
    let ca = authority();
    let said = probe(&ca, serve(&ca, (-1, 90), true), VERIFY);
    assert_eq!(
        said.causes(),
        ["probe-tls-client-certificate"],
        "{}",
        said.text
    );
}

#[test]
fn a_certificate_that_is_shown() {
    let ca = authority();
    let port = serve(&ca, (-1, 90), true);
    let folder = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["nginx.example.com".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &ca).unwrap();
    let [file, key_file] = ["own.pem", "own.key"].map(|name| folder.path().join(name));
    std::fs::write(&file, certificate.pem()).unwrap();
    std::fs::write(&key_file, key.serialize_pem()).unwrap();
    let shown = |key: &std::path::Path| {
        format!(
            "{VERIFY} proxy_ssl_certificate {}; proxy_ssl_certificate_key {};",
            file.display(),
            key.display()
        )
    };
    let said = probe(&ca, port, &shown(&key_file));
    assert_eq!(said.causes(), ["none"], "{}", said.text);
    let said = probe(&ca, port, &shown(&folder.path().join("missing.key")));
    assert_eq!(said.causes(), ["probe-tls-failed"], "{}", said.text);
}

/// Probes with these directives in a location.
fn probe_location(authority: &CertifiedIssuer<'_, KeyPair>, location: &str) -> Said {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
    let text = format!(
        "events {{}}\nhttp {{\nserver {{\nserver_name shop.example.com;\nlocation /ws/ \
         {{\n{location}\n}}\n}}\n}}\n"
    );
    std::fs::write(folder.path().join("nginx.conf"), text).unwrap();
    said(command(folder.path(), "nginx.conf", &[]))
}

#[test]
fn uwsgi_inside_tls() {
    let ca = authority();
    let asked = |port: u16, name: &str| {
        let said = probe_location(
            &ca,
            &format!(
                "uwsgi_pass suwsgi://127.0.0.1:{port};\nuwsgi_ssl_verify \
                 on;\nuwsgi_ssl_trusted_certificate ca.pem;\nuwsgi_ssl_name {name};\nuwsgi_param \
                 REQUEST_URI $request_uri;"
            ),
        );
        said.causes()[0].to_owned()
    };
    let good = serve(&ca, (-1, 90), false);
    assert_eq!(asked(good, "node.example.com"), "none");
    assert_eq!(asked(good, "other.example.com"), "probe-tls-wrong-name");
    let old = serve(&ca, (-9, -2), false);
    assert_eq!(asked(old, "node.example.com"), "probe-tls-expired");
    let strict = serve(&ca, (-1, 90), true);
    assert_eq!(
        asked(strict, "node.example.com"),
        "probe-tls-client-certificate"
    );
    let plain = Server::answers(400, "", "");
    let port = plain.address().rsplit(':').next().unwrap().parse().unwrap();
    assert_eq!(asked(port, "node.example.com"), "probe-tls-to-plain");
}

#[test]
fn websockets_inside_tls() {
    let ca = authority();
    let port = serve(&ca, (-1, 90), false);
    let said = probe_location(
        &ca,
        &format!(
            "proxy_pass https://127.0.0.1:{port};\n{VERIFY}\nproxy_http_version \
             1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection upgrade;"
        ),
    );
    // It answers well to a page, and the same to a WebSocket.
    assert_eq!(
        said.causes(),
        ["none", "probe-websocket-not-upgraded"],
        "{}",
        said.text
    );
}

#[test]
fn what_is_no_tls_or_another() {
    let ca = authority();
    let port = |server: &Server| {
        server
            .address()
            .rsplit_once(':')
            .unwrap()
            .1
            .parse()
            .unwrap()
    };
    let plain = Server::answers(400, "", "");
    let said = probe(&ca, port(&plain), VERIFY);
    assert_eq!(said.causes(), ["probe-tls-to-plain"], "{}", said.text);
    let alert = Server::says(b"\x15\x03\x03\x00\x02\x02\x28");
    let said = probe(&ca, port(&alert), VERIFY);
    assert_eq!(said.causes(), ["probe-tls-version"], "{}", said.text);
    let closed = Server::new(|_, _, connection| drop(connection));
    let said = probe(&ca, port(&closed), VERIFY);
    assert_eq!(said.causes(), ["probe-tls-failed"], "{}", said.text);
}
