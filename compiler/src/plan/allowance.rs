//! Tokens that a server's chat template puts around what is sent: a prompt that is to count n
//! tokens at the server has fewer of text.

use crate::spec::TemplateOverhead;

impl TemplateOverhead {
    /// The tokens of text that are left of `tokens` for what is said in a turn of the user's: at
    /// least one, if there were any. The first turn pays for the request.
    pub fn left(&self, tokens: u32, is_first: bool) -> u32 {
        let taken = self.message + if is_first { self.request } else { 0 };
        tokens.saturating_sub(taken).max(tokens.min(1))
    }

    /// Whether a text of so many tokens is longer than asked, because the template alone is as
    /// long.
    pub fn is_exceeded(&self, tokens: u32, is_first: bool) -> bool {
        let taken = self.message + if is_first { self.request } else { 0 };
        tokens <= taken && taken > 0
    }

    /// Tokens that a request of so many messages has beside its text.
    pub fn of(&self, messages: u32) -> u32 {
        self.request
            .saturating_add(self.message.saturating_mul(messages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_template_together_are_what_was_asked() {
        let allowance = TemplateOverhead {
            request: 3,
            message: 4,
        };
        assert_eq!(allowance.left(100, true) + allowance.of(1), 100);
        assert_eq!(allowance.left(100, false) + allowance.message, 100);
        assert_eq!(allowance.left(7, true), 1);
        assert!(allowance.is_exceeded(7, true) && !allowance.is_exceeded(8, true));
        assert_eq!(TemplateOverhead::default().left(5, true), 5);
        assert!(!TemplateOverhead::default().is_exceeded(0, true));
    }
}
