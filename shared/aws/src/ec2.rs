//! Amazon EC2: the private endpoints by which services are reached from networks.

use aws_config::SdkConfig;
use serde::Deserialize;

use crate::{
    Failure,
    pages::every_page,
    signed::{
        Client, Service,
        endpoint::{FipsInGov, Host, Partition},
        xml::{self, Query},
    },
};

const DESCRIBE: &str = "ec2:DescribeVpcEndpoints";
const SERVICE: Service = Service {
    id: "EC2",
    signs_as: "ec2",
    version: "2016-11-15",
};
const HOST: Host = Host {
    name: "ec2",
    fips_in_gov: FipsInGov::Plain,
};

/// An endpoint of a service in a network.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VpcEndpoint {
    /// Its id.
    #[serde(rename = "vpcEndpointId")]
    pub id: String,
    /// The network it is in.
    #[serde(rename = "vpcId")]
    pub vpc: Option<String>,
    /// The service, such as `com.amazonaws.eu-west-1.bedrock-runtime`.
    pub service_name: Option<String>,
    /// Its state, such as `available`.
    pub state: Option<String>,
    /// Whether the service's own name leads to it in its network.
    #[serde(rename = "privateDnsEnabled")]
    pub private_dns: Option<bool>,
    /// Its policy, as JSON.
    #[serde(rename = "policyDocument")]
    pub policy: Option<String>,
}

/// The networks of one Region.
#[derive(Clone, Debug)]
pub struct Networks {
    query: Query,
    region: String,
}

impl Networks {
    /// Names a Region.
    #[must_use]
    pub fn new(configuration: &SdkConfig, region: &str) -> Self {
        let client = Client::regional(SERVICE, HOST, region, xml::error, configuration);
        Self {
            query: Query::new(client, SERVICE.version),
            region: region.to_owned(),
        }
    }

    /// Lists the endpoints of a service of AWS, by its short name, such as `bedrock-runtime`
    /// (<https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html>).
    ///
    /// # Errors
    ///
    /// Fails if EC2 refuses, cannot be reached, or lists an endpoint without its id.
    pub async fn endpoints(&self, service: &str) -> Result<Vec<VpcEndpoint>, Failure> {
        let name = format!("com.amazonaws.{}.{service}", self.region);
        // In China, some services have the name of the partition before their own.
        let chinese = format!("cn.{name}");
        every_page(DESCRIBE, &self.region, async |next| {
            let mut parameters = vec![
                ("Filter.1.Name", "service-name"),
                ("Filter.1.Value.1", name.as_str()),
                ("MaxResults", "1000"),
            ];
            if Partition::of(&self.region).name == "aws-cn" {
                parameters.push(("Filter.1.Value.2", &chinese));
            }
            if let Some(next) = &next {
                parameters.push(("NextToken", next));
            }
            let page: Page = self.query.ask(DESCRIBE, &self.region, &parameters).await?;
            Ok((page.endpoints.items, page.next))
        })
        .await
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(rename = "vpcEndpointSet")]
    endpoints: Items,
    #[serde(rename = "nextToken")]
    next: Option<String>,
}

#[derive(Deserialize)]
struct Items {
    #[serde(rename = "item", default)]
    items: Vec<VpcEndpoint>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Disposition,
        replay::{Replay, Reply, ok},
    };

    fn networks(region: &str, replies: impl IntoIterator<Item = Reply>) -> (Replay, Networks) {
        let replay = Replay::new(replies);
        let networks = Networks::new(&replay.configuration(), region);
        (replay, networks)
    }

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
        <DescribeVpcEndpointsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>r</requestId>
          <vpcEndpointSet><item>
            <vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId>
            <serviceName>com.amazonaws.eu-west-1.bedrock-runtime</serviceName><state>available</state>
            <policyDocument>{"Statement":[{"Effect":"Allow","Resource":"&lt;x&gt; &amp; y"}]}</policyDocument>
            <privateDnsEnabled>true</privateDnsEnabled>
            <subnetIdSet><item>subnet-1</item></subnetIdSet>
          </item></vpcEndpointSet>
          <nextToken>2+</nextToken>
        </DescribeVpcEndpointsResponse>"#;

    #[tokio::test]
    async fn every_page_of_a_services_endpoints_is_read() {
        let last = "<DescribeVpcEndpointsResponse><vpcEndpointSet/></DescribeVpcEndpointsResponse>";
        let (replay, networks) = networks("eu-west-1", [ok(PAGE), ok(last)]);
        let expected = VpcEndpoint {
            id: "vpce-1".to_owned(),
            vpc: Some("vpc-1".to_owned()),
            service_name: Some("com.amazonaws.eu-west-1.bedrock-runtime".to_owned()),
            state: Some("available".to_owned()),
            private_dns: Some(true),
            policy: Some(r#"{"Statement":[{"Effect":"Allow","Resource":"<x> & y"}]}"#.to_owned()),
        };
        assert_eq!(networks.endpoints("bedrock-runtime").await.unwrap(), [expected]);
        assert_eq!(replay.lines(), ["POST https://ec2.eu-west-1.amazonaws.com/"; 2]);
        let form = "Action=DescribeVpcEndpoints&Version=2016-11-15&Filter.1.Name=service-name\
                    &Filter.1.Value.1=com.amazonaws.eu-west-1.bedrock-runtime&MaxResults=1000";
        assert_eq!(replay.bodies(), [form.to_owned(), format!("{form}&NextToken=2%2B")]);
        assert_eq!(replay.headers("content-type")[0], "application/x-www-form-urlencoded");
        let authorization = &replay.headers("authorization")[0];
        assert!(authorization.contains("/eu-west-1/ec2/aws4_request"), "{authorization}");
    }

    #[tokio::test]
    async fn in_china_a_service_may_have_either_name() {
        let none = "<DescribeVpcEndpointsResponse><vpcEndpointSet/></DescribeVpcEndpointsResponse>";
        let (replay, networks) = networks("cn-north-1", [ok(none)]);
        assert_eq!(networks.endpoints("bedrock-runtime").await.unwrap(), []);
        assert_eq!(replay.lines(), ["POST https://ec2.cn-north-1.amazonaws.com.cn/"]);
        assert!(replay.bodies()[0].ends_with("&Filter.1.Value.2=cn.com.amazonaws.cn-north-1.bedrock-runtime"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_names_the_permission_and_what_cannot_be_read_fails() {
        let error = |status, code: &str| {
            Reply::new(
                status,
                format!(
                    "<?xml version=\"1.0\"?>\n<Response><Errors><Error><Code>{code}</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID></Response>"
                ),
            )
        };
        let (_, denied) = networks("eu-west-1", [error(403, "UnauthorizedOperation")]);
        assert_eq!(
            denied.endpoints("bedrock-runtime").await.unwrap_err().to_string(),
            "ec2:DescribeVpcEndpoints on eu-west-1 failed: UnauthorizedOperation (HTTP 403): m"
        );
        let (replay, slow) = networks("eu-west-1", std::iter::repeat_n(error(503, "RequestLimitExceeded"), 3));
        let failure = slow.endpoints("bedrock-runtime").await.unwrap_err();
        assert_eq!((failure.disposition, replay.lines().len()), (Disposition::MayPass, 3));
        for answer in [
            "",
            "{}",
            "<DescribeVpcEndpointsResponse/>",
            "<a><vpcEndpointSet><item/></vpcEndpointSet></a>",
        ] {
            let (_, unclear) = networks("eu-west-1", [ok(answer)]);
            let failure = unclear.endpoints("bedrock-runtime").await.unwrap_err();
            assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
        }
    }
}
