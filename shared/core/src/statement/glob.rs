//! Patterns with `*` and `?`, as policies write them for actions and resources.
//!
//! A `*` is taken to match colons, too, which IAM says of the last one of an ARN's part
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html>).

use std::collections::BTreeSet;

use wildmatch::WildMatch;

/// Tells whether a text matches a pattern.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

/// Tells whether every text that matches `set`, a pattern with `*` alone, also matches `pattern`.
///
/// It tries two texts of the set that have nothing in common where the set leaves them free: what
/// matches both does so by a `*` of its own.
pub(crate) fn covers(pattern: &str, set: &str) -> bool {
    let with = |free: &str| matches(pattern, &set.replace('*', free));
    with("") && with("\u{1}:\u{1}/\u{1}")
}

/// Tells whether some text matches both patterns.
pub(crate) fn meets(one: &str, other: &str) -> bool {
    let other: Vec<char> = other.chars().collect();
    // The places in `other` up to which it matches what was read of `one`.
    let mut places = BTreeSet::new();
    reach(&mut places, &other, 0);
    for sign in one.chars() {
        let mut next = BTreeSet::new();
        if sign == '*' {
            if let Some(first) = places.first() {
                next.extend(*first..=other.len());
            }
        } else {
            for place in places {
                match other.get(place) {
                    Some('*') => reach(&mut next, &other, place),
                    Some(there) if *there == sign || *there == '?' || sign == '?' => {
                        reach(&mut next, &other, place.saturating_add(1));
                    }
                    _ => {}
                }
            }
        }
        places = next;
    }
    places.contains(&other.len())
}

/// Adds a place, and those after it that a `*` without any text leads to.
fn reach(places: &mut BTreeSet<usize>, pattern: &[char], mut place: usize) {
    places.insert(place);
    while pattern.get(place) == Some(&'*') {
        place = place.saturating_add(1);
        places.insert(place);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_covers_a_set_only_by_wildcards_of_its_own() {
        let models = "arn:aws:bedrock:*::foundation-model/*";
        for pattern in [
            "*",
            "arn:*",
            "arn:aws:bedrock:*",
            "arn:aws:bedrock:*::foundation-model/*",
            "*:foundation-model/*",
        ] {
            assert!(covers(pattern, models), "{pattern}");
        }
        for pattern in [
            "arn:aws:bedrock:eu-west-1::foundation-model/*",
            "arn:aws:bedrock:*::foundation-model/anthropic.*",
            "arn:aws:bedrock:*::foundation-model/?",
            "arn:aws:bedrock:*::foundation-model/?*",
            "arn:aws:bedrock:*:*:inference-profile/*",
            "",
        ] {
            assert!(!covers(pattern, models), "{pattern}");
        }
    }

    #[test]
    fn patterns_meet_where_one_text_matches_both() {
        for (one, other) in [
            ("*", ""),
            ("", ""),
            ("a*c", "ab*"),
            ("*a", "b*"),
            ("a?c", "*b*"),
            (
                "arn:aws:events:*:*:rule/*",
                "arn:*:events:*:111122223333:rule/crisguard*",
            ),
        ] {
            assert!(meets(one, other) && meets(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("a", ""),
            ("a*", "b*"),
            ("a?", "a"),
            ("*a", "*b"),
            ("rule/x*", "rule/crisguard*"),
        ] {
            assert!(!meets(one, other) && !meets(other, one), "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn what_matches_both_makes_them_meet(one in "[ab*?]{0,6}", other in "[ab*?]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(meets(&one, &text), matches(&one, &text));
            if matches(&one, &text) && matches(&other, &text) {
                prop_assert!(meets(&one, &other));
            }
        }

        #[test]
        fn what_covers_a_set_matches_all_of_it(pattern in "[ab*?]{0,5}", set in "[ab*]{0,5}", text in "[ab]{0,6}") {
            if covers(&pattern, &set) && matches(&set, &text) {
                prop_assert!(matches(&pattern, &text));
            }
        }
    }
}
