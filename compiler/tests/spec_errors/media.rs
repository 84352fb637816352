//! Blocks of images and audio that are wrong.

use super::{SadBlock, check_before};

const REST: &str = "models: m\n";

#[rustfmt::skip]
const MEDIA: &[SadBlock] = &[
    ("data: {type: random, images: {pool: 0}}", 1, 37, "`data.images.pool`: `0` must be more than 0", "write a whole number of images from 1 to 100000"),
    ("data: {type: random, images: {pool: 100001}}", 1, 37, "`100001` is more than the limit of 100000", "write at most 100000"),
    ("data: {type: random, audio: {pool: 0}}", 1, 36, "`0` must be more than 0", "write a whole number of clips from 1 to 100000"),
    ("data: {type: random, images: {width: 0}}", 1, 38, "`0` must be more than 0", "a number of pixels from 1 to 8192"),
    ("data: {type: random, images: {width: 8193}}", 1, 38, "`8193` is more than the limit of 8192", "write at most 8192"),
    ("data: {type: random, images: {width: 5s}}", 1, 38, "`5s` is not a number", "a number of pixels"),
    ("data: {type: random, images: {count: 101}}", 1, 38, "`101` is more than the limit of 100", "write at most 100"),
    ("data: {type: random, images: {height: 8, aspect_ratio: 1}}", 1, 56, "`height` says already how high an image is", "keep one of the two"),
    ("data: {type: random, images: {aspect_ratio: 0}}", 1, 45, "`0` must be more than 0", "like 1.5"),
    ("data: {type: random, images: {format: jpg}}", 1, 39, "the format is called jpeg", "write `format: jpeg`"),
    ("data: {type: random, images: {format: random}}", 1, 39, "is said by weights", "{png: 1, jpeg: 1}"),
    ("data: {type: random, images: {format: {}}}", 1, 39, "there is no format", "write `{png: 2, jpeg: 1}`"),
    ("data: {type: random, images: {format: {png: 0}}}", 1, 45, "`0` must be more than 0", "like 3 or 0.25"),
    ("data: {type: random, images: {format: {pngg: 1}}}", 1, 46, "unknown value `pngg`", "did you mean `png`?"),
    ("data: {type: random, images: {source: assets}}", 1, 39, "AIPerf's own images are not part of this program", "`noise`, or the path of a folder"),
    ("data: {type: random, images: {batch_size: 2}}", 1, 31, "is `count`", "write `count`"),
    ("data: {type: random, audio: {format: mp3}}", 1, 38, "no well-kept MP3 encoder", "write `format: wav`"),
    ("data: {type: random, audio: {duration: 2h}}", 1, 40, "`2h` is more than the limit of 3600s", "write at most 3600s"),
    ("data: {type: random, audio: {duration: 0}}", 1, 40, "`0` must be more than 0", "250ms"),
    ("data: {type: random, audio: {sample_rate: 16}}", 1, 43, "`16` Hz is less than 4000 Hz", "16 kHz is 16000"),
    ("data: {type: random, audio: {sample_rate: 44.1}}", 1, 43, "`44.1` is not a whole number", "Hz from 4000 to 384000"),
    ("data: {type: random, audio: {sample_rate: 1e6}}", 1, 43, "`1e6` is more than the limit of 384000", "write at most 384000"),
    ("data: {type: random, audio: {sample_rate: []}}", 1, 43, "the list is empty", "write 16000"),
    ("data: {type: random, audio: {bit_depth: [8, 8]}}", 1, 45, "8 stands twice", "keep one"),
    ("data: {type: random, audio: {bit_depth: 12}}", 1, 41, "unknown value `12`", "`8`, `16`, `24`, `32`"),
    ("data: {type: random, audio: {length: 5s}}", 1, 30, "is its `duration`", "write `duration`"),
];

#[test]
fn wrong_media_say_what_to_write() {
    check_before(REST, MEDIA);
}
