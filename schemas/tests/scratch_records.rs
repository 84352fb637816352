use schemas::frames::*; use schemas::records::*; use std::path::Path; use zerocopy::{IntoBytes, FromBytes};
fn fr(k: FrameKind, i: u32, p: &[u8]) -> Vec<u8> { let mut o = vec![]; write_frame(&mut o, k, i, p).unwrap(); o }
fn rd(b: &[u8]) -> String { match Records::from_bytes(b, Path::new("r")) { Ok(r) => format!("accepted {:?} {:?}", r.truncated, r.results.iter().map(|r| r.token_ns.clone()).collect::<Vec<_>>()), Err(e) => e.to_string() } }
#[test] fn t() {
    let h = records_header([0; 32], 1);
    let mut z = h; z.zero = 7.into(); z.crc32c = crc32c::crc32c(&z.as_bytes()[..56]).into();
    let end = fr(FrameKind::End, 0, &[]);
    println!("header.zero: {}", rd(&[z.as_bytes(), &end[..]].concat()));
    println!("END items 9: {}", rd(&[h.as_bytes(), &fr(FrameKind::End, 9, &[])[..]].concat()));
    let mut r = ResultRecord::read_from_bytes(&[0u8; 168][..]).unwrap();
    r.zero = 1; r.zero2 = 2.into(); r.flags = 0xfc; r.token_count = 1.into();
    for times in [&[0x80u8, 0x80, 0x00][..], &[0xff; 9][..], &[0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0xff,0x7f][..]] {
        r.token_time_bytes = (times.len() as u32).into();
        println!("times {times:02x?}: {}", rd(&[h.as_bytes(), &fr(FrameKind::Records, 1, &[r.as_bytes(), times].concat())[..], &end].concat()));
    }
}
