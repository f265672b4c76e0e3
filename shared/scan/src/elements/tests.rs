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
    prop::collection::btree_map(name, value(), 0..6).prop_map(|members| Value::Object(members.into_iter().collect()))
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

/// All levels of registers that there are on this machine.
fn levels() -> Vec<Level> {
    let mut levels = vec![Level::new(), Level::baseline()];
    #[cfg(target_arch = "x86_64")]
    levels.extend(Level::new().as_avx2().map(Level::Avx2));
    levels
}

/// What each level tells of a text, the same for all.
fn of_every_level(text: &[u8]) -> (Vec<(Range<usize>, bool)>, Stop) {
    let mut told = levels().into_iter().map(|level| {
        let mut elements = Vec::new();
        let stop = each(level, text, true, |range, hit| {
            elements.push((range, hit));
            ControlFlow::Continue(())
        });
        (elements, stop)
    });
    let first = told.next().unwrap();
    for other in told {
        assert_eq!(other, first, "{}", String::from_utf8_lossy(text));
    }
    first
}

#[test]
fn every_level_finds_the_same_elements() {
    let parts: [&[u8]; 24] = [
        b"},{",
        b"},{",
        b"},{",
        b"{\"a\":1}",
        b",{}",
        b"\"a\":",
        b"\"a\":{\"b\":[1,2,3]},",
        b"\"x}\",",
        b"\"{[\",",
        b"\"bedrock.amazonaws.com\",",
        b"\"be\",",
        b"\"b\",",
        b"\"\\\"\",",
        b"\"\\\\\",",
        b"\"\\\\\\\"}\",",
        b"\"\\u0062edrock\",",
        b"123456789,",
        b" \n  ",
        // Bytes that are those of signs but for their highest bit.
        b"\"\xa2\xdb\xdc\xdd\xfb\xfd\xe2\xe5\",",
        b"[[[[[[[[]]]]]]]],",
        b"]",
        b"}",
        b"\"",
        b"x",
    ];
    let mut random = 1_u64;
    let mut below = |bound: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 33) as usize % bound
    };
    for round in 0..1_000 {
        // Mostly of what goes on, so that some reach beyond what is looked at together.
        let (whole, length) = (below(4) + 19, below(if round % 20 == 0 { 30_000 } else { 3_000 }));
        let mut text = b"{\"a\":0".to_vec();
        while text.len() < length {
            let most = if below(200) == 0 { parts.len() } else { whole.min(20) };
            text.extend_from_slice(parts[below(most)]);
        }
        text.extend_from_slice(b"}]");
        of_every_level(&text);
    }
}

#[test]
fn every_level_finds_the_same_where_something_is_amiss() {
    let record = r#"{"eventVersion":"1.11","userIdentity":{"arn":"arn:aws:sts::111122223333:assumed-role/a/b"},"requestParameters":{"path":"C:\\x\\","q":"\"[{"},"eventSource":"bedrock.amazonaws.com","resources":[{"a":[]},{}]}"#;
    let list = format!("{}]", [record; 40].join(","));
    let (elements, stop) = of_every_level(list.as_bytes());
    assert_eq!((elements.len(), stop), (40, Stop::End(list.len())));
    assert!(elements.iter().all(|(_, hit)| *hit));
    for at in (0..list.len()).step_by(53) {
        for byte in *b"\"\\{}[],x \xa2\xfb" {
            let mut amiss = list.clone().into_bytes();
            amiss[at] = byte;
            of_every_level(&amiss);
        }
        of_every_level(&list.as_bytes()[..at]);
        of_every_level(&list.as_bytes()[at..]);
    }
}

#[test]
fn what_is_nested_as_deep_as_the_parser_goes_is_found_and_nothing_deeper() {
    for depth in [1, 63, 64, 65, 66, 126, 127, 128, 129, 600, 9_000] {
        for pad in [0, 5, 63, 511] {
            let deep = format!(
                "{}{{}},{{\"a\":{}{}}},{{}}]",
                " ".repeat(pad),
                "[".repeat(depth - 1),
                "]".repeat(depth - 1)
            );
            let (elements, stop) = of_every_level(deep.as_bytes());
            if depth <= usize::from(DEEPEST) {
                assert_eq!((elements.len(), stop), (3, Stop::End(deep.len())), "{depth} {pad}");
            } else {
                assert_eq!((elements.len(), stop), (1, Stop::Odd(pad + 2)), "{depth} {pad}");
            }
        }
    }
}
