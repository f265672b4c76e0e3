//! What of an audit is missing, and whether that can be told.

use super::*;

const PLACED: &str = "AWSLogs/111122223333/CloudTrail/ap-northeast-1/2026/11/20/x.json.gz";

fn file(tally: &mut Tally, name: &str) {
    tally.file(9, LogFileName::parse(name).as_ref(), true);
}

fn everything(tally: Tally) -> Audit {
    ask(tally, Some(POLICY), Scope::everything())
}

/// A path that leads nowhere is neither a file nor a record, and is named all the same.
#[test]
fn a_path_without_a_file_is_missing_and_counts_as_nothing_that_was_read() {
    let nowhere = || Rejected::new("nowhere.json", None, &Unread::NoSuchPath);
    let mut tally = Tally::new();
    tally.without_file(nowhere());
    let audit = everything(tally.clone());
    assert_eq!(
        (audit.read.files, audit.read.records, exits(&audit).as_str()),
        (0, 0, "")
    );
    assert_eq!((audit.read.paths_without_file, audit.unread()), (1, 1));
    assert_eq!((&audit.rejected[..], audit.rejected_not_listed), (&[nowhere()][..], 0));
    assert!(audit.read_nothing() && !audit.is_whole());

    file(&mut tally, PLACED);
    let audit = everything(tally);
    assert_eq!((audit.read.files, audit.unread()), (1, 1));
    assert!(!audit.read_nothing() && !audit.is_whole());
}

/// As what cannot be read of others' files, it is no gap in the answer about one.
#[test]
fn a_path_without_a_file_is_in_scope_by_what_it_says() {
    let mut tally = Tally::new();
    tally.without_file(Rejected::new(PLACED, None, &Unread::NoSuchPath));
    let of = |account: &str| {
        let mut scope = Scope::everything();
        scope.accounts.insert(account.parse().unwrap());
        let audit = ask(tally.clone(), Some(POLICY), scope);
        (audit.unread(), audit.rejected.len(), audit.rejected_not_listed)
    };
    assert_eq!(of("111122223333"), (1, 1, 0));
    assert_eq!(of("444455556666"), (0, 0, 0));
    // Of a folder itself it is not told whose it is, however it is written.
    for folder in [
        "AWSLogs/111122223333/CloudTrail/eu-west-1",
        "AWSLogs/111122223333/CloudTrail/eu-west-1/",
    ] {
        let mut tally = Tally::new();
        tally.without_file(Rejected::new(folder, None, &Unread::NoFileInFolder));
        let mut scope = Scope::everything();
        scope.accounts.insert("444455556666".parse().unwrap());
        assert_eq!(ask(tally, Some(POLICY), scope).unread(), 1, "{folder}");
    }
}

/// What was read, and what of it leaves a doubt.
#[test]
fn an_audit_is_whole_where_nothing_can_be_missing_unseen() {
    let nothing = everything(Tally::new());
    assert!(nothing.read_nothing());
    let with = |read: &dyn Fn(&mut Tally)| {
        let mut tally = Tally::new();
        read(&mut tally);
        let audit = everything(tally);
        (audit.read_nothing(), audit.is_whole())
    };
    // One file that has no record in it.
    assert_eq!(with(&|tally| file(tally, PLACED)), (false, true));
    assert_eq!(with(&|tally| file(tally, "x.json")), (false, false));
    assert_eq!(with(&|tally| tally.page(1)), (false, true));
    let unreadable = |tally: &mut Tally| tally.reject(Rejected::new("x", None, &Unread::NotJson));
    let refused = |tally: &mut Tally| {
        tally.page(0);
        unreadable(tally);
    };
    assert_eq!(with(&refused), (true, false));
    // One Region refused, and another was read to its end.
    assert_eq!(
        with(&|tally| {
            refused(tally);
            tally.page(0);
            tally.looked_up(LookedUp {
                account: "111122223333".parse().unwrap(),
                region: "eu-west-1".parse().unwrap(),
                from: "2026-11-20T00:00:00Z".parse().unwrap(),
                to: "2026-11-21T00:00:00Z".parse().unwrap(),
            });
        }),
        (false, false)
    );
    assert_eq!(
        with(&|tally| {
            refused(tally);
            tally.count_not_bedrock(1);
        }),
        (false, false)
    );
}
