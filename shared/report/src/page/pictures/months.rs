//! Violations and what cannot be told, month by month.

use std::collections::BTreeMap;

use charts_rs::{BarChart, LegendConfig, Series};
use crisguard_core::tally::Audit;
use jiff::{ToSpan as _, civil::Date};
use serde::Serialize;

use super::{Drawn, redraw};
use crate::{
    ReportError,
    page::{ROWS, verdict::Outcomes, words::Words},
    register::by_month,
};

/// The most months in the picture, the latest; the table has more.
const MONTHS: usize = 24;

/// The picture, and the table beneath.
#[derive(Debug, Serialize)]
pub(crate) struct MonthsPicture {
    /// For wide screens and paper; none where there is nothing to draw.
    wide: Option<String>,
    /// For phones.
    narrow: Option<String>,
    /// The latest [`ROWS`].
    rows: Vec<Month>,
    /// How many more there are.
    more: usize,
    /// Whether the picture has fewer months than the table.
    cut: bool,
    /// Whether a month of the picture lacks evidence.
    gaps: bool,
}

/// A month.
#[derive(Debug, Serialize)]
pub(crate) struct Month {
    name: String,
    #[serde(flatten)]
    outcomes: Outcomes,
    invocations: u64,
    /// Account-and-Region days without evidence.
    missing_days: u64,
}

/// Draws the picture; nothing if no month is known.
pub(crate) fn draw(audit: &Audit, words: &Words) -> Result<Option<MonthsPicture>, ReportError> {
    let mut rows = months(audit);
    if rows.is_empty() {
        return Ok(None);
    }
    // A file or record may say that it is of any year.
    let more = rows.len().saturating_sub(ROWS);
    rows.drain(..more);
    let shown = rows.get(rows.len().saturating_sub(MONTHS)..).unwrap_or_default();
    let (violation, undecided) = shown.iter().fold((0, 0), |(violation, undecided), month| {
        (
            violation + month.outcomes.violation,
            undecided + month.outcomes.undecided,
        )
    });
    let title = words.say("months_title", &[])?;
    let description = words.say(
        "months_description",
        &[("n", violation.into()), ("undecided", undecided.into())],
    )?;
    let picture = |width: f32, id: &str| -> Result<Option<String>, ReportError> {
        (violation + undecided > 0)
            .then(|| bars(shown, width, (id, &title, &description)))
            .transpose()
    };
    Ok(Some(MonthsPicture {
        wide: picture(860.0, "months")?,
        narrow: picture(340.0, "months-narrow")?,
        cut: shown.len() != rows.len(),
        more,
        gaps: shown.iter().any(|month| month.missing_days > 0),
        rows,
    }))
}

/// Lists every month from the first to the last: one without invocations, too, and whether evidence of it is missing.
fn months(audit: &Audit) -> Vec<Month> {
    let mut by_name: BTreeMap<String, (Outcomes, u64)> = BTreeMap::new();
    for flow in &audit.flows {
        let (outcomes, _) = by_name.entry(flow.month.clone()).or_default();
        *outcomes.of_kind(flow.outcome) += flow.invocations;
    }
    for part in audit.coverage.gaps.iter().flat_map(by_month) {
        let (_, missing) = by_name.entry(part.from.strftime("%Y-%m").to_string()).or_default();
        *missing += part.days();
    }
    let first = by_name
        .keys()
        .next()
        .and_then(|month| format!("{month}-01").parse::<Date>().ok());
    let last = by_name.keys().next_back().cloned().unwrap_or_default();
    let between = std::iter::successors(first, |day| day.checked_add(1.month()).ok());
    for month in between.map(|day| day.strftime("%Y-%m").to_string()) {
        if month > last {
            break;
        }
        by_name.entry(month).or_default();
    }
    let row = |(name, (outcomes, missing_days)): (String, (Outcomes, u64))| Month {
        name,
        outcomes,
        invocations: outcomes.violation
            + outcomes.undecided
            + outcomes.compliant
            + outcomes.not_applicable
            + outcomes.not_decided,
        missing_days,
    };
    by_name.into_iter().map(row).collect()
}

fn bars(months: &[Month], width: f32, texts: (&str, &str, &str)) -> Result<String, ReportError> {
    let series = |name: &str, of: fn(&Outcomes) -> u64| {
        let values: Vec<f32> = months.iter().map(|month| approximately(of(&month.outcomes))).collect();
        let mut series: Series = (name, values).into();
        series.stack = Some("all".to_owned());
        series
    };
    let all = vec![
        series("violation", |outcomes| outcomes.violation),
        series("undecided", |outcomes| outcomes.undecided),
    ];
    let labels = months.iter().map(|month| {
        let mark = if month.missing_days > 0 { "*" } else { "" };
        format!("{}{mark}", month.name)
    });
    let mut chart = BarChart::new(all, labels.collect());
    chart.width = width;
    chart.height = 220.0;
    chart.legend = LegendConfig {
        show: Some(false),
        ..LegendConfig::default()
    };
    let highest = months
        .iter()
        .map(|month| month.outcomes.violation + month.outcomes.undecided)
        .max();
    if let Some(axis) = chart.y_axis_configs.first_mut() {
        // Whole numbers on the axis.
        axis.max = Some(approximately(round(highest.unwrap_or(1))));
        axis.min = Some(0.0);
        axis.split_number = 4;
    }
    let failed = |reason: String| ReportError::Picture {
        picture: "months",
        reason,
    };
    let svg = chart.svg().map_err(|error| failed(error.to_string()))?;
    redraw("months", &svg, texts, |element| {
        let class = match element.name.as_str() {
            "rect" => format!("bar {}", element.attribute("data-series")?),
            "line" => "axis".to_owned(),
            "text" => "tick".to_owned(),
            _ => return None,
        };
        Some(Drawn { class, lines: None })
    })
}

/// Returns the next number that four whole steps of one or two digits reach.
fn round(highest: u64) -> u64 {
    let mut unit = 1;
    loop {
        for step in [1, 2, 5] {
            if step * unit * 4 >= highest {
                return step * unit * 4;
            }
        }
        unit *= 10;
    }
}

#[expect(clippy::cast_precision_loss, reason = "it is a height on a screen")]
fn approximately(number: u64) -> f32 {
    number as f32
}
