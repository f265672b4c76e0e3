//! The difference between two texts, line by line, as `diff -u` writes it.

/// How many lines around a change are shown.
const AROUND: usize = 3;

/// A line of a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Line<'t> {
    /// It stands in both.
    Same(&'t str),
    /// It stands in the first only.
    Gone(&'t str),
    /// It stands in the second only.
    New(&'t str),
    /// So many lines that stand in both are left out here.
    LeftOut(usize),
}

/// Compares two texts of some hundred lines.
pub(crate) fn lines<'t>(before: &'t str, after: &'t str) -> Vec<Line<'t>> {
    let (old, new): (Vec<&str>, Vec<&str>) = (before.lines().collect(), after.lines().collect());
    // How long the longest run of common lines is from each pair of places on.
    let width = new.len() + 1;
    let mut common = vec![0_usize; (old.len() + 1) * width];
    let at = |common: &[usize], i: usize, j: usize| common.get(i * width + j).copied().unwrap_or_default();
    for (i, gone) in old.iter().enumerate().rev() {
        for (j, line) in new.iter().enumerate().rev() {
            let longest = if gone == line {
                at(&common, i + 1, j + 1) + 1
            } else {
                at(&common, i + 1, j).max(at(&common, i, j + 1))
            };
            if let Some(cell) = common.get_mut(i * width + j) {
                *cell = longest;
            }
        }
    }
    let (mut i, mut j, mut all) = (0, 0, Vec::new());
    loop {
        match (old.get(i), new.get(j)) {
            (Some(gone), Some(line)) if gone == line => {
                all.push(Line::Same(line));
                (i, j) = (i + 1, j + 1);
            }
            (Some(gone), other) if other.is_none() || at(&common, i + 1, j) >= at(&common, i, j + 1) => {
                all.push(Line::Gone(gone));
                i += 1;
            }
            (_, Some(line)) => {
                all.push(Line::New(line));
                j += 1;
            }
            _ => return shortened(&all),
        }
    }
}

/// Leaves out what is the same and far from every change.
fn shortened<'t>(all: &[Line<'t>]) -> Vec<Line<'t>> {
    let mut shown = Vec::new();
    let mut left_out = 0;
    for (place, line) in all.iter().enumerate() {
        let near = all
            .iter()
            .skip(place.saturating_sub(AROUND))
            .take(place.min(AROUND) + AROUND + 1)
            .any(|line| !matches!(line, Line::Same(_)));
        if near {
            if left_out > 0 {
                shown.push(Line::LeftOut(left_out));
            }
            left_out = 0;
            shown.push(*line);
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 && !shown.is_empty() {
        shown.push(Line::LeftOut(left_out));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_shown_with_the_lines_around_them() {
        let before = "a\nb\nc\nd\ne\nf\ng\nh\ni\nj";
        let after = "a\nb\nc\nd\nE\nf\ng\nh\ni\nj\nk";
        assert_eq!(
            lines(before, after),
            [
                Line::LeftOut(1),
                Line::Same("b"),
                Line::Same("c"),
                Line::Same("d"),
                Line::Gone("e"),
                Line::New("E"),
                Line::Same("f"),
                Line::Same("g"),
                Line::Same("h"),
                Line::Same("i"),
                Line::Same("j"),
                Line::New("k"),
            ]
        );
        assert_eq!(lines(before, before), []);
        assert_eq!(lines("", "a"), [Line::New("a")]);
    }
}
