//! The names that come nearest to a mistyped one.

/// Longer words are no mistyped names.
const LEN_MAX: usize = 64;
/// Names that are offered, at most.
const OFFERED_MAX: usize = 3;

/// The names that come nearest to `text`, the nearest first; none where none is near.
pub(super) fn nearest(text: &str, names: impl Iterator<Item = &'static str>) -> Vec<&'static str> {
    let text = text.to_ascii_lowercase();
    if text.is_empty() || text.len() > LEN_MAX {
        return Vec::new();
    }
    let far = text.chars().count().div_ceil(4).min(3);
    let near = names.filter_map(|name| {
        let distance = distance(&text, &name.to_ascii_lowercase());
        let is_part = text.len() >= 4 && name.starts_with(&text);
        (distance <= far || is_part).then_some((distance, name))
    });
    let mut near: Vec<_> = near.collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().map(|(_, name)| name).take(OFFERED_MAX).collect()
}

/// How many letters have to be put in, taken out or replaced to make one of the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (place, letter) in one.chars().enumerate() {
        let mut left = place.saturating_add(1);
        let mut corner = std::mem::replace(row.first_mut().unwrap_or(&mut 0), left);
        for (above, same) in row.iter_mut().skip(1).zip(other.chars().map(|it| it == letter)) {
            let replaced = corner.saturating_add(usize::from(!same));
            corner = *above;
            left = replaced.min(corner.saturating_add(1)).min(left.saturating_add(1));
            *above = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("nx", "nx", 0),
            ("é", "e", 1),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn near_names() {
        let names = || ["safeboot", "safebootalternateshell", "bootems", "bootlog", "nx"].into_iter();
        assert_eq!(nearest("safbot", names()), ["safeboot"]);
        assert_eq!(nearest("SafeBoo", names()), ["safeboot", "safebootalternateshell"]);
        assert_eq!(nearest("bootem", names()), ["bootems"]);
        assert_eq!(nearest("nxx", names()), ["nx"]);
        assert!(nearest("unrelated", names()).is_empty() && nearest("", names()).is_empty());
        assert!(nearest(&"x".repeat(65), names()).is_empty());
    }
}
