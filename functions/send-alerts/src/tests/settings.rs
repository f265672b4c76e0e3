//! Findings on settings: who changed them, and many that one look found.

use super::{
    fakes::{at, digest, observe, published, world},
    scenarios::logging,
};
use crate::{
    line::Line,
    memory::{Record, Versioned},
};

/// A nightly look later knows nothing of the change, and the reminder still names who made it.
#[tokio::test(start_paused = true)]
async fn who_changed_a_setting_is_not_forgotten_by_a_later_look() {
    let world = world();
    observe(&world, &[logging("eu-west-1", true, at(0))], at(0)).await;
    let mut nightly = logging("eu-west-1", true, at(60));
    nightly.changes.clear();
    observe(&world, &[nightly], at(60)).await;
    let mut record = Record::of_settings(&logging("eu-west-1", true, at(0)), at(0));
    for document in world.memory.documents.borrow().values() {
        if let Ok(Versioned { value, .. }) = Versioned::<Record>::read(document) {
            record = value;
        }
    }
    let line = Line::of(&record, None);
    assert_eq!(line.last_seen, at(60).to_string(), "the later look counts");
    assert_eq!(line.changes[0].principal, "arn:aws:iam::111122223333:role/eve");
}

/// Who switched logging off the first time has nothing to do with the second.
#[tokio::test(start_paused = true)]
async fn a_change_from_before_it_was_compliant_is_not_told_again() {
    let world = world();
    observe(&world, &[logging("eu-west-1", true, at(0))], at(0)).await;
    observe(&world, &[logging("eu-west-1", false, at(120))], at(120)).await;
    let mut again = logging("eu-west-1", true, at(240));
    again.changes.clear();
    observe(&world, &[again], at(240)).await;
    let told = published(&world);
    let changes: Vec<usize> = told
        .iter()
        .map(|notice| notice["findings"][0]["changes"].as_array().unwrap().len())
        .collect();
    assert_eq!(changes, [1, 1, 0], "{told:#?}");
}

#[tokio::test(start_paused = true)]
async fn many_that_one_look_found_are_told_by_one_digest() {
    let world = world();
    let regions = ["eu-west-1", "eu-west-2", "eu-west-3"];
    let found = regions.map(|region| {
        let mut finding = logging(region, true, at(0));
        finding.one_of_many = true;
        finding
    });
    observe(&world, &found, at(0)).await;
    assert!(published(&world).is_empty());
    assert_eq!(digest(&world).await, 3);
    assert_eq!(published(&world).len(), 1);

    // What is changed after that is told by itself.
    observe(&world, &[logging("eu-north-1", true, at(90))], at(90)).await;
    assert_eq!(published(&world).len(), 2);
}
