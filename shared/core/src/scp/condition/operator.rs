//! Condition operators
//! (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>).

use std::{cmp::Ordering, fmt};

/// A condition operator with its modifiers, such as `ForAnyValue:StringLikeIfExists`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operator {
    /// Which of the request's values must hold.
    pub quantifier: Quantifier,
    /// What is compared, and how.
    pub comparison: Comparison,
    /// Whether it holds where the request does not have the key.
    pub if_exists: bool,
}

/// Which of a request's values must hold
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Quantifier {
    /// The key's only value.
    Single,
    /// `ForAnyValue:`: one of them, and there is one.
    Any,
    /// `ForAllValues:`: every one, also where there is none.
    All,
}

/// What an operator compares, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `StringEquals`, `StringLike` and their opposites.
    Text {
        /// Whether `*` and `?` are wildcards.
        like: bool,
        /// Whether capital and small letters are the same.
        ignore_case: bool,
        /// Whether it is the opposite.
        not: bool,
    },
    /// `ArnEquals`, `ArnLike`, which are the same, and their opposites.
    Arn {
        /// Whether it is written `Like`.
        like: bool,
        /// Whether it is the opposite.
        not: bool,
    },
    /// `NumericEquals`, `NumericLessThan`, …
    Number(Order),
    /// `DateEquals`, `DateLessThan`, …
    Date(Order),
    /// `Bool`.
    Flag,
    /// `BinaryEquals`.
    Binary,
    /// `IpAddress`, and `NotIpAddress`.
    Address {
        /// Whether it is the opposite.
        not: bool,
    },
    /// `Null`: whether the request has the key at all.
    Null,
}

/// How two numbers or dates stand to one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// `…Equals`.
    Equals,
    /// `…NotEquals`.
    NotEquals,
    /// `…LessThan`.
    Less,
    /// `…LessThanEquals`.
    LessOrEqual,
    /// `…GreaterThan`.
    Greater,
    /// `…GreaterThanEquals`.
    GreaterOrEqual,
}

/// Every operator without its modifiers, as it is written.
pub(crate) const COMPARISONS: [(&str, Comparison); 27] = [
    ("StringEquals", text(false, false, false)),
    ("StringNotEquals", text(false, false, true)),
    ("StringEqualsIgnoreCase", text(false, true, false)),
    ("StringNotEqualsIgnoreCase", text(false, true, true)),
    ("StringLike", text(true, false, false)),
    ("StringNotLike", text(true, false, true)),
    ("NumericEquals", Comparison::Number(Order::Equals)),
    ("NumericNotEquals", Comparison::Number(Order::NotEquals)),
    ("NumericLessThan", Comparison::Number(Order::Less)),
    ("NumericLessThanEquals", Comparison::Number(Order::LessOrEqual)),
    ("NumericGreaterThan", Comparison::Number(Order::Greater)),
    ("NumericGreaterThanEquals", Comparison::Number(Order::GreaterOrEqual)),
    ("DateEquals", Comparison::Date(Order::Equals)),
    ("DateNotEquals", Comparison::Date(Order::NotEquals)),
    ("DateLessThan", Comparison::Date(Order::Less)),
    ("DateLessThanEquals", Comparison::Date(Order::LessOrEqual)),
    ("DateGreaterThan", Comparison::Date(Order::Greater)),
    ("DateGreaterThanEquals", Comparison::Date(Order::GreaterOrEqual)),
    ("Bool", Comparison::Flag),
    ("BinaryEquals", Comparison::Binary),
    ("IpAddress", Comparison::Address { not: false }),
    ("NotIpAddress", Comparison::Address { not: true }),
    (
        "ArnEquals",
        Comparison::Arn {
            like: false,
            not: false,
        },
    ),
    ("ArnNotEquals", Comparison::Arn { like: false, not: true }),
    ("ArnLike", Comparison::Arn { like: true, not: false }),
    ("ArnNotLike", Comparison::Arn { like: true, not: true }),
    ("Null", Comparison::Null),
];

const fn text(like: bool, ignore_case: bool, not: bool) -> Comparison {
    Comparison::Text { like, ignore_case, not }
}

/// Why a text is not an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAnOperator {
    /// It has a modifier that `Null` cannot have.
    Null,
    /// There is none of that name; perhaps this one is meant.
    Name(Option<&'static str>),
}

impl Operator {
    pub(crate) fn parse(text: &str) -> Result<Self, NotAnOperator> {
        let (quantifier, rest) = match text.split_once(':') {
            None => (Quantifier::Single, text),
            Some(("ForAnyValue", rest)) => (Quantifier::Any, rest),
            Some(("ForAllValues", rest)) => (Quantifier::All, rest),
            Some(_) => return Err(NotAnOperator::Name(None)),
        };
        let (name, if_exists) = match rest.strip_suffix("IfExists") {
            Some(name) => (name, true),
            None => (rest, false),
        };
        let Some((_, comparison)) = COMPARISONS.into_iter().find(|(known, _)| *known == name) else {
            let mut similar = COMPARISONS.into_iter().map(|(known, _)| known);
            return Err(NotAnOperator::Name(
                similar.find(|known| known.eq_ignore_ascii_case(name)),
            ));
        };
        if comparison == Comparison::Null && (if_exists || quantifier != Quantifier::Single) {
            return Err(NotAnOperator::Null);
        }
        Ok(Self {
            quantifier,
            comparison,
            if_exists,
        })
    }

    /// Tells whether it holds where no value of the policy does, and so where the request has no such key.
    #[must_use]
    pub fn is_negated(self) -> bool {
        match self.comparison {
            Comparison::Text { not, .. } | Comparison::Arn { not, .. } | Comparison::Address { not } => not,
            Comparison::Number(order) | Comparison::Date(order) => order == Order::NotEquals,
            Comparison::Flag | Comparison::Binary | Comparison::Null => false,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.quantifier {
            Quantifier::Single => "",
            Quantifier::Any => "ForAnyValue:",
            Quantifier::All => "ForAllValues:",
        })?;
        let mut comparisons = COMPARISONS.into_iter();
        f.write_str(
            comparisons
                .find(|(_, known)| *known == self.comparison)
                .map_or("", |(name, _)| name),
        )?;
        f.write_str(if self.if_exists { "IfExists" } else { "" })
    }
}

impl Order {
    /// Tells whether the request's value stands so to the policy's; the opposite of `NotEquals`, for an
    /// operator that is negated holds where none of the policy's values does.
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equals | Self::NotEquals => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}
