//! What is kept of each record: 56 bytes.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// 128 bits that stand for an event, a request or evidence.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    high: u64,
    low: u64,
}

impl Id {
    /// Returns the bits of a UUID as AWS writes it, or `None` for any other text.
    ///
    /// Only the one form that is 36 characters long and in lower case: two texts never come to the same bits.
    #[must_use]
    pub fn of_uuid(text: &str) -> Option<Self> {
        let bytes: &[u8; 36] = text.as_bytes().try_into().ok()?;
        if [bytes[8], bytes[13], bytes[18], bytes[23]] != [b'-'; 4] {
            return None;
        }
        let (time, rest) = bytes.split_first_chunk::<8>()?;
        let (node, rest) = rest.split_last_chunk::<8>().map(|(rest, node)| (node, rest))?;
        // What is left is `-xxxx-xxxx-xxxx-xxxx`.
        let &[
            _,
            b0,
            b1,
            b2,
            b3,
            _,
            c0,
            c1,
            c2,
            c3,
            _,
            d0,
            d1,
            d2,
            d3,
            _,
            e0,
            e1,
            e2,
            e3,
        ] = rest
        else {
            return None;
        };
        let high = u64::from(of_digits(*time)?) << 32 | u64::from(of_digits([b0, b1, b2, b3, c0, c1, c2, c3])?);
        let low = u64::from(of_digits([d0, d1, d2, d3, e0, e1, e2, e3])?) << 32 | u64::from(of_digits(*node)?);
        Some(Self { high, low })
    }

    /// Returns the first bits of the SHA-256 of several parts, which do not run together.
    #[must_use]
    pub(super) fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
        let value = hasher
            .finalize()
            .iter()
            .take(16)
            .fold(0_u128, |value, byte| value << 8 | u128::from(*byte));
        value.into()
    }

    /// Returns what stands for an event whose id is not a UUID.
    #[must_use]
    pub(super) fn of_event(event_id: &str) -> Self {
        Self::of_parts(&[b"event", event_id.as_bytes()])
    }

    /// Mixes in other bits: of a UUID and a digest comes something as hard to meet by chance as the UUID.
    #[must_use]
    pub(super) const fn mixed(self, other: Self) -> Self {
        Self {
            high: self.high ^ other.high,
            low: self.low ^ other.low,
        }
    }

    /// Returns the higher half of the bits.
    #[must_use]
    pub(super) const fn high(self) -> u64 {
        self.high
    }

    /// Writes the bits as a UUID.
    #[must_use]
    pub(super) fn to_uuid(self) -> String {
        let [time, middle, version, variant, node] = [
            self.high >> 32,
            self.high >> 16 & 0xffff,
            self.high & 0xffff,
            self.low >> 48,
            self.low & 0xffff_ffff_ffff,
        ];
        format!("{time:08x}-{middle:04x}-{version:04x}-{variant:04x}-{node:012x}")
    }
}

/// Reads eight hexadecimal digits in lower case, all at once: this is done twice for every record.
fn of_digits(digits: [u8; 8]) -> Option<u32> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let text = u64::from_be_bytes(digits);
    // Of bytes below 0x80, the highest bit after this says which are not less than `least`: no sum carries over.
    let not_less = |least: u8| text.wrapping_add(EACH * u64::from(0x80 - least));
    let digit = not_less(b'0') & !not_less(b'9' + 1);
    let letter = not_less(b'a') & !not_less(b'f' + 1);
    if (digit | letter) & !text & (EACH * 0x80) != EACH * 0x80 {
        return None;
    }
    // The lower half of a byte is the digit's value, or the letter's less 9; letters alone have the bit 0x40.
    let values = (text & (EACH * 0x0f)) + (text >> 6 & EACH) * 9;
    let pairs = (values | values >> 4) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
    u32::try_from((fours | fours >> 16) & 0xffff_ffff).ok()
}

impl From<u128> for Id {
    fn from(value: u128) -> Self {
        let [high, low] =
            [value >> 64, value & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or(u64::MAX));
        Self { high, low }
    }
}

impl From<Id> for u128 {
    fn from(id: Id) -> Self {
        Self::from(id.high) << 64 | Self::from(id.low)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from(*self))
    }
}

/// What a tally keeps of one record of Bedrock inference, beside its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// The request that the record is of, else its event: records of one group are looked at together.
    pub group: Id,
    /// The event; of a record that was delivered again with more in it, the original one.
    pub event: Id,
    /// All else that the record says.
    pub evidence: Id,
    /// Microseconds since 1970 (UTC).
    pub time: i64,
}

impl Row {
    /// The length of a row's bytes.
    pub const BYTES: usize = 56;

    /// Returns in which of `of` parts the row belongs, from 0, so that a group stays together and parts are
    /// about as large as each other. Of no parts it is the first.
    #[must_use]
    pub fn partition(self, of: u32) -> u32 {
        let scaled = (u128::from(self.group.high()) * u128::from(of)) >> 64;
        u32::try_from(scaled).unwrap_or(0)
    }

    /// Writes the row, little endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let halves = [self.group, self.event, self.evidence]
            .into_iter()
            .flat_map(|id| [id.low, id.high]);
        let words = halves.chain([self.time.cast_unsigned()]);
        for (eight, word) in bytes.chunks_exact_mut(8).zip(words) {
            eight.copy_from_slice(&word.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`Row::to_bytes`] wrote.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        let mut words = [0_u64; 7];
        for (word, eight) in words.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *word = u64::from_le_bytes(*eight);
        }
        let [group_low, group, event_low, event, evidence_low, evidence, time] = words;
        let id = |high, low| Id { high, low };
        Self {
            group: id(group, group_low),
            event: id(event, event_low),
            evidence: id(evidence, evidence_low),
            time: time.cast_signed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_uuid_as_aws_writes_it_is_its_own_bits() {
        let uuid = "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6b";
        let id = Id::of_uuid(uuid).unwrap();
        assert_eq!(u128::from(id), 0x0e0f_9d33_2a0e_4f0a_9a4c_1c2d_3e4f_5a6b);
        assert_eq!(id.to_uuid(), uuid);
        for other in [
            "0E0F9D33-2a0e-4f0a-9a4c-1c2d3e4f5a6b",
            "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6g",
            "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6",
            "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5a6b ",
            "0e0f9d3302a0e04f0a09a4c01c2d3e4f5a6b",
            "0e0f9d33-2a0e-4f0a-9a4c-1c2d3e4f5aé",
            "",
        ] {
            assert_eq!(Id::of_uuid(other), None, "{other}");
        }
    }

    #[test]
    fn a_row_is_56_bytes_and_can_be_read_back() {
        let row = Row {
            group: (u128::MAX - 1).into(),
            event: 2.into(),
            evidence: (3 << 64 | 4).into(),
            time: -5,
        };
        assert_eq!(size_of::<Row>(), Row::BYTES);
        assert_eq!(Row::from_bytes(&row.to_bytes()), row);
        assert_eq!(row.to_bytes()[..2], [0xfe, 0xff]);
    }

    #[test]
    fn a_group_stays_together_and_parts_are_alike() {
        let row = |group: u128| Row {
            group: group.into(),
            event: group.into(),
            evidence: 0.into(),
            time: 0,
        };
        assert_eq!([row(0).partition(7), row(u128::MAX).partition(7)], [0, 6]);
        assert_eq!(row(u128::MAX / 2 + 1).partition(2), 1);
        assert_eq!(row(u128::MAX).partition(0), 0);
    }
}
