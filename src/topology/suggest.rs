//! Did you mean?

/// The candidate that `word` was probably meant to be.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let plain = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    let word = plain(word);
    let letters = |word: &str| word.replace(|c: char| c.is_ascii_digit(), "");
    // A third of the letters may differ; of two or three letters, one.
    let allowed = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            let distance = strsim::osa_distance(&word, &plain(candidate));
            (distance, candidate)
        })
        .filter(|&(distance, candidate)| {
            // Another number is another thing, not a slip.
            let only_numbers =
                letters(&word) == letters(&plain(candidate)) && word != plain(candidate);
            distance <= allowed && distance < candidate.chars().count() && !only_numbers
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// "`a`, `b` or `c`".
pub(super) fn either<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    join(&quoted)
}

/// "a, b or c".
pub(super) fn join(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} or {last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["nodes", "balance", "max_conns", "max_fails", "url"];
        assert_eq!(nearest("node", keys), Some("nodes"));
        assert_eq!(nearest("max-conns", keys), Some("max_conns"));
        assert_eq!(nearest("blaance", keys), Some("balance"));
        assert_eq!(nearest("x", keys), None);
        assert_eq!(nearest("upstream", keys), None);
        assert_eq!(nearest("uri", keys), Some("url"));
        assert_eq!(nearest("http_501", ["http_500"]), None);
    }
}
