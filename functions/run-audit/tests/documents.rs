//! What people read in two languages must tell them to do the same.

#![expect(clippy::unwrap_used, reason = "a test stops at what it does not expect")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use run_audit::{Console, Status};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Returns each document that has a Japanese version, with that.
fn pairs() -> Vec<(PathBuf, PathBuf)> {
    let folders = [root(), root().join("docs")];
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path());
    files
        .filter_map(|japanese| {
            let name = japanese.file_name()?.to_str()?.strip_suffix(".ja.md")?.to_owned();
            Some((japanese.with_file_name(format!("{name}.md")), japanese))
        })
        .collect()
}

/// What must be the same in every language.
#[derive(Debug, PartialEq, Eq)]
struct Skeleton {
    /// The lines of code blocks, without comments; of a mail, which is in the reader's language, how many.
    blocks: Vec<String>,
    /// How many headings there are of each level.
    headings: BTreeMap<usize, usize>,
    /// How many rows of tables.
    rows: usize,
    /// What stands in backticks: commands, options, names.
    code: BTreeSet<String>,
}

impl Skeleton {
    fn of(text: &str) -> Self {
        let mut skeleton = Self {
            blocks: Vec::new(),
            headings: BTreeMap::new(),
            rows: 0,
            code: BTreeSet::new(),
        };
        let (mut inside, mut quoted, mut generated, mut prose) = (false, false, false, String::new());
        for line in text.lines() {
            if line.starts_with("<!-- ") {
                // What a command writes into a document stands in one language.
                generated = !line.starts_with("<!-- /");
            } else if generated {
            } else if line.starts_with("```") {
                inside = !inside;
                quoted = line == "```text";
            } else if quoted {
                skeleton.blocks.push(String::new());
            } else if inside {
                // A comment may be in the reader's language; an empty line says nothing.
                let code = line.split(" # ").next().unwrap_or_default().trim_end();
                // Each reader's language is the one value that the example sets otherwise.
                let code = code.replace("language: ja", "language: en");
                let code = if code.starts_with('#') { "" } else { code.as_str() };
                skeleton.blocks.extend((!code.is_empty()).then(|| code.to_owned()));
            } else {
                let level = line.bytes().take_while(|byte| *byte == b'#').count();
                if level > 0 {
                    *skeleton.headings.entry(level).or_default() += 1;
                }
                skeleton.rows += usize::from(line.starts_with('|'));
                prose.push_str(line);
                prose.push('\n');
            }
        }
        let spans = prose.split('`').skip(1).step_by(2);
        skeleton.code = spans
            .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        skeleton
    }
}

#[test]
fn both_languages_say_to_do_the_same() {
    for (english, japanese) in pairs() {
        let [en, ja] = [&english, &japanese].map(|path| Skeleton::of(&fs::read_to_string(path).unwrap()));
        let name = japanese.display();
        assert_eq!(en.blocks, ja.blocks, "{name}: code blocks differ");
        let missing: Vec<_> = en.code.symmetric_difference(&ja.code).collect();
        assert!(missing.is_empty(), "{name}: in one language only: {missing:?}");
        assert_eq!(
            (en.headings, en.rows),
            (ja.headings, ja.rows),
            "{name}: headings or rows differ"
        );
    }
}

#[test]
fn each_language_leads_to_the_other() {
    assert!(!pairs().is_empty());
    for (english, japanese) in pairs() {
        for (from, to) in [(&english, &japanese), (&japanese, &english)] {
            let text = fs::read_to_string(from).unwrap();
            let link = format!("]({})", to.file_name().unwrap().to_str().unwrap());
            let top: String = text.lines().take(5).collect();
            assert!(top.contains(&link), "{} lacks {link} at its top", from.display());
        }
    }
}

#[test]
fn links_inside_the_repository_lead_somewhere() {
    for path in pairs().into_iter().flat_map(|(english, japanese)| [english, japanese]) {
        let text = fs::read_to_string(&path).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            if link.contains("://") {
                continue;
            }
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.with_file_name(file)
            };
            let found = fs::read_to_string(&target).ok();
            assert!(target.exists(), "{}: {link}", path.display());
            let Some(found) = found.filter(|_| !fragment.is_empty()) else {
                continue;
            };
            assert!(
                found
                    .lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|heading| anchor(heading) == fragment),
                "{}: {link}",
                path.display()
            );
        }
    }
}

/// `crisguard controls --format markdown [--lang ja] > docs/controls[.ja].md` writes them anew.
#[test]
fn the_list_of_controls_is_current() {
    for (language, name) in [("en", "controls.md"), ("ja", "controls.ja.md")] {
        let mut output = Vec::new();
        let mut console = Console {
            input: &mut io::empty(),
            output: &mut output,
            errors: &mut io::sink(),
            width: 100,
            watched: false,
        };
        let arguments = ["crisguard", "controls", "--format", "markdown", "--lang", language];
        let status = run_audit::run(arguments, &mut console, jiff::Timestamp::UNIX_EPOCH);
        assert_eq!(status, Status::Clean);
        let document = fs::read_to_string(root().join("docs").join(name)).unwrap();
        assert!(
            document == String::from_utf8(output).unwrap(),
            "docs/{name} is not what the catalogue says: see the comment of this test"
        );
    }
}

/// Returns the anchor that a heading is given where the documents are shown.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim();
    text.to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}
