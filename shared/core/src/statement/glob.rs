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

/// Tells whether every text of a set matches a pattern.
///
/// A set is written as a pattern of which `*` matches anything but colons, as in a Region or a name, and
/// `**` anything at all. Two texts of it are tried that have nothing in common where the set leaves them
/// free: what matches both does so by a `*` of its own.
pub(crate) fn covers(pattern: &str, set: &str) -> bool {
    let empty = set.replace('*', "");
    let full = set.replace("**", "\u{1}:\u{1}").replace('*', "\u{1}/\u{1}");
    matches(pattern, &empty) && matches(pattern, &full)
}

/// Tells whether a pattern matches texts of a set, written as for [`covers`], that look as those of AWS do
/// and have nothing in common but the signs between their parts, so that it names none of them.
///
/// `?*` and `*.*` cover nothing surely, and let everything through that there is.
pub(crate) fn names_none_of(pattern: &str, set: &str) -> bool {
    let like = |name: &str, part: &str| matches(pattern, &set.replace("**", name).replace('*', part));
    like("zz.qqq.www-9-v8:0", "zz-qqqq-9") && like("jj.wwwww.ttt-4-0-v6:0", "jj-wwwwww-6")
}

/// Puts `*` for each variable, such as `${aws:username}`, whose value nobody knows here
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html>).
pub(crate) fn widened(pattern: &str) -> String {
    let mut widened = String::new();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once("${") {
        widened.push_str(before);
        widened.push('*');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    widened + rest
}

/// Tells whether some text of a set, written as for [`covers`], matches a pattern.
pub(crate) fn meets(pattern: &str, set: &str) -> bool {
    let set: Vec<char> = set.chars().collect();
    // The places in the set up to which it matches what was read of the pattern.
    let mut places = BTreeSet::new();
    reach(&mut places, &set, 0);
    for sign in pattern.chars() {
        let mut next = BTreeSet::new();
        if sign == '*' {
            if let Some(first) = places.first() {
                next.extend(*first..=set.len());
            }
        } else {
            for place in places {
                let after = place.saturating_add(1);
                match set.get(place) {
                    Some('*') if sign != ':' || set.get(after) == Some(&'*') => reach(&mut next, &set, place),
                    Some(there) if *there == sign || (sign == '?' && *there != '*') => reach(&mut next, &set, after),
                    _ => {}
                }
            }
        }
        places = next;
    }
    places.contains(&set.len())
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
        let models = "arn:aws:bedrock:*::foundation-model/**";
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
    fn a_pattern_of_signs_names_nothing() {
        let models = "arn:aws:bedrock:eu-west-1::foundation-model/**";
        for pattern in [
            "*",
            "arn:aws:bedrock:eu-*::foundation-model/?*",
            "*/*.*-*",
            "*/??.*-v?:?",
        ] {
            assert!(names_none_of(pattern, models), "{pattern}");
        }
        for pattern in [
            "",
            "*/anthropic.*",
            "*.claude-*",
            "*/zz*",
            "arn:aws:bedrock:us-*::foundation-model/*",
        ] {
            assert!(!names_none_of(pattern, models), "{pattern}");
        }
    }

    #[test]
    fn a_variable_may_be_anything() {
        for (pattern, expected) in [
            ("a", "a"),
            ("${a}", "*"),
            ("a${b:c, 'd'}e${f}", "a*e*"),
            ("a${b", "a*"),
            ("$a}", "$a}"),
        ] {
            assert_eq!(widened(pattern), expected);
        }
    }

    #[test]
    fn a_pattern_meets_a_set_where_one_text_is_of_both() {
        for (pattern, set) in [
            ("*", ""),
            ("", ""),
            ("a*c", "ab*"),
            ("*a", "b*"),
            ("a?c", "*bc"),
            ("*", "(no resource)"),
            ("arn:aws:bedrock:*", "arn:aws:bedrock:*:*:**"),
            ("arn:aws:bedrock:*:*:custom-model/a:b", "arn:aws:bedrock:*:*:**"),
            (
                "arn:aws:events:*:*:rule/*",
                "arn:aws:events:*:111122223333:rule/crisguard-*",
            ),
            (
                "arn:aws:events:*:rule/*",
                "arn:aws:events:*:111122223333:rule/crisguard-*",
            ),
        ] {
            assert!(meets(pattern, set), "{pattern} {set}");
        }
        for (pattern, set) in [
            ("a", ""),
            ("a*", "b*"),
            ("a?", "a"),
            ("*a", "*b"),
            ("a:b", "*"),
            ("arn:*", "(no resource)"),
            ("arn:aws:events:*:1:rule/app-*", "arn:aws:events:*:1:rule/crisguard-*"),
            ("arn:aws:events:*:2:rule/*", "arn:aws:events:*:1:rule/crisguard-*"),
        ] {
            assert!(!meets(pattern, set), "{pattern} {set}");
        }
    }

    proptest! {
        #[test]
        fn what_is_of_both_makes_them_meet(pattern in "[ab:*?]{0,6}", set in "[ab*]{0,6}", text in "[ab]{0,6}") {
            prop_assert_eq!(meets(&pattern, &text), matches(&pattern, &text));
            if matches(&pattern, &text) && matches(&set, &text) {
                prop_assert!(meets(&pattern, &set));
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
