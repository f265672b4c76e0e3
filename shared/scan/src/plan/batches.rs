//! Objects cut into batches, each of which one invocation reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The most bytes of a batch's line: a state of a state machine holds 256 KiB
/// (<https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>).
pub const LARGEST_LINE: usize = 200_000;
/// What a line has besides its folders, and a folder besides its name and files, at most.
const FRAME: usize = 64;

/// How large batches are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes of a batch's objects; an object that has more is a batch by itself.
    pub bytes: u64,
    /// The most bytes of its line.
    pub line: usize,
}

/// An object's place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
}

/// What was found in buckets: each object once, in the order of buckets and keys, however it was listed.
///
/// A folder's name is kept once for all its files: there are millions of them, in thousands of folders.
#[derive(Clone, Debug)]
pub struct Found {
    folders: BTreeMap<(String, String), BTreeMap<Box<str>, u64>>,
    objects: u64,
    bytes: u64,
}

/// A batch, as a line of a plan has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Its number, from 1.
    pub batch: u32,
    /// Its objects, by their folders.
    folders: Vec<Together>,
}

/// Objects whose keys have the same beginning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Together {
    bucket: String,
    /// What the keys begin with, the slash at its end included.
    folder: String,
    /// What the keys go on with, and how many bytes each object has.
    files: Vec<(Box<str>, u64)>,
}

/// Cuts what was found.
#[derive(Debug)]
struct Batches<I: Iterator<Item = Together>> {
    limits: Limits,
    number: u32,
    folders: I,
    rest: Option<Together>,
}

impl Found {
    /// Begins without any object.
    #[must_use]
    pub const fn nothing() -> Self {
        Self {
            folders: BTreeMap::new(),
            objects: 0,
            bytes: 0,
        }
    }

    /// Takes an object in.
    pub fn add(&mut self, bucket: &str, key: &str, size: u64) {
        let start = key.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, name) = key.split_at_checked(start).unwrap_or((key, ""));
        let folder = self.folders.entry((bucket.to_owned(), folder.to_owned())).or_default();
        if let Some(known) = folder.insert(name.into(), size) {
            // It was listed twice, because prefixes overlap.
            self.bytes -= known;
        } else {
            self.objects += 1;
        }
        self.bytes += size;
    }

    /// How many objects there are.
    #[must_use]
    pub const fn objects(&self) -> u64 {
        self.objects
    }

    /// How many bytes they have.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Cuts them into batches. The same objects are always cut in the same way.
    pub fn cut(self, limits: Limits) -> impl Iterator<Item = Batch> {
        Batches {
            limits,
            number: 0,
            folders: self.folders.into_iter().map(|((bucket, folder), files)| Together {
                bucket,
                folder,
                files: files.into_iter().collect(),
            }),
            rest: None,
        }
    }

    /// Lists them all.
    pub fn into_places(self) -> impl Iterator<Item = Place> {
        self.folders.into_iter().flat_map(|((bucket, folder), files)| {
            files.into_iter().map(move |(name, size)| Place {
                bucket: bucket.clone(),
                key: format!("{folder}{name}"),
                size,
            })
        })
    }
}

impl Batch {
    /// Lists its objects.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.folders.iter().flat_map(|folder| {
            folder.files.iter().map(|(name, size)| Place {
                bucket: folder.bucket.clone(),
                key: format!("{}{name}", folder.folder),
                size: *size,
            })
        })
    }
}

impl<I: Iterator<Item = Together>> Iterator for Batches<I> {
    type Item = Batch;

    fn next(&mut self) -> Option<Batch> {
        let (mut bytes, mut line, mut folders) = (0_u64, FRAME, Vec::new());
        while let Some(mut folder) = self.rest.take().or_else(|| self.folders.next()) {
            line += FRAME + written(&folder.bucket) + written(&folder.folder);
            let fits = folder.files.iter().take_while(|(name, size)| {
                bytes += size;
                // A comma, brackets, and the digits of the size.
                line += written(name) + 24;
                bytes <= self.limits.bytes && line <= self.limits.line
            });
            // What does not fit anywhere is alone.
            let fitting = fits.count().max(usize::from(folders.is_empty()));
            let rest = folder.files.split_off(fitting.min(folder.files.len()));
            let (bucket, name) = (folder.bucket.clone(), folder.folder.clone());
            if !folder.files.is_empty() {
                folders.push(folder);
            }
            if !rest.is_empty() {
                self.rest = Some(Together {
                    bucket,
                    folder: name,
                    files: rest,
                });
                break;
            }
        }
        if folders.is_empty() {
            return None;
        }
        self.number += 1;
        Some(Batch {
            batch: self.number,
            folders,
        })
    }
}

/// How many bytes a text has in JSON, at most: what has to be escaped has six.
fn written(text: &str) -> usize {
    let escaped = text
        .bytes()
        .filter(|byte| *byte < b' ' || b"\"\\".contains(byte))
        .count();
    text.len() + 5 * escaped + 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: Limits = Limits {
        bytes: 100,
        line: LARGEST_LINE,
    };

    fn found(objects: &[(&str, u64)]) -> Found {
        let mut found = Found::nothing();
        for (key, size) in objects {
            found.add("b", key, *size);
        }
        found
    }

    fn cut(objects: &[(&str, u64)]) -> Vec<Vec<String>> {
        let batches = found(objects).cut(LIMITS).enumerate();
        let keys = |(number, batch): (usize, Batch)| {
            assert_eq!(usize::try_from(batch.batch).unwrap(), number + 1);
            batch.places().map(|place| place.key).collect()
        };
        batches.map(keys).collect()
    }

    #[test]
    fn a_batch_is_as_full_as_it_may_be() {
        assert_eq!(
            cut(&[("d/a", 50), ("d/b", 50), ("d/c", 1), ("e/a", 99), ("e/b", 1)]),
            [vec!["d/a", "d/b"], vec!["d/c", "e/a"], vec!["e/b"]]
        );
        assert_eq!(cut(&[]), Vec::<Vec<String>>::new());
    }

    #[test]
    fn what_is_larger_than_a_batch_is_one_by_itself() {
        assert_eq!(
            cut(&[("a", 1), ("b", 1000), ("c", 1), ("d/e", 100)]),
            [vec!["a"], vec!["b"], vec!["c"], vec!["d/e"]]
        );
        assert_eq!(cut(&[("a", 0), ("b", 0)]), [vec!["a", "b"]]);
    }

    #[test]
    fn what_is_listed_twice_is_there_once() {
        let found = found(&[("a/b", 7), ("a/b", 7), ("c", 1)]);
        assert_eq!((found.objects(), found.bytes()), (2, 8));
        assert_eq!(found.into_places().count(), 2);
    }

    #[test]
    fn a_line_is_short_and_its_fields_are_known() {
        let (batch,) = (found(&[("d/\"a\"", 3), ("e", 4)]).cut(LIMITS).next().unwrap(),);
        let line = serde_json::to_string(&batch).unwrap();
        assert_eq!(
            line,
            r#"{"batch":1,"folders":[{"bucket":"b","folder":"","files":[["e",4]]},{"bucket":"b","folder":"d/","files":[["\"a\"",3]]}]}"#
        );
        assert_eq!(serde_json::from_str::<Batch>(&line).unwrap(), batch);
        assert!(serde_json::from_str::<Batch>(&line.replace("\"batch\"", "\"more\":1,\"batch\"")).is_err());
    }

    proptest! {
        /// Whatever is found is in one batch, in the same order, and no batch has more than it may.
        #[test]
        fn every_object_is_in_one_batch(
            objects in proptest::collection::btree_map("[ab]{0,2}/?[a-c\"\u{1}日]{1,4}", 0_u64..150, 0..60),
            bytes in 1_u64..200,
            line in 150_usize..400,
        ) {
            let mut found = Found::nothing();
            for (key, size) in &objects {
                found.add("bucket", key, *size);
            }
            let places: Vec<Place> = found.clone().into_places().collect();
            prop_assert_eq!(places.len(), objects.len());
            let batches: Vec<Batch> = found.cut(Limits { bytes, line }).collect();
            let cut: Vec<Place> = batches.iter().flat_map(Batch::places).collect();
            prop_assert_eq!(cut, places);
            for batch in &batches {
                let sizes: Vec<u64> = batch.places().map(|place| place.size).collect();
                let written = serde_json::to_string(batch).unwrap();
                prop_assert!(sizes.len() == 1 || sizes.iter().sum::<u64>() <= bytes);
                prop_assert!(sizes.len() == 1 || written.len() <= line, "{} {}", written.len(), written);
            }
        }
    }
}
