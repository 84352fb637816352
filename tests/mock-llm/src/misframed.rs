//! Answers that the HTTP library would not write: heads that dribble, lengths that are wrong,
//! chunks that are none. Written past it over HTTP/1.1, while it waits for the handler and
//! watches for the client's leaving.

use bytes::Bytes;
use hyper::Response;
use tokio::time::sleep;

use crate::answer::Answer;
use crate::connection::Hangup;
use crate::failing::false_length;
use crate::fault::FaultKind;
use crate::post::{Plan, Post};

/// Bytes of a head at a time.
const HEAD_PIECE: usize = 8;

/// Answers, and ends the connection.
pub async fn answer(
    post: Post<'_>,
    kind: FaultKind,
    plan: &Plan<'_>,
) -> Result<Response<Answer>, Hangup> {
    let body = plan.whole_body();
    let framing = match kind {
        FaultKind::BadChunk => "transfer-encoding: chunked".to_owned(),
        _ => format!("content-length: {}", false_length(kind, body.len())),
    };
    let content_type = plan.content_type();
    let content_type = content_type.to_str().expect("one of ours");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n{framing}\r\nconnection: close\r\n\r\n"
    );
    if let FaultKind::SlowHeaders(over) = kind {
        let pieces = head.len().div_ceil(HEAD_PIECE);
        let pause = over / u32::try_from(pieces).expect("a head is small");
        for piece in head.as_bytes().chunks(HEAD_PIECE) {
            post.connection.write_raw(piece).await?;
            sleep(pause).await;
        }
        plan.wait_for_all().await;
    } else {
        plan.wait_for_all().await;
        post.connection.write_raw(head.as_bytes()).await?;
    }
    let bytes = match kind {
        FaultKind::BadChunk => badly_chunked(&body),
        _ => body,
    };
    post.ticket.finish();
    post.connection.write_raw(&bytes).await?;
    Err(Hangup)
}

/// One good chunk, and one whose size is no number.
fn badly_chunked(body: &Bytes) -> Bytes {
    let (first, second) = body.split_at(body.len() / 2);
    let size = format!("{:x}\r\n", first.len());
    [size.as_bytes(), first, b"\r\nzz\r\n", second]
        .concat()
        .into()
}
