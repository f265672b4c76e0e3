//! There is a private endpoint for bedrock-runtime, where the policy asks for it.

use super::{
    Metadata,
    judged::{Judged, asks, not_asked},
    metadata::mapped,
};
use crate::{
    decision::Severity,
    posture::{EndpointPosture, Place, PostureDecision, Resource, Wrong},
    texts::ControlWords,
};

pub(super) const METADATA: Metadata = Metadata {
    name: "vpc-endpoint-present",
    title: "Bedrock can be called through a VPC endpoint",
    decides: "where the policy asks for it and Bedrock is in use, a VPC endpoint for bedrock-runtime stands and is available",
    broken: "no Bedrock VPC endpoint",
    severity: Severity::Medium,
    rationale: "Without a private endpoint, calls reach Bedrock by way of the internet, where no endpoint policy holds them to the account's own principals and models.",
    remedy: &[
        "Deploy one with a narrow policy: `aws cloudformation deploy --region SOURCE --template-file infra/vpc-endpoint.yaml --stack-name crisguard-vpc-endpoint --parameter-overrides VpcId=VPC VpcCidr=CIDR SubnetIds=SUBNET,SUBNET ModelRegions=REGION,REGION`",
        "Or make one by hand: `aws ec2 create-vpc-endpoint --region SOURCE --vpc-endpoint-type Interface --vpc-id VPC --subnet-ids SUBNET --service-name com.amazonaws.SOURCE.bedrock-runtime --private-dns-enabled --policy-document \"$(cat endpoint-policy.json)\"` (in the console: VPC, Endpoints; in CloudFormation: AWS::EC2::VPCEndpoint)",
        "If there is one that is not available, see why: `aws ec2 describe-vpc-endpoints --region SOURCE --filters Name=service-name,Values=com.amazonaws.SOURCE.bedrock-runtime`",
    ],
    documentation: "https://docs.aws.amazon.com/bedrock/latest/userguide/vpc-interface-endpoints.html",
    mapping: &[
        mapped("GDPR", "Art. 32(1)(b)"),
        mapped("ISMAP / ISO 27001:2022", "A.8.20, A.8.21, A.8.22"),
        mapped("NIST SP 800-53 r5", "AC-4, SC-7, SC-8"),
        mapped("APPI", "Art. 23"),
    ],
};

pub(crate) const JA: ControlWords = ControlWords {
    title: "VPC エンドポイントから Bedrock を呼び出せること",
    decides: "ポリシーが求めていて Bedrock を使用しているリージョンに、bedrock-runtime の VPC エンドポイントがあり、使用できる状態であること",
    broken: "Bedrock の VPC エンドポイントがない",
    rationale: "プライベートなエンドポイントがなければ、Bedrock の呼び出しはインターネットを経由し、エンドポイントポリシーで自社のプリンシパルやモデルに限定することもできません。",
    remedy: &[
        "範囲を絞ったエンドポイントポリシーとともにデプロイします: `aws cloudformation deploy --region SOURCE --template-file infra/vpc-endpoint.yaml --stack-name crisguard-vpc-endpoint --parameter-overrides VpcId=VPC VpcCidr=CIDR SubnetIds=SUBNET,SUBNET ModelRegions=REGION,REGION`",
        "または、手動で作成します: `aws ec2 create-vpc-endpoint --region SOURCE --vpc-endpoint-type Interface --vpc-id VPC --subnet-ids SUBNET --service-name com.amazonaws.SOURCE.bedrock-runtime --private-dns-enabled --policy-document \"$(cat endpoint-policy.json)\"`（コンソールでは VPC の「エンドポイント」、CloudFormation では AWS::EC2::VPCEndpoint）",
        "使用できない状態のものがある場合は、原因を確認します: `aws ec2 describe-vpc-endpoints --region SOURCE --filters Name=service-name,Values=com.amazonaws.SOURCE.bedrock-runtime`",
    ],
};

/// The state in which an endpoint carries traffic
/// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpcEndpoint.html>).
const AVAILABLE: &str = "available";

/// Decides about one Region: one endpoint that works is enough.
pub(super) fn decide(seen: &EndpointPosture, place: &Place<'_>) -> PostureDecision {
    if !asks(place, |rules| rules.vpc_endpoint) {
        return not_asked(place);
    }
    let mut judged = Judged::nothing_yet(place);
    let Some(endpoints) = judged.seen(&seen.endpoints) else {
        return judged.decision();
    };
    let works = |state: &str| state.eq_ignore_ascii_case(AVAILABLE);
    if endpoints.values().any(|endpoint| works(&endpoint.state)) {
        return judged.decision();
    }
    judged.wrong_here(Wrong::NoVpcEndpoint);
    for (id, endpoint) in endpoints {
        let state = endpoint.state.clone();
        judged.wrong(Resource::VpcEndpoint(id.clone()), Wrong::EndpointNotAvailable { state });
    }
    judged.decision()
}
