//! Somebody of one provider asks for whatever belongs to another one, in ten thousand ways.
//!
//! What is asked is drawn from all routes that providers and their machines have, read off the
//! router; what belongs to the other provider stands in the path, in the query, in forms, alone,
//! doubled, empty, as a list, or beside what is one's own. Nothing of the other one may be shown,
//! and nothing of it may change. That the questions are real ones is shown twice: many of them are
//! answered with what the asker does own, and the owner who asks in the same way is shown all that
//! the stranger was not.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use axum::{
    body::Body,
    http::{Request, header},
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use todoke::{
    access::{doors::Door, roles::Role, tenancy::Tenant, tokens},
    campaigns::{
        self,
        participants::{self, Answer},
    },
    db::Db,
    ids::IspId,
    isps::{self, Isp},
    notices::{export, prepare, wordings::shipped},
    router,
    web::routes::Route,
};

use crate::{
    centre::{ADDRESS, Centre, Planted, Visitor, form, run, texts},
    office::{listed, uploads},
    oneoff::with_feed,
    people::{ISP, OTHER, of_the_other, signed_in},
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

/// What belongs to whom: values to ask with, and what may never be shown.
struct Belongings {
    /// The first is the name of a list.
    foreign: Vec<String>,
    own: Vec<String>,
    secrets: Vec<String>,
    /// Inquiry ID and address of the asker's own line, which are never typed.
    line: [String; 2],
    /// The owner, signed in.
    manager: Visitor,
}

/// A list, a report, a contact, a claim and people of the first provider, and a list of the other.
async fn belongings(centre: &Centre) -> Belongings {
    let notice = listed(centre).await;
    run!(
        &centre.app.db,
        "UPDATE isp_prefixes SET isp_id = $1
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-b')",
        OTHER.0
    );
    run!(&centre.app.db, "UPDATE isps SET id = $1 WHERE code = 'isp-b'", OTHER.0);
    let isp = isps::by_code(&centre.app.db, ISP.1).await.unwrap().unwrap();
    let lines = export::lines(&centre.app, &notice, &isp).await.unwrap();
    let mut secrets: Vec<String> = lines.iter().map(|line| line.inquiry_id.clone()).collect();
    secrets.extend([ADDRESS, "secret-post", "192.0.2.128/25"].map(str::to_owned));
    secrets.extend(["secret-house", "secret-answer"].map(str::to_owned));
    takes_part(centre, &isp).await;
    let mut manager = signed_in(centre, "manager-a", Role::IspManager).await;
    let data = works(&mut manager, &notice.list_id).await;
    let mut foreign = vec![notice.list_id.clone(), ISP.1.to_owned(), "manager-a".to_owned()];
    foreign.extend([data, "1".to_owned(), "2".to_owned(), notice.id.to_string()]);
    foreign.extend(["emotet", "house-7", "join", "withdraw", "remove", "end"].map(str::to_owned));
    for sql in KEYS {
        for key in texts!(&centre.app.db, in_hex(&centre.app.db, sql)) {
            foreign.push(uuid::Uuid::parse_str(&key).map_or(key, |key| key.to_string()));
        }
    }
    // The rest is never typed, so that it can only come from the store.
    foreign.extend(secrets.iter().filter(|one| !one.starts_with("secret")).cloned());
    let (list, inquiry_id) = of_the_stranger(centre).await;
    let own = vec![OTHER.1.to_owned(), "manager-b".to_owned(), list, "1".to_owned()];
    Belongings { foreign, own, secrets, line: [inquiry_id, OWN_ADDRESS.to_owned()], manager }
}

/// Keys of what the first provider has.
const KEYS: [&str; 5] = [
    "SELECT lower(hex(id)) FROM isp_contacts",
    "SELECT lower(hex(id)) FROM isp_claims",
    "SELECT lower(hex(id)) FROM report_uploads",
    "SELECT lower(hex(id)) FROM case_rows",
    "SELECT lower(hex(id)) FROM isps WHERE code = 'isp-a'",
];

/// A query in the words of the engine, which have none in common for the digits of a key.
fn in_hex(db: &Db, sql: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(match db {
        Db::Sqlite { .. } => sql.to_owned(),
        Db::Postgres { .. } => sql.replace("lower(hex(id))", "encode(id, 'hex')"),
    })
}

/// The manager gives a contact, claims a network and reports a line; gives what the report holds.
async fn works(manager: &mut Visitor, list: &str) -> String {
    let contact = [
        ("role", "abuse"),
        ("post", "secret-post"),
        ("mail", "secret-post@isp-a.example"),
        ("phone", "03-0000-0000"),
        ("hours", "9-17"),
        ("languages", "ja"),
    ];
    manager.post("/isp/contacts", &form(&contact)).await;
    let claim = [
        ("act", "claim"),
        ("kind", "declared"),
        ("from", "2026-05-01"),
        ("reason", "x"),
        ("what", "192.0.2.128/25"),
    ];
    manager.post("/isp/networks", &form(&claim)).await;
    let told = format!(
        "list_id,record_no,reported_at,state,identified,notice_channel,notice_at\n\
         {list},1,2026-05-09T10:00:00+09:00,notified,yes,email,2026-05-09T10:00:00+09:00\n"
    );
    let checked = uploads(manager, &told).await;
    let data = checked.body.split("name=\"data\" value=\"").nth(1).unwrap();
    let data = data.split('"').next().unwrap().to_owned();
    manager.post("/isp/report/confirm", &form(&[("data", &data)])).await;
    data
}

/// The address of the asker's own line.
const OWN_ADDRESS: &str = "198.51.100.7";

/// The other provider has a list of one line as well: its name, and the line's inquiry ID.
async fn of_the_stranger(centre: &Centre) -> (String, String) {
    let planted = Planted { no: 3, ip: OWN_ADDRESS, ..Planted::default() };
    centre.plant(planted).await;
    for sql in [
        "UPDATE case_rows SET isp_id = $1 WHERE no = 3",
        "UPDATE case_events SET isp_id = $1
          WHERE case_id = (SELECT id FROM case_rows WHERE no = 3)",
    ] {
        run!(&centre.app.db, sql, OTHER.0);
    }
    run!(&centre.app.db, "DELETE FROM inquiry_ids WHERE sealed = $1", &[0_u8; 4][..]);
    let isp = isps::by_code(&centre.app.db, OTHER.1).await.unwrap().unwrap();
    let notice = prepare::for_isp(&centre.app, &isp).await.unwrap().expect("a case waits");
    let lines = export::lines(&centre.app, &notice, &isp).await.unwrap();
    (notice.list_id, lines[0].inquiry_id.clone())
}

/// The first provider has a building, and takes part in a campaign that no other was asked about.
async fn takes_part(centre: &Centre, isp: &Isp) {
    const DRAFT: &str = r#"
        from = "2026-05-01"
        report_by = "2027-05-01"
        public = false
        feeds = ["police"]
        title = { ja = "題", en = "Title" }
        happened = { ja = "あ", en = "a" }
        to_do = { ja = "い", en = "b" }
        [provenance]
        source = { ja = "警察", en = "Police" }
        handed_over_by = { ja = "警察庁", en = "National police" }
        handed_over_at = "2026-05-01"
        basis = { ja = "協定", en = "An agreement" }
    "#;
    with_feed(centre).await;
    let said = campaigns::Said::read(DRAFT).unwrap();
    campaigns::add(&centre.app, "emotet", &said, "office-1").await.unwrap().unwrap();
    let campaign = campaigns::find(&centre.app.db, "emotet").await.unwrap().unwrap();
    let asked = participants::invite(&centre.app, &campaign, (isp, "office-1"), None).await;
    asked.unwrap().unwrap();
    let tenant = Tenant::of(&centre.app, isp.id, &isp.code, "manager-a");
    let answer =
        participants::answer(&tenant, &campaign, Answer::Join, Some("secret-answer")).await;
    answer.unwrap().unwrap();
    let house = r#"{"label":"house-7","name":"secret-house","contract_party":null,"parts":[]}"#;
    run!(
        &centre.app.db,
        "INSERT INTO apartment_buildings (isp_id, building, no, at, author, body)
         VALUES ($1, 'house-7', 1, 0, 'manager-a', $2)",
        isp.id,
        house
    );
}

/// Somebody of the other provider, by a session and by a token.
async fn strangers(centre: &Centre) -> (Visitor, String) {
    let mut visitor = of_the_other(centre, "manager-b").await;
    visitor.from = IpAddr::from([198, 51, 100, 2]);
    (visitor, token_of(centre, OTHER).await)
}

async fn token_of(centre: &Centre, (id, code): (IspId, &str)) -> String {
    let scope = (tokens::Scope::Isp(code.to_owned()), Some(id));
    tokens::make(&centre.app, scope, 30, "test").await.unwrap().1
}

struct Asking<'a> {
    rng: ChaCha20Rng,
    has: &'a Belongings,
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

    /// A value for the place of that name: mostly of the kind that belongs there, so that questions
    /// get past the first check.
    fn value_for(&mut self, place: &str) -> String {
        match place.trim_matches(['{', '}']) {
            "list" | "list_id" if self.rng.random_bool(0.6) => self.has.foreign[0].clone(),
            "record" | "record_no" if self.rng.random_bool(0.6) => {
                self.rng.random_range(1..=2).to_string()
            }
            "name" if self.rng.random_bool(0.4) => "emotet".to_owned(),
            _ => self.value(),
        }
    }

    fn fields(&mut self, most: usize) -> String {
        let pairs: Vec<(&str, String)> = (0..self.rng.random_range(0..=most))
            .map(|_| match FIELDS[self.rng.random_range(0..FIELDS.len())] {
                "of" => ("of", format!("{}.{}", self.word(&KINDS), self.word(&LANGUAGES))),
                field => (field, self.value_for(field)),
            })
            .collect();
        serde_urlencoded::to_string(pairs).unwrap()
    }

    fn request(&mut self, route: &Route, token: &str) -> (Request<Body>, String) {
        let mut path = String::new();
        for part in route.path.split('/').skip(1) {
            let part = match part {
                "{kind}" => self.word(&KINDS).to_owned(),
                "{language}" => self.word(&LANGUAGES).to_owned(),
                part if part.starts_with('{') => self.value_for(part),
                part => part.to_owned(),
            };
            let escaped = serde_urlencoded::to_string([("", part)]).unwrap();
            path.push('/');
            path += &escaped.trim_start_matches('=').replace('+', "%20");
        }
        let query = self.fields(3);
        let request =
            Request::builder().method(route.method.clone()).uri(format!("{path}?{query}"));
        let request = request.header("sec-fetch-site", "same-origin");
        let request = match route.door {
            Door::ProviderToken => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            _ => request,
        };
        let kinds =
            ["application/x-www-form-urlencoded", "text/csv", "application/json", "text/plain"];
        let kind = kinds[self.rng.random_range(0..8).min(7) / 2 % kinds.len()];
        let kind = if self.rng.random_bool(0.6) { kinds[0] } else { kind };
        let body = if kind == kinds[0] { self.fields(5) } else { self.value() };
        let sent = format!("{} {path}?{query} {body}", route.method);
        (request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap(), sent)
    }
}

/// How much there is of the first provider, table by table.
const STATE: [&str; 10] = [
    "SELECT 'lines ' || COUNT(*) || ' ' || COALESCE(MAX(said_version), 0) FROM notice_lines
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
    "SELECT 'reports ' || COUNT(*) FROM line_reports",
    "SELECT 'exports ' || COUNT(*) FROM notice_exports
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
    "SELECT 'contacts ' || COUNT(*) FROM isp_contact_events
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
    "SELECT 'claims ' || COUNT(*) FROM isp_decisions",
    "SELECT 'uploads ' || COUNT(*) FROM report_uploads
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
    "SELECT 'answers ' || COUNT(*) FROM campaign_isp_facts
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
    "SELECT 'buildings ' || COUNT(*) FROM apartment_buildings
          WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-a')",
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
    for sql in STATE {
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

/// The secrets that their owner is shown who puts the same questions.
async fn shown_to_the_owner(
    (owner, token): (&mut Visitor, &str),
    asking: &mut Asking<'_>,
) -> BTreeSet<String> {
    // So many of each route that whatever can be shown is.
    const OF_EACH: usize = 40;
    let (routes, mut shown) = (routes(), BTreeSet::new());
    for _ in 0..OF_EACH * routes.len() {
        let route = &routes[asking.rng.random_range(0..routes.len())];
        let (request, sent) = asking.request(route, token);
        let cookie = owner.cookie.clone();
        let answer = owner.send(request).await;
        owner.cookie = cookie;
        let secrets = asking.has.secrets.iter();
        shown.extend(secrets.filter(|one| shows(&answer.body, one, &sent)).cloned());
    }
    shown
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
        let mut asking = Asking { rng: ChaCha20Rng::seed_from_u64(seed), has: &has };
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
        let shown = shown_to_the_owner((&mut owner, &own_token), &mut asking).await;
        let hidden: Vec<_> = has.secrets.iter().filter(|one| !shown.contains(*one)).collect();
        assert!(hidden.is_empty(), "the owner was not shown {hidden:?}");
    }
}
