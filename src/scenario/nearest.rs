//! The valid name that a misspelt one most likely means.

/// The most similar of some names, if any is similar enough to be meant.
#[must_use]
pub fn nearest<'a>(given: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let scored = names.into_iter().map(|name| (score(&given, &name.to_lowercase()), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)))?;
    (best.0 >= 0.6).then_some(best.1)
}

/// Similarity in 0 … 1: by edits, or by a part that both have.
fn score(given: &str, name: &str) -> f64 {
    let edits = strsim::normalized_damerau_levenshtein(given, name);
    let contained = given.len() >= 3 && (name.contains(given) || given.contains(name));
    if contained { edits.max(0.7) } else { edits }
}

/// A sentence with the nearest name, or with all of them where none is near.
#[must_use]
pub fn advice(given: &str, names: &[&str]) -> String {
    match nearest(given, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if names.is_empty() => "there are none".to_owned(),
        None => format!("accepted: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_its_name_and_nonsense_none() {
        let names = ["consumers", "influencers", "taste_clusters"];
        assert_eq!(nearest("consumer", names), Some("consumers"));
        assert_eq!(nearest("Influecners", names), Some("influencers"));
        assert_eq!(nearest("clusters", names), Some("taste_clusters"));
        assert_eq!(nearest("xyzzy", names), None);
        assert_eq!(advice("xyzzy", &names), "accepted: consumers, influencers, taste_clusters");
    }
}
