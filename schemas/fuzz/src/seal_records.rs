//! Mends the header and the checksums of a records file, so that an altered input gets past them.

use schemas::records::{FrameHeader, RECORDS_MAGIC, RECORDS_VERSION, RecordsHeader};
use zerocopy::{FromBytes, IntoBytes};

/// The same bytes with a header that is in order and every frame's checksum right, as far as frames
/// are whole; the input itself if it is shorter than a header.
pub fn records(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let Ok((header, mut rest)) = RecordsHeader::mut_from_prefix(&mut bytes) else {
        return bytes;
    };
    header.magic = RECORDS_MAGIC;
    header.major = RECORDS_VERSION.0.into();
    header.minor = RECORDS_VERSION.1.into();
    (header.zero, header.zero2) = (0.into(), 0.into());
    header.crc32c = crc32c::crc32c(&header.as_bytes()[..56]).into();
    while let Ok((frame, behind)) = FrameHeader::mut_from_prefix(rest) {
        let Some((payload, next)) = behind.split_at_mut_checked(frame.length.get() as usize) else {
            break;
        };
        let crc = crc32c::crc32c(&frame.as_bytes()[..12]);
        frame.crc32c = crc32c::crc32c_append(crc, payload).into();
        rest = next;
    }
    bytes
}
