//! HTTP/2 by prior knowledge, seen by a client that is none of ours.

use std::time::Duration;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream};
use http::Request;
use mock_llm::{Config, Server};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::client::{arrivals_when, now_ns};

const BODY: &[u8] = br#"{"model":"m","messages":[],"max_tokens":6,"stream":true}"#;

type Client = SendRequest<Bytes>;

fn server(config: Config) -> Server {
    Server::start(config).expect("the server starts")
}

fn faulty(fault: &str) -> Server {
    server(Config {
        faults: vec![fault.parse().expect("a fault")],
        ..Config::default()
    })
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let bounded = async { tokio::time::timeout(Duration::from_secs(20), test).await };
    let runtime = runtime.expect("a runtime");
    runtime.block_on(bounded).expect("it ends in time");
}

async fn connect(server: &Server) -> (Client, JoinHandle<()>) {
    let tcp = TcpStream::connect(server.addr()).await.expect("it listens");
    tcp.set_nodelay(true).expect("nodelay");
    let (client, connection) = h2::client::handshake(tcp).await.expect("it speaks HTTP/2");
    let driver = tokio::spawn(async move {
        let _ = connection.await;
    });
    (client.ready().await.expect("ready"), driver)
}

/// Sends the head, and the body at once or after a pause.
async fn post(client: &mut Client, pause: Option<Duration>) -> ResponseFuture {
    let request = Request::post("http://mock/v1/chat/completions").body(());
    let (response, mut body) = client
        .send_request(request.expect("a request"), false)
        .expect("a stream");
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    }
    body.send_data(Bytes::from_static(BODY), true)
        .expect("sent");
    response
}

/// All data, and the error that ended the stream if one did.
async fn read(mut body: RecvStream) -> (String, Option<h2::Error>) {
    let mut all = Vec::new();
    while let Some(data) = body.data().await {
        match data {
            Ok(data) => {
                let _ = body.flow_control().release_capacity(data.len());
                all.extend_from_slice(&data);
            }
            Err(error) => return (String::from_utf8_lossy(&all).into_owned(), Some(error)),
        }
    }
    (String::from_utf8_lossy(&all).into_owned(), None)
}

#[test]
fn requests_are_answered_and_stamped_by_their_own_frames() {
    block_on(async {
        let server = server(Config::default());
        let (mut client, _driver) = connect(&server).await;
        let before_ns = now_ns();
        let pause = Duration::from_millis(30);
        let late = post(&mut client, Some(pause)).await;
        let between_ns = now_ns();
        let second = post(&mut client, None).await;
        for response in [late, second] {
            let response = response.await.expect("a response");
            assert_eq!(response.status(), 200);
            let (body, error) = read(response.into_body()).await;
            assert!(error.is_none() && body.ends_with("data: [DONE]\n\n"));
            assert_eq!(body.matches(" tok").count(), 6);
        }
        let arrivals = server.arrivals();
        assert_eq!(arrivals.len(), 2);
        let [first, second] = [&arrivals[0], &arrivals[1]];
        // The HEADERS of the first came before its pause and its body after it.
        assert!(before_ns < first.arrival_ns);
        let pause_ns = pause.as_nanos() as u64;
        assert!(
            first
                .body_end_ns
                .is_some_and(|end| end > first.arrival_ns + pause_ns / 2)
        );
        assert!(between_ns < second.arrival_ns && Some(second.arrival_ns) <= second.body_end_ns);
        assert_eq!((first.connection, second.connection), (1, 1));
        for arrival in &arrivals {
            assert!(arrival.body_end_ns < arrival.answered_ns && arrival.closed_early_ns.is_none());
        }
    });
}

/// The next token is a minute away.
#[test]
fn a_stream_that_is_reset_is_noticed_and_the_others_live() {
    block_on(async {
        let server = server(Config {
            itl: Duration::from_secs(60),
            ..Config::default()
        });
        let (mut client, _driver) = connect(&server).await;
        let first = post(&mut client, None).await.await.expect("a head");
        let second = post(&mut client, None).await.await.expect("a head");
        let leaving_ns = now_ns();
        drop(first);
        let noticed = async {
            while server.stats().closed_early == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        noticed.await;
        let arrivals = server.arrivals();
        assert!(arrivals[0].closed_early_ns > Some(leaving_ns));
        assert_eq!(arrivals[1].closed_early_ns, None);
        drop(second);
    });
}

#[test]
fn a_connection_that_is_closed_takes_its_streams_along() {
    let server = server(Config {
        ttft: Duration::from_secs(60),
        ..Config::default()
    });
    block_on(async {
        let (mut client, driver) = connect(&server).await;
        let response = post(&mut client, None).await.await.expect("a head");
        driver.abort();
        let _ = driver.await;
        drop(response);
    });
    arrivals_when(&server, |a| a[0].closed_early_ns.is_some());
}

#[test]
fn reset_resets_the_stream_alone_and_close_ends_the_connection() {
    block_on(async {
        for (fault, by_reset) in [("reset", true), ("close", false), ("bad-chunk", false)] {
            let server = faulty(fault);
            let (mut client, _driver) = connect(&server).await;
            let response = post(&mut client, None).await.await.expect("a head");
            let (body, error) = read(response.into_body()).await;
            assert_eq!(body.matches(" tok").count(), 3, "{fault}");
            let error = error.expect("it broke off");
            assert_eq!(error.is_reset(), by_reset, "{fault}: {error}");
            if by_reset {
                assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
                post(&mut client, None)
                    .await
                    .await
                    .expect("the connection lives");
            }
            let arrivals = server.arrivals();
            assert!(arrivals[0].answered_ns.is_some() && arrivals[0].closed_early_ns.is_none());
        }
    });
}

#[test]
fn false_lengths_break_the_stream() {
    block_on(async {
        for fault in ["long-length", "short-length"] {
            let server = faulty(fault);
            let (mut client, _driver) = connect(&server).await;
            let response = post(&mut client, None).await.await.expect("a head");
            let (_, error) = read(response.into_body()).await;
            assert!(error.is_some(), "{fault}");
        }
    });
}

#[test]
fn statuses_and_ends_without_a_reason_are_the_same_as_over_http_1() {
    block_on(async {
        for (fault, status, tokens) in [
            ("status=503", 503, 0),
            ("no-done", 200, 6),
            ("error-event", 200, 3),
            ("slow-headers=20ms", 200, 6),
        ] {
            let server = faulty(fault);
            let (mut client, _driver) = connect(&server).await;
            let response = post(&mut client, None).await.await.expect("a head");
            assert_eq!(response.status(), status, "{fault}");
            let (body, error) = read(response.into_body()).await;
            assert!(error.is_none(), "{fault}");
            assert_eq!(body.matches(" tok").count(), tokens, "{fault}");
            assert_eq!(
                body.contains("[DONE]"),
                fault.starts_with("slow"),
                "{fault}"
            );
        }
    });
}
