//! The resource's properties: what is to be logged, and where.

use crisguard_aws::bedrock::{LogGroup, Logging, Prefix};
use serde_json::{Map, Value};

const BUCKET: &str = "BucketName";
const KEY_PREFIX: &str = "KeyPrefix";
const LOG_GROUP: &str = "LogGroupName";
const ROLE: &str = "RoleArn";
const LARGE_DATA_BUCKET: &str = "LargeDataBucketName";
const MODALITIES: &str = "Modalities";
const KNOWN: [&str; 9] = [
    BUCKET,
    KEY_PREFIX,
    LOG_GROUP,
    ROLE,
    LARGE_DATA_BUCKET,
    MODALITIES,
    // Changed to have the same put once more.
    "Revision",
    // CloudFormation's own
    // (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-customresource.html).
    "ServiceToken",
    "ServiceTimeout",
];
const EVERY_MODALITY: [&str; 5] = ["text", "image", "embedding", "video", "audio"];

/// The destinations by which a configuration is known to be this resource's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destinations {
    bucket: Option<String>,
    log_group: Option<String>,
}

impl Destinations {
    /// Returns a configuration's.
    pub(crate) fn of(logging: &Logging) -> Self {
        Self {
            bucket: logging.bucket.as_ref().map(|place| place.bucket.clone()),
            log_group: logging.log_group.as_ref().map(|group| group.name.clone()),
        }
    }

    /// Reads them, if the properties name both. Where they do not, nothing was ever put by them.
    pub(crate) fn read(properties: Option<&Value>) -> Option<Self> {
        let named = |name| Some(properties?.get(name)?.as_str()?.to_owned());
        Some(Self {
            bucket: Some(named(BUCKET)?),
            log_group: Some(named(LOG_GROUP)?),
        })
    }
}

/// Reads what is asked for: modalities that are not named are not to be logged.
///
/// # Errors
///
/// Tells every property that is missing or wrong.
pub(crate) fn asked(properties: Option<&Value>) -> Result<Logging, Vec<String>> {
    let Some(Value::Object(properties)) = properties else {
        return Err(vec!["ResourceProperties is missing".to_owned()]);
    };
    let mut reading = Reading {
        properties,
        problems: Vec::new(),
    };
    let read = reading.logging();
    let unknown = properties.keys().filter(|name| !KNOWN.contains(&name.as_str()));
    reading
        .problems
        .extend(unknown.map(|name| format!("{name} is not known")));
    match read {
        Some(logging) if reading.problems.is_empty() => Ok(logging),
        _ => Err(reading.problems),
    }
}

struct Reading<'a> {
    properties: &'a Map<String, Value>,
    problems: Vec<String>,
}

impl Reading<'_> {
    fn logging(&mut self) -> Option<Logging> {
        let prefix = self.text(KEY_PREFIX);
        let prefix = self.noting(prefix);
        let bucket = self.required(BUCKET);
        let name = self.required(LOG_GROUP);
        let role = self.required(ROLE);
        let large = self.required(LARGE_DATA_BUCKET);
        let modalities = self.modalities();
        let prefix = prefix?;
        let large_bodies = Prefix {
            bucket: large?,
            prefix: prefix.clone(),
        };
        let named = |modality| modalities.as_ref().map(|named| named.contains(&modality));
        Some(Logging {
            log_group: Some(LogGroup {
                name: name?,
                role: role?,
                large_bodies: Some(large_bodies),
            }),
            bucket: Some(Prefix {
                bucket: bucket?,
                prefix,
            }),
            text: Some(named("text")?),
            image: Some(named("image")?),
            embedding: Some(named("embedding")?),
            video: Some(named("video")?),
            audio: Some(named("audio")?),
        })
    }

    fn required(&mut self, name: &str) -> Option<String> {
        let text = self
            .text(name)
            .and_then(|text| text.ok_or_else(|| format!("{name} is missing")));
        self.noting(text)
    }

    /// Returns a text; none if it was left out or is empty.
    fn text(&self, name: &str) -> Result<Option<String>, String> {
        match self.properties.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
            Some(_) => Err(format!("{name} is not a text")),
        }
    }

    /// Notes a problem, if that is what was read.
    fn noting<T>(&mut self, read: Result<T, String>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    fn modalities(&mut self) -> Option<Vec<&'static str>> {
        let Some(Value::Array(named)) = self.properties.get(MODALITIES) else {
            self.problems.push(format!("{MODALITIES} is not a list"));
            return None;
        };
        if named.is_empty() {
            self.problems.push(format!("{MODALITIES} is empty"));
        }
        let mut modalities = Vec::new();
        for modality in named {
            match EVERY_MODALITY.into_iter().find(|known| modality == known) {
                Some(known) => modalities.push(known),
                None => self.problems.push(format!(
                    "{MODALITIES} has {modality}, which is none of {}",
                    EVERY_MODALITY.join(", ")
                )),
            }
        }
        Some(modalities)
    }
}
