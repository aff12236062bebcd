//! What reading a configuration costs: `cargo bench --bench parse`.
//!
//! The texts are made here, always the same. The first has the size and the shape of what
//! the goals are measured with: 2,500 servers with their upstreams, 2.9 MB. The others were
//! made to hurt: the cost of a byte must stay the same.

use divan::counter::BytesCount;
use djanginx::source::FileId;
use djanginx::syntax::parse;
use std::fmt::Write as _;
use std::sync::Arc;

fn main() {
    divan::main();
}

#[divan::bench(args = [50, 2_500, 25_000])]
fn servers(bencher: divan::Bencher<'_, '_>, servers: usize) {
    read(bencher, &configuration(servers));
}

#[divan::bench]
fn nested_blocks(bencher: divan::Bencher<'_, '_>) {
    read(bencher, &("a {\n".repeat(100_000) + &"}\n".repeat(100_000)));
}

#[divan::bench(sample_count = 5)]
fn one_word(bencher: divan::Bencher<'_, '_>) {
    read(bencher, &"a".repeat(100_000_000));
}

#[divan::bench(sample_count = 5)]
fn one_quote_before_everything(bencher: divan::Bencher<'_, '_>) {
    read(bencher, &format!("\"{}", "a 'b';\n".repeat(3_000_000)));
}

#[divan::bench(sample_count = 5)]
fn one_error_a_byte(bencher: divan::Bencher<'_, '_>) {
    read(bencher, &";".repeat(3_000_000));
}

fn read(bencher: divan::Bencher<'_, '_>, text: &str) {
    let text: Arc<[u8]> = Arc::from(text.as_bytes());
    bencher
        .counter(BytesCount::of_slice(&text))
        .bench(|| parse(FileId(0), text.clone()));
}

/// A configuration of so many sites, each with an upstream and a server.
fn configuration(servers: usize) -> String {
    let mut text = String::from(
        "user www-data;\nworker_processes auto;\nevents {\n    worker_connections 1024;\n}\n\
         http {\n    sendfile on;\n    log_format main '$remote_addr - $remote_user \
         [$time_local] \"$request\" '\n        '$status $body_bytes_sent';\n",
    );
    for site in 0..servers {
        let _ = write!(
            text,
            "
    upstream app_{site:06} {{
        least_conn;
        server 10.{}.{}.1:8000 weight=2 max_fails=3 fail_timeout=10s;
        server 10.{}.{}.2:8000 weight=1 max_fails=3 fail_timeout=10s;
        keepalive 16;
    }}

    # site {site}
    server {{
        listen 127.0.0.1:{};
        server_name shop-{site:06}.example.com www.shop-{site:06}.example.com;
        root /srv/www/shop/{site:06};
        add_header X-Frame-Options \"SAMEORIGIN\" always;

        location / {{
            proxy_pass http://app_{site:06};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header X-Real-IP $remote_addr;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header Connection \"\";
            proxy_read_timeout 60s; # long polls
        }}
        location ^~ /static/ {{
            alias /srv/www/shop/{site:06}/static/;
            expires 30d;
        }}
        location ~* \\.(?:php|env|git)$ {{
            return 404;
        }}
        location = /healthz {{
            return 200 'ok\\n';
        }}
    }}
",
            site % 256,
            site / 256 % 256,
            site / 256 % 256,
            site % 256,
            18080 + site % 4,
        );
    }
    text.push_str("}\n");
    text
}
