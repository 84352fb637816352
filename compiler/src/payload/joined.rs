//! One string in which all texts follow one another. Between two of them nothing stands: the
//! second begins with a space of its own.

use super::Element;

/// Whether there are texts only: media and documents have no place in the string.
pub fn are_texts(previous: Option<Element>, next: Option<Element>) -> bool {
    let is_text = |element| matches!(element, Element::Text { .. } | Element::MoreText);
    previous.into_iter().chain(next).all(is_text)
}

/// What stands between two texts, before the first, or behind the last: there `end`.
pub fn fence(previous: Option<Element>, next: Option<Element>, end: &str) -> Option<String> {
    let fence = if next.is_none() { end } else { "" };
    are_texts(previous, next).then(|| fence.to_owned())
}

/// The same where documents may follow the texts, with `open` in front of the first and `between`
/// between two of them, and `closed` behind the last.
pub fn documents(
    previous: Option<Element>,
    next: Option<Element>,
    (open, between, closed): (&str, &str, &str),
) -> Option<String> {
    match (previous, next) {
        (Some(Element::Document), Some(Element::Document)) => Some(between.to_owned()),
        (Some(Element::Document), None) => Some(closed.to_owned()),
        (Some(previous), Some(Element::Document)) if are_texts(Some(previous), None) => {
            Some(open.to_owned())
        }
        (Some(Element::Document), _) | (_, Some(Element::Document)) => None,
        (_, Some(_)) => fence(previous, next, ""),
        (_, None) => None,
    }
}
