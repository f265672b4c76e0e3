//! Each answer as IAM's API reference has it.

use super::*;
use crate::{
    Disposition,
    replay::{Replay, Reply, ok},
};

fn identities(replies: impl IntoIterator<Item = Reply>) -> (Replay, Identities) {
    let replay = Replay::new(replies);
    let identities = Identities::new(&replay.configuration(), "eu-west-1");
    (replay, identities)
}

fn error(status: u16, code: &str) -> Reply {
    let body = format!(
        r#"<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"#
    );
    Reply::new(status, body)
}

fn credentials(inner: &str) -> Reply {
    ok(format!(
        r#"<ListServiceSpecificCredentialsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListServiceSpecificCredentialsResult>{inner}</ListServiceSpecificCredentialsResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></ListServiceSpecificCredentialsResponse>"#
    ))
}

#[tokio::test]
async fn every_page_of_credentials_is_read() {
    let first = "<IsTruncated>true</IsTruncated><Marker>2/</Marker><ServiceSpecificCredentials><member>
        <CreateDate>2026-10-01T00:00:00Z</CreateDate><ServiceName>bedrock.amazonaws.com</ServiceName>
        <UserName>BedrockAPIKey-1</UserName><ServiceSpecificCredentialId>ACCA1</ServiceSpecificCredentialId>
        <ServiceCredentialAlias>BedrockAPIKey-1-at-111122223333</ServiceCredentialAlias><Status>Active</Status>
        <ExpirationDate>2026-11-01T00:00:00Z</ExpirationDate></member></ServiceSpecificCredentials>";
    let second = "<Marker>3</Marker><ServiceSpecificCredentials/>";
    let third = "<IsTruncated>false</IsTruncated><ServiceSpecificCredentials/>";
    let (replay, listed) = identities([credentials(first), credentials(second), credentials(third)]);
    let expected = ServiceCredential {
        id: "ACCA1".to_owned(),
        user: "BedrockAPIKey-1".to_owned(),
        service: "bedrock.amazonaws.com".to_owned(),
        alias: Some("BedrockAPIKey-1-at-111122223333".to_owned()),
        status: "Active".to_owned(),
        created: "2026-10-01T00:00:00Z".to_owned(),
        expires: Some("2026-11-01T00:00:00Z".to_owned()),
    };
    let credentials = listed.service_credentials("bedrock.amazonaws.com").await;
    assert_eq!(credentials.unwrap(), [expected]);
    assert_eq!(replay.lines(), ["POST https://iam.amazonaws.com/"; 3]);
    let form = "Action=ListServiceSpecificCredentials&Version=2010-05-08&AllUsers=true\
                &ServiceName=bedrock.amazonaws.com&MaxItems=1000";
    assert_eq!(
        replay.bodies(),
        [
            form.to_owned(),
            format!("{form}&Marker=2%2F"),
            format!("{form}&Marker=3")
        ]
    );
    let authorization = &replay.headers("authorization")[0];
    assert!(authorization.contains("/us-east-1/iam/aws4_request"), "{authorization}");
}

#[tokio::test]
async fn a_list_that_is_refused_cut_off_or_unreadable_is_no_empty_list() {
    for (reply, told) in [
        (error(403, "AccessDenied"), "AccessDenied (HTTP 403): m"),
        (
            credentials("<IsTruncated>true</IsTruncated><ServiceSpecificCredentials/>"),
            "the list goes on, but does not say where",
        ),
        (
            credentials("<IsTruncated>false</IsTruncated>"),
            "the answer cannot be read",
        ),
        (
            credentials(
                "<ServiceSpecificCredentials><member><UserName>u</UserName></member></ServiceSpecificCredentials>",
            ),
            "the answer cannot be read",
        ),
        (ok("<html/>"), "the answer cannot be read"),
    ] {
        let (_, refused) = identities([reply]);
        let failure = refused.service_credentials("s").await.unwrap_err();
        assert_eq!(failure.action, "iam:ListServiceSpecificCredentials");
        assert!(failure.cause.starts_with(told), "{failure}");
    }
}

fn details(truncated: &str, inner: &str) -> Reply {
    ok(format!(
        r#"<GetAccountAuthorizationDetailsResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetAccountAuthorizationDetailsResult>{truncated}{inner}</GetAccountAuthorizationDetailsResult></GetAccountAuthorizationDetailsResponse>"#
    ))
}

const LAST: &str = "<IsTruncated>false</IsTruncated>";
const POLICY: &str = "<Policies><member><PolicyName>p</PolicyName><Arn>arn:p</Arn><DefaultVersionId>v2</DefaultVersionId>
    <PolicyVersionList><member><Document>%7B%22old%22%3A1%7D</Document><IsDefaultVersion>false</IsDefaultVersion>
    <VersionId>v1</VersionId></member><member><Document>%7B%22Statement%22%3A%5B%5D%7D</Document>
    <IsDefaultVersion>true</IsDefaultVersion><VersionId>v2</VersionId></member></PolicyVersionList></member></Policies>";

#[tokio::test]
async fn who_is_in_the_account_is_read_from_every_page() {
    let inline = "<member><PolicyName>i</PolicyName><PolicyDocument>%7B%22Version%22%3A%20%222012-10-17%22%7D\
        </PolicyDocument></member>";
    let attached = "<AttachedManagedPolicies><member><PolicyName>p</PolicyName><PolicyArn>arn:p</PolicyArn></member>\
        </AttachedManagedPolicies>";
    let boundary = "<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>\
        <PermissionsBoundaryArn>arn:b</PermissionsBoundaryArn></PermissionsBoundary>";
    let first = format!(
        "<UserDetailList><member><Path>/</Path><UserName>u</UserName><Arn>arn:u</Arn><GroupList><member>g</member>\
         </GroupList><UserPolicyList>{inline}</UserPolicyList>{attached}{boundary}</member></UserDetailList>\
         <GroupDetailList><member><Path>/</Path><GroupName>g</GroupName><Arn>arn:g</Arn><GroupPolicyList/>{attached}\
         </member></GroupDetailList>"
    );
    let second = format!(
        "<RoleDetailList><member><Path>/aws-service-role/x/</Path><RoleName>r</RoleName><Arn>arn:r</Arn>\
         <AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument><RolePolicyList>{inline}</RolePolicyList>\
         <AttachedManagedPolicies/><InstanceProfileList/></member></RoleDetailList>{POLICY}"
    );
    let more = "<IsTruncated>true</IsTruncated><Marker>m</Marker>";
    let (replay, read) = identities([details(more, &first), details(LAST, &second)]);
    let policy = InlinePolicy {
        name: "i".to_owned(),
        document: r#"{"Version": "2012-10-17"}"#.to_owned(),
    };
    let principal = |name: &str, path: &str| Principal {
        name: name.to_owned(),
        arn: format!("arn:{name}"),
        path: path.to_owned(),
        inline: Vec::new(),
        attached: Vec::new(),
        groups: Vec::new(),
        boundary: None,
    };
    let attached = vec!["arn:p".to_owned()];
    let expected = Authorization {
        users: vec![Principal {
            inline: vec![policy.clone()],
            attached: attached.clone(),
            groups: vec!["g".to_owned()],
            boundary: Some("arn:b".to_owned()),
            ..principal("u", "/")
        }],
        roles: vec![Principal {
            inline: vec![policy],
            ..principal("r", "/aws-service-role/x/")
        }],
        groups: vec![Principal {
            attached,
            ..principal("g", "/")
        }],
        policies: vec![ManagedPolicy {
            arn: "arn:p".to_owned(),
            document: r#"{"Statement":[]}"#.to_owned(),
        }],
    };
    assert_eq!(read.authorization().await.unwrap(), expected);
    let form = "Action=GetAccountAuthorizationDetails&Version=2010-05-08&Filter.member.1=User&Filter.member.2=Role\
                &Filter.member.3=Group&Filter.member.4=LocalManagedPolicy&Filter.member.5=AWSManagedPolicy\
                &MaxItems=200";
    assert_eq!(replay.bodies(), [form.to_owned(), format!("{form}&Marker=m")]);
}

#[tokio::test]
async fn a_policy_that_is_not_told_makes_the_whole_unknown() {
    let without = POLICY.replace("<IsDefaultVersion>true", "<IsDefaultVersion>false");
    let torn = POLICY.replace("%5B%5D%7D", "%5B%5D%7");
    let empty = POLICY.replace("%7B%22Statement%22%3A%5B%5D%7D", "");
    for policies in [without, torn, empty] {
        let (_, unclear) = identities([details(LAST, &policies)]);
        assert_eq!(
            unclear.authorization().await.unwrap_err().cause,
            "the answer leaves out what a policy says, or writes it in another way"
        );
    }
    for (truncated, told) in [
        ("<IsTruncated>true</IsTruncated>", "the list goes on"),
        ("", "the answer cannot be read"),
    ] {
        let (_, cut) = identities([details(truncated, POLICY)]);
        let failure = cut.authorization().await.unwrap_err();
        assert!(failure.cause.starts_with(told), "{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_names_the_permission_and_throttling_may_pass() {
    let (_, denied) = identities([error(403, "AccessDenied")]);
    assert_eq!(
        denied.authorization().await.unwrap_err().to_string(),
        "iam:GetAccountAuthorizationDetails on the account failed: AccessDenied (HTTP 403): m"
    );
    let (replay, slow) = identities(std::iter::repeat_n(error(400, "Throttling"), 3));
    let failure = slow.authorization().await.unwrap_err();
    assert_eq!((failure.disposition, replay.lines().len()), (Disposition::MayPass, 3));
}
