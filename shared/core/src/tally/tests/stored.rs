//! What is stored, and the form of what is told.

use super::*;

#[test]
fn what_is_stored_can_be_read_back() {
    let mut odd = call(
        3,
        "Converse",
        "arn:aws:bedrock:ap-northeast-1:111122223333:application-inference-profile/a1",
        None,
    );
    odd["eventID"] = json!("not a UUID");
    odd["requestID"] = json!("Root=1-2");
    let mut denied = call(4, "CreateChatCompletion", GLOBAL, Some("us-east-1"));
    denied["errorCode"] = json!("AccessDenied");
    denied["errorMessage"] = json!(
        "x on resource: arn:aws:bedrock:us-east-2::foundation-model/m with an explicit deny in a service control policy: p-1"
    );
    let mut unexplained = call(5, "Converse", JP, None);
    unexplained["errorCode"] = json!("AccessDenied");
    let mut broken = call(6, "Converse", "world.x", Some("?"));
    broken["errorCode"] = json!("NewException");
    let records = [
        odd,
        denied,
        unexplained,
        broken,
        call(1, "ConverseStream", JP, None),
        end(1, "us-east-1"),
        log(2, "", None),
    ];
    let mut whole = tally(&records);
    whole.count_not_bedrock(5);
    whole.count_not_inference(2);
    whole.reject(Rejected::new("a", Some(1), &Unread::NoObject));
    whole.file(
        9,
        LogFileName::parse("111122223333_CloudTrail_us-east-2_20150801T0210Z_M.json.gz").as_ref(),
        false,
    );
    whole.page(7);
    whole.without_file(Rejected::new("b", None, &Unread::NoSuchPath));
    whole.looked_up(LookedUp {
        account: "111122223333".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
        from: "2026-11-20T00:00:00Z".parse().unwrap(),
        to: "2026-11-21T00:00:00Z".parse().unwrap(),
    });
    let stored = serde_json::to_string(&whole).unwrap();
    let mut read: Tally = serde_json::from_str(&stored).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), stored);
    let mut copy = whole.clone();
    let rows = copy
        .take_rows()
        .iter()
        .map(|row| Row::from_bytes(&row.to_bytes()))
        .collect();
    read.put_rows(rows);
    let told = ask(read, Some(POLICY), Scope::everything());
    assert_eq!(told, ask(whole, Some(POLICY), Scope::everything()));
    assert!(
        told.findings
            .iter()
            .any(|finding| finding.event_ids.contains("not a UUID")),
        "{told:#?}"
    );
    assert_eq!((told.read.records, told.read.files, told.exits.rejected), (15, 1, 1));
    assert_eq!(
        (told.read.pages, told.unread(), told.coverage.looked_up.len()),
        (1, 2, 1)
    );
    // Rows whose evidence is not there are not passed over.
    let told = ask(
        {
            let mut lost = Tally::new();
            lost.put_rows(tally(&records).take_rows());
            lost
        },
        Some(POLICY),
        Scope::everything(),
    );
    assert_eq!(exits(&told), "rejected 7");
    assert_eq!(told.rejected.len(), 1);
}

#[test]
fn only_the_first_of_what_could_not_be_read_are_listed() {
    let mut tally = Tally::new();
    for n in (0..LISTED_REJECTIONS as u64 + 5).rev() {
        tally.reject(Rejected::new("f", Some(n), &Unread::NoObject));
    }
    let audit = ask(tally, None, Scope::everything());
    assert_eq!(
        (audit.rejected.len(), audit.rejected_not_listed),
        (LISTED_REJECTIONS, 5)
    );
    assert_eq!(audit.rejected[0].record, Some(0));
}

#[test]
fn an_audit_is_of_the_form_that_its_schema_says() {
    let schema = Audit::json_schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let told = audit(&[
        call(1, "Converse", GLOBAL, Some("us-east-1")),
        call(2, "Converse", JP, None),
    ]);
    let mut json = serde_json::to_value(&told).unwrap();
    assert!(
        validator.is_valid(&json),
        "{:?}",
        validator.iter_errors(&json).collect::<Vec<_>>()
    );
    assert_eq!(serde_json::from_value::<Audit>(json.clone()).unwrap(), told);
    json["exits"]["compliant"] = json!("many");
    assert!(!validator.is_valid(&json));
}

#[test]
fn a_record_like_one_of_another_tally_has_an_exit() {
    let like = Tally::new()
        .add_first(&invocation(&call(1, "Converse", JP, None)))
        .unwrap();
    let mut another = Tally::new();
    let particulars = Particulars {
        event_id: &uuid(1002),
        request_id: None,
        time: 0,
    };
    another.add_like(like, &particulars);
    let told = ask(another, Some(POLICY), Scope::everything());
    assert_eq!(exits(&told), "rejected 1");
    assert_eq!((told.read.records, told.rejected_not_listed), (1, 1));
}
