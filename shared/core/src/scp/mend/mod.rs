//! Mend
use schemars::JsonSchema;
use serde::Serialize;
/// R
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Remedy {}
