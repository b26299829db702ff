//! A connection outlives a request that is refused: whoever keeps it goes on with it.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use crate::{centre::on_both_engines, visitor::Site};

/// More than a server reads at once.
const LARGE: usize = 60 * 1024;

/// A connection that is kept.
struct Kept {
    stream: BufReader<TcpStream>,
    authorization: String,
}

impl Kept {
    fn to(site: &Site, token: &str) -> Self {
        let url = site.url("");
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let stream = BufReader::new(stream);
        Self { stream, authorization: format!("Authorization: Bearer {token}\r\n") }
    }

    /// Sends a request, the body after its head; gives the status, and whether the server says that
    /// it closes the connection. Nothing where it closed it without a word.
    fn sends(&mut self, line: &str, headers: &str, body: &[u8]) -> Option<(String, bool)> {
        let (own, length) = (&self.authorization, body.len());
        let head = format!(
            "{line} HTTP/1.1\r\nHost: centre.example\r\n{own}{headers}Content-Length: {length}\
             \r\n\r\n"
        );
        let stream = self.stream.get_mut();
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let (mut status, mut answer, mut closes) = (String::new(), 0, false);
        self.stream.read_line(&mut status).ok().filter(|read| *read > 0)?;
        loop {
            let mut header = String::new();
            self.stream.read_line(&mut header).ok()?;
            let header = header.trim_end().to_lowercase();
            if header.is_empty() {
                break;
            }
            closes |= header == "connection: close";
            if let Some(bytes) = header.strip_prefix("content-length: ") {
                answer = bytes.parse().unwrap();
            }
        }
        self.stream.read_exact(&mut vec![0; answer]).ok()?;
        Some((status.split(' ').nth(1)?.to_owned(), closes))
    }
}

on_both_engines! {
    fn a_client_goes_on_with_its_connection_after_a_request_that_was_refused(centre) {
        centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let taxii = "Accept: application/taxii+json;version=2.1\r\n";
        let objects = "/taxii2/lists/collections/lists/objects/";
        let refused = [
            (format!("POST {objects}"), taxii, "403"),
            (format!("POST {objects}"), "Accept: text/html\r\n", "406"),
            (format!("PUT {objects}"), taxii, "405"),
            ("POST /taxii2/nowhere".to_owned(), taxii, "405"),
            ("DELETE /api/v1/lists".to_owned(), "", "405"),
        ];
        for (line, headers, status) in refused {
            let mut kept = Kept::to(&site, &token);
            for turn in 1..=3 {
                let answer = kept.sends(&line, headers, &vec![b'x'; LARGE]);
                assert_eq!(answer, Some((status.to_owned(), false)), "{line}, turn {turn}");
                let answer = kept.sends(&format!("GET {objects}"), taxii, b"");
                assert_eq!(answer, Some(("200".to_owned(), false)), "after {line}, turn {turn}");
            }
        }
        // Nobody waits for what is far too large: the connection ends, as before.
        let mut kept = Kept::to(&site, &token);
        kept.sends(&format!("POST {objects}"), taxii, &vec![b'x'; 4 * 1024 * 1024]);
        assert_eq!(kept.sends(&format!("GET {objects}"), taxii, b""), None);
    }
}
