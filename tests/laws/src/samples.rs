//! What stands beside the repository, if at all, for it carries other projects' licences: real records and
//! published service control policies.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// Returns what a sample holds, by its path among the samples. Where there are no samples beside the repository
/// it says so and returns `None`; one that is missing from among others is an error.
///
/// # Errors
///
/// Fails if the samples are there and this one cannot be read.
pub fn read(path: &str) -> io::Result<Option<Vec<u8>>> {
    let Some(folder) = folder() else { return Ok(None) };
    fs::read(folder.join(path)).map(Some)
}

/// Returns every file of a folder of the samples by its name without the ending, or `None` as [`read`] does.
///
/// # Errors
///
/// Fails if the samples are there and one of these cannot be read.
pub fn read_all(path: &str) -> io::Result<Option<BTreeMap<String, Vec<u8>>>> {
    let Some(folder) = folder() else { return Ok(None) };
    let files = fs::read_dir(folder.join(path))?.map(|file| {
        let file = file?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, fs::read(file)?))
    });
    files.collect::<io::Result<_>>().map(Some)
}

/// Returns where a folder of the samples is, or `None` as [`read`] does.
#[must_use]
pub fn folder_of(path: &str) -> Option<PathBuf> {
    folder().map(|folder| folder.join(path))
}

fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples");
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}
