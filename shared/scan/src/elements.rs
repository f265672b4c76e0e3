//! Finds the elements of a list of objects, aware of texts, without reading what is in them.
//!
//! Brackets are counted outside texts; that they match, and all else of JSON, is left to whoever
//! reads an element. Each element is told with whether it can be about Bedrock at all: only if a
//! text in it begins with `bedrock`, or if an escape `\u` may hide one.

use std::ops::{ControlFlow, Range};

use fearless_simd::{Level, dispatch, prelude::*};

use crate::signs::{BLOCK, Carried, Classes, Signs, classify};

/// How deep an element may go: as deep as the parser does that reads it.
const DEEPEST: u32 = 128;

/// Where so many brackets or fewer are open whatever is done in a block, and one at the least, an element goes on behind
/// it, and not too deep.
const PASSED: u32 = DEEPEST - u64::BITS;

/// How many blocks are classified before the first of them is read.
const TOGETHER: usize = 32;

/// Why no further element was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The text ends before the list does. All before this offset was told.
    Unfinished(usize),
    /// The list ends, with its bracket before this offset.
    End(usize),
    /// Whoever was told wants no more, of an element that ends before this offset.
    Enough(usize),
    /// What follows this offset is no object, or nothing that can stand between two.
    Odd(usize),
}

/// Takes in where an element stands, and whether it can be about Bedrock.
pub(crate) trait Tell: FnMut(Range<usize>, bool) -> ControlFlow<()> {}

impl<T: FnMut(Range<usize>, bool) -> ControlFlow<()>> Tell for T {}

/// Tells of every element in `text`, which begins inside a list, before or after an element.
///
/// `first` says that no element stands before it, so that none needs a comma.
pub(crate) fn each(level: Level, text: &[u8], first: bool, mut tell: impl Tell) -> Stop {
    let elements = Elements {
        text,
        tell: &mut tell,
        before: if first { None } else { Some(0) },
        start: 0,
        depth: 0,
        least: 0,
        at: 0,
        carried: Carried::NOTHING,
        last_hit: None,
    };
    let mut classes = [[0; 8]; TOGETHER];
    dispatch!(level, simd => elements.read(simd, &mut classes))
}

struct Elements<'a> {
    text: &'a [u8],
    tell: &'a mut dyn Tell,
    /// The end of the element before; `None` before the first.
    before: Option<usize>,
    /// Where the element begins that is being read.
    start: usize,
    /// How many brackets are open where a block begins.
    depth: u32,
    /// How many were if all that close in it did so first.
    least: u32,
    at: usize,
    carried: Carried,
    /// Where something last stood that may be about Bedrock.
    last_hit: Option<usize>,
}

impl Elements<'_> {
    /// Returns up to where all was told.
    fn told(&self) -> usize {
        self.before.unwrap_or(0)
    }

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn read<S: Simd>(mut self, simd: S, classes: &mut [Classes; TOGETHER]) -> Stop {
        let (blocks, rest) = self.text.as_chunks::<BLOCK>();
        let (chunks, blocks) = blocks.as_chunks::<TOGETHER>();
        for chunk in chunks {
            let escapes = classify(simd, chunk, classes);
            if let Some(stop) = self.blocks(simd, classes, escapes) {
                return stop;
            }
        }
        let mut tail = [b' '; BLOCK];
        for (to, from) in tail.iter_mut().zip(rest) {
            *to = *from;
        }
        classify(simd, blocks, classes);
        let (those, _) = classes.split_at(blocks.len());
        if let Some(stop) = self.blocks(simd, those, true) {
            return stop;
        }
        classify(simd, &[tail], classes);
        let [classes, ..] = classes;
        let signs = Signs::of::<S, true>(simd, classes, &mut self.carried);
        self.least = self.depth.wrapping_sub(signs.closes.count_ones());
        self.closely(self.at, signs.opens, signs.closes, signs.candidates, signs.odd)
            .unwrap_or_else(|| Stop::Unfinished(self.told()))
    }

    /// Reads blocks whose classes are known; `escapes` says whether there may be a backslash among them.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn blocks<S: Simd>(&mut self, simd: S, classes: &[Classes], escapes: bool) -> Option<Stop> {
        if escapes || self.carried.escaped != 0 {
            self.signs::<S, true>(simd, classes)
        } else {
            self.signs::<S, false>(simd, classes)
        }
    }

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the processor's own registers"
    )]
    #[inline(always)]
    fn signs<S: Simd, const ESCAPES: bool>(&mut self, simd: S, classes: &[Classes]) -> Option<Stop> {
        let (mut carried, mut depth, mut at) = (self.carried, self.depth, self.at);
        for classes in classes {
            let signs = Signs::of::<S, ESCAPES>(simd, classes, &mut carried);
            // Where an element goes on behind this block whatever the order of its brackets, as most do.
            let least = u32::wrapping_sub(depth, signs.closes.count_ones());
            if least.wrapping_sub(1) >= PASSED || signs.candidates | signs.odd != 0 {
                (self.depth, self.least) = (depth, least);
                if let Some(stop) = self.closely(at, signs.opens, signs.closes, signs.candidates, signs.odd) {
                    return Some(stop);
                }
            }
            depth = least.wrapping_add(signs.opens.count_ones());
            at += BLOCK;
        }
        (self.carried, self.depth, self.at) = (carried, depth, at);
        None
    }

    /// Reads a block in which an element may begin or end, or something be about Bedrock.
    #[inline(never)]
    fn closely(&mut self, at: usize, opens: u64, closes: u64, candidates: u64, odd: u64) -> Option<Stop> {
        if odd != 0 {
            // What stands before it is read all the same, so that nothing depends on where blocks begin.
            let before = (odd & odd.wrapping_neg()) - 1;
            self.least = self.depth.wrapping_sub((closes & before).count_ones());
            let stop = self.closely(at, opens & before, closes & before, candidates & before, 0);
            return stop.or_else(|| Some(Stop::Odd(self.told())));
        }
        let hits = if candidates == 0 { 0 } else { self.hits(at, candidates) };
        if self.least == 0 && self.depth > 0 {
            // What opens before the first that closes is open while others close.
            if opens & (closes ^ closes.wrapping_sub(1)) != 0 {
                self.hit(at, hits);
                return None;
            }
            let last = closes.checked_ilog2().unwrap_or(0);
            let end = at + last as usize;
            let begins = opens.unbounded_shr(last + 1) & 2 != 0 && opens & (u64::MAX >> (63 - last)) == 0;
            if begins && hits == 0 && self.text.get(end..).is_some_and(|text| text.starts_with(b"},{")) {
                // One ends before the next begins, directly behind it, and that goes on behind this block, as most do.
                let told = self.tell(end);
                self.start = end + 2;
                return told;
            }
        } else if self.least.wrapping_sub(1) < PASSED {
            self.hit(at, hits);
            return None;
        }
        self.more_closely(at, opens, closes, hits)
    }

    /// Reads a block bracket by bracket.
    #[inline(never)]
    fn more_closely(&mut self, at: usize, opens: u64, closes: u64, mut hits: u64) -> Option<Stop> {
        let mut brackets = opens | closes;
        while brackets != 0 {
            let bit = brackets & brackets.wrapping_neg();
            let place = at + bit.trailing_zeros() as usize;
            if opens & bit != 0 {
                if self.depth == 0 {
                    if !self.may_begin(place) {
                        return Some(Stop::Odd(self.told()));
                    }
                    self.start = place;
                    if bit > closes {
                        // It goes on behind this block.
                        break;
                    }
                }
                self.depth += 1;
                if self.depth > DEEPEST {
                    return Some(Stop::Odd(self.told()));
                }
            } else {
                self.depth = match self.depth {
                    0 if self.may_end(place) => return Some(Stop::End(place + 1)),
                    0 => return Some(Stop::Odd(self.told())),
                    depth => depth - 1,
                };
                if self.depth == 0 {
                    if self.text.get(place) != Some(&b'}') {
                        return Some(Stop::Odd(self.told()));
                    }
                    let before = hits & (bit - 1);
                    self.hit(at, before);
                    hits ^= before;
                    if let Some(stop) = self.tell(place) {
                        return Some(stop);
                    }
                }
            }
            brackets ^= bit;
        }
        self.hit(at, hits);
        None
    }

    /// Tells of the element that ends with a bracket.
    fn tell(&mut self, bracket: usize) -> Option<Stop> {
        let end = bracket + 1;
        self.before = Some(end);
        let hit = self.last_hit.is_some_and(|hit| hit >= self.start);
        (self.tell)(self.start..end, hit)
            .is_break()
            .then_some(Stop::Enough(end))
    }

    /// Marks which candidates begin with `bedrock` or are an escape that may hide it.
    fn hits(&self, at: usize, mut candidates: u64) -> u64 {
        let mut hits = 0;
        while candidates != 0 {
            let bit = candidates & candidates.wrapping_neg();
            candidates ^= bit;
            let text = self.text.get(at + bit.trailing_zeros() as usize..).unwrap_or_default();
            if text.starts_with(b"bedrock") || text.starts_with(b"u") {
                hits |= bit;
            }
        }
        hits
    }

    /// Keeps where the last of hits is.
    fn hit(&mut self, at: usize, hits: u64) {
        if let Some(bit) = hits.checked_ilog2() {
            self.last_hit = Some(at + bit as usize);
        }
    }

    /// Tells whether an object can begin here: after one comma, unless it is the first.
    fn may_begin(&self, place: usize) -> bool {
        if self.text.get(place) != Some(&b'{') {
            return false;
        }
        let gap = self.text.get(self.before.unwrap_or(0)..place).unwrap_or_default();
        match (self.before, gap) {
            (Some(_), [byte]) => *byte == b',',
            (Some(_), _) => gap.trim_ascii() == b",",
            (None, _) => gap.trim_ascii().is_empty(),
        }
    }

    /// Tells whether the list can end here: directly after an element, or empty.
    fn may_end(&self, place: usize) -> bool {
        let gap = self.text.get(self.before.unwrap_or(0)..place).unwrap_or_default();
        self.text.get(place) == Some(&b']') && gap.trim_ascii().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, de::Deserializer, value::RawValue};

    use super::*;

    fn part(text: &str, range: Range<usize>) -> String {
        text.get(range).unwrap().to_owned()
    }

    fn behind(text: &str, at: usize) -> &str {
        text.get(at..).unwrap()
    }

    fn found(text: &str) -> (Vec<(String, bool)>, Stop) {
        let mut elements = Vec::new();
        let stop = each(Level::new(), text.as_bytes(), true, |range, hit| {
            elements.push((part(text, range), hit));
            ControlFlow::Continue(())
        });
        (elements, stop)
    }

    /// The same by a parser of all of JSON.
    fn expected(list: &str) -> Vec<(String, bool)> {
        let elements: Vec<&RawValue> = serde_json::from_str(list).unwrap();
        elements
            .iter()
            .map(|element| {
                let raw = element.get();
                let plain = raw.replace(r"\\", "xx").replace("\\\"", "xx");
                (raw.to_owned(), plain.contains("\"bedrock") || plain.contains("\\u"))
            })
            .collect()
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = r#"(bedrock|aws\.bedrock|\\|"|[{}\[\],:]|\u{1}|é|[a-z ]){0,12}"#;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            text.prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(text, inner, 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        let name = r"(bedrock|[a-z]){0,3}";
        prop::collection::btree_map(name, value(), 0..6)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn elements_are_those_of_the_parser(objects in prop::collection::vec(object(), 0..8), pretty: bool, pad in 0..70_usize) {
            let list = if pretty { serde_json::to_string_pretty(&objects) } else { serde_json::to_string(&objects) }.unwrap();
            let list = format!("[{}{}", " ".repeat(pad), behind(&list, 1));
            let (elements, stop) = found(behind(&list, 1));
            prop_assert_eq!(stop, Stop::End(list.len() - 1));
            prop_assert_eq!(elements, expected(&list));
        }

        #[test]
        fn what_is_cut_off_is_told_up_to_the_last_whole_element(objects in prop::collection::vec(object(), 1..6), cut: prop::sample::Index) {
            let list = serde_json::to_string(&objects).unwrap();
            let places: Vec<usize> = (1..list.len() - 1).filter(|at| list.is_char_boundary(*at)).collect();
            let cut = *cut.get(&places);
            let (elements, stop) = found(list.get(1..cut).unwrap());
            let Stop::Unfinished(told) = stop else { panic!("{stop:?}") };
            let all = expected(&list);
            prop_assert_eq!(&elements[..], &all[..elements.len()]);
            // What is left to read is the rest of the list.
            let rest = behind(&list, 1 + told);
            let mut left = Vec::new();
            let stop = each(Level::new(), rest.as_bytes(), elements.is_empty(), |range, hit| {
                left.push((part(rest, range), hit));
                ControlFlow::Continue(())
            });
            prop_assert_eq!(stop, Stop::End(rest.len()));
            prop_assert_eq!(&left[..], &all[elements.len()..]);
        }
    }

    #[test]
    fn what_is_no_list_of_objects_is_odd() {
        for (text, told, stop) in [
            ("]", 0, Stop::End(1)),
            (" ]", 0, Stop::End(2)),
            ("{}]", 1, Stop::End(3)),
            ("null]", 0, Stop::Odd(0)),
            ("{},null]", 1, Stop::Odd(2)),
            ("{},null,{}]", 1, Stop::Odd(2)),
            ("{},[{}]]", 1, Stop::Odd(2)),
            ("{},{},]", 2, Stop::Odd(5)),
            ("{}{}]", 1, Stop::Odd(2)),
            (",{}]", 0, Stop::Odd(0)),
            ("{]", 0, Stop::Odd(0)),
            ("{}}", 1, Stop::Odd(2)),
            ("{},\"{\",{}]", 1, Stop::Odd(2)),
            ("{},{\"a\":\"b\"c\",\"d\":\"},{\"}]", 1, Stop::Odd(2)),
            ("", 0, Stop::Unfinished(0)),
            ("{\"a\":\"}", 0, Stop::Unfinished(0)),
            ("{} , ", 1, Stop::Unfinished(2)),
        ] {
            let (elements, stopped) = found(text);
            assert_eq!((elements.len(), stopped), (told, stop), "{text}");
        }
    }

    #[test]
    fn what_stands_before_something_odd_is_told_wherever_blocks_begin() {
        for pad in 0..BLOCK {
            for (behind, told) in [("", 1), (",{\"a\":\"\"}", 2)] {
                let text = format!("{}{{\"a\":[{{}}]}}{behind},{{\"a\":\"\"b\"}}]", " ".repeat(pad));
                let (elements, stop) = found(&text);
                assert_eq!(elements.len(), told, "{text}");
                assert_eq!(stop, Stop::Odd(pad + 10 + behind.len()), "{text}");
            }
        }
    }

    #[test]
    fn an_escape_at_the_end_of_a_block_is_one_in_the_next() {
        for pad in 0..130 {
            for (text, hit) in [
                (r#"{"a":"\u0062edrock"}"#, true),
                (r#"{"a":"\\u0062edrock"}"#, false),
                (r#"{"a":"\\\u0062edrock"}"#, true),
                (r#"{"a":"bedrock.amazonaws.com"}"#, true),
                (r#"{"a":"\"bedrock.amazonaws.com"}"#, false),
                (r#"{"a":"\"{[\\"}"#, false),
            ] {
                let text = format!("{}{text},{{}}]", " ".repeat(pad));
                let (elements, stop) = found(&text);
                assert_eq!(stop, Stop::End(text.len()));
                assert_eq!(
                    elements.iter().map(|(_, hit)| *hit).collect::<Vec<_>>(),
                    [hit, false],
                    "{text}"
                );
                Deserializer::from_str(&format!("[{text}"))
                    .into_iter::<Value>()
                    .next()
                    .unwrap()
                    .unwrap();
            }
        }
    }
}
