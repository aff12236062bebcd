//! Did you mean…

use super::info::DirectiveInfo;
use super::table::TABLE;

/// The known name that is nearest to `name`, among the directives that `accept` takes.
///
/// Nothing is near when more than a third of the letters would have to change. Names
/// that only have their words in another order (`header_add`) count as near.
#[must_use]
pub fn nearest(name: &str, accept: impl Fn(&DirectiveInfo) -> bool) -> Option<&'static str> {
    // Longer than any name can be after a typing error.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    let words = sorted_words(&lower);
    let most = (name.len() / 3).max(1);
    let mut best: Option<(usize, &'static str)> = None;
    let mut last = "";
    for info in TABLE {
        let far = info.name.len().abs_diff(name.len()) > most;
        if info.name == last || info.name == name || far || !accept(info) {
            continue;
        }
        last = info.name;
        let distance = if sorted_words(info.name) == words {
            0
        } else {
            strsim::osa_distance(&lower, info.name)
        };
        if distance <= most && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, info.name));
        }
    }
    best.map(|(_, name)| name)
}

fn sorted_words(name: &str) -> Vec<&str> {
    let mut words: Vec<_> = name.split('_').collect();
    words.sort_unstable();
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directives::Context;

    #[test]
    fn typing_errors_are_recognised() {
        let any = |name: &str| nearest(name, |_| true);
        assert_eq!(any("proxy_pas"), Some("proxy_pass"));
        assert_eq!(any("Proxy_Pass"), Some("proxy_pass"));
        assert_eq!(any("sever_name"), Some("server_name"));
        assert_eq!(any("header_add"), Some("add_header"));
        assert_eq!(any("worker_conections"), Some("worker_connections"));
        assert_eq!(any("completely_different_thing"), None);
        assert_eq!(any(""), None);
        assert_eq!(any(&"x".repeat(5000)), None);
    }

    #[test]
    fn only_what_is_accepted_is_suggested() {
        let in_stream = |name: &str| nearest(name, |d| d.contexts.contains(Context::StreamServer));
        assert_eq!(in_stream("proxy_timeot"), Some("proxy_timeout"));
        assert_eq!(in_stream("proxy_http_versio"), None);
    }
}
