//! From where to where: source Regions on the left, destination Regions on the right, as wide as they were used.

use std::collections::BTreeMap;

use charts_rs::{Box as Margin, SankeyChart, SankeyLink, SankeyNode};
use crisguard_core::{
    location::Location,
    region::Region,
    tally::{Audit, Flow, Outcome},
    texts::grouped,
};
use serde::Serialize;

use super::{Drawn, Element, redraw};
use crate::{
    ReportError,
    page::{
        ROWS,
        words::{Words, percent},
    },
};

/// The most Regions on a side of the picture; the table has more.
const REGIONS: usize = 14;
/// Flows are drawn at least as wide as this share of all, so that a single violation among millions can be seen.
const SMALLEST_SHARE: f64 = 0.02;
/// By less than this, in thousandths of all, a ribbon's own word of its width differs from the flow's.
const ROUNDED: f32 = 0.5;

/// What a flow is coloured by, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Look {
    Violation,
    Undecided,
    Compliant,
    Other,
}

/// Where an end of a flow is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place<'a> {
    Region(&'a Region),
    NotReported,
    Nowhere,
    Others,
}

/// The picture, and the table beneath.
#[derive(Debug, Serialize)]
pub(crate) struct FlowPicture {
    /// For wide screens and paper.
    wide: String,
    /// For phones.
    narrow: String,
    /// The first [`ROWS`], violations before all others.
    rows: Vec<Row>,
    /// How many more there are.
    more: usize,
    /// Whether Regions were drawn together as others.
    cut: bool,
}

/// Invocations from one Region to another, decided alike.
#[derive(Debug, Serialize)]
pub(crate) struct Row {
    source: String,
    destination: Option<String>,
    processed_nowhere: bool,
    look: Look,
    invocations: u64,
    share: String,
}

type Routes<'a> = BTreeMap<(Place<'a>, Place<'a>, Look), u64>;

impl Look {
    const fn of(outcome: Option<Outcome>) -> Self {
        match outcome {
            Some(Outcome::Violation) => Self::Violation,
            Some(Outcome::Undecided) => Self::Undecided,
            Some(Outcome::Compliant) => Self::Compliant,
            Some(Outcome::NotApplicable) | None => Self::Other,
        }
    }

    const fn class(self) -> &'static str {
        match self {
            Self::Violation => "violation",
            Self::Undecided => "undecided",
            Self::Compliant => "compliant",
            Self::Other => "other",
        }
    }
}

impl<'a> Place<'a> {
    const fn destination(flow: &'a Flow) -> Self {
        match &flow.destination {
            Some(region) => Self::Region(&region.0),
            None if flow.processed_nowhere => Self::Nowhere,
            None => Self::NotReported,
        }
    }

    /// Returns the lines of its label.
    fn label(&self, invocations: u64, words: &Words) -> Result<Vec<String>, minijinja::Error> {
        let count = grouped(invocations);
        Ok(match self {
            Self::Region(region) => {
                let place = Location::of(region).map(|location| location.place(words.language));
                vec![
                    region.to_string(),
                    place.map_or_else(|| count.clone(), |place| format!("{place} · {count}")),
                ]
            }
            Self::NotReported => vec![words.say("not_reported", &[])?, count],
            Self::Nowhere => vec![words.say("nowhere", &[])?, count],
            Self::Others => vec![words.say("other_regions", &[])?, count],
        })
    }
}

/// Draws the picture; nothing if there is nothing to draw.
pub(crate) fn draw(audit: &Audit, words: &Words) -> Result<Option<FlowPicture>, ReportError> {
    let routes = routes(audit);
    let total: u64 = routes.values().sum();
    if total == 0 {
        return Ok(None);
    }
    let mut rows: Vec<Row> = routes
        .iter()
        .map(|((source, destination, look), invocations)| Row {
            source: match source {
                Place::Region(region) => region.to_string(),
                _ => String::new(),
            },
            destination: match destination {
                Place::Region(region) => Some(region.to_string()),
                _ => None,
            },
            processed_nowhere: *destination == Place::Nowhere,
            look: *look,
            invocations: *invocations,
            share: percent(*invocations, total),
        })
        .collect();
    rows.sort_by(|a, b| (a.look, b.invocations, &a.source).cmp(&(b.look, a.invocations, &b.source)));
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    let drawn = gathered(&routes);
    let description = words.say(
        "flow_description",
        &[("n", total.into()), ("routes", routes.len().into())],
    )?;
    let title = words.say("flow_title", &[])?;
    let picture = |width: f32, id: &str| sankey(&drawn, total, width, (id, &title, &description), words);
    Ok(Some(FlowPicture {
        wide: picture(860.0, "flow")?,
        narrow: picture(340.0, "flow-narrow")?,
        cut: drawn.len() != routes.len(),
        more,
        rows,
    }))
}

fn routes(audit: &Audit) -> Routes<'_> {
    let mut routes = Routes::new();
    for flow in &audit.flows {
        let key = (
            Place::Region(&flow.source.0),
            Place::destination(flow),
            Look::of(flow.outcome),
        );
        *routes.entry(key).or_default() += flow.invocations;
    }
    routes
}

/// Puts the Regions that are used least together; those with violations are used most, whatever their number.
fn gathered<'a>(routes: &Routes<'a>) -> Routes<'a> {
    let kept = |is_source: bool| -> Vec<Place<'a>> {
        let mut weights: BTreeMap<Place<'a>, (bool, u64)> = BTreeMap::new();
        for ((source, destination, look), invocations) in routes {
            let place = if is_source { source } else { destination };
            let weight = weights.entry(place.clone()).or_default();
            *weight = (weight.0 || *look == Look::Violation, weight.1 + invocations);
        }
        let mut places: Vec<_> = weights.into_iter().collect();
        places.sort_by(|(a, of_a), (b, of_b)| (of_b, a).cmp(&(of_a, b)));
        let most = if places.len() > REGIONS { REGIONS - 1 } else { REGIONS };
        places.into_iter().take(most).map(|(place, _)| place).collect()
    };
    let (sources, destinations) = (kept(true), kept(false));
    let of = |place: &Place<'a>, kept: &[Place<'a>]| {
        if kept.contains(place) {
            place.clone()
        } else {
            Place::Others
        }
    };
    let mut gathered = Routes::new();
    for ((source, destination, look), invocations) in routes {
        let key = (of(source, &sources), of(destination, &destinations), *look);
        *gathered.entry(key).or_default() += invocations;
    }
    gathered
}

fn sankey(
    routes: &Routes<'_>,
    total: u64,
    width: f32,
    texts: (&str, &str, &str),
    words: &Words,
) -> Result<String, ReportError> {
    // Names that are no Region's stand for the ends, so that nothing that is written must be taken apart again.
    let mut labels: Vec<(String, Vec<String>)> = Vec::new();
    let mut links: Vec<(SankeyLink, Look)> = Vec::new();
    let mut sides: [BTreeMap<&Place<'_>, u64>; 2] = [BTreeMap::new(), BTreeMap::new()];
    for ((source, destination, _), invocations) in routes {
        let [sources, destinations] = &mut sides;
        *sources.entry(source).or_default() += invocations;
        *destinations.entry(destination).or_default() += invocations;
    }
    let key = |side: usize, place: &Place<'_>| {
        let index = sides
            .get(side)
            .and_then(|places| places.keys().position(|it| *it == place));
        format!("{side}-{}", index.unwrap_or_default())
    };
    for (side, places) in sides.iter().enumerate() {
        for (place, invocations) in places {
            labels.push((key(side, place), place.label(*invocations, words)?));
        }
    }
    for ((source, destination, look), invocations) in routes {
        let value = drawn_width(*invocations, total);
        links.push((
            SankeyLink {
                source: key(0, source),
                target: key(1, destination),
                value,
            },
            *look,
        ));
    }
    let nodes = labels.iter().map(|(name, _)| SankeyNode::from(name.as_str())).collect();
    let mut chart = SankeyChart::new(nodes, links.iter().map(|(link, _)| link.clone()).collect());
    let most = sides.iter().map(BTreeMap::len).max().unwrap_or(1);
    chart.width = width;
    chart.height = 46.0f32.mul_add(count(most), 130.0);
    // Room for the second line of the first and last label.
    chart.margin = Margin {
        left: 1.0,
        top: 14.0,
        right: 1.0,
        bottom: 22.0,
    };
    chart.node_gap = 36.0;
    chart.node_width = 10.0;
    let svg = chart.svg().map_err(|error| ReportError::Picture {
        picture: "flow",
        reason: error.to_string(),
    })?;
    let mut undrawn = Undrawn { links, strange: 0 };
    let picture = redraw("flow", &svg, texts, |element| class(element, &mut undrawn, &labels))?;
    match (undrawn.links.len(), undrawn.strange) {
        (0, 0) => Ok(picture),
        (missing, strange) => Err(ReportError::Picture {
            picture: "flow",
            reason: format!("{missing} of its flows are not in it, and {strange} are no flows of the audit"),
        }),
    }
}

/// The flows that no ribbon of the picture was taken for yet.
struct Undrawn {
    links: Vec<(SankeyLink, Look)>,
    /// How many ribbons are none of them.
    strange: usize,
}

impl Undrawn {
    /// Returns the look of the flow that a ribbon is, by what the ribbon says of itself, whichever order they come in. Two
    /// with the same ends are told apart by their width.
    fn take(&mut self, ribbon: &Element) -> Option<Look> {
        let value: Option<f32> = ribbon.attribute("data-value").and_then(|value| value.parse().ok());
        let is_between = |link: &SankeyLink| {
            ribbon.attribute("data-source") == Some(link.source.as_str())
                && ribbon.attribute("data-target") == Some(link.target.as_str())
        };
        let other = |link: &SankeyLink| value.map_or(f32::INFINITY, |value| (link.value - value).abs());
        let links = self.links.iter().enumerate();
        let alike = links.filter(|(_, (link, _))| is_between(link) && other(link) < ROUNDED);
        let nearest = alike.min_by(|(_, (one, _)), (_, (another, _))| other(one).total_cmp(&other(another)));
        let Some((place, _)) = nearest else {
            self.strange += 1;
            return None;
        };
        let (_, look) = self.links.remove(place);
        Some(look)
    }
}

fn class(element: &Element, undrawn: &mut Undrawn, labels: &[(String, Vec<String>)]) -> Option<Drawn> {
    match element.name.as_str() {
        "polygon" => undrawn.take(element).map(|look| Drawn {
            class: format!("link {}", look.class()),
            lines: None,
        }),
        "rect" => element.attribute("data-name").map(|_| Drawn {
            class: "node".to_owned(),
            lines: None,
        }),
        "text" => {
            let (_, lines) = labels.iter().find(|(name, _)| *name == element.text)?;
            Some(Drawn {
                class: "label".to_owned(),
                lines: Some(lines.clone()),
            })
        }
        _ => None,
    }
}

/// Returns how wide a flow is drawn, in thousandths of all.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "it is a width on a screen"
)]
fn drawn_width(invocations: u64, total: u64) -> f32 {
    let share = invocations as f64 / total as f64;
    (share.max(SMALLEST_SHARE) * 1000.0) as f32
}

fn count(number: usize) -> f32 {
    f32::from(u16::try_from(number).unwrap_or(u16::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two flows with the same ends, and one with others.
    fn undrawn() -> Undrawn {
        let link = |target: &str, value, look| {
            let (source, target) = ("0-0".to_owned(), target.to_owned());
            (SankeyLink { source, target, value }, look)
        };
        let links = vec![
            link("1-0", 20.0, Look::Violation),
            link("1-0", 480.04, Look::Compliant),
            link("1-1", 500.0, Look::Undecided),
        ];
        Undrawn { links, strange: 0 }
    }

    /// Draws ribbons, and tells their classes and how many flows and ribbons are left.
    fn drawn(ribbons: &[(&str, &str)]) -> (Vec<String>, usize, usize) {
        let ribbon = |(target, value): &(&str, &str)| {
            format!(r#"<polygon points="0,0" data-source="0-0" data-target="{target}" data-value="{value}"/>"#)
        };
        let ribbons = ribbons.iter().map(ribbon).collect::<Vec<_>>().concat();
        let svg = format!(r#"<svg width="1" height="1" viewBox="0 0 1 1">{ribbons}</svg>"#);
        let mut undrawn = undrawn();
        let picture = redraw("flow", &svg, ("id", "t", "d"), |element| {
            class(element, &mut undrawn, &[])
        })
        .unwrap();
        let classes = picture.split("class=\"link ").skip(1);
        let classes = classes
            .map(|class| class.split('"').next().unwrap().to_owned())
            .collect();
        (classes, undrawn.links.len(), undrawn.strange)
    }

    #[test]
    fn a_ribbon_is_coloured_by_the_flow_that_it_is() {
        let each = [("1-0", "20"), ("1-0", "480"), ("1-1", "500")];
        let looks = ["violation", "compliant", "undecided"];
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            let (classes, missing, strange) = drawn(&order.map(|index| each[index]));
            assert_eq!(classes, order.map(|index| looks[index]));
            assert_eq!((missing, strange), (0, 0));
        }
    }

    #[test]
    fn a_ribbon_that_is_no_flow_is_not_coloured_as_one() {
        assert_eq!(drawn(&[("1-0", "20")]), (vec!["violation".to_owned()], 2, 0));
        let (classes, missing, strange) = drawn(&[("1-2", "20"), ("1-1", "20"), ("1-1", "")]);
        assert_eq!((classes.len(), missing, strange), (0, 3, 3));
    }
}
