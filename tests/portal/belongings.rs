//! What two providers have, and what of it stands well in which place of a route.

use std::net::IpAddr;

use axum::{
    body::Body,
    http::{Request, header},
};
use todoke::{
    access::{roles::Role, tenancy::Tenant, tokens},
    campaigns::{
        self,
        participants::{self, Answer as Part},
    },
    db::Db,
    ids::{IspId, NoticeId},
    isps::{self, Isp},
    notices::{export, prepare},
};

use crate::{
    centre::{ADDRESS, Answer, Centre, Planted, Visitor, form, run, texts},
    office::{AT, has_key, listed, uploads},
    office_keys::{CERTIFICATE, hands_in},
    oneoff::{hidden, with_feed},
    people::{ISP, OTHER, invited, of_the_other, signed_in},
};

/// What belongs to whom: values to ask with, and what may never be shown.
pub(crate) struct Belongings {
    pub(crate) foreign: Vec<String>,
    pub(crate) own: Vec<String>,
    pub(crate) secrets: Vec<String>,
    /// Inquiry ID and address of the asker's own line, which are never typed.
    pub(crate) line: [String; 2],
    /// The owner, signed in.
    pub(crate) manager: Visitor,
    places: Places,
}

/// What of the owner's stands well in a place: where the path of a route begins, the name of the
/// place in it or in its form, and the values.
type Places = Vec<(&'static str, &'static str, Vec<String>)>;

impl Belongings {
    /// What of the owner's stands well in that place of that route.
    pub(crate) fn fit(&self, path: &str, place: &str) -> &[String] {
        let fits = |one: &&(&str, &str, _)| path.starts_with(one.0) && one.1 == place;
        self.places.iter().find(fits).map_or(&[], |(.., values)| values)
    }
}

/// A list, a report and whatever else the first provider has, and a list of the other one.
pub(crate) async fn belongings(centre: &Centre) -> Belongings {
    let notice = listed(centre).await;
    has_key(centre, OTHER).await;
    let isp = isps::by_code(&centre.app.db, ISP.1).await.unwrap().unwrap();
    let lines = export::lines(&centre.app, &notice, &isp).await.unwrap();
    let mut secrets: Vec<String> = lines.iter().map(|line| line.inquiry_id.clone()).collect();
    secrets.extend([ADDRESS, "192.0.2.128/25"].map(str::to_owned));
    secrets.extend(SECRETS.map(|secret| format!("secret-{secret}")));
    takes_part(centre, &isp).await;
    invited(centre, "staff-a", Role::IspStaff).await;
    let mut manager = signed_in(centre, "manager-a", Role::IspManager).await;
    let [receipt, data] = works(&mut manager, &notice.list_id).await;
    let fingerprint = settles(&mut manager).await;
    let on_their_way = sent(centre, notice.id).await;
    let mut places = places(centre, &notice.list_id).await;
    places.extend([
        ("/isp/receipts", "number", vec![receipt]),
        ("/isp/keys", "fingerprint", vec![fingerprint]),
        ("/isp", "data", vec![data]),
        ("/taxii2", "object", objects(centre, &mut manager).await),
    ]);
    let mut foreign: Vec<String> = [ISP.1, "manager-a", "1", "2"].map(str::to_owned).into();
    let typed = places.iter().filter(|(_, place, _)| *place != "file");
    foreign.extend(typed.flat_map(|(.., values)| values).cloned());
    foreign.extend([notice.id.to_string(), isp.id.to_string()]);
    foreign.extend(on_their_way);
    foreign.extend(["join", "withdraw", "remove", "end"].map(str::to_owned));
    for sql in KEYS {
        foreign.extend(keys(&centre.app.db, sql).await);
    }
    // The rest is never typed, so that it can only come from the store.
    foreign.extend(secrets.iter().filter(|one| !one.starts_with("secret")).cloned());
    let (list, inquiry_id) = of_the_stranger(centre).await;
    let own = vec![OTHER.1.to_owned(), "manager-b".to_owned(), list, "1".to_owned()];
    let line = [inquiry_id, OWN_ADDRESS.to_owned()];
    Belongings { foreign, own, secrets, line, manager, places }
}

/// What the owner says of itself and nobody types.
const SECRETS: [&str; 8] = ["post", "house", "answer", "page", "reason", "tier", "token", "hook"];

/// Keys of what the first provider has, which no place asks for.
const KEYS: [&str; 2] =
    ["SELECT lower(hex(id)) FROM report_uploads", "SELECT lower(hex(id)) FROM case_rows"];

async fn keys(db: &Db, sql: &'static str) -> Vec<String> {
    let keys = texts!(db, in_hex(db, sql));
    keys.iter().map(|key| uuid::Uuid::parse_str(key).unwrap().to_string()).collect()
}

/// What stands well where, but for what the owner is only told when it does something.
async fn places(centre: &Centre, list: &str) -> Places {
    const OF_TIERS: &str =
        "SELECT lower(hex(id)) FROM isp_proposals WHERE field IN ('upstream', 'reseller')";
    const OF_SETTINGS: &str =
        "SELECT lower(hex(id)) FROM isp_proposals WHERE field = 'announcement_page'";
    let db = &centre.app.db;
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    let report = format!("list_id,record_no,reported_at,state\n{list},2,{AT},notified\n");
    let house = "building,prefix,addressing\nhouse-7,203.0.113.0/26,private\n";
    vec![
        ("/isp/tokens", "id", keys(db, "SELECT lower(hex(id)) FROM api_tokens").await),
        ("/isp/contacts", "id", keys(db, "SELECT lower(hex(id)) FROM isp_contacts").await),
        ("/isp/networks", "id", keys(db, "SELECT lower(hex(id)) FROM isp_claims").await),
        ("/isp/settings", "id", keys(db, OF_SETTINGS).await),
        ("/isp/resellers", "id", keys(db, OF_TIERS).await),
        ("/isp/colleagues", "name", words(&["staff-a"])),
        ("/isp/campaigns", "name", words(&["emotet"])),
        ("/isp/buildings", "building", words(&["house-7"])),
        ("/isp/buildings", "file", words(&[house])),
        ("/isp/keys", "file", words(&[CERTIFICATE])),
        ("/isp/report", "file", vec![report]),
        ("/api/v1/report/", "name", words(&["inside.csv", "inside.json", "inside.sjson"])),
        ("/taxii2", "id", words(&["lists"])),
        ("/", "list", words(&[list])),
        ("/", "list_id", words(&[list])),
        ("/", "record", words(&["1", "2"])),
        ("/", "record_no", words(&["1", "2"])),
    ]
}

/// Objects of the owner's collection.
async fn objects(centre: &Centre, manager: &mut Visitor) -> Vec<String> {
    let token = token_of(centre, ISP).await;
    let request = Request::get("/taxii2/lists/collections/lists/objects/")
        .header(header::AUTHORIZATION, format!("Bearer {token}"));
    let answer = manager.send(request.body(Body::empty()).unwrap()).await;
    let objects: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    let objects = objects["objects"].as_array().unwrap().iter();
    objects.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// A list on its way and a reminder; gives their keys.
async fn sent(centre: &Centre, notice: NoticeId) -> [String; 2] {
    let (delivery, reminder) = (NoticeId(uuid::Uuid::from_u128(71)), uuid::Uuid::from_u128(72));
    run!(
        &centre.app.db,
        "INSERT INTO deliveries (isp_id, id, notice_id, way, state, entered_at, attempts)
         VALUES ($1, $2, $3, 'webhook', 'waiting', 0, 0)",
        ISP.0,
        delivery,
        notice
    );
    let reminder = NoticeId(reminder);
    run!(
        &centre.app.db,
        "INSERT INTO reminders (isp_id, id, notice_id, reason, state, at, author)
         VALUES ($1, $2, $3, 'not_fetched', 'due', 0, 'office-1')",
        ISP.0,
        reminder,
        notice
    );
    [delivery.to_string(), reminder.to_string()]
}

/// A query in the words of the engine, which have none in common for the digits of a key.
fn in_hex(db: &Db, sql: &'static str) -> sqlx::AssertSqlSafe<String> {
    sqlx::AssertSqlSafe(match db {
        Db::Sqlite { .. } => sql.to_owned(),
        Db::Postgres { .. } => sql.replace("lower(hex(id))", "encode(id, 'hex')"),
    })
}

/// The manager gives a contact, claims a network and reports a line; gives the number of the
/// receipt and what the report holds.
async fn works(manager: &mut Visitor, list: &str) -> [String; 2] {
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
         {list},1,{AT},notified,yes,email,{AT}\n"
    );
    let checked = uploads(manager, &told).await;
    let data = hidden(&checked, "data").to_owned();
    let done = manager.post("/isp/report/confirm", &form(&[("data", &data)])).await;
    [last_of(&done), data]
}

/// The manager proposes, hands a key in, chooses a way and makes a token; gives the fingerprint.
async fn settles(manager: &mut Visitor) -> String {
    const PAGE: &str = "https://secret-page.example/";
    for said in [
        ("field", "announcement_page", PAGE, "secret-reason"),
        ("field", "log_retention_days", "200", "x"),
    ] {
        let (field, name, value, reason) = said;
        let said = [(field, name), ("value", value), ("reason", reason), ("sure", "yes")];
        let done = manager.post("/isp/settings", &form(&said)).await;
        assert_eq!(done.status, 303, "{}", done.body);
    }
    let behind = [("act", "add"), ("code", OTHER.1), ("reason", "secret-tier")];
    let done = manager.post("/isp/resellers", &form(&behind)).await;
    assert_eq!(done.status, 303, "{}", done.body);
    let once = |number| uuid::Uuid::from_u128(number).to_string();
    let way = [
        ("way", "webhook"),
        ("to", "https://secret-hook.example/"),
        ("when", "at_once"),
        ("once", &once(81)),
    ];
    let done = manager.post("/isp/delivery/confirm", &form(&way)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let token = [("name", "secret-token"), ("days", "30"), ("once", &once(82))];
    let done = manager.post("/isp/tokens", &form(&token)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let checked = hands_in(manager, CERTIFICATE).await;
    let compared = [("data", hidden(&checked, "data")), ("compared", "yes")];
    last_of(&manager.post("/isp/keys/confirm", &form(&compared)).await)
}

/// The last part of the path to which an answer leads.
fn last_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.to().trim_end_matches("#main").rsplit('/').next().unwrap().to_owned()
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
    let answer = participants::answer(&tenant, &campaign, Part::Join, Some("secret-answer")).await;
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
pub(crate) async fn strangers(centre: &Centre) -> (Visitor, String) {
    let mut visitor = of_the_other(centre, "manager-b").await;
    visitor.from = IpAddr::from([198, 51, 100, 2]);
    (visitor, token_of(centre, OTHER).await)
}

pub(crate) async fn token_of(centre: &Centre, (id, code): (IspId, &str)) -> String {
    let scope = (tokens::Scope::Isp(code.to_owned()), Some(id));
    tokens::make(&centre.app, scope, 30, "test").await.unwrap().1
}
