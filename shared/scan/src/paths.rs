//! From what is asked for to the files that are there.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Component, Path, PathBuf},
};

use crisguard_core::tally::{FileKind, Unread};
use globset::{GlobBuilder, GlobMatcher};
use walkdir::{DirEntry, WalkDir};

use crate::source::{Content, Source};

/// Finds the files that are meant by paths, folders and globs, in the order of their names; what is not there is found as
/// no file ([`Content::NoFile`]), and what cannot be looked into as unreadable.
///
/// Folders are read with all folders in them; names that begin with a dot are passed over there, and so are digests and
/// Insights, as in S3 ([`crate::plan::Wanted`]): a trail has more digests than days, and none of them has a record. Links
/// are followed, but not round and round.
pub fn paths(patterns: &[OsString]) -> impl Iterator<Item = Source> + use<> {
    let all: Vec<_> = patterns.iter().map(|pattern| found(pattern)).collect();
    all.into_iter().flatten()
}

fn found(pattern: &OsStr) -> Box<dyn Iterator<Item = Source>> {
    let path = PathBuf::from(pattern);
    // What is named itself may be a pipe, such as a shell makes of `<(command)`; in folders those are passed over.
    if path.exists() && !path.is_dir() {
        return Box::new(std::iter::once(file(path)));
    }
    if path.exists() {
        // Beside other folders it would not be missed: what was to be in it is not known to be nothing.
        return or_no_file(under(path.clone(), None), &path, Unread::NoFileInFolder);
    }
    match glob(pattern) {
        Some(Ok((folder, glob))) => or_no_file(under(folder, Some(glob)), &path, Unread::NoSuchName),
        Some(Err(why)) => Box::new(std::iter::once(no_file(&path, why))),
        None => Box::new(std::iter::once(no_file(&path, Unread::NoSuchPath))),
    }
}

/// Returns what was found; where it is nothing, that there is nothing.
fn or_no_file(
    files: impl Iterator<Item = Source> + 'static,
    path: &Path,
    why: Unread,
) -> Box<dyn Iterator<Item = Source>> {
    let mut files = files.peekable();
    if files.peek().is_some() {
        Box::new(files)
    } else {
        Box::new(std::iter::once(no_file(path, why)))
    }
}

/// Reads a pattern with wildcards: the folder that it begins with, and what the paths in it must be like.
fn glob(pattern: &OsStr) -> Option<Result<(PathBuf, GlobMatcher), Unread>> {
    const WILD: [char; 4] = ['*', '?', '[', '{'];
    let text = pattern.to_str()?;
    if !text.contains(WILD) {
        return None;
    }
    let plain = |part: &Component<'_>| part.as_os_str().to_str().is_some_and(|part| !part.contains(WILD));
    let folder: PathBuf = Path::new(text).components().take_while(plain).collect();
    let glob = GlobBuilder::new(text).literal_separator(true).build();
    Some(match glob {
        Ok(glob) => Ok((folder, glob.compile_matcher())),
        Err(error) => Err(Unread::Pattern(error.kind().to_string())),
    })
}

/// Finds all files in a folder that are like a pattern.
fn under(folder: PathBuf, glob: Option<GlobMatcher>) -> impl Iterator<Item = Source> {
    // Without a name, a folder is the one that the command was run in; it is not to stand in the names of its files.
    let here = folder.as_os_str().is_empty();
    let root = if here { PathBuf::from(".") } else { folder };
    let named = move |path: &Path| {
        let in_it = path.strip_prefix(".").ok().filter(|_| here);
        in_it
            .filter(|name| !name.as_os_str().is_empty())
            .unwrap_or(path)
            .to_owned()
    };
    WalkDir::new(&root)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry))
        .filter_map(move |entry| match entry {
            Ok(entry) if entry.file_type().is_file() => {
                let path = named(entry.path());
                let wanted = glob.as_ref().is_none_or(|glob| glob.is_match(&path)) && !has_no_record(&path);
                wanted.then(|| file(path))
            }
            Ok(_) => None,
            Err(error) => {
                // A list that breaks off names no path.
                let path = named(error.path().unwrap_or(&root));
                // Without a reason it is a link that leads back: what is there is read where it is.
                not_looked_into(&path, &error.into_io_error()?, glob.as_ref())
            }
        })
}

/// Tells whether CloudTrail puts no record of a call into a file, by its path.
fn has_no_record(path: &Path) -> bool {
    let kind = path.to_str().map(FileKind::of);
    matches!(kind, Some(FileKind::Digest | FileKind::Insight))
}

/// Tells of what could not be looked into, unless it is not there and would not have been wanted: whatever else it is,
/// there may be files in it.
fn not_looked_into(path: &Path, error: &io::Error, glob: Option<&GlobMatcher>) -> Option<Source> {
    let wanted = glob.is_none_or(|glob| glob.is_match(path)) || error.kind() != io::ErrorKind::NotFound;
    let content = Content::Unreadable(Unread::NotListed(error.to_string()));
    wanted.then(|| named(path, content))
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn file(path: PathBuf) -> Source {
    Source {
        name: path.display().to_string(),
        content: Content::File(path),
    }
}

fn no_file(path: &Path, why: Unread) -> Source {
    named(path, Content::NoFile(why))
}

fn named(path: &Path, content: Content) -> Source {
    Source {
        name: path.display().to_string(),
        content,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(folder: &Path, patterns: &[&str]) -> Vec<String> {
        let patterns: Vec<OsString> = patterns.iter().map(|pattern| folder.join(pattern).into()).collect();
        paths(&patterns)
            .map(|source| {
                let name = source.name.strip_prefix(folder.to_str().unwrap()).unwrap().to_owned();
                match source.content {
                    Content::NoFile(why) | Content::Unreadable(why) => format!("{name}: {why}"),
                    _ => name,
                }
            })
            .collect()
    }

    #[test]
    fn files_are_found_in_order_and_what_is_not_there_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        for file in [
            "b/2.json",
            "b/c/1.json.gz",
            "a.json",
            "b/.hidden",
            ".git/x.json",
            "b/10.json",
        ] {
            let file = at.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "{}").unwrap();
        }
        assert_eq!(
            names(at, &[""]),
            ["/a.json", "/b/10.json", "/b/2.json", "/b/c/1.json.gz"]
        );
        assert_eq!(names(at, &["b/*.json"]), ["/b/10.json", "/b/2.json"]);
        assert_eq!(names(at, &["**/*.gz", "a.json"]), ["/b/c/1.json.gz", "/a.json"]);
        assert_eq!(names(at, &["b/{1,2}*.json"]), ["/b/10.json", "/b/2.json"]);
        fs::create_dir_all(at.join("empty/in")).unwrap();
        fs::write(at.join("empty/.hidden"), "{}").unwrap();
        assert_eq!(names(at, &["empty"]), ["/empty: there is no log file in this folder"]);
        assert_eq!(names(at, &["no"]), ["/no: there is no such file or folder"]);
        assert_eq!(names(at, &["no*"]), ["/no*: no file has such a name"]);
        assert!(names(at, &["["])[0].contains("cannot be read"));
        assert_eq!(names(at, &["b/.hidden"]), ["/b/.hidden"]);
        // What has signs of patterns in its name is meant if it is there.
        fs::write(at.join("x[1].json"), "{}").unwrap();
        assert_eq!(names(at, &["x[1].json"]), ["/x[1].json"]);
    }

    #[test]
    fn what_has_no_record_is_passed_over_in_folders() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let kinds = [
            "CloudTrail",
            "CloudTrail-Digest",
            "CloudTrail-Insight",
            "BedrockModelInvocationLogs",
        ];
        let path = |kind| format!("AWSLogs/111122223333/{kind}/us-east-1/2026/11/21/x.json.gz");
        for kind in kinds {
            let file = at.join(path(kind));
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "{}").unwrap();
        }
        let logs = [format!("/{}", path(kinds[3])), format!("/{}", path(kinds[0]))];
        for pattern in ["", "AWSLogs/**/*.gz"] {
            assert_eq!(names(at, &[pattern]), logs);
        }
        // Whoever names one is told what it is.
        assert_eq!(names(at, &[&path(kinds[1])]), [format!("/{}", path(kinds[1]))]);
        let none = "AWSLogs/111122223333/CloudTrail-Digest";
        assert_eq!(
            names(at, &[none]),
            [format!("/{none}: there is no log file in this folder")]
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_is_named_is_read_though_it_is_no_file() {
        let [source] = &paths(&["/dev/null".into()]).collect::<Vec<_>>()[..] else {
            panic!("not one source");
        };
        assert!(matches!(source.content, Content::File(_)), "{source:?}");
    }

    #[test]
    fn what_cannot_be_looked_into_may_have_files_in_it() {
        let glob = GlobBuilder::new("logs/*.json").build().unwrap().compile_matcher();
        let told = |path: &str, kind: io::ErrorKind| {
            let source = not_looked_into(Path::new(path), &kind.into(), Some(&glob))?;
            let Content::Unreadable(why) = source.content else {
                panic!("it is readable");
            };
            Some(format!("{}: {why}", source.name))
        };
        assert_eq!(
            told("logs", io::ErrorKind::PermissionDenied).unwrap(),
            "logs: it cannot be looked into: permission denied"
        );
        assert!(told("logs/a.json", io::ErrorKind::NotFound).is_some());
        assert_eq!(told("logs/a.txt", io::ErrorKind::NotFound), None);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_once() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        fs::create_dir(at.join("a")).unwrap();
        fs::write(at.join("a/1.json"), "{}").unwrap();
        std::os::unix::fs::symlink(at.join("a"), at.join("a/again")).unwrap();
        std::os::unix::fs::symlink(at.join("a/1.json"), at.join("link.json")).unwrap();
        std::os::unix::fs::symlink(at.join("nowhere"), at.join("broken.json")).unwrap();
        let names = names(at, &[""]);
        assert_eq!(
            (names.len(), &names[0], &names[2]),
            (3, &"/a/1.json".to_owned(), &"/link.json".to_owned())
        );
        assert!(
            names[1].starts_with("/broken.json: it cannot be looked into"),
            "{names:?}"
        );
    }
}
