//! Reading a request's body: its bytes in one piece, and their hash.
//!
//! Refuses a body over [`MAX_BODY_BYTES`], without reading the rest of it.

use std::num::NonZeroU64;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::Incoming;
use sha2::{Digest, Sha256};

use crate::config::MAX_BODY_BYTES;
use crate::connection::Hangup;
use crate::log::BodyFacts;
use crate::refusal::Refusal;

const _: () = assert!(MAX_BODY_BYTES <= u32::MAX as usize);

/// A whole body.
pub struct ReadBody {
    pub bytes: Bytes,
}

impl ReadBody {
    /// What the log keeps of it; hashes the body.
    pub fn facts(&self, end_ns: NonZeroU64) -> BodyFacts {
        BodyFacts {
            end_ns,
            bytes: u32::try_from(self.bytes.len()).expect("bounded by MAX_BODY_BYTES"),
            sha256: Sha256::digest(&self.bytes).into(),
        }
    }
}

/// Reads to the end. The inner error is the refusal of a body that is too large; the outer one a
/// body that broke off or was badly framed: nobody is left to answer.
pub async fn read(mut incoming: Incoming) -> Result<Result<ReadBody, Refusal>, Hangup> {
    let mut first = Bytes::new();
    let mut rest = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(|_| Hangup)?.into_data() else {
            continue;
        };
        if first.len() + rest.len() + data.len() > MAX_BODY_BYTES {
            let message = format!("the body is larger than {MAX_BODY_BYTES} bytes");
            return Ok(Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)));
        }
        // A body that came in one piece is used where it lies.
        if first.is_empty() {
            first = data;
            continue;
        }
        if rest.is_empty() {
            rest.extend_from_slice(&first);
        }
        rest.extend_from_slice(&data);
    }
    let bytes = if rest.is_empty() {
        first
    } else {
        rest.freeze()
    };
    Ok(Ok(ReadBody { bytes }))
}
