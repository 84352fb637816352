//! The Merkle tree of RFC 9162, section 2.1: leaf `SHA-256(0x00 ‖ data)`, node
//! `SHA-256(0x01 ‖ left ‖ right)`, split at the largest power of two below the size.

use crate::Digest;
use sha2::{Digest as _, Sha256};
use std::ops::Range;

/// First byte of a leaf's preimage.
pub const LEAF_PREFIX: u8 = 0x00;
/// First byte of an inner node's preimage.
pub const NODE_PREFIX: u8 = 0x01;

/// Hash of one leaf's data.
pub fn leaf_hash(data: &[u8]) -> Digest {
    Sha256::new()
        .chain_update([LEAF_PREFIX])
        .chain_update(data)
        .finalize()
        .into()
}

fn node_hash(left: &Digest, right: &Digest) -> Digest {
    Sha256::new()
        .chain_update([NODE_PREFIX])
        .chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// Computes a root over leaf hashes that arrive in order, in memory logarithmic in their number.
#[derive(Clone, Debug, Default)]
pub struct RootBuilder {
    /// Roots of complete subtrees, largest first; one for each set bit of `count`.
    subtrees: Vec<Digest>,
    count: u64,
}

impl RootBuilder {
    /// Appends the next leaf hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for _ in 0..self.count.trailing_ones() {
            let left = self.subtrees.pop().expect("one subtree for each set bit");
            hash = node_hash(&left, &hash);
        }
        self.subtrees.push(hash);
        self.count += 1;
    }

    /// The root; the hash of the empty string when there was no leaf.
    pub fn root(&self) -> Digest {
        let mut from_the_right = self.subtrees.iter().rev();
        match from_the_right.next() {
            None => Sha256::new().finalize().into(),
            Some(last) => from_the_right.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The leaves under each node beside the way from a leaf to the root, from the leaf upwards.
/// `position` is below `count`.
fn siblings(position: u64, count: u64) -> Vec<Range<u64>> {
    let (mut first, mut end) = (0, count);
    let mut siblings = Vec::new();
    while end - first > 1 {
        // The largest power of two below the number of leaves.
        let split = first + (1 << (end - first - 1).ilog2());
        if position < split {
            siblings.push(split..end);
            end = split;
        } else {
            siblings.push(first..split);
            first = split;
        }
    }
    siblings.reverse();
    siblings
}

/// The hashes that lead from a leaf to the root, from the leaf upwards (RFC 9162, 2.1.3.1).
/// `leaves` are all `count` leaf hashes in order; `position`, from 0, is below `count`. Memory is
/// logarithmic in their number.
pub fn path(leaves: impl Iterator<Item = Digest>, count: u64, position: u64) -> Vec<Digest> {
    let siblings = siblings(position, count);
    let mut roots = vec![RootBuilder::default(); siblings.len()];
    for (number, leaf) in (0..).zip(leaves) {
        if let Some(at) = siblings.iter().position(|range| range.contains(&number)) {
            roots[at].push(leaf);
        }
    }
    roots.iter().map(RootBuilder::root).collect()
}

/// The root that a leaf and a path give for a tree of `count` leaves (RFC 9162, 2.1.3.2); `None`
/// if there is no such place in it, or the path to it has another length.
pub fn root_of(leaf: Digest, position: u64, count: u64, path: &[Digest]) -> Option<Digest> {
    let siblings = (position < count).then(|| siblings(position, count))?;
    let join = |hash, (beside, range): (&Digest, Range<u64>)| match range.start > position {
        true => node_hash(&hash, beside),
        false => node_hash(beside, &hash),
    };
    (siblings.len() == path.len()).then(|| path.iter().zip(siblings).fold(leaf, join))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex;

    /// The recursive definition of RFC 9162, 2.1.1.
    fn root_by_definition(leaves: &[Digest]) -> Digest {
        match leaves.len() {
            0 => Sha256::new().finalize().into(),
            1 => leaves[0],
            n => {
                let split = n.next_power_of_two() / 2;
                node_hash(
                    &root_by_definition(&leaves[..split]),
                    &root_by_definition(&leaves[split..]),
                )
            }
        }
    }

    #[test]
    fn streaming_root_equals_the_definition_for_every_small_size() {
        let leaves: Vec<Digest> = (0..130u32).map(|i| leaf_hash(&i.to_le_bytes())).collect();
        for size in 0..=leaves.len() {
            let mut builder = RootBuilder::default();
            leaves[..size].iter().for_each(|leaf| builder.push(*leaf));
            assert_eq!(
                builder.root(),
                root_by_definition(&leaves[..size]),
                "size {size}"
            );
        }
    }

    /// The recursive definition of RFC 9162, 2.1.3.1.
    fn path_by_definition(leaves: &[Digest], position: usize) -> Vec<Digest> {
        if leaves.len() == 1 {
            return vec![];
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut path, beside) = match position.checked_sub(left.len()) {
            None => (path_by_definition(left, position), right),
            Some(within) => (path_by_definition(right, within), left),
        };
        path.push(root_by_definition(beside));
        path
    }

    #[test]
    fn paths_equal_the_definition_and_lead_to_the_root_from_no_other_leaf() {
        let leaves: Vec<Digest> = (0..40u32).map(|i| leaf_hash(&i.to_le_bytes())).collect();
        for count in 1..=leaves.len() {
            let tree = &leaves[..count];
            let root = Some(root_by_definition(tree));
            for position in 0..count {
                let path = path(tree.iter().copied(), count as u64, position as u64);
                assert_eq!(path, path_by_definition(tree, position));
                for (other, leaf) in tree.iter().enumerate() {
                    let found = root_of(*leaf, position as u64, count as u64, &path);
                    assert_eq!(found == root, other == position, "{other} of {count}");
                }
            }
        }
    }

    #[test]
    fn a_path_of_another_length_or_place_has_no_root() {
        let leaf = leaf_hash(b"a");
        for (position, count, length) in [(0, 0, 0), (1, 1, 0), (5, 5, 1), (u64::MAX, 3, 2)] {
            assert_eq!(root_of(leaf, position, count, &vec![leaf; length]), None);
        }
        for length in 0..70 {
            let path = vec![leaf; length];
            assert_eq!(root_of(leaf, 0, 1, &path).is_some(), length == 0);
            assert_eq!(root_of(leaf, 4, 5, &path).is_some(), length == 1);
            assert_eq!(root_of(leaf, 0, u64::MAX, &path).is_some(), length == 64);
        }
    }

    #[test]
    fn empty_leaf_has_the_published_hash() {
        // SHA-256 of the single byte 0x00, as in the test data of Certificate Transparency.
        assert_eq!(
            hex(&leaf_hash(b"")),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
    }

    #[test]
    fn a_leaf_cannot_pose_as_a_node() {
        let (a, b) = (leaf_hash(b"a"), leaf_hash(b"b"));
        let joined = [a, b].concat();
        assert_ne!(leaf_hash(&joined), node_hash(&a, &b));
    }
}
