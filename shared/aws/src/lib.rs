//! The only crate of crisguard that names an AWS SDK: one file for each service.
//!
//! What a function needs of a service is a small trait of its own, in its `ports` module; the
//! types here stand behind those traits. Nothing here knows a finding or a policy: a [`s3::Object`]
//! is bytes with a version, a [`dynamodb::Table`] holds versioned documents.
//!
//! Every error is a [`Failure`]: which action, on what, why, and whether it may pass by itself.

pub mod account;
pub mod bedrock;
pub mod bedrock_agent;
pub mod client;
pub mod cloudtrail;
pub mod cloudwatch;
#[cfg(test)]
mod contract;
pub mod custom_resource;
pub mod dynamodb;
pub mod ec2;
pub mod events;
pub mod everywhere;
mod failure;
pub mod iam;
pub mod kms;
pub mod logs;
pub mod organizations;
mod pages;
pub mod put_events;
#[cfg(test)]
mod replay;
pub mod s3;
pub mod securityhub;
mod signed;
pub mod sns;
pub mod sqs;
pub mod sts;

pub use failure::{Disposition, Failure};
