//! Texts that users may bring: prose, tables, scripts without spaces, and nothing but trouble.

use crate::make::Draws;
use compiler::spec::CorpusRef;

/// What stands between words of [`mixed`], beside spaces.
const ASCII: [&str; 20] = [
    ", ",
    ". ",
    "\n",
    "\r\n",
    "\n\n",
    "\t",
    "  ",
    " - ",
    "\"",
    "\\",
    "'s ",
    "'ll ",
    " (",
    ") ",
    "//",
    "\n// ",
    " 1234567 ",
    "_",
    " = ",
    "\n    ",
];

/// The same beyond ASCII, with control characters.
const HOSTILE: [&str; 20] = [
    "\u{0}",
    "\u{1b}[0m",
    "\u{7f}",
    "🚀",
    " 👩‍👩‍👧 ",
    "é",
    "e\u{301} ",
    "日本語のテキスト。",
    "\n中文，没有空格。",
    "\u{3000}",
    "\u{a0}",
    "\u{2028}",
    "\u{feff}",
    "मुख्य ",
    " שלום ",
    "١٢٣٤",
    "ǅ",
    "ſ",
    "’s ",
    "\u{85}",
];

/// Words of a made-up language with [`ASCII`] between them, or [`HOSTILE`], too.
pub fn mixed(words: &[String], lengths: usize, hostile: bool) -> String {
    let mut draws = Draws(7);
    let mut text = String::new();
    for _ in 0..lengths {
        text.push_str(&words[draws.below(words.len())]);
        text.push_str(match draws.below(if hostile { 6 } else { 3 }) {
            0 => ASCII[draws.below(ASCII.len())],
            4 => HOSTILE[draws.below(HOSTILE.len())],
            _ => " ",
        });
    }
    text
}

/// Lines of a script without spaces.
pub fn without_spaces(lines: usize) -> String {
    let mut draws = Draws(8);
    let mut text = String::new();
    for _ in 0..lines {
        for _ in 0..20 + draws.below(80) {
            let drawn = 0x4e00 + draws.below(3_000) as u32;
            text.push(char::from_u32(drawn).expect("a character"));
            if draws.below(12) == 0 {
                text.push(['，', '。', '？', '、'][draws.below(4)]);
            }
        }
        text.push_str("。\n");
    }
    text
}

pub fn file(text: &str) -> CorpusRef {
    let name = "corpus.txt".to_owned();
    let text = text.into();
    CorpusRef::File { name, text }
}
