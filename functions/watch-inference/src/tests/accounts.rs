//! Calls of several accounts, each decided by its own account's policy, lists and place.

use std::time::Duration;

use super::*;

const MEMBER: &str = "444455556666";

/// A call by an application profile, of which only the account's own lists know what is behind it.
fn behind(event_id: &str, account: &str) -> String {
    let arn = format!("arn:aws:bedrock:us-west-2:{account}:application-inference-profile/a1b2c3");
    event(event_id, account, "app", "us-west-2").replace("us.amazon.nova-lite-v1:0", &arn)
}

/// Lists of an account in which the application profile is of a global one.
fn lists(account: &str) -> String {
    LISTS.replace(ACCOUNT, account)
}

/// Where the member stands: in the unit of the sandboxes, as read an hour before.
const IN_THE_SANDBOX: &str = r#"{"observed_at": "2026-11-22T09:00:00Z", "membership": {"member": {"Ok": {
    "version": 1, "id": "o-a1b2c3d4e5", "management_account": "999999999999",
    "root": {"id": "r-ab12", "scps_enabled": true, "policies": ["p-FullAWSAccess", "p-regions1"]},
    "units": [{"id": "ou-ab12-sandbox1", "parent": "r-ab12", "policies": ["p-FullAWSAccess"]}],
    "accounts": [{"id": "444455556666", "parent": "ou-ab12-sandbox1", "policies": ["p-FullAWSAccess"]}],
    "policies": [{"id": "p-regions1", "name": "Regions", "content": {"Statement": {"Sid": "MembersOnly",
        "Effect": "Deny", "Action": "*", "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": "us-west-2"}}}}}]}}}}"#;

/// A policy that lets the sandboxes' prompts go anywhere.
fn by_unit() -> String {
    let unit = "o-a1b2c3d4e5/r-ab12/ou-ab12-sandbox1";
    format!("{POLICY}accounts:\n  {unit}: {{ regions: {{ destination: ['*'] }} }}\n")
}

/// The function in an account of another unit.
async fn started_by_unit(shelf: &Shelf) -> Function {
    let mut config = config();
    config.common.policy.scope = scope(Some("o-a1b2c3d4e5/r-ab12"));
    let (policy, queue) = (PolicyObject::holding(&by_unit()), FindingsQueue::refusing(&[]));
    WatchInference::start(config, policy, shelf.clone(), queue, now())
        .await
        .unwrap()
}

#[tokio::test]
async fn no_account_is_decided_by_the_lists_of_another() {
    let undecided = ["global-profile-allowed", "profile-destinations-known"].map(|control| (control.to_owned(), false));
    let global = [("global-profile-allowed".to_owned(), true)];
    for (has_lists, other) in [(ACCOUNT, MEMBER), (MEMBER, ACCOUNT)] {
        // Also lists that name the other's profile are not asked about it where they are not the other's.
        for content in [lists(has_lists), lists(other)] {
            let shelf = Shelf::empty();
            shelf.put(has_lists, PROFILES, &content);
            let function = started(POLICY, &shelf).await;
            assert_eq!(
                found(&function, &behind("a", other), now()).await,
                undecided.clone().into()
            );
        }
        let shelf = Shelf::empty();
        shelf.put(has_lists, PROFILES, &lists(has_lists));
        let function = started(POLICY, &shelf).await;
        assert_eq!(
            found(&function, &behind("a", has_lists), now()).await,
            global.clone().into()
        );
    }
}

#[tokio::test]
async fn a_unit_s_override_applies_where_the_account_s_place_is_known_and_fresh() {
    let shelf = Shelf::empty();
    let function = started_by_unit(&shelf).await;
    let abroad = |event_id| event(event_id, MEMBER, "app", "us-east-1");
    let unresolved = found(&function, &abroad("a"), now()).await;
    assert!(
        unresolved.len() >= 5 && unresolved.values().all(|violation| !violation),
        "{unresolved:?}"
    );
    {
        let findings = findings(&function.queue);
        let said = &findings[0].explanation;
        assert!(
            said.contains(MEMBER) && said.contains("stood in the organization"),
            "{said}"
        );
    }

    shelf.put(MEMBER, SCPS, IN_THE_SANDBOX);
    let later = now() + Duration::from_mins(5);
    assert_eq!(found(&function, &abroad("b"), later).await, BTreeMap::new());
    let home = found(&function, &event("c", ACCOUNT, "app", "us-east-1"), later).await;
    assert_eq!(home, [("destination-region-allowed".to_owned(), true)].into());
    // A call that was made long before it was read may have been made elsewhere in the organization.
    let old = abroad("d").replace("2026-11-22T09:59", "2026-11-20T09:59");
    assert_eq!(found(&function, &old, later).await, unresolved);
}

#[tokio::test]
async fn calls_of_one_batch_are_each_decided_by_what_is_known_of_their_own_time() {
    let shelf = Shelf::empty();
    shelf.put(MEMBER, SCPS, IN_THE_SANDBOX);
    let policy = PolicyObject::holding(&by_unit());
    let policy = PolicyInForce::read(&policy, scope(Some("o-a1b2c3d4e5/r-ab12")), now())
        .await
        .unwrap();
    let fresh = || message("0", event("a", MEMBER, "app", "us-east-1"));
    let old = || {
        message(
            "1",
            event("b", MEMBER, "app", "us-east-1").replace("2026-11-22T09:59", "2026-11-20T09:59"),
        )
    };
    let (known, unknown) = (WayOut::Exit(Exit::Compliant), WayOut::Exit(Exit::Undecided));
    for (messages, expected) in [
        (vec![fresh(), old()], [known, unknown]),
        (vec![old(), fresh()], [unknown, known]),
    ] {
        let mut accounts = knowing(&shelf).await;
        let queue = FindingsQueue::refusing(&[]);
        let outcome = run(&queue, &policy, &mut accounts, messages, now()).await.unwrap();
        assert_eq!(ways_out(&outcome), expected);
    }
}

#[tokio::test]
async fn a_member_s_own_override_needs_no_place() {
    let policy = format!("{POLICY}accounts:\n  '{MEMBER}': {{ regions: {{ destination: ['*'] }} }}\n");
    let shelf = Shelf::empty();
    let function = started(&policy, &shelf).await;
    let decided = found(&function, &event("a", MEMBER, "app", "us-east-1"), now()).await;
    assert_eq!(decided, BTreeMap::new());
    let lists = [ACCOUNT, MEMBER].map(|account| format!("posture/{account}/profiles.json"));
    assert_eq!(shelf.asked(), lists);
}

#[tokio::test]
async fn a_denial_names_the_statement_above_the_account_that_called() {
    let policy = POLICY.replace(
        "destination: [us-west-2]",
        "destination: [us-east-1, us-east-2, us-west-2]",
    );
    let shelf = Shelf::empty();
    shelf.put(MEMBER, SCPS, IN_THE_SANDBOX);
    shelf.put(ACCOUNT, SCPS, ABOVE);
    let function = started(&policy, &shelf).await;
    for (account, statement) in [(MEMBER, "MembersOnly"), (ACCOUNT, "OnlyOregon")] {
        found(&function, &denied(account).replace(ACCOUNT, account), now()).await;
        let finding = findings(&function.queue).remove(0);
        assert_eq!(finding.account.as_str(), account);
        assert!(finding.explanation.contains(statement), "{}", finding.explanation);
    }
}

#[tokio::test]
async fn findings_of_two_accounts_are_two_of_two_subjects() {
    let shelf = Shelf::empty();
    let function = started(POLICY, &shelf).await;
    // Even a principal whose name tells nothing of its account.
    let unnamed = |event_id, account| {
        let arn = format!(r#""arn": "arn:aws:iam::{account}:user/app""#);
        event(event_id, account, "app", "us-east-1").replace(&arn, r#""principalId": "AIDAEXAMPLE""#)
    };
    let bodies = [unnamed("a", ACCOUNT), unnamed("a", MEMBER)];
    let records: Vec<String> = bodies
        .iter()
        .map(|body| {
            format!(
                r#"{{"messageId": "m", "body": {}}}"#,
                serde_json::to_string(body).unwrap()
            )
        })
        .collect();
    let batch = format!(r#"{{"Records": [{}]}}"#, records.join(","));
    function.handle(&batch, now(), Vec::new()).await.unwrap();
    let findings = findings(&function.queue);
    assert_eq!(findings.iter().map(|finding| finding.count).collect::<Vec<_>>(), [1, 1]);
    assert_eq!(findings[0].principal, findings[1].principal);
    assert_ne!(findings[0].id, findings[1].id);
    assert_ne!(findings[0].subject, findings[1].subject);
    let accepted = function.queue.accepted.borrow();
    assert_ne!(accepted[0].group, accepted[1].group);
    assert_ne!(accepted[0].deduplication_id, accepted[1].deduplication_id);
}

fn account(n: usize) -> String {
    format!("{:012}", 500_000_000_000 + n)
}

fn calls(accounts: usize) -> Vec<Message> {
    (0..accounts)
        .map(|n| message(&n.to_string(), behind(&n.to_string(), &account(n))))
        .collect()
}

async fn decide(accounts: &mut Accounts<Shelf>, messages: Vec<Message>, now: Timestamp) -> Vec<WayOut> {
    let policy = PolicyInForce::read(&PolicyObject::holding(POLICY), scope(None), now)
        .await
        .unwrap();
    let queue = FindingsQueue::refusing(&[]);
    let outcome = run(&queue, &policy, accounts, messages, now).await.unwrap();
    let in_order: Vec<usize> = outcome
        .exits
        .iter()
        .map(|(id, _)| id.as_str().parse().unwrap())
        .collect();
    assert!(in_order.is_sorted(), "{in_order:?}");
    ways_out(&outcome)
}

#[tokio::test]
async fn many_accounts_are_read_a_few_at_a_time_and_each_once_in_five_minutes() {
    let shelf = Shelf::empty();
    for n in (0..100).filter(|n| n % 2 == 0) {
        shelf.put(&account(n), PROFILES, &lists(&account(n)));
    }
    let mut accounts = knowing(&shelf).await;
    shelf.asked();
    let exits = decide(&mut accounts, calls(100), now()).await;
    let expected = |n| WayOut::Exit(if n % 2 == 0 { Exit::Violation } else { Exit::Undecided });
    assert_eq!(exits, (0..100).map(expected).collect::<Vec<_>>());
    assert_eq!(
        (shelf.asked().len(), shelf.most_at_once()),
        (100, crate::accounts::AT_ONCE)
    );
    decide(&mut accounts, calls(100), now()).await;
    assert_eq!(shelf.asked(), Vec::<String>::new());
    decide(&mut accounts, calls(100), now() + Duration::from_mins(5)).await;
    assert_eq!(shelf.asked().len(), 100);
}

/// Lists of about that many bytes.
fn long_lists(account: &str, bytes: usize) -> String {
    let lists = lists(account);
    lists.clone() + &" ".repeat(bytes.saturating_sub(lists.len()))
}

#[tokio::test]
async fn what_is_kept_is_bounded_and_the_account_not_asked_for_the_longest_goes_first() {
    const MEGABYTES: usize = 1024 * 1024;
    let shelf = Shelf::empty();
    for n in 0..11 {
        shelf.put(&account(n), PROFILES, &long_lists(&account(n), 4 * MEGABYTES));
    }
    shelf.put(ACCOUNT, PROFILES, &long_lists(ACCOUNT, 10 * MEGABYTES));
    let mut accounts = knowing(&shelf).await;
    for n in [0, 1, 2, 0, 3] {
        let call = message("0", behind("a", &account(n)));
        decide(&mut accounts, vec![call], now()).await;
    }
    shelf.asked();
    // Of 24 MiB the home account takes 10, so that three others have room.
    for (n, asked) in [(0, 0), (2, 0), (3, 0), (1, 1)] {
        let call = message("0", behind("a", &account(n)));
        let exit = decide(&mut accounts, vec![call], now()).await;
        assert_eq!(
            (exit, shelf.asked().len()),
            (vec![WayOut::Exit(Exit::Violation)], asked),
            "{n}"
        );
    }
    let exits = decide(&mut accounts, calls(11), now()).await;
    assert_eq!(exits, [WayOut::Exit(Exit::Violation); 11]);
    shelf.asked();
    let home = message("0", behind("a", ACCOUNT));
    assert_eq!(
        decide(&mut accounts, vec![home], now()).await,
        [WayOut::Exit(Exit::Violation)]
    );
    assert_eq!(shelf.asked(), Vec::<String>::new(), "the home account stays");
}

#[tokio::test]
async fn lists_of_another_account_that_are_too_large_make_nothing_compliant() {
    let shelf = Shelf::empty();
    shelf.put(MEMBER, PROFILES, &long_lists(MEMBER, 4 * 1024 * 1024 + 1));
    let mut accounts = knowing(&shelf).await;
    let call = message("0", behind("a", MEMBER));
    assert_eq!(
        decide(&mut accounts, vec![call], now()).await,
        [WayOut::Exit(Exit::Undecided)]
    );
}

#[tokio::test]
async fn only_an_account_s_twelve_digits_become_part_of_a_key() {
    let shelf = Shelf::empty();
    let mut accounts = knowing(&shelf).await;
    shelf.asked();
    for forged in [
        "../444455556666",
        "44445555666/",
        "4444555566667",
        "４４４４５５５５６６６６",
        "..",
        "",
    ] {
        let forged = event("a", MEMBER, "app", "us-east-1").replace(MEMBER, forged);
        let exits = decide(&mut accounts, vec![message("0", forged)], now()).await;
        assert_eq!(exits, [WayOut::Exit(Exit::Rejected)]);
    }
    assert_eq!(shelf.asked(), Vec::<String>::new());
}
