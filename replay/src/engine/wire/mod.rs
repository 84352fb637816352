//! What came back, read as it arrives: event borders, which event is a token, what the server
//! says it used. Everything else in a response is left alone.

pub mod openai;
pub mod sse;
