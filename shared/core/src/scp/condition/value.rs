//! The values of conditions, each read once as what its operator compares.

use std::{net::IpAddr, sync::Arc};

use jiff::{Timestamp, civil};

use super::operator::{Comparison, Order};
use crate::scp::{
    Truth,
    language::{
        arn::ArnPattern,
        pattern::{Pattern, Syntax},
    },
    request::Known,
};

/// A value of a policy, ready to be compared.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Text {
        pattern: Pattern,
        ignore_case: bool,
    },
    Arn(ArnPattern),
    Number(Order, f64),
    Date(Order, Timestamp),
    Flag(bool),
    /// `Bool` is the only other operator with variables.
    VariableFlag(Pattern),
    Binary(Box<str>),
    Address(IpAddr, u8),
    /// What the operator cannot compare: how AWS takes it is not documented.
    Unreadable,
}

impl Test {
    pub(super) fn parse(comparison: Comparison, value: &str, variables: bool) -> Self {
        match comparison {
            Comparison::Text { like, ignore_case, .. } => {
                let syntax = Syntax {
                    wildcards: like,
                    variables,
                };
                Self::Text {
                    pattern: Pattern::parse(value, syntax),
                    ignore_case,
                }
            }
            Comparison::Arn { .. } => Self::Arn(ArnPattern::parse(value, variables)),
            Comparison::Number(order) => number(value).map_or(Self::Unreadable, |number| Self::Number(order, number)),
            Comparison::Date(order) => date(value).map_or(Self::Unreadable, |date| Self::Date(order, date)),
            Comparison::Flag if variables && value.contains("${") => {
                let syntax = Syntax {
                    wildcards: false,
                    variables,
                };
                Self::VariableFlag(Pattern::parse(value, syntax))
            }
            Comparison::Flag | Comparison::Null => flag(value).map_or(Self::Unreadable, Self::Flag),
            Comparison::Binary => Self::Binary(value.trim_end_matches('=').into()),
            Comparison::Address { .. } => {
                network(value).map_or(Self::Unreadable, |(address, bits)| Self::Address(address, bits))
            }
        }
    }

    /// Tells whether every value matches.
    pub(super) fn is_anything(&self) -> bool {
        matches!(self, Self::Text { pattern, .. } if pattern.is_anything())
    }

    /// Tells whether AWS documents what it matches.
    pub(super) fn is_documented(&self) -> bool {
        match self {
            Self::Arn(pattern) => pattern.is_complete(),
            Self::Unreadable => false,
            _ => true,
        }
    }

    /// Returns the keys of the variables in it.
    pub(super) fn variables(&self) -> Vec<&Arc<str>> {
        match self {
            Self::Text { pattern, .. } | Self::VariableFlag(pattern) => pattern.variables().collect(),
            Self::Arn(pattern) => pattern.variables().collect(),
            _ => Vec::new(),
        }
    }

    /// Tells whether a request's value matches it. One of another type may or may not: that is not documented.
    pub(super) fn matches(&self, text: &str, known: &impl Known) -> Truth {
        let compared = match self {
            Self::Text { pattern, ignore_case } => return pattern.matches(text, *ignore_case, known),
            Self::Arn(pattern) => return pattern.matches(text, known),
            Self::Number(order, wanted) => number(text)
                .and_then(|number| number.partial_cmp(wanted))
                .map(|ordering| order.holds(ordering)),
            Self::Date(order, wanted) => date(text).map(|date| order.holds(date.cmp(wanted))),
            Self::Flag(wanted) => flag(text).map(|flag| flag == *wanted),
            Self::VariableFlag(pattern) => {
                return flag(text).map_or(Truth::Unknown, |_| pattern.matches(text, true, known));
            }
            Self::Binary(wanted) => Some(text.trim_end_matches('=') == &**wanted),
            Self::Address(wanted, bits) => text.parse().ok().map(|address| is_in(address, *wanted, *bits)),
            Self::Unreadable => None,
        };
        compared.map_or(Truth::Unknown, Truth::from)
    }
}

fn number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|sign| matches!(sign, b'0'..=b'9' | b'.' | b'-' | b'+' | b'e' | b'E'));
    text.parse().ok().filter(|number: &f64| plain && number.is_finite())
}

/// Reads a date of the W3C's profile of ISO 8601 (<https://www.w3.org/TR/NOTE-datetime>), or the seconds since
/// 1970. Four digits could be a year or seconds: AWS does not say which.
fn date(text: &str) -> Option<Timestamp> {
    let digits = text.bytes().all(|sign| sign.is_ascii_digit());
    match text.len() {
        4 if digits => None,
        _ if digits => Timestamp::from_second(text.parse().ok()?).ok(),
        7 => {
            let (year, month) = text.split_once('-')?;
            midnight(civil::Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()?)
        }
        10 => midnight(text.parse().ok()?),
        _ => text.parse().ok(),
    }
}

fn midnight(date: civil::Date) -> Option<Timestamp> {
    let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(zoned.timestamp())
}

fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().ok()?;
    let most = if address.is_ipv4() { 32 } else { 128 };
    let bits = match bits {
        Some(bits) => bits.parse().ok().filter(|bits| *bits <= most)?,
        None => most,
    };
    Some((address, bits))
}

fn is_in(address: IpAddr, network: IpAddr, bits: u8) -> bool {
    match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= u32::from(bits)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => {
            let differing = address.to_bits() ^ network.to_bits();
            differing.leading_zeros() >= u32::from(bits)
        }
        _ => false,
    }
}
