//! The canonical encoding of what is fired, independent of how a file is laid out.
//!
//! A request or a stage is written as a sequence of fields `tag (1 byte) ‖ length (4 bytes,
//! little-endian) ‖ value`, by ascending tag, absent fields left out. A later minor version can
//! add tags without moving the hash of a request that does not use them.

use crate::Digest;
use crate::body::Splice;
pub use crate::body::{BodyDigest, BodyHasher};
use crate::layout::{
    MAX_SPLICES, NONE_U64, PairRecord, REQUEST_STREAM, RequestRecord, STAGE_AFTER_PREVIOUS,
    STAGE_WARM_UP, StageRecord, StartKind, optional_u32, optional_u64,
};
use crate::merkle;
use crate::salt::Salt;
use crate::tables::{ReferenceError, Tables};

/// In front of a stage table's encoding.
pub const STAGES_PREFIX: [u8; 8] = *b"wlc1stg\0";
/// In front of a request's encoding.
pub const REQUEST_PREFIX: [u8; 8] = *b"wlc1req\0";

mod tag {
    pub const INDEX: u8 = 0x00;
    pub const START_AT: u8 = 0x01;
    pub const START_AFTER: u8 = 0x02;
    pub const START_SLOT: u8 = 0x03;
    pub const STAGE: u8 = 0x04;
    pub const SESSION: u8 = 0x05;
    pub const TURN: u8 = 0x06;
    pub const MODEL: u8 = 0x07;
    pub const ADAPTER: u8 = 0x08;
    pub const METHOD: u8 = 0x09;
    pub const PATH: u8 = 0x0a;
    pub const HEADERS: u8 = 0x0b;
    pub const STREAM: u8 = 0x0c;
    pub const RESPONSE_FORMAT: u8 = 0x0d;
    pub const CANCEL_AFTER: u8 = 0x0e;
    pub const INPUT_TOKENS: u8 = 0x0f;
    pub const OUTPUT_TOKENS: u8 = 0x10;
    pub const LABELS: u8 = 0x11;
    pub const BODY: u8 = 0x12;
    pub const CANCEL_AFTER_TOKENS: u8 = 0x13;
    pub const SPLICES: u8 = 0x14;
    pub const SALT: u8 = 0x15;

    pub const STAGE_NAME: u8 = 0x01;
    pub const STAGE_KIND: u8 = 0x02;
    pub const STAGE_WARM_UP: u8 = 0x03;
    pub const STAGE_START: u8 = 0x04;
    pub const STAGE_DURATION: u8 = 0x05;
    pub const STAGE_RATE: u8 = 0x06;
    pub const STAGE_REQUESTS: u8 = 0x07;
    pub const STAGE_CONCURRENCY: u8 = 0x08;
    pub const STAGE_AFTER_PREVIOUS: u8 = 0x09;
}

/// Appends tagged fields to a buffer.
struct Encoder<'b> {
    out: &'b mut Vec<u8>,
}

impl Encoder<'_> {
    fn field(&mut self, tag: u8, value: &[u8]) {
        self.out.push(tag);
        self.out
            .extend_from_slice(&(value.len() as u32).to_le_bytes());
        self.out.extend_from_slice(value);
    }

    fn optional(&mut self, tag: u8, value: Option<&[u8]>) {
        if let Some(value) = value {
            self.field(tag, value);
        }
    }

    fn optional_u32(&mut self, tag: u8, value: Option<u32>) {
        self.optional(
            tag,
            value.map(u32::to_le_bytes).as_ref().map(|bytes| &bytes[..]),
        );
    }

    fn optional_u64(&mut self, tag: u8, value: Option<u64>) {
        self.optional(
            tag,
            value.map(u64::to_le_bytes).as_ref().map(|bytes| &bytes[..]),
        );
    }

    fn splices(&mut self, splices: &[Splice]) {
        if splices.is_empty() {
            return;
        }
        self.out.push(tag::SPLICES);
        self.out
            .extend_from_slice(&(4 + 16 * splices.len() as u32).to_le_bytes());
        self.out
            .extend_from_slice(&(splices.len() as u32).to_le_bytes());
        for splice in splices {
            self.out.extend_from_slice(&splice.position.to_le_bytes());
            self.out.extend_from_slice(&splice.request.to_le_bytes());
        }
    }

    fn pairs(
        &mut self,
        tag: u8,
        pairs: &[PairRecord],
        tables: &Tables,
    ) -> Result<(), ReferenceError> {
        if pairs.is_empty() {
            return Ok(());
        }
        self.out.push(tag);
        let length_at = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        self.out
            .extend_from_slice(&(pairs.len() as u32).to_le_bytes());
        for id in pairs
            .iter()
            .flat_map(|pair| [pair.name.get(), pair.value.get()])
        {
            let text = tables.string(id)?;
            self.out
                .extend_from_slice(&(text.len() as u32).to_le_bytes());
            self.out.extend_from_slice(text.as_bytes());
        }
        let length = (self.out.len() - length_at - 4) as u32;
        self.out[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
        Ok(())
    }
}

/// The canonical encoding of the request with this index, appended to `out`. Errors name a
/// dangling reference. `body` has at most [`MAX_SPLICES`] splices.
pub fn encode_request(
    index: u64,
    request: &RequestRecord,
    body: &BodyDigest,
    tables: &Tables,
    out: &mut Vec<u8>,
) -> Result<(), ReferenceError> {
    if body.splices.len() > MAX_SPLICES as usize {
        return Err(format!(
            "{} answers are put into its body, more than the limit of {MAX_SPLICES}",
            body.splices.len()
        ));
    }
    out.extend_from_slice(&REQUEST_PREFIX);
    let mut encoder = Encoder { out };
    encoder.field(tag::INDEX, &index.to_le_bytes());
    encode_start(request, &mut encoder)?;
    encoder.field(tag::STAGE, &request.stage.get().to_le_bytes());
    encoder.optional(
        tag::SESSION,
        tables
            .optional_string(request.session.get())?
            .map(str::as_bytes),
    );
    encoder.optional_u32(tag::TURN, optional_u32(request.turn));
    encoder.field(tag::MODEL, tables.string(request.model.get())?.as_bytes());
    encoder.optional(
        tag::ADAPTER,
        tables
            .optional_string(request.adapter.get())?
            .map(str::as_bytes),
    );
    encoder.field(tag::METHOD, tables.string(request.method.get())?.as_bytes());
    encoder.field(tag::PATH, tables.string(request.path.get())?.as_bytes());
    encoder.pairs(
        tag::HEADERS,
        tables.pair_list(request.headers.get())?,
        tables,
    )?;
    encoder.field(tag::STREAM, &[request.flags & REQUEST_STREAM]);
    encoder.field(tag::RESPONSE_FORMAT, &[request.response_format]);
    encoder.optional_u64(tag::CANCEL_AFTER, optional_u64(request.cancel_after_ns));
    encoder.optional_u32(tag::INPUT_TOKENS, optional_u32(request.input_tokens));
    encoder.optional_u32(tag::OUTPUT_TOKENS, optional_u32(request.output_tokens));
    encoder.pairs(tag::LABELS, tables.pair_list(request.labels.get())?, tables)?;
    let mut value = [0; 40];
    value[..8].copy_from_slice(&body.bytes.to_le_bytes());
    value[8..].copy_from_slice(&body.sha256);
    encoder.field(tag::BODY, &value);
    encoder.optional_u32(
        tag::CANCEL_AFTER_TOKENS,
        optional_u32(request.cancel_after_tokens),
    );
    encoder.splices(&body.splices);
    encoder.optional_u64(tag::SALT, body.salt);
    Ok(())
}

fn encode_start(request: &RequestRecord, encoder: &mut Encoder) -> Result<(), ReferenceError> {
    let start_ns = request.start_ns.get().to_le_bytes();
    let after = request.after_request.get();
    match StartKind::from_number(request.start_kind) {
        Some(StartKind::At) => {
            encoder.field(tag::START_AT, &start_ns);
            if after != NONE_U64 {
                let value = [after.to_le_bytes(), [0; 8]].concat();
                encoder.field(tag::START_AFTER, &value);
            }
        }
        Some(StartKind::After) => {
            let value = [after.to_le_bytes(), start_ns].concat();
            encoder.field(tag::START_AFTER, &value);
        }
        Some(StartKind::Slot) => encoder.field(tag::START_SLOT, &[]),
        None => return Err(format!("start_kind {} is not defined", request.start_kind)),
    }
    Ok(())
}

/// Leaf hash of the request with this index. `scratch` is cleared and reused between calls.
pub fn request_leaf(
    index: u64,
    request: &RequestRecord,
    body: &BodyDigest,
    tables: &Tables,
    scratch: &mut Vec<u8>,
) -> Result<Digest, ReferenceError> {
    scratch.clear();
    encode_request(index, request, body, tables, scratch)?;
    Ok(merkle::leaf_hash(scratch))
}

/// Leaf hash of the stage table, the first leaf of the tree.
pub fn stages_leaf(
    stages: &[StageRecord],
    request_count: u64,
    salt: Option<&Salt>,
    tables: &Tables,
) -> Result<Digest, ReferenceError> {
    let mut encoding = Vec::new();
    encode_stages(stages, request_count, salt, tables, &mut encoding)?;
    Ok(merkle::leaf_hash(&encoding))
}

/// The canonical encoding of the stage table, appended to `out`. It also binds the request count
/// and what salts are made of. Errors name a dangling reference.
pub fn encode_stages(
    stages: &[StageRecord],
    request_count: u64,
    salt: Option<&Salt>,
    tables: &Tables,
    out: &mut Vec<u8>,
) -> Result<(), ReferenceError> {
    out.extend_from_slice(&STAGES_PREFIX);
    out.extend_from_slice(&request_count.to_le_bytes());
    out.extend_from_slice(&(stages.len() as u32).to_le_bytes());
    let mut fields = Vec::new();
    for stage in stages {
        fields.clear();
        encode_stage(stage, tables, &mut Encoder { out: &mut fields })?;
        out.extend_from_slice(&(fields.len() as u32).to_le_bytes());
        out.extend_from_slice(&fields);
    }
    if let Some(salt) = salt {
        salt.encode(out);
    }
    Ok(())
}

fn encode_stage(
    stage: &StageRecord,
    tables: &Tables,
    encoder: &mut Encoder,
) -> Result<(), ReferenceError> {
    encoder.optional(
        tag::STAGE_NAME,
        tables.optional_string(stage.name.get())?.map(str::as_bytes),
    );
    encoder.field(tag::STAGE_KIND, &[stage.kind]);
    encoder.optional(
        tag::STAGE_WARM_UP,
        (stage.flags & STAGE_WARM_UP != 0).then_some(&[1]),
    );
    encoder.field(tag::STAGE_START, &stage.start_ns.get().to_le_bytes());
    encoder.optional_u64(tag::STAGE_DURATION, optional_u64(stage.duration_ns));
    encoder.optional_u64(tag::STAGE_RATE, optional_u64(stage.rate_microhertz));
    encoder.field(
        tag::STAGE_REQUESTS,
        &stage.request_count.get().to_le_bytes(),
    );
    encoder.optional_u32(tag::STAGE_CONCURRENCY, optional_u32(stage.concurrency));
    let after_previous = stage.flags & STAGE_AFTER_PREVIOUS != 0;
    encoder.optional(tag::STAGE_AFTER_PREVIOUS, after_previous.then_some(&[1]));
    Ok(())
}
