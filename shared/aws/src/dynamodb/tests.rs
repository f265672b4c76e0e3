//! The table against a client that is mocked.

use aws_sdk_dynamodb::{
    operation::query::{QueryError, QueryOutput},
    types::error::TransactionCanceledException,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};

use super::*;

fn table(rule: &Rule) -> Table {
    table_of(&[rule])
}

/// A table of which the first rule that fits a request answers it.
fn table_of(rules: &[&Rule]) -> Table {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
    Table {
        client,
        name: "crisguard-memory".to_owned(),
    }
}

fn document() -> Document {
    Document {
        key: Key {
            partition: "P".to_owned(),
            sort: "S".to_owned(),
        },
        version: 7,
        body: "{}".to_owned(),
        expires_at: Some(1_800_000_000),
    }
}

fn cancelled(codes: &'static [&'static str]) -> Rule {
    mock!(Client::transact_write_items).then_error(|| {
        let reasons = codes
            .iter()
            .map(|code| CancellationReason::builder().code(*code).build())
            .collect();
        TransactWriteItemsError::TransactionCanceledException(
            TransactionCanceledException::builder()
                .set_cancellation_reasons(Some(reasons))
                .build(),
        )
    })
}

#[test]
fn a_document_survives_its_item() {
    let rule =
        mock!(Client::get_item).then_output(|| aws_sdk_dynamodb::operation::get_item::GetItemOutput::builder().build());
    assert_eq!(
        table(&rule)
            .document("dynamodb:GetItem", &item_of(&document()))
            .unwrap(),
        document()
    );
}

#[tokio::test]
async fn each_write_is_told_its_own_obstacle() {
    let codes = &[
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ValidationError",
    ];
    let write = Write::Put(document(), Expected::Absent);
    let not_written = table(&cancelled(codes)).write(&vec![write; 4]).await.unwrap_err();
    let other = Obstacle::Other("ValidationError: no message".to_owned());
    let expected = vec![None, Some(Obstacle::Unexpected), Some(Obstacle::Busy), Some(other)];
    assert_eq!(not_written, NotWritten::Cancelled(expected));
}

#[tokio::test]
async fn reasons_that_do_not_fit_the_writes_fail_as_a_whole() {
    let write = Write::Remove(document().key, Expected::Version(7));
    let not_written = table(&cancelled(&["None", "None"])).write(&[write]).await.unwrap_err();
    assert!(matches!(not_written, NotWritten::Failed(_)), "{not_written}");
}

#[tokio::test]
async fn conditions_say_what_is_expected() {
    let rule = mock!(Client::transact_write_items)
        .match_requests(|request| {
            let put = request.transact_items().first().and_then(TransactWriteItem::put);
            let delete = request.transact_items().last().and_then(TransactWriteItem::delete);
            put.and_then(Put::condition_expression) == Some("attribute_not_exists(pk)")
                && delete.and_then(Delete::condition_expression) == Some("document_version = :version")
        })
        .then_output(|| aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput::builder().build());
    let writes = [
        Write::Put(document(), Expected::Absent),
        Write::Remove(document().key, Expected::Version(7)),
    ];
    table(&rule).write(&writes).await.unwrap();
}

fn sorted(sort: &str) -> Document {
    let mut document = document();
    document.key.sort = sort.to_owned();
    document
}

/// Answers the query that goes on after `after` with these documents, and says where the next goes on.
fn page(after: Option<&'static str>, sorts: &'static [&'static str], last: Option<&'static str>) -> Rule {
    mock!(Client::query)
        .match_requests(move |request| {
            let expected = after.map(|after| key_of(&sorted(after).key));
            request.exclusive_start_key() == expected.as_ref() && request.consistent_read() == Some(true)
        })
        .then_output(move || {
            QueryOutput::builder()
                .set_items(Some(sorts.iter().map(|sort| item_of(&sorted(sort))).collect()))
                .set_last_evaluated_key(last.map(|last| key_of(&sorted(last).key)))
                .build()
        })
}

#[tokio::test]
async fn a_partition_is_read_page_by_page_to_its_end() {
    let (first, empty, last) = (
        page(None, &["a", "b"], Some("b")),
        // A page can be empty and not the last.
        page(Some("b"), &[], Some("c")),
        page(Some("c"), &["d"], None),
    );
    let table = table_of(&[&first, &empty, &last]);
    let mut visited = Vec::new();
    table
        .visit_partition("P", |document| visited.push(document.key.sort))
        .await
        .unwrap();
    assert_eq!(visited, ["a", "b", "d"]);
    assert_eq!((first.num_calls(), empty.num_calls(), last.num_calls()), (1, 1, 1));
    let whole = table.read_partition("P").await.unwrap();
    assert_eq!(whole, [sorted("a"), sorted("b"), sorted("d")]);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_no_end() {
    let refused = mock!(Client::query)
        .match_requests(|request| request.exclusive_start_key().is_some())
        .then_error(|| QueryError::unhandled("refused"));
    let table = table_of(&[&page(None, &["a"], Some("a")), &refused]);
    let mut visited = Vec::new();
    let read = table
        .visit_partition("P", |document| visited.push(document.key.sort))
        .await;
    assert_eq!(
        (visited, read.unwrap_err().action),
        (vec!["a".to_owned()], "dynamodb:Query")
    );
}
