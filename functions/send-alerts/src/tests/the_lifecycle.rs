//! Every pair of standings, and every time between two tellings.

use jiff::{SignedDuration, Timestamp};

use super::fakes::at;
use crate::lifecycle::{Due, Phase, Standing, Told, Transition, due, transition};

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn phase(episode: u32, standing: Standing) -> Phase {
    Phase { episode, standing }
}

/// What becomes of each pair: from nothing or a standing (rows) to a standing, in the same episode
/// and in a later one.
#[test]
fn every_pair_of_standings() {
    use Standing::{Closed, NonCompliant, Resolved, Undecided};
    use Transition as T;
    let expected = [
        // heard, now, in the same episode, in a later one
        (None, Undecided, Some(T::First), Some(T::First)),
        (None, NonCompliant, Some(T::First), Some(T::First)),
        (None, Resolved, None, None),
        (None, Closed, None, None),
        (Some(Undecided), Undecided, None, Some(T::Reopened)),
        (Some(Undecided), NonCompliant, Some(T::Worsened), Some(T::Reopened)),
        (Some(Undecided), Resolved, Some(T::Resolved), Some(T::Resolved)),
        (Some(Undecided), Closed, Some(T::Closed), Some(T::Closed)),
        (Some(NonCompliant), Undecided, None, Some(T::Reopened)),
        (Some(NonCompliant), NonCompliant, None, Some(T::Reopened)),
        (Some(NonCompliant), Resolved, Some(T::Resolved), Some(T::Resolved)),
        (Some(NonCompliant), Closed, Some(T::Closed), Some(T::Closed)),
        (Some(Resolved), Undecided, Some(T::Reopened), Some(T::Reopened)),
        (Some(Resolved), NonCompliant, Some(T::Reopened), Some(T::Reopened)),
        (Some(Resolved), Resolved, None, None),
        (Some(Resolved), Closed, None, None),
        (Some(Closed), Undecided, Some(T::Reopened), Some(T::Reopened)),
        (Some(Closed), NonCompliant, Some(T::Reopened), Some(T::Reopened)),
        (Some(Closed), Resolved, None, None),
        (Some(Closed), Closed, None, None),
    ];
    assert_eq!(
        expected.len(),
        (Standing::ALL.len() + 1) * Standing::ALL.len(),
        "every pair"
    );
    for (heard, now, same, later) in expected {
        let heard = heard.map(|standing| phase(2, standing));
        assert_eq!(transition(heard, phase(2, now)), same, "{heard:?} to {now:?}");
        assert_eq!(
            transition(heard, phase(3, now)),
            later,
            "{heard:?} to {now:?}, an episode later"
        );
        if heard.is_some() {
            assert_eq!(
                transition(heard, phase(1, now)),
                None,
                "who knows more hears nothing older"
            );
        }
    }
}

/// Whoever is told of a transition has nothing more to hear, and the sequence has risen.
#[test]
fn each_transition_is_told_once_and_rises() {
    for from in Standing::ALL {
        for to in Standing::ALL {
            for (before, after) in [(phase(1, from), phase(1, to)), (phase(1, from), phase(2, to))] {
                assert_eq!(transition(Some(after), after), None);
                let steps = transition(Some(before), after).is_some() && (from.is_open() || after.episode == 2);
                if steps {
                    assert!(after.sequence() > before.sequence(), "{before:?} to {after:?}");
                }
            }
        }
    }
}

/// Says what is due for a finding that was told at `at(0)`, by how it stood and how often it was counted.
fn due_after(told: (Standing, u64), now: (Standing, u64), settings: bool, minutes: i64) -> Due {
    let told = Told {
        phase: phase(1, told.0),
        count: told.1,
        at: at(0),
        waits: false,
    };
    due(Some(told), phase(1, now.0), now.1, settings, at(minutes), DAY)
}

#[test]
fn time_decides_on_reminders_and_on_nothing_else() {
    use Standing::{Closed, NonCompliant, Resolved, Undecided};
    let day = 24 * 60;
    for minutes in [0, 1, day - 1, day, day + 1, 30 * day] {
        let late = minutes >= day;
        let reminder = if late { Due::Reminder } else { Due::Nothing };
        for standing in [Undecided, NonCompliant] {
            let told = (standing, 3);
            assert_eq!(due_after(told, (standing, 4), false, minutes), reminder, "it goes on");
            assert_eq!(
                due_after(told, (standing, 3), false, minutes),
                Due::Nothing,
                "nothing came since"
            );
            assert_eq!(
                due_after(told, (standing, 3), true, minutes),
                reminder,
                "settings stay as they are"
            );
            assert_eq!(due_after(told, (Resolved, 3), true, minutes), Due::Resolution);
            assert_eq!(
                due_after(told, (Closed, 4), false, minutes),
                Due::Nothing,
                "closing is silent"
            );
        }
        let worsened = due_after((Undecided, 3), (NonCompliant, 4), false, minutes);
        assert_eq!(worsened, Due::Alert(Transition::Worsened));
        for ended in [Resolved, Closed] {
            assert_eq!(due_after((ended, 3), (ended, 3), true, minutes), Due::Nothing);
            let reopened = due_after((ended, 3), (NonCompliant, 4), false, minutes);
            assert_eq!(reopened, Due::Alert(Transition::Reopened));
        }
    }
}

#[test]
fn what_was_never_told_is_due_whatever_the_time() {
    let never = |standing, now: Timestamp| due(None, phase(1, standing), 1, false, now, DAY);
    for now in [at(0), at(60 * 24 * 365)] {
        assert_eq!(never(Standing::NonCompliant, now), Due::Alert(Transition::First));
        assert_eq!(never(Standing::Undecided, now), Due::Digest(Transition::First));
        assert_eq!(never(Standing::Resolved, now), Due::Nothing);
        assert_eq!(never(Standing::Closed, now), Due::Nothing);
    }
}
