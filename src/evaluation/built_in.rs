//! The variables of nginx's own modules.

use super::{Facts, Value};
use crate::model::Model;
use std::net::IpAddr;

/// The value of a variable, its name in small letters; `None` for one that is not nginx's,
/// or whose value only a real request has.
pub(super) fn value(facts: &Facts, name: &[u8], model: &Model<'_>) -> Option<Value> {
    let address = |address: Option<IpAddr>| address.map(|address| address.to_string());
    let text = match name {
        b"uri" | b"document_uri" => return Some(Value::known(facts.uri.path.as_slice())),
        b"args" | b"query_string" => return Some(Value::known(facts.uri.args.as_slice())),
        b"request_uri" => return Some(Value::known(facts.request_uri.as_slice())),
        b"host" => return Some(Value::known(host(facts))),
        b"server_name" => return Some(Value::known(facts.server_name.as_slice())),
        b"is_args" => if facts.uri.args.is_empty() { "" } else { "?" }.to_owned(),
        b"server_port" => facts.server_port.to_string(),
        b"scheme" => if facts.tls { "https" } else { "http" }.to_owned(),
        b"https" => if facts.tls { "on" } else { "" }.to_owned(),
        b"request_method" => facts.method.clone(),
        b"server_protocol" => "HTTP/1.1".to_owned(),
        b"request" => {
            let uri = String::from_utf8_lossy(&facts.request_uri);
            format!("{} {uri} HTTP/1.1", facts.request_method)
        }
        b"remote_addr" => address(facts.client)?,
        b"realip_remote_addr" => address(facts.peer)?,
        b"server_addr" => address(facts.server_addr)?,
        b"binary_remote_addr" => {
            return Some(match facts.client? {
                IpAddr::V4(address) => Value::known(address.octets()),
                IpAddr::V6(address) => Value::known(address.octets()),
            });
        }
        b"proxy_add_x_forwarded_for" => {
            let client = address(facts.client)?;
            match facts.header("x-forwarded-for") {
                Some(before) => format!("{before}, {client}"),
                None if facts.whole => client,
                None => return Some(Value::unknown(b"http_x_forwarded_for")),
            }
        }
        b"nginx_version" => model.target.to_string(),
        b"ssl_server_name" => match &facts.sni {
            Some(name) => name.clone(),
            None if facts.whole || !facts.tls => String::new(),
            None => return None,
        },
        b"document_root" => return facts.document_root(model).map(Value::Known),
        b"request_filename" => {
            return facts
                .file(&facts.uri.path.clone(), model)
                .map(|file| Value::Known(file.path));
        }
        // The client wrote the port that it came to, or none (1.29.3).
        b"request_port" | b"is_request_port" => {
            let host = facts.header("host").unwrap_or_default();
            let behind = host.rfind(']').map_or(0, |end| end + 1);
            match (name, host[behind..].rsplit_once(':')) {
                (_, None) => String::new(),
                (b"request_port", Some((_, port))) => port.to_owned(),
                (_, Some(_)) => ":".to_owned(),
            }
        }
        b"content_type" | b"content_length" => {
            header(facts, &String::from_utf8_lossy(name).replace('_', "-"))?
        }
        b"remote_user"
        | b"http2"
        | b"http3"
        | b"proxy_protocol_addr"
        | b"request_body"
        | b"invalid_referer"
        | b"ssl_client_verify"
            if facts.whole =>
        {
            String::new()
        }
        b"proxy_internal_body_length" | b"proxy_internal_chunked" => String::new(),
        _ => {
            if let Some(argument) = name.strip_prefix(b"arg_") {
                return Some(Value::Known(argument_of(&facts.uri.args, argument)));
            }
            if let Some(cookie) = name.strip_prefix(b"cookie_") {
                let cookies = header(facts, "cookie")?;
                return Some(Value::Known(cookie_of(&cookies, cookie)));
            }
            let name = name.strip_prefix(b"http_")?;
            header(facts, &String::from_utf8_lossy(name).replace('_', "-"))?
        }
    };
    Some(Value::Known(text.into_bytes()))
}

/// `$host`: the first name of the server where the client gave none.
fn host(facts: &Facts) -> &[u8] {
    if facts.host.is_empty() {
        &facts.server_name
    } else {
        &facts.host
    }
}

/// A header; one that is not stated may be there or not.
fn header(facts: &Facts, name: &str) -> Option<String> {
    let stated = facts.header(name);
    stated.or_else(|| facts.whole.then(String::new))
}

/// `$arg_NAME`: the first argument of that name, as written.
fn argument_of(args: &[u8], name: &[u8]) -> Vec<u8> {
    let mut arguments = args.split(|byte| *byte == b'&');
    let value = arguments.find_map(|argument| {
        let equals = memchr::memchr(b'=', argument)?;
        let (key, value) = argument.split_at(equals);
        key.eq_ignore_ascii_case(name).then(|| value[1..].to_vec())
    });
    value.unwrap_or_default()
}

/// A cookie by its name in any letters; empty where the header has none of that name.
fn cookie_of(header: &str, name: &[u8]) -> Vec<u8> {
    let cookies = header
        .split(';')
        .filter_map(|cookie| cookie.trim().split_once('='));
    let mut named = cookies.filter(|(key, _)| key.as_bytes().eq_ignore_ascii_case(name));
    let value = named.next().map(|(_, value)| value.as_bytes().to_vec());
    value.unwrap_or_default()
}
