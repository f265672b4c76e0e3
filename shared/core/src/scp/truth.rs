//! Yes, no, and what cannot be told.

/// An answer with three values.
///
/// It is ordered so that the least of some answers is their *and*, the greatest their *or*.
///
/// ```
/// use crisguard_core::scp::Truth;
/// assert_eq!(Truth::False.and(Truth::Unknown), Truth::False);
/// assert_eq!(Truth::True.or(Truth::Unknown), Truth::True);
/// assert_eq!(Truth::Unknown.negated(), Truth::Unknown);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Truth {
    /// Surely not.
    False,
    /// It depends on what is not known.
    Unknown,
    /// Surely.
    True,
}

impl Truth {
    /// Returns whether both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// Returns whether one of both holds.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// Returns the opposite.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }

    /// Returns whether all of the answers hold; those after the first sure no are not asked for.
    pub(crate) fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::True;
        for answer in answers {
            all = all.and(answer);
            if all == Self::False {
                break;
            }
        }
        all
    }

    /// Returns whether one of the answers holds; those after the first sure yes are not asked for.
    pub(crate) fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        let mut any = Self::False;
        for answer in answers {
            any = any.or(answer);
            if any == Self::True {
                break;
            }
        }
        any
    }
}

impl From<bool> for Truth {
    fn from(answer: bool) -> Self {
        if answer { Self::True } else { Self::False }
    }
}
