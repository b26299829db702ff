//! Somebody of one provider asks for whatever belongs to another one, in ten thousand ways.
//!
//! What is asked is drawn from all routes that providers and their machines have, read off the
//! router; what belongs to the other provider stands in the path, in the query, in forms, alone,
//! doubled, empty, as a list, or beside what is one's own. Nothing of the other one may be shown,
//! and nothing of it may change. That the questions are real ones is shown twice: many of them are
//! answered with what the asker does own, and the owner who asks in the same way is shown all that
//! the stranger was not.

use std::collections::{BTreeMap, BTreeSet};

use axum::{
    body::Body,
    http::{Method, Request, header},
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use todoke::{access::doors::Door, db::Db, notices::wordings::shipped, router, web::routes::Route};

use crate::{
    belongings::{Belongings, belongings, strangers, token_of},
    centre::{Centre, Visitor, texts},
    oneoff::multipart,
    people::ISP,
};

/// Names under which forms and queries carry something.
const FIELDS: [&str; 30] = [
    "id",
    "list",
    "list_id",
    "record",
    "record_no",
    "name",
    "role",
    "isp",
    "isp_id",
    "what",
    "act",
    "data",
    "number",
    "kind",
    "from",
    "reason",
    "after",
    "page",
    "state",
    "mail",
    "time.min",
    "ip",
    "field",
    "value",
    "building",
    "answer",
    "to",
    "format",
    "code",
    "of",
];

/// Words of a closed list that a path is made of; letters are left out, since each takes a second.
const KINDS: [&str; 4] = ["mail", "sms", "phone", "none"];
/// The same for languages.
const LANGUAGES: [&str; 4] = ["ja", "vi", "pt-BR", "xx"];

/// What is said of a line that nothing was said of.
const TOLD: &str = "state=notified&identified=yes&notice_channel=email&notice_at=2026-05-09";

/// What is asked well of a route, beside its path: the query of a page, else a form. What stands in
/// braces is a value that fits there. The owner, whose things are to last, asks the first alone.
const WELL: [(&str, &[&str]); 16] = [
    ("/isp/colleagues/{name}", &["act=link", "act=suspend", "act=end"]),
    ("/isp/contacts/{id}", &["act=confirm", "act=remove"]),
    ("/isp/networks/withdraw", &["id={id}"]),
    ("/isp/settings/withdraw", &["id={id}"]),
    ("/isp/resellers/withdraw", &["id={id}"]),
    ("/isp/buildings/one", &["building={building}", "building={building}&act=remove"]),
    ("/isp/lines/{list}/{record}/report", &[TOLD]),
    ("/isp/lines/{list}/{record}/report/confirm", &["data={data}"]),
    ("/isp/lines/{list}/{record}/notice", &["of=mail.ja"]),
    ("/isp/report/confirm", &["data={data}"]),
    ("/isp/report/errors", &["data={data}"]),
    ("/isp/kit/{kind}/{language}", &["list={list}&whom=all"]),
    ("/isp/downloads/{list}", &["format=csv"]),
    ("/isp/campaigns/{name}/check", &["answer=withdraw", "answer=join"]),
    ("/isp/campaigns/{name}", &["answer=join", "answer=withdraw"]),
    ("/api/v1/report/{name}", &["time.min=2026-05-01T00:00:00Z"]),
];

/// Pages to which files are handed in.
const UPLOADS: [&str; 3] = ["/isp/report", "/isp/buildings", "/isp/keys"];

/// Routes by which nobody gets anything, whoever asks.
const FOR_NOBODY: [&str; 3] = [
    "GET /taxii2/lists/status/{id}/",
    "POST /taxii2/lists/collections/{id}/objects/",
    "GET /taxii2/{*path}",
];

/// The route of a letter, which is asked for once, since it takes a second.
const SAMPLE: &str = "GET /isp/kit/{kind}/{language}/sample.pdf";

struct Asking<'a> {
    rng: ChaCha20Rng,
    has: &'a Belongings,
    is_owner: bool,
}

impl Asking<'_> {
    fn one<'b>(&mut self, of: &'b [String]) -> &'b str {
        &of[self.rng.random_range(0..of.len())]
    }

    fn word(&mut self, of: &[&'static str]) -> &'static str {
        of[self.rng.random_range(0..of.len())]
    }

    /// A value: mostly what belongs to the other provider, as it is or put oddly.
    fn value(&mut self) -> String {
        let has = self.has;
        match self.rng.random_range(0..12) {
            0 => String::new(),
            1 => "null".to_owned(),
            2 => format!("[\"{}\"]", self.one(&has.foreign)),
            3 | 7 => self.one(&has.own).to_owned(),
            4 => format!("{0},{0}", self.one(&has.foreign)),
            5 => format!("{}/../{}", self.one(&has.own), self.one(&has.foreign)),
            6 => self.one(&has.foreign).to_uppercase(),
            _ => self.one(&has.foreign).to_owned(),
        }
    }

    /// A value for that place of a route: mostly of the kind that belongs there, so that questions
    /// get past the first check.
    fn value_for(&mut self, path: &str, place: &str) -> String {
        let has = self.has;
        match has.fit(path, place) {
            [] => self.value(),
            fit if self.rng.random_bool(0.6) => self.one(fit).to_owned(),
            _ => self.value(),
        }
    }

    fn fields(&mut self, path: &str, most: usize) -> String {
        let pairs: Vec<(&str, String)> = (0..self.rng.random_range(0..=most))
            .map(|_| match FIELDS[self.rng.random_range(0..FIELDS.len())] {
                "of" => ("of", format!("{}.{}", self.word(&KINDS), self.word(&LANGUAGES))),
                field => (field, self.value_for(path, field)),
            })
            .collect();
        serde_urlencoded::to_string(pairs).unwrap()
    }

    /// What is asked well of that route.
    fn well(&mut self, path: &str) -> String {
        let Some((_, all)) = WELL.iter().find(|(known, _)| *known == path) else {
            return String::new();
        };
        let which = if self.is_owner { 0 } else { self.rng.random_range(0..all.len()) };
        let Some((before, rest)) = all[which].split_once('{') else { return all[which].to_owned() };
        let (place, after) = rest.split_once('}').unwrap();
        let has = self.has;
        format!("{before}{}{after}", self.one(has.fit(path, place)))
    }

    fn path(&mut self, route: &Route, is_well: bool) -> String {
        let (mut path, has) = (String::new(), self.has);
        for part in route.path.split('/').skip(1) {
            let place = part.trim_matches(['{', '}']);
            let part = match (part, has.fit(route.path, place)) {
                ("{kind}", _) if is_well => "mail".to_owned(),
                ("{language}", _) if is_well => "ja".to_owned(),
                ("{kind}", _) => self.word(&KINDS).to_owned(),
                ("{language}", _) => self.word(&LANGUAGES).to_owned(),
                (part, _) if !part.starts_with('{') => part.to_owned(),
                (_, fit @ [_, ..]) if is_well => self.one(fit).to_owned(),
                _ => self.value_for(route.path, place),
            };
            let escaped = serde_urlencoded::to_string([("", part)]).unwrap();
            path.push('/');
            path += &escaped.trim_start_matches('=').replace('+', "%20");
        }
        path
    }

    /// A body that was not asked well: its kind, and what it holds.
    fn body(&mut self, path: &str) -> (String, String) {
        const FORM: &str = "application/x-www-form-urlencoded";
        if self.rng.random_bool(if UPLOADS.contains(&path) { 0.6 } else { 0.05 }) {
            return multipart("", ("r.csv", &self.value_for(path, "file")));
        }
        match self.rng.random_range(0..8) {
            0 => ("text/csv".to_owned(), self.value()),
            1 => ("application/json".to_owned(), self.value()),
            2 => ("text/plain".to_owned(), self.value()),
            _ => (FORM.to_owned(), self.fields(path, 5)),
        }
    }

    fn request(&mut self, route: &Route, token: &str) -> (Request<Body>, String) {
        let well = self.rng.random_bool(0.3).then(|| self.well(route.path));
        let path = self.path(route, well.is_some());
        let (query, (kind, body)) = match well {
            Some(well) if route.method == Method::GET => (well, self.body(route.path)),
            Some(well) if !well.is_empty() => {
                (String::new(), ("application/x-www-form-urlencoded".to_owned(), well))
            }
            _ => (self.fields(route.path, 3), self.body(route.path)),
        };
        let request =
            Request::builder().method(route.method.clone()).uri(format!("{path}?{query}"));
        let request = request.header("sec-fetch-site", "same-origin");
        let request = match route.door {
            Door::ProviderToken => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            _ => request,
        };
        let sent = format!("{} {path}?{query} {body}", route.method);
        (request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap(), sent)
    }
}

/// How much there is of the first provider, table by table: what is counted, and how it stands.
const STATE: [(&str, &str); 18] = [
    ("notice_lines", "COALESCE(MAX(said_version), 0)"),
    ("line_reports", "COALESCE(MAX(version), 0)"),
    ("notice_exports", "0"),
    ("isp_contacts", "0"),
    ("isp_contact_events", "0"),
    ("isp_claims", "0"),
    ("isp_proposals", "0"),
    ("isp_decisions", "0"),
    ("report_uploads", "0"),
    ("report_attempts", "0"),
    ("campaign_isp_facts", "0"),
    ("apartment_buildings", "0"),
    ("isp_keys", "COUNT(removed_at)"),
    ("isp_deliveries", "0"),
    ("deliveries", "COUNT(settled_at)"),
    ("api_tokens", "COUNT(withdrawn_at)"),
    ("reminders", "0"),
    ("log_terms", "COALESCE(SUM(days), 0)"),
];

/// The same of people and cases.
const MORE_STATE: [&str; 2] = [
    "SELECT name || role || COALESCE(suspended_at, 0) || COALESCE(ended_at, 0) FROM accounts
          WHERE isp = 'isp-a' ORDER BY name",
    "SELECT 'cases ' || COUNT(*) || MAX(state) FROM case_rows",
];

/// Routes of providers and of their machines.
fn routes() -> Vec<Route> {
    let of_providers = |door| matches!(door, Door::Provider(_) | Door::ProviderToken);
    router::list().into_iter().filter(|route| of_providers(route.door)).collect()
}

async fn state(db: &Db) -> Vec<String> {
    let mut state = Vec::new();
    for (table, stands) in STATE {
        let sql = format!(
            "SELECT '{table} ' || COUNT(*) || ' ' || {stands} FROM {table}
              WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')"
        );
        state.extend(texts!(db, sqlx::AssertSqlSafe(sql)));
    }
    for sql in MORE_STATE {
        state.extend(texts!(db, sql));
    }
    state
}

/// Whether an answer shows something that was not in the question: what was typed may come back to
/// whoever typed it, and tells nothing.
fn shows(answer: &str, secret: &str, sent: &str) -> bool {
    let escaped = serde_urlencoded::to_string([("", secret)]).unwrap();
    answer.contains(secret) && !sent.contains(secret) && !sent.contains(&escaped[1..])
}

/// How a stranger was answered.
#[derive(Default)]
struct Answered {
    statuses: BTreeMap<u16, usize>,
    own: usize,
}

impl Answered {
    fn of(&self, status: u16) -> usize {
        self.statuses.get(&status).copied().unwrap_or(0)
    }
}

/// Puts so many questions; fails at the first answer that shows what is not the asker's.
async fn asks(
    (stranger, token): (&mut Visitor, &str),
    asking: &mut Asking<'_>,
    questions: usize,
) -> Answered {
    let (routes, mut answered) = (routes(), Answered::default());
    for _ in 0..questions {
        let route = &routes[asking.rng.random_range(0..routes.len())];
        let (request, sent) = asking.request(route, token);
        let cookie = stranger.cookie.clone();
        let answer = stranger.send(request).await;
        stranger.cookie = cookie;
        assert!(answer.status.as_u16() < 500, "{sent}: {}", answer.body);
        for secret in &asking.has.secrets {
            assert!(!shows(&answer.body, secret, &sent), "{sent} shows {secret}");
        }
        answered.own +=
            usize::from(asking.has.line.iter().any(|one| shows(&answer.body, one, &sent)));
        *answered.statuses.entry(answer.status.as_u16()).or_insert(0) += 1;
    }
    answered
}

/// What the owner gets who puts the same questions.
#[derive(Default)]
struct Got {
    /// The secrets that are shown.
    shown: BTreeSet<String>,
    /// Routes that do what was asked.
    opened: BTreeSet<String>,
}

async fn the_owner_gets((owner, token): (&mut Visitor, &str), asking: &mut Asking<'_>) -> Got {
    // So many of each route that whatever can be shown is.
    const OF_EACH: usize = 40;
    let (routes, mut got) = (routes(), Got::default());
    for _ in 0..OF_EACH * routes.len() {
        let route = &routes[asking.rng.random_range(0..routes.len())];
        let (request, sent) = asking.request(route, token);
        let cookie = owner.cookie.clone();
        let answer = owner.send(request).await;
        owner.cookie = cookie;
        let secrets = asking.has.secrets.iter();
        got.shown.extend(secrets.filter(|one| shows(&answer.body, one, &sent)).cloned());
        if matches!(answer.status.as_u16(), 200 | 303) {
            got.opened.insert(format!("{} {}", route.method, route.path));
        }
    }
    let sample = owner.get("/isp/kit/letter/ja/sample.pdf").await;
    got.opened.extend((sample.status == 200).then(|| SAMPLE.to_owned()));
    got
}

#[tokio::test]
async fn ten_thousand_questions_of_another_provider_show_and_change_nothing() {
    const QUESTIONS: usize = 10_000;
    let centres = Centre::on_each_engine().await;
    let share = QUESTIONS / centres.len();
    for (seed, centre) in (10..).zip(centres) {
        let has = belongings(&centre).await;
        let mut owner = has.manager.clone();
        assert!(has.foreign.len() > 12, "{:?}", has.foreign);
        shipped::begin_with(&centre.app).await.unwrap();
        let (mut stranger, token) = strangers(&centre).await;
        let before = state(&centre.app.db).await;
        let mut asking =
            Asking { rng: ChaCha20Rng::seed_from_u64(seed), has: &has, is_owner: false };
        let answered = asks((&mut stranger, &token), &mut asking, share).await;
        println!(
            "{} routes, {share} questions, {} show what is one's own, answers {:?}",
            routes().len(),
            answered.own,
            answered.statuses
        );
        assert_eq!(before, state(&centre.app.db).await);
        assert!(answered.of(200) > share / 10 && answered.of(404) > share / 10);
        assert!(answered.own > share / 100, "the asker sees what is its own");
        let own_token = token_of(&centre, ISP).await;
        asking.is_owner = true;
        let got = the_owner_gets((&mut owner, &own_token), &mut asking).await;
        let hidden: Vec<_> = has.secrets.iter().filter(|one| !got.shown.contains(*one)).collect();
        assert!(hidden.is_empty(), "the owner was not shown {hidden:?}");
        let of_things = routes().into_iter().filter(|route| route.path.contains('{'));
        let mut shut: Vec<_> =
            of_things.map(|one| format!("{} {}", one.method, one.path)).collect();
        shut.retain(|one| !got.opened.contains(one) && !FOR_NOBODY.contains(&one.as_str()));
        assert!(shut.is_empty(), "the owner was refused by each question at {shut:?}");
    }
}
