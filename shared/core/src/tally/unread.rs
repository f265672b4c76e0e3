//! Why something could not be read, and what to do about it.

use crate::cloudtrail::Rejection;

/// Tells why a record, or the file or what is left of it, could not be read.
///
/// What it shows are never the values of a record; only what another program said of a failure is free text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unread {
    /// It is JSON, and not a record that can be read.
    #[error(transparent)]
    Record(#[from] Rejection),
    /// It has no byte.
    #[error("it is empty: fetch the file again")]
    Empty,
    /// It has nothing but what may stand between two records.
    #[error("it holds nothing but white space or commas: look at what wrote it")]
    Blank,
    /// Standard input ended at once: there is no file that could be fetched again.
    #[error("nothing came: what was to write it wrote nothing, so look at what that says")]
    NothingCame,
    /// It is a text of another encoding.
    #[error("it is UTF-16: save it as UTF-8 (`iconv -f UTF-16 -t UTF-8 FILE`) and scan that")]
    Utf16,
    /// It does not begin like JSON.
    #[error("this is not JSON: check that it is a log file, or leave it out")]
    NotJson,
    /// It begins like JSON, and goes on otherwise.
    #[error("it is not valid JSON; reading goes on with the next record that can be told apart")]
    InvalidJson,
    /// It ends within a value.
    #[error("it breaks off: a bracket or quote does not close, so something is missing; fetch it again")]
    BreaksOff,
    /// It was given up and gone on with too often.
    #[error("it is broken in too many places, and the rest of it was not read: fetch it again")]
    TooBroken,
    /// Lists stand in lists, more of them than any log has.
    #[error("lists stand in lists too deeply: take it apart")]
    TooDeep,
    /// In a list of records stands a value of another kind.
    #[error("it is no JSON object, so no record: whatever wrote the file went wrong here")]
    NoObject,
    /// An object is a record and a list of records at once.
    #[error("it says of itself that it is a record, and holds a list of others, which alone was read")]
    RecordAndList,
    /// An entry of a list lacks the text that is its record.
    #[error("it has no `{0}` that is a text")]
    NotQuoted(&'static str),
    /// It is an object, and nothing that is known.
    #[error("it is neither a CloudTrail record nor a list of them: check that it is a log file, or leave it out")]
    NoRecord,
    /// It is CloudTrail's digest of log files.
    #[error(
        "it is a digest of log files, which has no records (`aws cloudtrail validate-logs` reads it): leave it out"
    )]
    Digest,
    /// An event that is not CloudTrail's has a record in it.
    #[error("it is an event around a record of Bedrock, but of another kind than CloudTrail's: scan the record itself")]
    AnotherEvent,
    /// Compressed data ends too early.
    #[error("its gzip data breaks off; what came before was read: fetch the file again")]
    GzipBreaksOff,
    /// Compressed data is not as it was written.
    #[error("its gzip data is damaged; what came before was read: fetch the file again")]
    GzipDamaged,
    /// Behind compressed data stands something else.
    #[error("behind its gzip data stands something else, which was not read: fetch the file again, or cut that off")]
    GzipFollowed,
    /// There is more of it than is read of one file.
    #[error("it is larger than a file may be when it is inflated, and what is behind that was not read: split it")]
    TooLarge,
    /// Reading ended with an error of the system.
    #[error("reading it failed; what came before was read: {0}")]
    Failed(String),
    /// Reading did not begin, by an error of the system.
    #[error("it cannot be read: {0}")]
    NotOpened(String),
    /// A folder that was named has no log file.
    #[error("there is no log file in this folder")]
    NoFileInFolder,
    /// A pattern that was named fits no file.
    #[error("no file has such a name")]
    NoSuchName,
    /// A path that was named leads nowhere.
    #[error("there is no such file or folder")]
    NoSuchPath,
    /// A pattern is none.
    #[error("the pattern cannot be read: {0}")]
    Pattern(String),
    /// A folder was not listed, by an error of the system.
    #[error("it cannot be looked into: {0}")]
    NotListed(String),
    /// A batch of a run has no tally.
    #[error("its batch {0} left no tally, because whatever was to read it failed: run the audit again")]
    NoTally(u32),
    /// A batch of a run has a tally that is not as it was written.
    #[error("its batch {batch} left a tally that cannot be read: run the audit again: {cause}")]
    DamagedTally {
        /// The batch.
        batch: u32,
        /// What is wrong with the tally.
        cause: String,
    },
    /// A tally has rows, and not what they say.
    #[error("rows of the tally whose evidence it lacks: {0}; scan their files again")]
    RowsWithoutEvidence(u64),
    /// Whatever a service answered: its text is the same in every language.
    #[error("{0}")]
    Said(String),
}
