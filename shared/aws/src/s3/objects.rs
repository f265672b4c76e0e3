//! The objects of a bucket: which there are, by their keys, and what is in them.

use serde::Deserialize;

use super::{ACTION as GET, Bucket, Head};
use crate::{
    Disposition, Failure,
    signed::{Request, text, xml},
};

const LIST: &str = "s3:ListBucket";
/// The range begins behind the object's end; one that begins at 0 does so only if there is nothing.
const RANGE_NOT_SATISFIABLE: u16 = 416;

/// What is asked of a bucket's keys, in their order: those that begin with `prefix` and come after `after`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys<'a> {
    /// What they begin with; all of them if it is empty.
    pub prefix: &'a str,
    /// Whether what has a further slash is told by what stands before that slash alone, as a folder is.
    pub folders: bool,
    /// Only those after this one, if it is not empty.
    pub after: &'a str,
}

/// A page of keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysPage {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// The folders, each with the slash that it ends with.
    pub folders: Vec<String>,
    /// What the next page is asked for with, if there is one.
    pub next: Option<String>,
}

/// An object, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
}

impl Bucket {
    /// Returns the bucket as it is asked for in the Region where it is. One that may not be looked at may yet have objects
    /// that may be read (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>).
    ///
    /// # Errors
    ///
    /// Fails if there is no such bucket, or S3 cannot be reached.
    pub async fn where_it_is(&self) -> Result<Self, Failure> {
        match self.head(None).await? {
            Head::Found { region } | Head::Forbidden { region, .. } => {
                let elsewhere = region.filter(|region| *region != self.region);
                Ok(elsewhere.map_or_else(|| self.clone(), |region| self.in_region(&region)))
            }
            Head::Missing => Err(Failure {
                action: LIST,
                resource: self.resource(),
                cause: "NoSuchBucket (HTTP 404): no account has a bucket of this name".to_owned(),
                disposition: Disposition::WillNotPass,
            }),
        }
    }

    /// Lists a page of keys: the first, or the one that `next` of the page before it names
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or lists an object without its key or size.
    pub async fn keys(&self, asked: Keys<'_>, next: Option<&str>) -> Result<KeysPage, Failure> {
        let resource = format!("{}/{}", self.resource(), asked.prefix);
        // Keys may have characters that XML has not, and are therefore asked for encoded.
        let mut query = "?list-type=2&encoding-type=url".to_owned();
        let delimiter = if asked.folders { "/" } else { "" };
        for (name, value) in [
            ("prefix", asked.prefix),
            ("delimiter", delimiter),
            ("start-after", asked.after),
            ("continuation-token", next.unwrap_or_default()),
        ] {
            if !value.is_empty() {
                query.extend(["&", name, "=", &text::value(value)]);
            }
        }
        let request = Request::get(self.address.path(&query));
        let answer = self.client.send(LIST, &resource, request).await?;
        let page: Page = xml::read(LIST, &resource, &answer.bytes)?;
        page.read()
            .map_err(|cause| Failure::unclear(LIST, &resource, format!("the answer cannot be read: {cause}")))
    }

    /// Reads an object whole; one of more than `largest` bytes is refused
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>).
    ///
    /// # Errors
    ///
    /// Fails if S3 refuses, cannot be reached, or the object is too large.
    pub async fn read(&self, key: &str, largest: usize) -> Result<Vec<u8>, Failure> {
        let resource = format!("{}/{key}", self.resource());
        // One byte more than may be there, to tell that there is more.
        let request = Request::get(self.address.object(key)).header("range", &format!("bytes=0-{largest}"));
        match self.objects.send(GET, &resource, request).await {
            Ok(answer) if answer.bytes.len() > largest => Err(Failure {
                action: GET,
                resource,
                cause: format!("the object has more than {largest} bytes"),
                disposition: Disposition::WillNotPass,
            }),
            Ok(answer) => Ok(answer.bytes),
            Err(refused) if refused.status == Some(RANGE_NOT_SATISFIABLE) => Ok(Vec::new()),
            Err(refused) => Err(refused.failure),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    is_truncated: bool,
    next_continuation_token: Option<String>,
    encoding_type: Option<String>,
    #[serde(default)]
    contents: Vec<Item>,
    #[serde(default)]
    common_prefixes: Vec<Folder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    key: String,
    size: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Folder {
    prefix: String,
}

impl Page {
    fn read(self) -> Result<KeysPage, String> {
        let encoded = self.encoding_type.is_some_and(|kind| kind == "url");
        let plain = |key: String| {
            if !encoded {
                return Ok(key);
            }
            // A blank is a plus, and a plus is encoded, as in forms.
            text::decoded(&key.replace('+', " ")).ok_or_else(|| format!("the key {key} is not encoded"))
        };
        let object = |item: Item| {
            Ok(ListedObject {
                key: plain(item.key)?,
                size: item.size,
            })
        };
        let next = self.next_continuation_token.filter(|token| !token.is_empty());
        if self.is_truncated != next.is_some() {
            return Err("it does not say whether there is more".to_owned());
        }
        Ok(KeysPage {
            objects: self.contents.into_iter().map(object).collect::<Result<_, String>>()?,
            folders: self
                .common_prefixes
                .into_iter()
                .map(|folder| plain(folder.prefix))
                .collect::<Result<_, String>>()?,
            next,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::{Replay, Reply, ok};

    const HOST: &str = "https://logs-1.s3.eu-west-1.amazonaws.com";
    const EVERYTHING: Keys<'_> = Keys {
        prefix: "",
        folders: false,
        after: "",
    };

    fn bucket(replies: impl IntoIterator<Item = Reply>) -> (Replay, Bucket) {
        let replay = Replay::new(replies);
        let bucket = Bucket::new(&replay.configuration(), "eu-west-1", "logs-1");
        (replay, bucket)
    }

    fn page(inner: &str) -> String {
        format!(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>logs-1</Name>{inner}</ListBucketResult>"#
        )
    }

    fn item(key: &str, size: u64) -> String {
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-10-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag>\
             <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        )
    }

    fn object(key: &str, size: u64) -> ListedObject {
        ListedObject {
            key: key.to_owned(),
            size,
        }
    }

    #[tokio::test]
    async fn keys_come_in_pages_with_sizes_and_folders() {
        let first = page(&format!(
            "<IsTruncated>true</IsTruncated><NextContinuationToken>x/+y=</NextContinuationToken>\
             <EncodingType>url</EncodingType>{}{}<CommonPrefixes><Prefix>AWSLogs/a+b/</Prefix></CommonPrefixes>\
             <CommonPrefixes><Prefix>AWSLogs/%E6%97%A5/</Prefix></CommonPrefixes>",
            item("AWSLogs/1%2B1+%01", 7),
            item("AWSLogs/2", 0)
        ));
        let last = page("<IsTruncated>false</IsTruncated><KeyCount>0</KeyCount>");
        let (replay, bucket) = bucket([ok(first), ok(last)]);
        let asked = Keys {
            prefix: "AWSLogs/",
            folders: true,
            after: "AWSLogs/0 0",
        };
        let found = bucket.keys(asked, None).await.unwrap();
        assert_eq!(found.objects, [object("AWSLogs/1+1 \u{1}", 7), object("AWSLogs/2", 0)]);
        assert_eq!(found.folders, ["AWSLogs/a b/", "AWSLogs/日/"]);
        let rest = bucket.keys(asked, found.next.as_deref()).await.unwrap();
        let nothing = KeysPage {
            objects: Vec::new(),
            folders: Vec::new(),
            next: None,
        };
        assert_eq!(rest, nothing);
        let asked = format!(
            "GET {HOST}/?list-type=2&encoding-type=url&prefix=AWSLogs%2F&delimiter=%2F&start-after=AWSLogs%2F0%200"
        );
        assert_eq!(
            replay.lines(),
            [asked.clone(), format!("{asked}&continuation-token=x%2F%2By%3D")]
        );
    }

    #[tokio::test]
    async fn keys_that_are_not_encoded_are_taken_as_they_are() {
        let plain = page(&format!("<IsTruncated>false</IsTruncated>{}", item("a+b%20", 1)));
        let (replay, bucket) = bucket([ok(plain)]);
        assert_eq!(
            bucket.keys(EVERYTHING, None).await.unwrap().objects,
            [object("a+b%20", 1)]
        );
        assert_eq!(replay.lines(), [format!("GET {HOST}/?list-type=2&encoding-type=url")]);
    }

    #[tokio::test]
    async fn a_list_that_cannot_be_read_is_no_empty_list() {
        let whole = "<IsTruncated>false</IsTruncated>";
        for answer in [
            String::new(),
            page(""),
            page("<IsTruncated>true</IsTruncated>"),
            page("<IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken>"),
            page(&format!("{whole}<Contents><Key>a</Key></Contents>")),
            page(&format!("{whole}<Contents><Size>1</Size></Contents>")),
            page(&format!("{whole}<EncodingType>url</EncodingType>{}", item("%zz", 1))),
        ] {
            let (_, bucket) = bucket([ok(answer.as_str())]);
            let failure = bucket.keys(EVERYTHING, None).await.unwrap_err();
            assert!(failure.cause.starts_with("the answer cannot be read"), "{failure}");
            assert_eq!(failure.resource, "s3://logs-1/");
        }
        let denied = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
        let (_, bucket) = bucket([Reply::new(403, denied)]);
        let failure = bucket.keys(EVERYTHING, None).await.unwrap_err();
        assert_eq!(
            failure.to_string(),
            "s3:ListBucket on s3://logs-1/ failed: AccessDenied (HTTP 403): Access Denied"
        );
    }

    #[tokio::test]
    async fn an_object_is_read_up_to_a_size() {
        let (replay, found) = bucket([Reply::new(206, "0123456789"), Reply::new(416, "<Error/>")]);
        assert_eq!(found.read("a b/c", 10).await.unwrap(), b"0123456789");
        assert_eq!(found.read("empty", 10).await.unwrap(), b"");
        assert_eq!(replay.lines()[0], format!("GET {HOST}/a%20b/c"));
        assert_eq!(replay.headers("range"), ["bytes=0-10"; 2]);
        // Whether the range was heeded or not.
        for status in [200, 206] {
            let (_, found) = bucket([Reply::new(status, "0123456789+")]);
            let failure = found.read("k", 10).await.unwrap_err();
            assert_eq!(
                failure.to_string(),
                "s3:GetObject on s3://logs-1/k failed: the object has more than 10 bytes"
            );
            assert_eq!(failure.disposition, Disposition::WillNotPass);
        }
    }

    #[tokio::test]
    async fn an_object_that_cannot_be_read_is_no_empty_object() {
        let gone = "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>";
        let archived = "<Error><Code>InvalidObjectState</Code><Message>archived</Message></Error>";
        for (status, body, told) in [
            (404, gone, "NoSuchKey (HTTP 404): gone"),
            (403, archived, "InvalidObjectState (HTTP 403): archived"),
        ] {
            let (_, bucket) = bucket([Reply::new(status, body)]);
            assert_eq!(bucket.read("k", 10).await.unwrap_err().cause, told);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_object_is_asked_for_again_where_that_may_help() {
        let slow = "<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>";
        let (replay, bucket) = bucket([Reply::new(503, slow), ok("x")]);
        assert_eq!(bucket.read("k", 10).await.unwrap(), b"x");
        assert_eq!(replay.lines().len(), 2);
    }

    #[tokio::test]
    async fn a_bucket_elsewhere_is_asked_for_there() {
        const REGION: &str = "x-amz-bucket-region";
        let there = || ok("").header(REGION, "us-east-1");
        let list = ok(page("<IsTruncated>false</IsTruncated>"));
        let (replay, named) = bucket([there(), list]);
        let found = named.where_it_is().await.unwrap();
        found.keys(EVERYTHING, None).await.unwrap();
        assert!(replay.lines()[1].contains("logs-1.s3.us-east-1.amazonaws.com"));

        let (_, missing) = bucket([Reply::new(404, "")]);
        let failure = missing.where_it_is().await.unwrap_err();
        assert!(failure.cause.starts_with("NoSuchBucket"), "{failure}");
        let (replay, forbidden) = bucket([Reply::new(403, ""), ok("x")]);
        assert_eq!(forbidden.where_it_is().await.unwrap().read("k", 1).await.unwrap(), b"x");
        assert_eq!(replay.lines()[1], format!("GET {HOST}/k"));
    }
}
