//! Results for tests to examine and to alter: a records file taken apart and put together again with
//! right checksums, a key pair, and a generator of small changes.

use crate::support::{chat_spec, compile, dir, server};
use harness::{Call, Dir};
use schemas::frames::{encode_strings, records_header, write_frame};
use schemas::record_file::RecordFile;
use schemas::records::FrameKind;
use std::path::Path;
use zerocopy::IntoBytes;

/// A directory with `w.wlc` of 50 requests, `results` of a run of it that was answered by a server of
/// this process, a key pair `key` and `signers`, which knows it as `auditor@example.org`.
#[track_caller]
pub fn results() -> Dir {
    let dir = dir();
    compile(&dir, "w", &chat_spec(50, "1"), "");
    let server = server(2, 0);
    let url = format!("http://{}", server.addr());
    dir.replay(&format!("run w.wlc --url {url} --out results"))
        .run()
        .ok();
    make_key(&dir);
    dir
}

/// `key`, `key.pub` and `signers`.
#[track_caller]
fn make_key(dir: &Dir) {
    assert!(
        harness::is_installed("ssh-keygen"),
        "ssh-keygen is missing: install openssh-client"
    );
    let words = "-q -t ed25519 -C test -f key -N";
    let call = Call::new("ssh-keygen").cwd(dir.path("."));
    call.words(words).arg("").run().ok();
    let public = String::from_utf8(dir.read("key.pub")).unwrap();
    let line = format!("auditor@example.org namespaces=\"replay-bundle\" {public}");
    dir.write("signers", line);
}

/// A records file in parts.
#[derive(Clone, Debug)]
pub struct Records {
    content_hash: [u8; 32],
    /// Of the header.
    pub request_count: u64,
    strings: Vec<String>,
    /// Every record with what follows it, in file order.
    pub records: Vec<Vec<u8>>,
}

impl Records {
    /// Reads a whole file.
    #[track_caller]
    pub fn read(path: &Path) -> Self {
        let file = RecordFile::open(path).unwrap();
        let mut records = Vec::new();
        let scanned = file
            .scan(&mut |view| records.push(view.bytes.to_vec()))
            .unwrap();
        Records {
            content_hash: file.header().content_hash,
            request_count: file.header().request_count.get(),
            strings: scanned.strings,
            records,
        }
    }

    /// The bytes of a file with so many records to a frame; every checksum is right.
    pub fn bytes(&self, to_a_frame: usize) -> Vec<u8> {
        let header = records_header(self.content_hash, self.request_count);
        let mut out = header.as_bytes().to_vec();
        let (items, payload) = encode_strings(self.strings.iter().map(String::as_str));
        write_frame(&mut out, FrameKind::Strings, items, &payload).unwrap();
        for records in self.records.chunks(to_a_frame) {
            let items = records.len() as u32;
            write_frame(&mut out, FrameKind::Records, items, &records.concat()).unwrap();
        }
        write_frame(&mut out, FrameKind::End, 0, &[]).unwrap();
        out
    }

    /// Moves a time, at `offset` of the `n`-th record, by `by_ns`.
    pub fn shift(&mut self, n: usize, offset: usize, by_ns: i64) {
        let field: &mut [u8; 8] = (&mut self.records[n][offset..offset + 8])
            .try_into()
            .unwrap();
        *field = u64::from_le_bytes(*field)
            .strict_add_signed(by_ns)
            .to_le_bytes();
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Random(pub u64);

impl Random {
    /// The next 64 bits.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is above 0.
    pub fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

/// How a file is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// One byte becomes another.
    Byte,
    /// Its end is missing.
    Truncated,
    /// Bytes are put in, taken out, or written over by others of the file.
    Spliced,
}

/// A changed copy, never equal to the bytes given, and the change in words.
pub fn changed(bytes: &[u8], change: Change, random: &mut Random) -> (Vec<u8>, String) {
    loop {
        let mut copy = bytes.to_vec();
        let at = random.below(bytes.len());
        let what = match change {
            Change::Byte => {
                copy[at] ^= 1 + random.below(255) as u8;
                format!("byte {at}: {:#04x} for {:#04x}", copy[at], bytes[at])
            }
            Change::Truncated => {
                copy.truncate(at);
                format!("cut to {at} bytes")
            }
            Change::Spliced => {
                let length = 1 + random.below(64.min(bytes.len() - at));
                let from = random.below(bytes.len() - length + 1);
                let chunk = bytes[from..from + length].to_vec();
                let (replaced, chunk) = match random.below(3) {
                    0 => (0, chunk),
                    1 => (length, Vec::new()),
                    _ => (length, chunk),
                };
                let what = format!("at {at}, {replaced} bytes for {} of {from}", chunk.len());
                copy.splice(at..at + replaced, chunk);
                what
            }
        };
        if copy != bytes {
            return (copy, what);
        }
    }
}
