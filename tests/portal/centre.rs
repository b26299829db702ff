//! A centre to test against: a store on either engine, cases by plain SQL, and a visitor's browser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]
#![allow(dead_code, reason = "each binary that includes this uses a part of it")]

use std::net::{IpAddr, Ipv4Addr};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use http_body_util::BodyExt as _;
use rand::SeedableRng as _;
use sqlx::Connection as _;
use todoke::{
    access::keys::Keys,
    app::App,
    cases::{CaseRef, inquiry_id::InquiryId},
    db::{Db, migrate, packed},
    ids::{CaseId, FeedId, FileId, IspId},
    router,
    sightings::Spot,
    time::{Clock, Moment},
    verification::clean_scans,
    web::peer::Peer,
};
use tower::ServiceExt as _;

/// Runs one statement on either engine; `$1` binds on both.
macro_rules! run {
    ($db:expr, $sql:expr $(, $value:expr)*) => {
        match $db {
            todoke::db::Db::Sqlite { writer, .. } => {
                sqlx::query($sql)$(.bind($value))*.execute(writer).await.map(|_| ())
            }
            todoke::db::Db::Postgres { writers: pool, .. } => {
                sqlx::query($sql)$(.bind($value))*.execute(pool).await.map(|_| ())
            }
        }
        .unwrap()
    };
}
pub(crate) use run;

/// Texts of one column of one table.
macro_rules! texts {
    ($db:expr, $sql:expr) => {
        match $db {
            todoke::db::Db::Sqlite { readers, .. } => {
                sqlx::query_scalar::<_, String>($sql).fetch_all(readers).await.unwrap()
            }
            todoke::db::Db::Postgres { readers: pool, .. } => {
                sqlx::query_scalar::<_, String>($sql).fetch_all(pool).await.unwrap()
            }
        }
    };
}
pub(crate) use texts;

/// A centre on one engine.
pub(crate) struct Centre {
    pub(crate) app: App,
    folder: tempfile::TempDir,
    /// The server and the database made on it, to be dropped again.
    made: Option<(String, String)>,
}

impl Drop for Centre {
    fn drop(&mut self) {
        let Some((server, name)) = self.made.take() else { return };
        let dropping = async move {
            let mut server = sqlx::PgConnection::connect(&server).await?;
            let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)"));
            sqlx::query(drop).execute(&mut server).await
        };
        // A destructor cannot wait inside the test's own runtime, so it brings one along.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let _ =
            std::thread::spawn(move || runtime.map(|runtime| runtime.block_on(dropping))).join();
    }
}

/// A case about to be planted.
#[derive(Clone)]
pub(crate) struct Planted {
    pub(crate) no: u128,
    pub(crate) stream: &'static str,
    pub(crate) exposure: &'static str,
    pub(crate) maker: Option<&'static str>,
    pub(crate) model: Option<&'static str>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) state: &'static str,
    pub(crate) line_of: Option<u128>,
    pub(crate) ip: &'static str,
}

impl Default for Planted {
    fn default() -> Self {
        Self {
            no: 1,
            stream: "notice",
            exposure: "weak_credentials/telnet",
            maker: None,
            model: None,
            kind: Some("router"),
            state: "open",
            line_of: None,
            ip: ADDRESS,
        }
    }
}

/// The address of a planted case unless it says another, which no page for everybody may show.
pub(crate) const ADDRESS: &str = "203.0.113.77";
/// Its port.
pub(crate) const PORT: u16 = 54_321;

impl Centre {
    /// A centre on SQLite, and one on PostgreSQL where a server is named.
    pub(crate) async fn on_each_engine() -> Vec<Self> {
        let mut centres = vec![Self::on_sqlite().await];
        if let Ok(url) = std::env::var("TODOKE_TEST_POSTGRES") {
            centres.push(Self::on_postgres(&url).await);
        }
        centres
    }

    pub(crate) async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open_sqlite(&folder.path().join("todoke.sqlite")).await.unwrap();
        Self::with(db, folder).await
    }

    async fn on_postgres(url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let unique = folder.path().file_name().unwrap().to_string_lossy().to_lowercase();
        let unique = unique.replace(|c: char| !c.is_alphanumeric(), "_");
        let name = format!("portal{unique}_{}", std::process::id());
        let mut server = sqlx::PgConnection::connect(url).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::query(create).execute(&mut server).await.unwrap();
        let (host, _) = url.rsplit_once('/').unwrap();
        let db = Db::connect_postgres(&format!("{host}/{name}")).await.unwrap();
        let mut centre = Self::with(db, folder).await;
        centre.made = Some((url.to_owned(), name));
        centre
    }

    async fn with(db: Db, folder: tempfile::TempDir) -> Self {
        let clock = Clock::standing_at(Moment::parse("2026-05-10T09:00:00+09:00").unwrap());
        migrate::run(&db, &clock).await.unwrap();
        let keys = Keys { lookup: [7; 32], seal: [8; 32] };
        let app = App::new(db, clock, keys, folder.path().to_owned()).seeded(1);
        Self { app, folder, made: None }
    }

    /// Moves the clock to a time in Japan.
    pub(crate) fn at(&self, time: &str) {
        self.app.clock.set(Moment::parse(&format!("{time}+09:00")).unwrap());
    }

    /// Plants a case and gives its ID as a letter shows it.
    pub(crate) async fn plant(&self, case: Planted) -> String {
        let which = reference(case.no);
        let seen = Moment::parse("2026-05-01T03:04:05+09:00").unwrap();
        let exposure = case.exposure.parse().unwrap();
        let ip: IpAddr = case.ip.parse().unwrap();
        let spot = Spot::at(ip, formats::Proto::Tcp, Some(PORT), &exposure);
        // The number keeps spots apart; the kind of the exposure grows by it and stays a word.
        let spot = [spot.0, format!("_{}", case.no).into_bytes()].concat();
        let line_of = case.line_of.map(|no| CaseId(uuid(no)));
        let number = i64::try_from(case.no).unwrap();
        run!(
            &self.app.db,
            "INSERT INTO case_traits (no, stream, feed_id, feed_file_id, maker, model, device_kind,
                 severity, basis)
             VALUES ($1, $2, $3, $4, $5, $6, $7, 'high', 'table')",
            number,
            case.stream,
            FeedId(uuid(90)),
            FileId(uuid(91)),
            case.maker,
            case.model,
            case.kind
        );
        run!(
            &self.app.db,
            "INSERT INTO case_rows (isp_id, id, no, spot, term, traits, row_no, asn, opened_at,
                 state, line_of)
             VALUES ($1, $2, $3, $4, 0, $3, 1, 64500, $5, $6, $7)",
            which.isp,
            which.id,
            number,
            &spot,
            seen,
            case.state,
            line_of
        );
        self.plant_hit(number, &spot, seen).await;
        self.event(case.no, "2026-05-01T12:00:00", "opened").await;
        let id = Self::id_of(case.no);
        let tag = id.tag(&self.app.keys);
        run!(
            &self.app.db,
            "INSERT INTO inquiry_ids (tag, isp_id, case_id, sealed, issued_at)
             VALUES ($1, $2, $3, $4, $5)",
            &tag[..],
            which.isp,
            which.id,
            &[0_u8; 4][..],
            seen
        );
        id.reveal()
    }

    async fn plant_hit(&self, number: i64, spot: &[u8], seen: Moment) {
        // One hit in the packed form of `sightings::hits`: the rest of the spot, and three numbers.
        let (shelf, rest) = spot.split_at(14);
        let mut hit = Vec::new();
        packed::put_count(&mut hit, rest.len() + 1);
        hit.extend_from_slice(rest);
        let _ = [0, 1, 0].map(|number| packed::put_number(&mut hit, number));
        run!(
            &self.app.db,
            "INSERT INTO hits (shelf, feed_file_id, first_row, from_at, to_at, body)
             VALUES ($1, $2, $3, $4, $4, $5)",
            shelf,
            FileId(uuid(91)),
            number,
            seen,
            &hit[..]
        );
    }

    /// Writes a fact of a case.
    pub(crate) async fn event(&self, no: u128, time: &str, kind: &str) {
        let at = Moment::parse(&format!("{time}+09:00")).unwrap();
        let which = reference(no);
        run!(
            &self.app.db,
            "INSERT INTO case_events (isp_id, case_id, at, kind, author)
             VALUES ($1, $2, $3, $4, 'test')",
            which.isp,
            which.id,
            at,
            kind
        );
    }

    /// Sets the state of a case, as verification would.
    pub(crate) async fn state(&self, no: u128, state: &str, since: &str) {
        let since = Moment::parse(&format!("{since}+09:00")).unwrap();
        let which = reference(no);
        run!(
            &self.app.db,
            "UPDATE case_rows SET state = $1, state_since = $2 WHERE isp_id = $3 AND id = $4",
            state,
            since,
            which.isp,
            which.id
        );
    }

    /// Takes the verdicts on a case back, as verification does when it tells another story.
    pub(crate) async fn withdraws(&self, no: u128) {
        run!(
            &self.app.db,
            "UPDATE case_events SET withdrawn_at = at WHERE case_id = $1
                 AND kind IN ('clean_once', 'verified', 'recurred', 'reopened', 'unknown')",
            reference(no).id
        );
    }

    /// The provider of the planted cases, whose lines keep their addresses, and the feed that saw
    /// them.
    pub(crate) async fn provider(&self) {
        run!(
            &self.app.db,
            "INSERT INTO isps (id, code, name, lease_policy, changed_at)
             VALUES ($1, 'isp-a', 'isp-a K.K.', 'static', 0)",
            IspId(uuid(1))
        );
        run!(
            &self.app.db,
            "INSERT INTO feeds (id, name, format, stream, completeness_floor, added_at)
             VALUES ($1, 'scanner', 'scan-list', 'notice', 0.9, 0)",
            FeedId(uuid(90))
        );
        run!(
            &self.app.db,
            "INSERT INTO feed_files (id, feed_id, holds, sha256, name, bytes, received_at,
                 rows_done, counts, completed_at)
             VALUES ($1, $2, 'hits', 'planted', 'planted.csv', 1, 0, 1, '{}', 0)",
            FileId(uuid(91)),
            FeedId(uuid(90))
        );
    }

    /// A run that covered the place of the planted cases on `day` and says that it found nothing,
    /// or that was broken off.
    pub(crate) async fn covers(&self, run: &str, day: &str, status: &str) {
        let at = Moment::parse(&format!("{day}T03:00:00+09:00")).unwrap();
        run!(
            &self.app.db,
            "INSERT INTO scan_coverage (feed_id, scan_run, prefix, proto, weakness, ports, from_at,
                 to_at, method_version, status, attempted, completeness, excluded, file_sha256,
                 recorded_at, hits)
             VALUES ($1, $2, '203.0.113.0/24', 6, 'weak_credentials', '54321', $3, $3, 'm1', $4, 1,
                 1.0, '', '', $3, 0)
             ON CONFLICT (feed_id, scan_run, prefix, proto, weakness)
             DO UPDATE SET status = excluded.status",
            FeedId(uuid(90)),
            run,
            at,
            status
        );
    }

    /// Verification reads the whole history as of a time in Japan; the calendar moves there.
    pub(crate) async fn reviews(&self, time: &str) {
        self.at(time);
        let keep = clean_scans::Keep::Written;
        clean_scans::review(&self.app, self.app.now(), keep).await.unwrap();
    }

    /// The person of a visit comes back later, with the letter.
    pub(crate) async fn again(&self, mut visitor: Visitor) -> Visitor {
        let id = Self::id_of(1);
        visitor.enters(&id.reveal()).await;
        visitor
    }

    fn id_of(no: u128) -> InquiryId {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(u64::try_from(no).unwrap());
        InquiryId::draw(&mut rng)
    }

    /// Ends the ID of a case.
    pub(crate) async fn end_id(&self, no: u128, at: &str) {
        let at = Moment::parse(&format!("{at}+09:00")).unwrap();
        run!(
            &self.app.db,
            "UPDATE inquiry_ids SET ends_at = $1 WHERE case_id = $2",
            at,
            reference(no).id
        );
    }

    /// A browser that has been nowhere yet.
    pub(crate) fn visitor(&self) -> Visitor {
        Visitor {
            routes: router::build(self.app.clone()),
            cookie: None,
            from: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
            site: Some("same-origin"),
        }
    }
}

fn reference(no: u128) -> CaseRef {
    CaseRef { isp: IspId(uuid(1)), id: CaseId(uuid(no)) }
}

fn uuid(no: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(no)
}

/// A form as a browser sends it.
pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    serde_urlencoded::to_string(fields).unwrap()
}

/// A browser: keeps the cookie, follows nothing by itself.
#[derive(Clone)]
pub(crate) struct Visitor {
    routes: Router,
    pub(crate) cookie: Option<String>,
    pub(crate) from: IpAddr,
    pub(crate) site: Option<&'static str>,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Where it sends on to, or nothing.
    pub(crate) fn to(&self) -> &str {
        self.header(header::LOCATION.as_str())
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Visitor {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header(header::CONTENT_TYPE, kind);
        self.send(request.body(Body::from(form.to_owned())).unwrap()).await
    }

    /// Enters an ID as a form sends it.
    pub(crate) async fn enters(&mut self, typed: &str) -> Answer {
        let escaped: Vec<String> = typed.bytes().map(|byte| format!("%{byte:02X}")).collect();
        self.post("/id", &format!("id={}", escaped.concat())).await
    }

    /// Keeps a cookie in place of the one of that name; an empty one is forgotten.
    fn keeps(&mut self, pair: &str) {
        let name = &pair[..=pair.find('=').unwrap()];
        let kept = self.cookie.take().unwrap_or_default();
        let mut all: Vec<&str> = kept.split("; ").filter(|one| !one.is_empty()).collect();
        all.retain(|one| !one.starts_with(name));
        if pair != name {
            all.push(pair);
        }
        self.cookie = (!all.is_empty()).then(|| all.join("; "));
    }

    /// Sends any request.
    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let is_form = request.method() == Method::POST;
        let headers = request.headers_mut();
        // As browsers do.
        if let Some(site) = self.site.filter(|_| is_form) {
            headers.entry("sec-fetch-site").or_insert(HeaderValue::from_static(site));
        }
        headers.insert(header::HOST, "todoke.example".parse().unwrap());
        if let Some(cookie) = &self.cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        request.extensions_mut().insert(Peer(self.from));
        let answer = self.routes.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            self.keeps(cookie.to_str().unwrap().split(';').next().unwrap());
        }
        // Letters are bytes; of these a test reads the parts that are letters of the alphabet.
        let is_text = !["application/pdf", "application/zip"]
            .iter()
            .any(|media| parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == media));
        let body = match String::from_utf8(body.to_vec()) {
            Ok(body) => body,
            Err(_) if !is_text => String::from_utf8_lossy(&body).into_owned(),
            Err(fault) => panic!("{fault}"),
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }
}
