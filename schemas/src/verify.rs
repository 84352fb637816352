//! Recomputes every hash and checks every bound, order and reference of a workload.
//!
//! Work is split over threads by request; the first fault in file order is the one reported, so
//! the answer does not depend on the number of threads.

use crate::Digest;
use crate::body::{BodyHasher, Piece};
use crate::error::FormatError;
use crate::layout::{
    NONE_U64, RequestRecord, STAGE_AFTER_PREVIOUS, Section, StartKind, Trailer, padding_after,
};
use crate::leaf::{request_leaf, stages_leaf};
use crate::merkle::RootBuilder;
use crate::narrow::narrow;
use crate::reader::Workload;
use crate::rules;
use crate::salt::Salt;
use crate::{hex, manifest::Manifest};
use sha2::{Digest as _, Sha256};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Requests that one thread takes at a time.
const BATCH: u64 = 256;

/// What a verified file holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The recomputed Merkle root, equal to the stored one.
    pub content_hash: Digest,
    /// The parsed manifest.
    pub manifest: Manifest,
    /// Bytes of all bodies, expanded.
    pub body_bytes: u64,
}

/// Checks everything. `threads` is at least 1; `progress` is told the number of requests done.
pub fn verify(
    workload: &Workload,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<Verified, FormatError> {
    std::thread::scope(|scope| {
        let sections = (threads > 1).then(|| scope.spawn(|| check_sections(workload)));
        let manifest = check_manifest(workload);
        // A body with a salt slot cannot be judged without the manifest.
        let requests = match &manifest {
            Ok(manifest) => check_requests(workload, manifest.salt.as_ref(), threads, progress),
            Err(_) => Ok(0),
        };
        let sections = match sections {
            Some(handle) => handle.join().expect("hashing does not panic"),
            None => check_sections(workload),
        };
        let salt = manifest.as_ref().ok().and_then(|known| known.salt.as_ref());
        sections.map_err(|error| narrowed(workload, salt, error))?;
        let manifest = manifest?;
        let body_bytes = requests?;
        check_stages(workload)?;
        let content_hash = check_root(workload, manifest.salt.as_ref())?;
        Ok(Verified {
            content_hash,
            manifest,
            body_bytes,
        })
    })
}

/// As [`verify`], with the hash of the whole file ([`file_hash`]), on a thread of its own.
pub fn verify_with_file_hash(
    workload: &Workload,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<(Verified, Digest), FormatError> {
    std::thread::scope(|scope| {
        let file_hash = scope.spawn(|| file_hash(workload));
        let verified = verify(workload, threads, progress)?;
        let file_hash = file_hash.join().expect("hashing does not panic");
        Ok((verified, file_hash))
    })
}

/// SHA-256 of the whole file, as `sha256sum` prints it.
pub fn file_hash(workload: &Workload) -> Digest {
    Sha256::digest(workload.file_bytes()).into()
}

fn check_sections(workload: &Workload) -> Result<(), FormatError> {
    for section in Section::ALL {
        let place = workload.place(section);
        let actual: Digest = Sha256::digest(workload.section(section)).into();
        let end = place.end();
        if actual != place.sha256 {
            return Err(FormatError::SectionHash {
                section,
                offset: place.offset as u64,
                end: end as u64,
                found: String::new(),
                said: hex(&place.sha256),
                actual: hex(&actual),
            });
        }
        let padding =
            &workload.file_bytes()[end..end + padding_after(place.length as u64) as usize];
        if let Some(position) = padding.iter().position(|byte| *byte != 0) {
            return Err(FormatError::Padding {
                offset: (end + position) as u64,
            });
        }
    }
    Ok(())
}

/// The same error with the place of the altered bytes told as closely as they can be found.
fn narrowed(workload: &Workload, salt: Option<&Salt>, mut error: FormatError) -> FormatError {
    if let FormatError::SectionHash {
        section,
        offset,
        end,
        found,
        ..
    } = &mut error
        && let Some((place, how)) = narrow(workload, *section, slot_bytes(salt))
    {
        (*offset, *end, *found) = (place.start, place.end, how);
    }
    error
}

/// Width of the salt slot.
fn slot_bytes(salt: Option<&Salt>) -> Option<u64> {
    salt.map(|salt| salt.unsalted().len() as u64)
}

/// The manifest, and that the salt slot stands where it says.
fn check_manifest(workload: &Workload) -> Result<Manifest, FormatError> {
    let manifest = workload.manifest()?;
    let blob = workload.section(Section::Blob);
    match &manifest.salt {
        Some(salt) if !blob.starts_with(salt.unsalted().as_bytes()) => Err(FormatError::Manifest {
            offset: workload.place(Section::Manifest).offset as u64,
            end: workload.place(Section::Manifest).end() as u64,
            what: "has a salt, but BLOB does not begin with its slot".to_owned(),
        }),
        _ => Ok(manifest),
    }
}

/// The fault with the lowest request number that any thread has found.
#[derive(Default)]
struct FirstFault(Mutex<Option<(u64, FormatError)>>);

impl FirstFault {
    fn report(&self, request: u64, error: FormatError) {
        let mut first = self.0.lock().expect("no thread panics");
        if first.as_ref().is_none_or(|(earlier, _)| request < *earlier) {
            *first = Some((request, error));
        }
    }

    fn into_result(self) -> Result<(), FormatError> {
        self.0
            .into_inner()
            .expect("no thread panics")
            .map_or(Ok(()), |(_, error)| Err(error))
    }
}

fn check_requests(
    workload: &Workload,
    salt: Option<&Salt>,
    threads: usize,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<u64, FormatError> {
    check_tables(workload)?;
    check_order(workload)?;
    let (next, done, body_bytes) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let fault = FirstFault::default();
    let total = workload.requests().len() as u64;
    let slot_bytes = slot_bytes(salt);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                let mut scratch = Vec::new();
                loop {
                    let first = next.fetch_add(BATCH, Ordering::Relaxed);
                    if first >= total {
                        return;
                    }
                    let batch = first..total.min(first + BATCH);
                    let count = batch.end - batch.start;
                    for index in batch {
                        match check_request(workload, index, slot_bytes, &mut scratch) {
                            Ok(bytes) => body_bytes.fetch_add(bytes, Ordering::Relaxed),
                            Err(error) => return fault.report(index, error),
                        };
                    }
                    progress(done.fetch_add(count, Ordering::Relaxed) + count);
                }
            });
        }
    });
    fault.into_result()?;
    Ok(body_bytes.into_inner())
}

/// Every string and pair list, used or not.
fn check_tables(workload: &Workload) -> Result<(), FormatError> {
    let tables = workload.tables();
    for id in 0..tables.strings.len() as u32 {
        let wrong = |what| workload.record_error(Section::Strings, id.into(), what);
        rules::string(&tables, id).map_err(wrong)?;
    }
    for id in 0..tables.pair_lists.len() as u32 {
        let wrong = |what| workload.record_error(Section::PairLists, id.into(), what);
        rules::pair_list(&tables, id).map_err(wrong)?;
    }
    Ok(())
}

/// Rules between requests: starts do not go back within a time base, and nothing waits for a
/// later request. All stages share t0 as their time base but those that follow the one before.
fn check_order(workload: &Workload) -> Result<(), FormatError> {
    let (stages, requests) = (workload.stages(), workload.requests());
    let mut latest_ns = vec![0; stages.len() + 1];
    for (index, request) in (0..).zip(requests) {
        let wrong = |what: String| workload.record_error(Section::Requests, index, what);
        let stage = request.stage.get() as usize;
        let own_base = stages
            .get(stage)
            .is_some_and(|stage| stage.flags & STAGE_AFTER_PREVIOUS != 0);
        let kind = StartKind::from_number(request.start_kind);
        if kind == Some(StartKind::At) {
            let latest_ns = &mut latest_ns[if own_base { stage + 1 } else { 0 }];
            if request.start_ns.get() < *latest_ns {
                return Err(wrong("starts before the request in front of it".into()));
            }
            *latest_ns = request.start_ns.get();
        }
        let after = request.after_request.get();
        let may_wait = kind == Some(StartKind::At) && after != NONE_U64;
        let other = before(requests, index, after);
        // A stage that is not there is the other request's fault, not this one's.
        let no_stage = other.is_some_and(|other| other.stage.get() as usize >= stages.len());
        if (may_wait || kind == Some(StartKind::After)) && !no_stage {
            rules::awaited(request, other).map_err(wrong)?;
        }
    }
    Ok(())
}

/// Request `other`, if it stands before request `index`.
fn before(requests: &[RequestRecord], index: u64, other: u64) -> Option<&RequestRecord> {
    requests.get(usize::try_from(other).ok().filter(|_| other < index)?)
}

/// Checks one request and its leaf; gives the length of its body.
pub(crate) fn check_request(
    workload: &Workload,
    index: u64,
    slot_bytes: Option<u64>,
    scratch: &mut Vec<u8>,
) -> Result<u64, FormatError> {
    let request = &workload.requests()[index as usize];
    let wrong = |what: String| workload.record_error(Section::Requests, index, what);
    rules::request(request, workload.stages().get(request.stage.get() as usize)).map_err(wrong)?;
    rules::http_head(request, &workload.tables()).map_err(wrong)?;
    check_rope(workload, index, slot_bytes)?;
    let mut hasher = BodyHasher::default();
    workload.body(index)?.for_each(|piece| hasher.piece(piece));
    let body = hasher.finish();
    let leaf = request_leaf(index, request, &body, &workload.tables(), scratch).map_err(wrong)?;
    if leaf != workload.leaves()[index as usize] {
        let offset = workload.place(Section::Leaves).offset as u64 + index * 32;
        return Err(FormatError::Leaf {
            request: index,
            offset,
        });
    }
    Ok(body.bytes)
}

/// What a body is made of, before anything of it is hashed: a request that says another length
/// than its segments have costs no hashing. It bounds no more than that: requests may share
/// segments, so all bodies together may be far longer than the file, and each is hashed whole.
pub(crate) fn check_rope(
    workload: &Workload,
    index: u64,
    slot_bytes: Option<u64>,
) -> Result<(), FormatError> {
    let request = &workload.requests()[index as usize];
    let wrong = |what: String| workload.record_error(Section::Requests, index, what);
    let (mut literal_bytes, mut answers, mut slots) = (0u64, 0u64, Vec::new());
    for piece in workload.body(index)? {
        match piece {
            Piece::Bytes(bytes) => literal_bytes = literal_bytes.saturating_add(bytes.len() as u64),
            Piece::Salt(bytes) => {
                literal_bytes = literal_bytes.saturating_add(bytes.len() as u64);
                slots.push(bytes.len() as u64);
            }
            Piece::AnswerTo(other) => {
                answers += 1;
                let other = before(workload.requests(), index, other);
                rules::splice(request, other, &workload.tables()).map_err(wrong)?;
            }
        }
    }
    let said = request.body_bytes.get();
    if literal_bytes != said {
        let what = format!("body_bytes is {said}, its segments have {literal_bytes}");
        return Err(wrong(what));
    }
    rules::live_flag(request, answers).map_err(wrong)?;
    rules::salt_slot(request, &slots, slot_bytes).map_err(wrong)
}

fn check_stages(workload: &Workload) -> Result<(), FormatError> {
    let mut counts = vec![0u64; workload.stages().len()];
    workload
        .requests()
        .iter()
        .for_each(|request| counts[request.stage.get() as usize] += 1);
    for (index, (stage, counted)) in workload.stages().iter().zip(counts).enumerate() {
        rules::stage(stage, index, counted, &workload.tables())
            .map_err(|what| workload.record_error(Section::Stages, index as u64, what))?;
    }
    Ok(())
}

fn check_root(workload: &Workload, salt: Option<&Salt>) -> Result<Digest, FormatError> {
    let count = workload.requests().len() as u64;
    let stages = stages_leaf(workload.stages(), count, salt, &workload.tables())
        .map_err(|what| workload.record_error(Section::Stages, 0, what))?;
    let mut root = RootBuilder::default();
    root.push(stages);
    workload.leaves().iter().for_each(|leaf| root.push(*leaf));
    let actual = root.root();
    if actual != workload.content_hash() {
        let offset = (workload.file_bytes().len() - size_of::<Trailer>()) as u64;
        return Err(FormatError::ContentHash {
            offset,
            said: hex(&workload.content_hash()),
            actual: hex(&actual),
        });
    }
    Ok(actual)
}
