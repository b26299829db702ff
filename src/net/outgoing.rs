//! Outgoing HTTP (外向き通信): requests to the servers that settings name, and to no other.
//!
//! Scheme, host and port of each request are those of the settings, whatever a server says; no
//! redirect is followed; bodies and times are bounded; each address is checked when it is dialled.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use ureq::{
    Agent,
    http::{HeaderMap, Request, Response, StatusCode, Uri},
    tls::{Certificate, RootCerts, TlsConfig},
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{DefaultConnector, NextTimeout},
    },
};

use super::{
    Trouble,
    dial::{Dialling, NotDialled},
};

/// The longest that a request may take, with its answer.
const WHOLE: Duration = Duration::from_mins(10);
/// The longest that a server may be silent.
const SILENCE: Duration = Duration::from_mins(1);
/// The longest that the address of a name may take to be found before anything is sent.
const FOUND: Duration = Duration::from_secs(5);

/// A client that reaches some servers and no others.
#[derive(Debug)]
pub(crate) struct Outgoing {
    agent: Agent,
    origins: Vec<Origin>,
}

/// Where a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    status: u16,
    headers: HeaderMap,
    /// The bytes, unless they went into a file.
    pub(crate) body: Vec<u8>,
}

/// Why an address of a server cannot be one, if so.
pub(crate) fn objection(url: &str) -> Option<String> {
    origin(url).err()
}

/// Why the server of `url` would not be dialled as its name resolves now, if so. A name that leads
/// nowhere yet may do so later; each address is looked at again when it is dialled.
pub(crate) async fn not_dialled(url: &str, dialling: &Dialling) -> Option<NotDialled> {
    let Origin { scheme, host, port } = origin(url).ok()?;
    let host = host.trim_matches(['[', ']']);
    let found = tokio::time::timeout(FOUND, tokio::net::lookup_host((host, port))).await;
    found.ok()?.ok()?.find_map(|at| dialling.check(at.ip(), scheme != "https").err())
}

fn origin(url: &str) -> Result<Origin, String> {
    let bad = |why: &str| format!("`{url}` is no address of a server: {why}");
    let uri: Uri = url.parse().map_err(|_| bad("it looks like https://host/path"))?;
    let port = match uri.scheme_str() {
        Some("https") => 443,
        Some("http") => 80,
        _ => return Err(bad("it must begin with https://")),
    };
    let authority = uri.authority().ok_or_else(|| bad("it names no host"))?;
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err(bad("it must name a host, and neither user nor password"));
    }
    Ok(Origin {
        scheme: uri.scheme_str().unwrap_or_default().to_owned(),
        host: authority.host().to_ascii_lowercase(),
        port: authority.port_u16().unwrap_or(port),
    })
}

impl Outgoing {
    /// A client that reaches the servers of `urls`.
    pub(crate) fn to(urls: &[&str], dialling: &Dialling) -> Result<Self, Trouble> {
        Self::within(urls, dialling, WHOLE)
    }

    /// The same, for requests that take no longer than `whole`, with their answers.
    pub(crate) fn within(
        urls: &[&str],
        dialling: &Dialling,
        whole: Duration,
    ) -> Result<Self, Trouble> {
        let origins = urls.iter().map(|url| origin(url)).collect::<Result<_, _>>();
        let mut tls = TlsConfig::builder();
        if let Some(own) = dialling.certificates()? {
            let own = own.iter().map(|one| Certificate::from_der(one).to_owned()).collect();
            tls = tls.root_certs(RootCerts::Specific(Arc::new(own)));
        }
        let config = Agent::config_builder()
            .tls_config(tls.build())
            // A proxy of the environment would dial in our place, unchecked.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .user_agent(concat!("todoke/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(whole))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_recv_response(Some(SILENCE))
            .build();
        let resolver = Checked { dialling: dialling.clone(), names: DefaultResolver::default() };
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        Ok(Self { agent, origins: origins.map_err(Trouble::new)? })
    }

    /// Sends a request and reads at most `limit` bytes of its answer.
    pub(crate) async fn call(
        &self,
        request: Request<Vec<u8>>,
        limit: u64,
    ) -> Result<Answer, Trouble> {
        self.send(request, limit, None).await
    }

    /// Sends a request; what is answered with success goes into the file `path`, which bears that
    /// name only when it is whole.
    pub(crate) async fn download(
        &self,
        request: Request<Vec<u8>>,
        limit: u64,
        path: &Path,
    ) -> Result<Answer, Trouble> {
        self.send(request, limit, Some(path.to_owned())).await
    }

    async fn send(
        &self,
        request: Request<Vec<u8>>,
        limit: u64,
        path: Option<PathBuf>,
    ) -> Result<Answer, Trouble> {
        let asked = request.uri().to_string();
        let wanted = origin(&asked).map_err(Trouble::new)?;
        let host = wanted.host.clone();
        if !self.origins.contains(&wanted) {
            return Err(Trouble::new(format!("{host} is not a server that the settings name")));
        }
        let agent = self.agent.clone();
        let send = move || exchange(&agent, request, limit, path.as_deref());
        let sent = tokio::task::spawn_blocking(send).await;
        let sent = sent.map_err(|e| Trouble::new(format!("the request broke off: {e}")))?;
        sent.map_err(|fault| Trouble::new(format!("{host}: {}", words(&fault))))
    }
}

fn exchange(
    agent: &Agent,
    request: Request<Vec<u8>>,
    limit: u64,
    path: Option<&Path>,
) -> Result<Answer, ureq::Error> {
    let mut answer = agent.run(request)?;
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    let mut body = Vec::new();
    // One byte more than may come, so that an answer which is too long is told from a whole one.
    let mut bytes = answer.body_mut().with_config().limit(limit + 1).reader();
    match path.filter(|_| (200..300).contains(&status)) {
        None => {
            let read = (&mut bytes).take(limit + 1).read_to_end(&mut body)?;
            bounded(read as u64, limit)?;
        }
        Some(path) => {
            let part = path.with_extension("part");
            let mut file = File::create(&part)?;
            let written = io::copy(&mut (&mut bytes).take(limit + 1), &mut file)?;
            bounded(written, limit)?;
            file.sync_all()?;
            fs::rename(&part, path)?;
        }
    }
    Ok(Answer { status, headers, body })
}

fn bounded(bytes: u64, limit: u64) -> io::Result<()> {
    let too_long = || io::Error::other(format!("the answer is longer than {limit} bytes"));
    if bytes <= limit { Ok(()) } else { Err(too_long()) }
}

fn words(fault: &ureq::Error) -> String {
    match fault {
        ureq::Error::Io(fault) => fault.to_string(),
        ureq::Error::HostNotFound => "its address is not found".to_owned(),
        ureq::Error::Timeout(_) => "it takes too long to answer".to_owned(),
        fault => fault.to_string(),
    }
}

impl Answer {
    /// Its status.
    pub(crate) fn status(&self) -> u16 {
        self.status
    }

    /// The first header of that name, if it is a text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The whole answer, for a library that reads it by itself.
    pub(crate) fn into_response(self) -> Response<Vec<u8>> {
        let mut response = Response::new(self.body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_GATEWAY);
        *response.headers_mut() = self.headers;
        response
    }

    /// The answer if it is a success; else what to say of it, and how long the server asks to wait.
    pub(crate) fn good(self, who: &str) -> Result<Self, Trouble> {
        let status = self.status;
        let wait = self.header("retry-after").and_then(|text| text.trim().parse().ok());
        // Whoever asks for less means it, even without a number.
        let wait = wait.or((status == 429).then_some(0));
        let words = match status {
            200..=299 => return Ok(self),
            300..=399 => "sends us elsewhere, and no redirect is followed",
            401 | 403 => "does not let us in; look at the secret file",
            404 => "knows no such thing; look at the settings",
            429 => "asks us to come less often",
            500.. => "is in trouble itself",
            _ => "does not take the request",
        };
        let sentence = format!("{who} {words} (status {status})");
        Err(Trouble { sentence, wait: wait.map(Duration::from_secs) })
    }
}

/// Looks up names, and refuses addresses that may not be dialled.
#[derive(Debug)]
struct Checked<N> {
    dialling: Dialling,
    names: N,
}

impl<N: Resolver> Resolver for Checked<N> {
    fn resolve(
        &self,
        uri: &Uri,
        config: &ureq::config::Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.names.resolve(uri, config, timeout)?;
        let plain = uri.scheme_str() != Some("https");
        for at in &found {
            self.dialling.check(at.ip(), plain).map_err(io::Error::other)?;
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_scheme_and_host_and_no_user() {
        for good in ["https://a.example", "https://a.example:8443/x/", "http://127.0.0.1:1/"] {
            assert_eq!(objection(good), None, "{good}");
        }
        for bad in [
            "",
            "a.example",
            "//a.example/",
            "ftp://a.example/",
            "file:///etc/passwd",
            "https:///x",
            "https://user@a.example/",
            "https://u:p@a.example/",
            "https://a b/",
        ] {
            assert!(objection(bad).is_some(), "{bad}");
        }
    }

    #[tokio::test]
    async fn only_the_servers_of_the_settings_are_asked() {
        let dialling = Dialling { allow_private: true, ca_file: None };
        let outgoing = Outgoing::to(&["https://a.example/api"], &dialling).unwrap();
        for other in [
            "https://b.example/api",
            "http://a.example/api",
            "https://a.example:444/",
            "https://a.example.b.example/",
            "http://169.254.169.254/",
        ] {
            let request = Request::get(other).body(Vec::new()).unwrap();
            let trouble = outgoing.call(request, 10).await.unwrap_err();
            assert!(trouble.sentence.contains("is not a server"), "{other}: {trouble}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_not_dialled_unless_that_is_meant() {
        for url in ["https://127.0.0.1:9/", "https://localhost:9/", "https://[::1]:9/"] {
            let outgoing = Outgoing::to(&[url], &Dialling::default()).unwrap();
            let request = Request::get(url).body(Vec::new()).unwrap();
            let trouble = outgoing.call(request, 10).await.unwrap_err();
            assert!(trouble.sentence.contains("--allow-private"), "{url}: {trouble}");
        }
    }

    /// Servers that nobody outside has any business with, in the spellings that get past checks of
    /// texts. Names under `.invalid` resolve to nothing.
    const INSIDE: [&str; 60] = [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://127.0.0.1:8443/",
        "https://127.1/",
        "https://127.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://127.0.0.1./",
        "https://localhost/",
        "https://LOCALHOST/",
        "https://localhost:443/",
        "http://localhost/",
        "https://0.0.0.0/",
        "https://0/",
        "https://10.0.0.1/",
        "https://10.255.255.255/",
        "https://167772161/",
        "https://172.16.0.1/",
        "https://172.31.255.255/",
        "https://192.168.0.1/",
        "https://192.168.1.1:8080/",
        "https://0xc0a80101/",
        "https://3232235777/",
        "https://100.64.0.1/",
        "https://100.127.255.255/",
        "https://169.254.169.254/latest/meta-data/",
        "https://2852039166/",
        "https://0xa9fea9fe/",
        "https://198.18.0.1/",
        "https://192.0.0.1/",
        "https://192.0.2.1/",
        "https://198.51.100.1/",
        "https://203.0.113.1/",
        "https://224.0.0.1/",
        "https://239.255.255.250/",
        "https://240.0.0.1/",
        "https://255.255.255.255/",
        "https://[::1]/",
        "https://[::]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[64:ff9b:1::a00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001::1]/",
        "https://[2001:db8::1]/",
        "https://[fc00::1]/",
        "https://[fd00:ec2::254]/",
        "https://[fe80::1]/",
        "https://[ff02::1]/",
        "https://user@10.0.0.1/",
        "ftp://10.0.0.1/",
        "file:///etc/passwd",
    ];

    #[tokio::test]
    async fn no_spelling_of_an_address_inside_is_dialled() {
        for url in INSIDE {
            let Ok(outgoing) = Outgoing::to(&[url], &Dialling::default()) else { continue };
            let request = Request::get(url).body(Vec::new()).unwrap();
            let why = outgoing.call(request, 10).await.unwrap_err().sentence;
            let refused = ["--allow-private", "without TLS", "is not found", "no address"];
            // Where a spelling is no address to this system, its name resolves to nothing.
            let unresolved = why.contains("resolve") || why.contains("lookup");
            assert!(unresolved || refused.iter().any(|one| why.contains(one)), "{url}: {why}");
        }
    }

    /// Names that resolve to what somebody who owns them wants this time.
    #[derive(Debug)]
    struct Rebound(std::sync::Arc<std::sync::Mutex<Vec<Vec<std::net::SocketAddr>>>>);

    impl Resolver for Rebound {
        fn resolve(
            &self,
            _: &Uri,
            _: &ureq::config::Config,
            _: NextTimeout,
        ) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let mut found = self.empty();
            self.0.lock().unwrap().remove(0).into_iter().for_each(|at| found.push(at));
            Ok(found)
        }
    }

    #[test]
    fn a_name_that_resolves_anew_to_an_address_inside_is_not_dialled() {
        let at = |text: &str| text.parse::<std::net::SocketAddr>().unwrap();
        let answers = vec![
            vec![at("10.0.0.1:443")],
            vec![at("8.8.8.8:443"), at("127.0.0.1:443")],
            vec![at("[2606:4700::1111]:443"), at("[::1]:443")],
        ];
        let names = std::sync::Arc::new(std::sync::Mutex::new(answers));
        let checked = Checked { dialling: Dialling::default(), names: Rebound(Arc::clone(&names)) };
        let config = Agent::config_builder().proxy(None).build();
        let agent = Agent::with_parts(config, DefaultConnector::default(), checked);
        for left in (0..3).rev() {
            let fault = agent.get("https://rebound.example/").call().unwrap_err();
            assert!(fault.to_string().contains("--allow-private"), "{fault}");
            // Asked once: what was looked at is what would have been dialled.
            assert_eq!(names.lock().unwrap().len(), left);
        }
    }
}
