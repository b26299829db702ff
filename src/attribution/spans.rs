//! Spans (区間): which small number every address has, in sorted arrays under an index.
//!
//! Each address lies in exactly one span, so that a look-up is one search for where its span
//! begins. The index leads there by the top bits, after which a handful of neighbours is left to
//! search, in memory that lies together. Built once, read millions of times. Owns no table.

/// Whole numbers that addresses are made of.
pub trait Bits: Ord + Copy {
    /// The lowest address.
    const FIRST: Self;
    /// The upper half of an address, or all of it where that is one machine word: comparing words
    /// is what a search spends its time on.
    type Upper: Ord + Copy + std::fmt::Debug;
    /// Whether that is all of it.
    const IS_WORD: bool;
    /// Slots of the index.
    const SLOTS: usize;
    /// The slot of an address; never lower for a higher address.
    fn slot(self) -> usize;
    /// Its upper half.
    fn upper(self) -> Self::Upper;
    /// The address after it, if there is one.
    fn next(self) -> Option<Self>;
}

impl Bits for u32 {
    const FIRST: Self = 0;
    type Upper = Self;
    const IS_WORD: bool = true;
    const SLOTS: usize = 1 << 16;

    fn slot(self) -> usize {
        (self >> 16) as usize
    }

    fn upper(self) -> Self {
        self
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// Bits of an IPv6 address that the index reads, behind the three that all in use begin with.
const V6_BITS: u32 = 18;

impl Bits for u128 {
    const FIRST: Self = 0;
    type Upper = u64;
    const IS_WORD: bool = false;
    const SLOTS: usize = (1 << V6_BITS) + 2;

    /// Global unicast addresses begin with 001 (RFC 4291, 2.4); all others share two slots.
    fn slot(self) -> usize {
        match self >> 125 {
            0 => 0,
            1 => 1 + ((self >> (125 - V6_BITS)) as usize & ((1 << V6_BITS) - 1)),
            _ => Self::SLOTS - 1,
        }
    }

    fn upper(self) -> u64 {
        (self >> 64) as u64
    }

    fn next(self) -> Option<Self> {
        self.checked_add(1)
    }
}

/// Where spans begin and which number each has (区間表).
#[derive(Debug)]
pub struct Spans<T: Bits> {
    starts: Vec<T>,
    /// Upper half and number of each, side by side, so that what a search ends at is at hand.
    numbers: Vec<(T::Upper, u32)>,
    /// For each slot, how many spans begin below it.
    index: Vec<u32>,
}

impl<T: Bits> Spans<T> {
    /// The spans that begin at these addresses, which rise from the lowest one.
    pub fn new(spans: impl IntoIterator<Item = (T, u32)>) -> Self {
        let (mut starts, mut values) = (vec![T::FIRST], vec![0]);
        for (start, value) in spans {
            if start == T::FIRST {
                values[0] = value;
            } else if values.last() != Some(&value) {
                starts.push(start);
                values.push(value);
            }
        }
        let mut index = Vec::with_capacity(T::SLOTS + 1);
        let mut below = 0;
        for slot in 0..=T::SLOTS {
            while starts.get(below).is_some_and(|start| start.slot() < slot) {
                below += 1;
            }
            index.push(u32::try_from(below).unwrap_or(u32::MAX));
        }
        let uppers = starts.iter().map(|start| start.upper());
        Self { numbers: uppers.zip(values).collect(), starts, index }
    }

    /// The number of the span that `address` lies in.
    #[inline]
    pub fn find(&self, address: T) -> u32 {
        let slot = address.slot();
        let (from, to) = (self.index[slot] as usize, self.index[slot + 1] as usize);
        let upper = address.upper();
        let mut after = from + self.numbers[from..to].partition_point(|(one, _)| *one <= upper);
        // The first span begins at the lowest address, so that one begins here or before.
        if !T::IS_WORD && self.starts[after - 1] > address {
            let same = self.numbers[..after].partition_point(|(one, _)| *one < upper);
            after = same + self.starts[same..after].partition_point(|start| *start <= address);
        }
        self.numbers[after - 1].1
    }

    /// Where spans begin.
    pub fn starts(&self) -> &[T] {
        &self.starts
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn naive<T: Bits>(spans: &[(T, u32)], address: T) -> u32 {
        spans.iter().rev().find(|(start, _)| *start <= address).map_or(0, |(_, value)| *value)
    }

    /// What is drawn lies close to the edges of slots, where mistakes would.
    fn v6(high: u16, low: u8) -> u128 {
        let high: u128 = [0, 63, 64, 65, 100, 127, 128, 511][usize::from(high % 8)];
        let upper = high << 119 | u128::from(low % 4) << 107;
        (upper | u128::from(low / 16)).saturating_sub(u128::from(low % 3))
    }

    proptest! {
        #[test]
        fn every_address_lies_in_the_span_that_began_last(
            starts in vec((any::<u32>(), 0..4_u32), 0..60),
            near in vec((any::<u16>(), 0..4_u32), 0..60),
            asked in vec(any::<u32>(), 0..60),
        ) {
            let near = near.into_iter().map(|(high, value)| (u32::from(high) << 16, value));
            let mut spans: Vec<(u32, u32)> = starts.into_iter().chain(near).collect();
            spans.sort_unstable();
            spans.dedup_by_key(|(start, _)| *start);
            let table = Spans::new(spans.iter().copied());
            let starts = spans.iter().map(|(start, _)| *start);
            let edges = starts.flat_map(|s| [s, s.saturating_sub(1), s.wrapping_add(1)]);
            for address in asked.into_iter().chain(edges).chain([0, u32::MAX]) {
                prop_assert_eq!(table.find(address), naive(&spans, address), "{}", address);
            }
        }

        #[test]
        fn so_does_every_ipv6_address(
            starts in vec((any::<u16>(), any::<u8>(), 0..4_u32), 0..60),
            asked in vec((any::<u16>(), any::<u8>()), 0..60),
        ) {
            let start = |(high, low, value): &(u16, u8, u32)| (v6(*high, *low), *value);
            let mut spans: Vec<_> = starts.iter().map(start).collect();
            spans.sort_unstable();
            spans.dedup_by_key(|(start, _)| *start);
            let table = Spans::new(spans.iter().copied());
            let starts = spans.iter().map(|(start, _)| *start);
            let edges = starts.flat_map(|s| [s, s.saturating_sub(1), s.saturating_add(1)]);
            let asked = asked.into_iter().map(|(high, low)| v6(high, low));
            for address in asked.chain(edges).chain([0, 1 << 125, (1 << 126) - 1, u128::MAX]) {
                prop_assert_eq!(table.find(address), naive(&spans, address), "{}", address);
            }
        }
    }
}
