//! The Merkle tree of RFC 9162, section 2.1: leaf `SHA-256(0x00 ‖ data)`, node
//! `SHA-256(0x01 ‖ left ‖ right)`, split at the largest power of two below the size.

use crate::Digest;
use sha2::{Digest as _, Sha256};

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
