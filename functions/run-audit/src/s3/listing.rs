//! What there is to read: buckets listed by CloudTrail's layout, many folders at once.

use std::sync::atomic::{AtomicU64, Ordering};

use crisguard_aws::{
    Disposition, Failure,
    s3::{Keys, ListedObject},
};
use crisguard_core::tally::Scope;
use crisguard_scan::plan::{Address, Found, Step, Wanted};
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use super::Store;

/// How many lists are asked for at once.
const AT_ONCE: usize = 32;
/// The most objects of one audit: what is known of them, and the plan, is in memory.
const MOST: u64 = 4_000_000;

/// Tells why it is not known what there is to read.
#[derive(Debug, thiserror::Error)]
pub enum NotListed {
    /// A list was refused. Whoever cannot list one folder knows nothing of what is in it.
    #[error("{}; {}", .0, remedy(.0))]
    Refused(Failure),
    /// There is nothing.
    #[error(
        "there is nothing to read: no object below {0} is in scope. Does the prefix lead to AWSLogs/ in the trail's \
         bucket, or to what is below it, and are the days, accounts and Regions those of the trail?"
    )]
    Nothing(String),
    /// There is more than can be planned at once.
    #[error(
        "more than {MOST} objects are in scope: ask month by month (`from` and `to`), or about some `accounts` at a time"
    )]
    TooMany,
}

fn remedy(failure: &Failure) -> String {
    match failure.disposition {
        Disposition::MayPass => "ask again, for it may pass".to_owned(),
        Disposition::WillNotPass => format!(
            "whoever asks needs {} (the function: AuditBucketArns of infra/run-audit.yaml), and the policy of a bucket in \
             another account has to allow it, too",
            failure.action
        ),
    }
}

/// Lists every object that is in scope, below any of the paths.
///
/// # Errors
///
/// Fails if one list is refused, if there is nothing below one of the paths, or too much.
pub async fn list(store: &impl Store, paths: &[Address], scope: &Scope) -> Result<Found, NotListed> {
    list_at_most(MOST, store, paths, scope).await
}

async fn list_at_most(most: u64, store: &impl Store, paths: &[Address], scope: &Scope) -> Result<Found, NotListed> {
    let wanted = Wanted::of(scope);
    let mut below: Vec<Below> = paths.iter().map(|_| Below::Nothing).collect();
    let mut next: Vec<(usize, String, Step)> = Vec::new();
    for ((number, address), below) in paths.iter().enumerate().zip(&mut below) {
        match wanted.start(&address.key) {
            Some(step) => next.push((number, address.bucket.clone(), step)),
            // Its own name says that it is another account's or Region's.
            None => *below = Below::Others,
        }
    }
    let mut found = Found::nothing();
    // Below each path an object is listed once.
    let room = Room {
        left: AtomicU64::new(most.saturating_mul(paths.len() as u64)),
    };
    let mut asked = FuturesUnordered::new();
    loop {
        while asked.len() < AT_ONCE
            && let Some((number, bucket, step)) = next.pop()
        {
            asked.push(one(store, &wanted, &room, number, bucket, step));
        }
        let Some(listed) = asked.next().await else { break };
        let Listed {
            path,
            bucket,
            any,
            objects,
            steps,
        } = listed?;
        if let Some(below) = below.get_mut(path) {
            let listed = match (objects.is_empty(), any) {
                (false, _) => Below::Wanted,
                (true, true) => Below::Others,
                (true, false) => Below::Nothing,
            };
            *below = listed.max(*below);
        }
        for ListedObject { key, size } in objects {
            found.add(&bucket, &key, size);
        }
        if found.objects() > most {
            return Err(NotListed::TooMany);
        }
        next.extend(steps.into_iter().map(|step| (path, bucket.clone(), step)));
    }
    // A path with a slip in it would hide behind those beside it. Where everything is asked for, each has something;
    // else what is below it may be out of scope, but something is there.
    let least = match found.objects() {
        0 => Below::Wanted,
        _ if *scope == Scope::everything() => Below::Wanted,
        _ => Below::Others,
    };
    let empty = paths.iter().zip(below).filter(|(_, below)| *below < least);
    let empty: Vec<String> = empty.map(|(path, _)| path.to_string()).collect();
    if empty.is_empty() {
        Ok(found)
    } else {
        Err(NotListed::Nothing(empty.join(", ")))
    }
}

/// What there is below a path, the most last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Below {
    Nothing,
    /// What was not asked for.
    Others,
    /// What was.
    Wanted,
}

/// What a step came to.
struct Listed {
    /// The number of the path that it is below.
    path: usize,
    bucket: String,
    /// Whether anything is there, wanted or not.
    any: bool,
    objects: Vec<ListedObject>,
    steps: Vec<Step>,
}

/// How many objects may still be listed: a folder may have any number of them, and what is known of those is in memory
/// before it is known how many they are.
struct Room {
    left: AtomicU64,
}

impl Room {
    fn take(&self, objects: usize) -> Result<(), NotListed> {
        let objects = u64::try_from(objects).unwrap_or(u64::MAX);
        let less = |left: u64| left.checked_sub(objects);
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        taken.map(drop).map_err(|_| NotListed::TooMany)
    }
}

/// Lists all pages of a step.
async fn one(
    store: &impl Store,
    wanted: &Wanted,
    room: &Room,
    path: usize,
    bucket: String,
    step: Step,
) -> Result<Listed, NotListed> {
    let asked = Keys {
        prefix: &step.prefix,
        folders: step.folders,
        after: &step.after,
    };
    let (mut any, mut objects, mut steps, mut next) = (false, Vec::new(), Vec::new(), None);
    loop {
        let page = store.keys(&bucket, asked, next.as_deref()).await;
        let page = page.map_err(NotListed::Refused)?;
        any |= !page.objects.is_empty() || !page.folders.is_empty();
        let past = |key: &str| !step.before.is_empty() && *key >= *step.before;
        // Keys are in order: behind the last that is wanted nothing is.
        let over = page.objects.last().is_some_and(|last| past(&last.key));
        let wants = |object: &ListedObject| !past(&object.key) && wanted.takes(&object.key);
        let before = objects.len();
        objects.extend(page.objects.into_iter().filter(wants));
        room.take(objects.len() - before)?;
        steps.extend(page.folders.iter().filter_map(|folder| wanted.below(&step, folder)));
        next = page.next;
        if over || next.is_none() {
            return Ok(Listed {
                path,
                bucket,
                any,
                objects,
                steps,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use crisguard_aws::s3::KeysPage;

    use super::*;

    /// A bucket with more objects in one folder than anybody counts.
    struct Endless;

    impl Store for Endless {
        async fn keys(&self, _: &str, _: Keys<'_>, next: Option<&str>) -> Result<KeysPage, Failure> {
            let page: u64 = next.map_or(0, |next| next.parse().unwrap());
            assert!(page < 100, "it goes on and on");
            let object = |number: u64| ListedObject {
                key: format!("{:09}.json", page * 1000 + number),
                size: 1,
            };
            Ok(KeysPage {
                objects: (0..1000).map(object).collect(),
                folders: Vec::new(),
                next: Some((page + 1).to_string()),
            })
        }

        async fn read(&self, _: &str, _: &str, _: usize) -> Result<Vec<u8>, Failure> {
            Ok(Vec::new())
        }

        async fn write(&self, _: &str, _: &str, _: Vec<u8>, _: &str) -> Result<(), Failure> {
            Ok(())
        }
    }

    #[test]
    fn a_folder_is_listed_no_further_than_it_can_be_read() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for paths in [1, 2] {
            let paths = vec!["s3://bucket/".parse().unwrap(); paths];
            let everything = Scope::everything();
            let listed = list_at_most(20_000, &Endless, &paths, &everything);
            let refused = runtime.block_on(listed).unwrap_err();
            assert!(matches!(refused, NotListed::TooMany), "{refused}");
        }
    }
}
