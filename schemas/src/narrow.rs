//! Where in a section whose hash is wrong the altered bytes lie, as far as the rest of the file
//! tells. The hash alone names the whole section, which may be gigabytes.
//!
//! Costs a second look at every request, and so is for files that have failed already. As bodies may
//! share segments without end, it hashes only so many bytes of them, and then tells nothing. Of a single
//! alteration the range that is given always holds the altered byte; of several it holds the
//! first section's as far as leaves and rules show them.

use crate::layout::{NONE_U64, Section};
use crate::reader::Workload;
use crate::rules;
use crate::verify::{check_request, check_rope};
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of bodies that are hashed at most: so many for each byte of the file, and in any case these.
const BODY_BYTES_PER_FILE_BYTE: u64 = 4;
const LEAST_BODY_BYTES: u64 = 64 << 20;

/// The bytes of the file, and in words that follow "altered" how they were found. `None` if
/// nothing tells. `slot_bytes` is the width of the manifest's salt slot.
pub(crate) fn narrow(
    workload: &Workload,
    section: Section,
    slot_bytes: Option<u64>,
) -> Option<(Range<u64>, String)> {
    let tables = workload.tables();
    let (records, found) = match section {
        Section::Strings => first_broken(tables.strings.len(), |id| rules::string(&tables, id))?,
        Section::PairLists => {
            first_broken(tables.pair_lists.len(), |id| rules::pair_list(&tables, id))?
        }
        Section::Requests | Section::Leaves | Section::Segments | Section::Blob => {
            by_leaves(workload, section, slot_bytes)?
        }
        _ => return None,
    };
    let place = workload.place(section);
    let at = |record: u64| place.offset as u64 + record * u64::from(section.stride());
    Some((at(records.start)..at(records.end), found))
}

/// The first record that breaks its rule, which depends on no later section.
fn first_broken(
    records: usize,
    rule: impl Fn(u32) -> Result<(), rules::Broken>,
) -> Option<(Range<u64>, String)> {
    (0..records as u32).find_map(|record| {
        let broken = rule(record).err()?;
        let record = u64::from(record);
        Some((record..record + 1, format!(": {broken}")))
    })
}

/// The records that requests with a wrong leaf have; of BLOB those of their bytes that no request
/// with a right leaf has. `None`, too, if that takes more hashing than is done for it.
fn by_leaves(
    workload: &Workload,
    section: Section,
    slot_bytes: Option<u64>,
) -> Option<(Range<u64>, String)> {
    let (mut wrong, mut of_wrong, mut of_right) = (0..0, Ranges::default(), Ranges::default());
    let mut scratch = Vec::new();
    let file_bytes = workload.file_bytes().len() as u64;
    let mut left = LEAST_BODY_BYTES.max(file_bytes.saturating_mul(BODY_BYTES_PER_FILE_BYTE));
    for (index, request) in (0..).zip(workload.requests()) {
        // An altered request may say any length; only a body that has it is hashed.
        let rope = check_rope(workload, index, slot_bytes);
        left = left.checked_sub(rope.map_or(0, |()| request.body_bytes.get()))?;
        let right = check_request(workload, index, slot_bytes, &mut scratch).is_ok();
        if !right {
            wrong = if wrong.is_empty() { index } else { wrong.start }..index + 1;
        }
        match section {
            Section::Blob if right => blob_of(workload, index, &mut of_right),
            Section::Blob => blob_of(workload, index, &mut of_wrong),
            Section::Segments if !right => of_wrong.add(segments_of(workload, index)),
            _ => (),
        }
    }
    let records = match section {
        Section::Blob | Section::Segments => of_wrong.hull_without(&of_right)?,
        _ => (!wrong.is_empty()).then(|| wrong.clone())?,
    };
    let found = match wrong.end - wrong.start {
        1 => format!(", as the leaf of request {} shows", wrong.start),
        _ => format!(
            ", as the leaves of requests {} to {} show",
            wrong.start,
            wrong.end - 1
        ),
    };
    Some((records, found))
}

/// The records of a request's body; none if they are not there.
fn segments_of(workload: &Workload, index: u64) -> Range<u64> {
    let request = &workload.requests()[index as usize];
    let first = request.first_segment.get();
    let end = first.saturating_add(request.segment_count.get().into());
    if end <= workload.segments().len() as u64 {
        first..end
    } else {
        0..0
    }
}

/// Adds the bytes of BLOB that a request's body is made of.
fn blob_of(workload: &Workload, index: u64, ranges: &mut Ranges) {
    let segments = segments_of(workload, index);
    let blob_bytes = workload.section(Section::Blob).len() as u64;
    for segment in &workload.segments()[segments.start as usize..segments.end as usize] {
        let first = segment.offset.get();
        let end = first.saturating_add(segment.length.get());
        if first != NONE_U64 && end <= blob_bytes {
            ranges.add(first..end);
        }
    }
}

/// Ranges that neither overlap nor touch: end by start. Few, as bodies share texts or have theirs
/// one behind the other.
#[derive(Default)]
struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    fn add(&mut self, range: Range<u64>) {
        let Range { mut start, mut end } = range;
        if start >= end {
            return;
        }
        while let Some((first, last)) = self.before(end) {
            if last < start {
                break;
            }
            self.0.remove(&first);
            (start, end) = (start.min(first), end.max(last));
        }
        self.0.insert(start, end);
    }

    /// The last range that begins at `position` or before it.
    fn before(&self, position: u64) -> Option<(u64, u64)> {
        let (start, end) = self.0.range(..=position).next_back()?;
        Some((*start, *end))
    }

    /// From the first to the last number that is here and not in `other`.
    fn hull_without(&self, other: &Ranges) -> Option<Range<u64>> {
        let first = self.0.iter().find_map(|(start, end)| {
            let first = match other.before(*start) {
                Some((_, covered)) => covered.max(*start),
                None => *start,
            };
            (first < *end).then_some(first)
        })?;
        let last = self.0.iter().rev().find_map(|(start, end)| {
            let last = match other.before(*end - 1) {
                Some((covered, until)) if until >= *end => covered,
                _ => *end,
            };
            (last > *start).then_some(last)
        })?;
        Some(first..last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_are_what_sets_of_numbers_are() {
        // Every choice of up to three ranges below 7, for both sides, in a fixed order.
        let all: Vec<Range<u64>> = (0..7)
            .flat_map(|start| (start..7).map(move |end| start..end))
            .collect();
        let mut checked = 0;
        for step in 1..60 {
            let pick = |salt: usize| (0..3).map(move |n| (salt * 31 + n * step * 7) % 28);
            for salt in 0..60 {
                let [here, there] = [salt, salt * step + 5].map(|salt| {
                    let (mut ranges, mut set) = (Ranges::default(), BTreeSet::new());
                    for range in pick(salt).map(|at| all[at].clone()) {
                        ranges.add(range.clone());
                        set.extend(range);
                    }
                    assert_eq!(
                        ranges
                            .0
                            .iter()
                            .flat_map(|(s, e)| *s..*e)
                            .collect::<Vec<_>>(),
                        set.iter().copied().collect::<Vec<_>>()
                    );
                    (ranges, set)
                });
                let left: Vec<u64> = here.1.difference(&there.1).copied().collect();
                let hull = left.first().map(|first| *first..left[left.len() - 1] + 1);
                assert_eq!(here.0.hull_without(&there.0), hull);
                checked += usize::from(hull.is_some());
            }
        }
        assert!(checked > 500, "{checked}");
    }
}
