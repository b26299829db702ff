//! Unread bodies (読まれない本文): a request that is refused before its body was read.
//!
//! HTTP/1.1 has one request after the other on a connection, so what was sent with a refused one
//! lies before the next. Hyper reads on only as far as the bytes that are there already, and else
//! closes the connection; a client that keeps it would lose its next request. So a body of moderate
//! size is read to its end before the answer goes out; a larger one, or one that is slow to come,
//! is not waited for, and the connection closes as before (RFC 9112, 9.6). Owns no table.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use hyper::body::{Frame, SizeHint};

/// Bytes that are read on.
const UNREAD_MAX: usize = 64 * 1024;
/// How long for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where a body is left by whoever reads it no further.
type Left = Arc<Mutex<Option<Body>>>;

/// A body that is left where somebody else can read on.
struct Kept {
    body: Option<Body>,
    left: Left,
}

impl HttpBody for Kept {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(HttpBody::size_hint).unwrap_or_default()
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// Lets a request be answered, and reads on what nobody read of it.
pub(crate) async fn read_on(request: Request, next: Next) -> Response {
    // Who asks first whether the body is wanted does not send it after a refusal.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let left = Left::default();
    let keep = |body| Body::new(Kept { body: Some(body), left: left.clone() });
    let answer = next.run(request.map(keep)).await;
    let body = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(body) = body.filter(|body| body.size_hint().lower() <= UNREAD_MAX as u64) {
        let _ = tokio::time::timeout(PATIENCE, axum::body::to_bytes(body, UNREAD_MAX)).await;
    }
    answer
}
