//! What a body is made of, as far as the fixed text between its parts depends on it.

/// Who says a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    System,
    User,
    Assistant,
}

impl Role {
    /// Every role, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::System, Self::User, Self::Assistant];

    /// The value of `role`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// One part of a body. Between two of them, before the first and behind the last stands fixed
/// text: a fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Element {
    /// A text that begins a message. With `parts` its message holds more than this text, so that
    /// its content is a list.
    Text { role: Role, parts: bool },
    /// A further text of the same message.
    MoreText,
    /// An image; `first` if it begins a message of the user's.
    Image { first: bool },
    /// An audio clip; `first` if it begins a message of the user's.
    Audio { first: bool },
    /// A document that a query is asked of, or a further text of a batch.
    Document,
}

impl Element {
    /// Every element, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::text(Role::System),
        Self::text(Role::User),
        Self::text(Role::Assistant),
        Self::parts(Role::System),
        Self::parts(Role::User),
        Self::parts(Role::Assistant),
        Self::MoreText,
        Self::Image { first: false },
        Self::Image { first: true },
        Self::Audio { first: false },
        Self::Audio { first: true },
        Self::Document,
    ];

    /// A message that is one text.
    pub const fn text(role: Role) -> Self {
        Self::Text { role, parts: false }
    }

    /// The first text of a message that holds more.
    pub const fn parts(role: Role) -> Self {
        Self::Text { role, parts: true }
    }

    /// The position in [`ALL`](Self::ALL).
    pub const fn number(self) -> usize {
        match self {
            Self::Text { role, parts } => role as usize + if parts { 3 } else { 0 },
            Self::MoreText => 6,
            Self::Image { first } => 7 + first as usize,
            Self::Audio { first } => 9 + first as usize,
            Self::Document => 11,
        }
    }

    /// Whether a body that is made up may begin with it: none begins with an answer.
    pub fn may_be_first(self) -> bool {
        let role = match self {
            Self::Text { role, .. } => role,
            _ => Role::User,
        };
        self.begins_message() && role != Role::Assistant
    }

    /// Whether it begins a message.
    pub const fn begins_message(self) -> bool {
        match self {
            Self::Text { .. } => true,
            Self::Image { first } | Self::Audio { first } => first,
            Self::MoreText | Self::Document => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stand_at_their_number() {
        for (number, element) in Element::ALL.into_iter().enumerate() {
            assert_eq!(element.number(), number);
        }
    }
}
