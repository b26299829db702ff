//! The portal over HTTP: from the ID to the result, in both languages, on both engines.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by failing")]

#[path = "portal/centre.rs"]
mod centre;
#[path = "portal/album.rs"]
mod album;
#[path = "portal/apartments.rs"]
mod apartments;
#[path = "portal/belongings.rs"]
mod belongings;
#[path = "portal/campaign_languages.rs"]
mod campaign_languages;
#[path = "portal/desk.rs"]
mod desk;
#[path = "portal/device.rs"]
mod device;
#[path = "portal/intake.rs"]
mod intake;
#[path = "portal/kit.rs"]
mod kit;
#[path = "portal/leaves.rs"]
mod leaves;
#[path = "portal/log.rs"]
mod log;
#[path = "portal/menu.rs"]
mod menu;
#[path = "portal/office.rs"]
mod office;
#[path = "portal/office_keys.rs"]
mod office_keys;
#[path = "portal/oneoff.rs"]
mod oneoff;
#[path = "portal/outside.rs"]
mod outside;
#[path = "portal/people.rs"]
mod people;
#[path = "portal/plain.rs"]
mod plain;
#[path = "portal/providers.rs"]
mod providers;
#[path = "portal/results.rs"]
mod results;
#[path = "portal/steps.rs"]
mod steps;
#[path = "portal/sign_in.rs"]
mod sign_in;
#[path = "portal/strangers.rs"]
mod strangers;
#[path = "portal/undelivered.rs"]
mod undelivered;
#[path = "portal/ways.rs"]
mod ways;
#[path = "support/gnupg.rs"]
#[allow(dead_code, reason = "pages need no more of it than keys")]
mod gnupg;
#[path = "support/hook.rs"]
#[allow(dead_code, reason = "pages tell of what came, and look at none of it")]
mod hook;
#[path = "support/issuer.rs"]
mod issuer;
#[path = "support/loopback.rs"]
mod loopback;
#[path = "support/peers.rs"]
#[allow(dead_code, reason = "pages need the provider of identities alone")]
mod peers;

use axum::http::StatusCode;
use centre::{ADDRESS, Answer, Centre, Planted, Visitor, run, texts};
use todoke::web::guard::CSP;

/// Pages that anybody may read.
const PUBLIC: [&str; 9] = [
    "/",
    "/id",
    "/genuine",
    "/about-the-scan",
    "/privacy",
    "/accessibility",
    "/manuals",
    "/manuals/router",
    "/left",
];
/// Pages of a visit.
const VISIT: [&str; 9] = [
    "/case",
    "/case/device",
    "/case/manual",
    "/case/manual/1",
    "/case/manual/2",
    "/case/done",
    "/case/done/check?step-1=on",
    "/case/result",
    "/case/help",
];

fn path(lang: &str, path: &str) -> String {
    match (lang, path) {
        ("en", "/") => "/en".to_owned(),
        ("en", path) => format!("/en{path}"),
        _ => path.to_owned(),
    }
}

async fn arrived(centre: &Centre) -> Visitor {
    let id = centre.plant(Planted::default()).await;
    let mut visitor = centre.visitor();
    assert_eq!(visitor.enters(&id).await.to(), "/case#main");
    visitor
}

#[tokio::test]
async fn a_notified_person_goes_from_the_id_to_the_result_in_both_languages() {
    for centre in Centre::on_each_engine().await {
        let id = centre.plant(Planted::default()).await;
        for lang in ["ja", "en"] {
            let mut visitor = centre.visitor();
            walk(&centre, &mut visitor, lang, &id).await;
        }
    }
}

async fn walk(centre: &Centre, visitor: &mut Visitor, lang: &str, id: &str) {
    centre.at("2026-05-10T09:00:00");
    let on = |to: &str| path(lang, to);
    let form = visitor.get(&on("/id")).await;
    assert!(form.body.contains(&format!("<html lang=\"{lang}\">")));
    let entered = visitor.post(&on("/id"), &format!("id={id}")).await;
    assert_eq!((entered.status, entered.to()), (StatusCode::SEE_OTHER, on("/case#main").as_str()));
    assert!(visitor.get(&on("/case")).await.body.contains(&on("/case/manual/1")));
    let chosen = visitor.post(&on("/case/device"), "device=router").await;
    assert_eq!(chosen.to(), on("/case/manual/1#main"));
    for no in 1..=6 {
        let step = visitor.get(&on(&format!("/case/manual/{no}"))).await;
        assert_eq!(step.status, StatusCode::OK, "step {no}");
        let here = on(&format!("/case/manual/{no}"));
        let marked = visitor.post(&here, "outcome=done").await;
        let next =
            if no < 6 { format!("/case/manual/{}#main", no + 1) } else { "/case/done#main".into() };
        assert_eq!(marked.to(), on(&next));
    }
    assert_eq!(visitor.get(&on("/case/manual/7")).await.status, StatusCode::NOT_FOUND);
    let done = visitor.get(&on("/case/done")).await;
    assert_eq!(done.body.matches(" checked").count(), 6, "marks come prefilled");
    let checked = visitor.get(&on("/case/done/check?step-2=on&step-4=on")).await;
    assert!(checked.body.contains("name=\"step-2\"") && !checked.body.contains("name=\"step-3\""));
    centre.at("2026-05-10T09:10:00");
    let sent = visitor.post(&on("/case/done/check"), "step-2=on&step-4=on").await;
    assert_eq!(sent.to(), on("/case/done/sent#main"));
    assert_eq!(visitor.get(&on("/case/done/sent")).await.status, StatusCode::OK);
    let result = visitor.get(&on("/case/result")).await.body;
    let wanted = if lang == "ja" { "まだ調べていません" } else { "Not yet scanned" };
    assert!(result.contains(wanted));
    let details = texts!(&centre.app.db, "SELECT detail FROM case_events WHERE kind = 'claimed'");
    assert!(details.contains(&"steps 2 4".to_owned()), "{details:?}");
    let left = visitor.post(&on("/leave"), "").await;
    assert_eq!(left.to(), on("/left#main"));
    assert!(left.header("clear-site-data").contains("cookies"));
    assert_eq!(visitor.cookie, None);
}

#[tokio::test]
async fn the_device_leads_to_its_manual_and_two_answers_lead_elsewhere() {
    let centre = Centre::on_sqlite().await;
    let infected =
        Planted { exposure: "infected/mirai", stream: "nicter", kind: None, ..Planted::default() };
    let id = centre.plant(infected).await;
    let mut visitor = centre.visitor();
    visitor.enters(&id).await;
    let case = visitor.get("/case").await.body;
    assert!(
        case.contains("感染した機器のお知らせ") && case.contains("機種までは分かりませんでした")
    );
    assert!(visitor.get("/case/manual").await.body.contains("機器が分からないとき"));
    let refused = visitor.post("/case/device", "device=toaster").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("<title>エラー：") && refused.body.contains("id=\"errors\""));
    visitor.post("/case/device", "device=camera").await;
    let manual = visitor.get("/case/manual").await.body;
    assert!(manual.contains("ネットワークカメラ") && manual.contains("電源を入れ直します"));
    centre.at("2026-05-10T09:01:00");
    let other = visitor.post("/case/device", "device=not-mine").await;
    assert_eq!(other.to(), "/case/help?about=not-mine#main");
    assert!(visitor.get("/case/help?about=not-mine").await.body.contains("大家さん"));
    centre.at("2026-05-10T09:02:00");
    let unused = visitor.post("/case/device", "device=unused").await;
    assert_eq!(unused.to(), "/case/help?about=unused#main");
}

#[tokio::test]
async fn twenty_five_spellings_of_an_id_reach_its_case() {
    let centre = Centre::on_sqlite().await;
    let id = centre.plant(Planted::default()).await;
    let digits = id.replace('-', "");
    let wide: String =
        digits.chars().map(|c| char::from_u32(u32::from(c) + 0xFEE0).unwrap()).collect();
    let joined = |dash: &str| id.replace('-', dash);
    let spellings = [
        id.clone(),
        digits.clone(),
        wide.clone(),
        joined(" "),
        joined("\u{3000}"),
        joined("‐"),
        joined("‑"),
        joined("‒"),
        joined("–"),
        joined("—"),
        joined("―"),
        joined("−"),
        joined("─"),
        joined("ー"),
        joined("ｰ"),
        joined("－"),
        joined("\u{200b}"),
        joined("\r\n"),
        joined("\u{feff}"),
        format!("  {id}\t"),
        digits.replace('0', "O"),
        digits.replace('0', "〇"),
        digits.replace('1', "l"),
        digits.replace('1', "I"),
        digits.chars().flat_map(|c| [c, ' ']).collect(),
        joined("_"),
    ];
    assert!(spellings.len() >= 25);
    for typed in spellings {
        let mut visitor = centre.visitor();
        assert_eq!(visitor.enters(&typed).await.to(), "/case#main", "{typed:?}");
    }
}

#[tokio::test]
async fn a_wrong_id_says_what_anybody_could_compute_and_nothing_more() {
    for centre in Centre::on_each_engine().await {
        let id = centre.plant(Planted::default()).await;
        let ended = centre.plant(Planted { no: 2, ..Planted::default() }).await;
        centre.end_id(2, "2026-05-05T00:00:00").await;
        let mut visitor = centre.visitor();
        assert!(visitor.enters(&id[..16]).await.body.contains("いま14けたです"));
        assert!(visitor.enters("abc").await.body.contains("数字だけ"));
        assert!(visitor.enters("").await.body.contains("問合せIDを入れてください"));
        let last = if id.ends_with('0') { "1" } else { "0" };
        let mistyped = format!("{}{last}", &id[..16]);
        assert!(visitor.enters(&mistyped).await.body.contains("打ち間違い"));
        // Another drawing than any planted one: valid, and unknown.
        let unknown = "48213-90417-66206";
        let (a, b) = (visitor.enters(unknown).await, visitor.enters(&ended).await);
        assert_eq!(
            (a.status, b.status),
            (StatusCode::UNPROCESSABLE_ENTITY, StatusCode::UNPROCESSABLE_ENTITY)
        );
        assert_eq!(a.body.replace(unknown, ""), b.body.replace(&ended, ""));
        let names = |answer: &Answer| -> Vec<String> {
            answer.headers.iter().map(|(name, value)| format!("{name}: {value:?}")).collect()
        };
        assert_eq!(names(&a), names(&b));
        assert!(a.body.contains("<title>エラー：") && a.body.contains("aria-invalid=\"true\""));
        assert_eq!(visitor.cookie, None);
    }
}

#[tokio::test]
async fn nothing_is_kept_in_the_browser_before_the_id_and_one_cookie_after() {
    let centre = Centre::on_sqlite().await;
    let id = centre.plant(Planted::default()).await;
    let mut visitor = centre.visitor();
    for lang in ["ja", "en"] {
        for page in PUBLIC {
            let answer = visitor.get(&path(lang, page)).await;
            assert_eq!(answer.status, StatusCode::OK, "{page}");
            assert!(answer.headers.get("set-cookie").is_none(), "{page}");
        }
        for page in VISIT {
            let answer = visitor.get(&path(lang, page)).await;
            assert_eq!(answer.to(), path(lang, "/id?again=1#main"), "{page} without an ID");
        }
    }
    let entered = visitor.enters(&id).await;
    let cookie = entered.header("set-cookie");
    assert!(cookie.starts_with("__Host-todoke="));
    for word in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert!(!cookie.contains(&id.replace('-', "")) && !cookie.contains("Domain"));
}

#[tokio::test]
async fn every_page_carries_the_headers_the_phone_and_the_other_language_and_no_id_or_address() {
    let centre = Centre::on_sqlite().await;
    let id = centre
        .plant(Planted { maker: Some("例示電機"), model: Some("AB-100"), ..Planted::default() })
        .await;
    let mut visitor = centre.visitor();
    visitor.enters(&id).await;
    visitor.post("/case/done/check", "step-1=on").await;
    for lang in ["ja", "en"] {
        for page in PUBLIC.iter().chain(&VISIT).chain(&["/case/done/sent", "/no-such-page"]) {
            let answer = visitor.get(&path(lang, page)).await;
            assert_eq!(answer.header("content-security-policy"), CSP, "{page}");
            assert_eq!(answer.header("referrer-policy"), "no-referrer");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let (body, of_visit) = (&answer.body, page.starts_with("/case"));
            assert_eq!(
                answer.header("cache-control") == "no-store",
                of_visit || ["/id", "/left", "/no-such-page"].contains(page),
                "{page}"
            );
            assert!(body.contains("tel:+81120000000"), "{page} carries the phone");
            assert!(body.contains(&format!("<html lang=\"{lang}\">")));
            assert_eq!(body.matches("<h1").count(), 1, "{page} has one heading of the first order");
            assert!(!body.contains("Unknown localization"), "{page}");
            assert!(
                !body.contains(" style=") && !body.contains("<style") && !body.contains("onclick")
            );
            for secret in [ADDRESS, "54321", "03:04", "12:04", &id, &id.replace('-', "")] {
                assert!(!body.contains(secret), "{page} shows {secret}");
            }
            let outside = body.matches("https://").count() + body.matches("src=\"//").count();
            assert_eq!(outside, 0, "{page} names another site");
        }
    }
    assert!(visitor.get("/case").await.body.contains("例示電機 AB-100の可能性が高いです"));
}

#[tokio::test]
async fn the_language_stands_in_the_path_and_changes_without_losing_the_visit() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    assert_eq!(
        visitor.get("/case/help?about=unused&lang=en").await.to(),
        "/en/case/help?about=unused"
    );
    assert_eq!(visitor.get("/en/case?lang=ja").await.to(), "/case");
    assert_eq!(visitor.get("/?lang=en").await.to(), "/en");
    assert_eq!(visitor.get("//evil.test/?lang=ja").await.to(), "/evil.test/");
    assert_eq!(visitor.get("/en/").await.to(), "/en");
    let japanese = visitor.get("/case/help?about=unused").await.body;
    assert!(japanese.contains("href=\"/en/case/help?about=unused\""));
    let english = visitor.get("/en/case/help?about=unused").await.body;
    assert!(english.contains("The device is no longer used"));
}

#[tokio::test]
async fn wrong_ids_use_up_a_source_and_then_all_sources_and_right_ones_use_up_nothing() {
    for centre in Centre::on_each_engine().await {
        let id = centre.plant(Planted::default()).await;
        let unknown = "48213-90417-66206";
        let mut visitor = centre.visitor();
        for _ in 0..40 {
            assert_eq!(visitor.enters(&id).await.status, StatusCode::SEE_OTHER);
        }
        for _ in 0..20 {
            assert_eq!(visitor.enters(unknown).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let refused = visitor.enters(unknown).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.body.contains("あと3分ほど") && refused.body.contains("0120-000-000"));
        assert_eq!(refused.header("retry-after"), "180");
        assert_eq!(visitor.enters(&id).await.status, StatusCode::TOO_MANY_REQUESTS);
        // A number that is no ID costs nothing and is answered still.
        assert!(visitor.enters("123").await.body.contains("いま3けたです"));
        let mut neighbour = centre.visitor();
        neighbour.from = "2001:db8::1".parse().unwrap();
        assert_eq!(neighbour.enters(&id).await.status, StatusCode::SEE_OTHER);
        let keys = texts!(&centre.app.db, "SELECT bucket FROM lookup_budget");
        assert!(keys.iter().all(|key| !key.contains("198.51") && !key.contains("2001")));
        centre.at("2026-05-10T10:30:00");
        assert_eq!(visitor.enters(&id).await.status, StatusCode::SEE_OTHER);
        let left = texts!(&centre.app.db, "SELECT bucket FROM lookup_budget");
        assert_eq!(left, ["global"], "a bucket that is full again leaves no row");
    }
}

#[tokio::test]
async fn when_all_look_ups_are_used_up_each_source_has_a_place_and_is_let_through_at_its_time() {
    for centre in Centre::on_each_engine().await {
        let id = centre.plant(Planted::default()).await;
        let from = |source: &str| {
            let mut visitor = centre.visitor();
            visitor.from = source.parse().unwrap();
            visitor
        };
        let (mut first, mut second) = (from("2001:db8::1"), from("198.51.100.9"));
        assert_eq!(first.enters(&id).await.status, StatusCode::SEE_OTHER);
        run!(&centre.app.db, "UPDATE lookup_budget SET tokens = 0 WHERE bucket = 'global'");
        for _ in 0..3 {
            let waits = first.enters(&id).await;
            assert_eq!(waits.status, StatusCode::TOO_MANY_REQUESTS);
            assert_eq!(waits.header("retry-after"), "1", "it keeps its place");
            assert_eq!(waits.header("cache-control"), "no-store");
            for words in ["順番をお待ちください", "あと1秒ほど", "0120-000-000", &id]
            {
                assert!(waits.body.contains(words), "{words}");
            }
        }
        let behind = second.enters(&id).await;
        assert_eq!(behind.header("retry-after"), "2");
        centre.at("2026-05-10T09:00:01");
        assert_eq!(second.enters(&id).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(first.enters(&id).await.to(), "/case#main");
        centre.at("2026-05-10T09:00:02");
        assert_eq!(second.enters(&id).await.to(), "/case#main");
        // Both were right and gave their tokens back, so nobody waits.
        assert_eq!(from("198.51.100.10").enters(&id).await.to(), "/case#main");
        // Where the queue has reached its end, there is a time but no place.
        run!(&centre.app.db, "UPDATE lookup_budget SET tokens = -400 WHERE bucket = 'global'");
        let full = from("198.51.100.11").enters(&id).await;
        assert!(full.body.contains("あと7分ほど"), "{}", full.body);
        let rows = texts!(&centre.app.db, "SELECT bucket FROM lookup_budget");
        assert_eq!(rows, ["global"], "who got no place leaves nothing behind");
        // One /48 cannot hold the queue, however many homes it has.
        run!(&centre.app.db, "UPDATE lookup_budget SET tokens = 0 WHERE bucket = 'global'");
        for home in 0..70 {
            from(&format!("2001:db8:7:{home:x}::1")).enters(&id).await;
        }
        let places =
            texts!(&centre.app.db, "SELECT bucket FROM lookup_budget WHERE place_at IS NOT NULL");
        assert_eq!(places.len(), 60);
        let other = from("2001:db8:8::1").enters(&id).await;
        assert_eq!(other.header("retry-after"), "61");
    }
}

#[tokio::test]
async fn guesses_sent_side_by_side_do_not_race_the_budget() {
    for centre in Centre::on_each_engine().await {
        let mut racing = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let mut visitor = centre.visitor();
            racing.spawn(async move { visitor.enters("48213-90417-66206").await.status });
        }
        let statuses = racing.join_all().await;
        let admitted = statuses.iter().filter(|s| **s == StatusCode::UNPROCESSABLE_ENTITY).count();
        assert_eq!(admitted, 20, "{statuses:?}");
    }
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    for site in ["cross-site", "same-site", "none"] {
        visitor.site = Some(site);
        for to in
            ["/id", "/case/device", "/case/manual/1", "/case/done/check", "/leave", "/en/leave"]
        {
            let answer = visitor.post(to, "device=router&outcome=done&step-1=on").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{to} from {site}");
            assert!(answer.body.contains("0120-000-000"));
        }
    }
    assert!(visitor.cookie.is_some());
    assert!(
        texts!(&centre.app.db, "SELECT kind FROM case_events").iter().all(|kind| kind == "opened")
    );
}

#[tokio::test]
async fn a_visit_ends_when_left_alone_and_after_half_a_day_whatever_happens() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    for time in ["09:19:00", "09:38:00", "09:57:00"] {
        centre.at(&format!("2026-05-10T{time}"));
        assert_eq!(visitor.get("/case").await.status, StatusCode::OK, "each request adds time");
    }
    centre.at("2026-05-10T10:17:01");
    assert_eq!(visitor.get("/case").await.to(), "/id?again=1#main");
    let mut busy = centre.visitor();
    let id = centre.plant(Planted { no: 2, ..Planted::default() }).await;
    centre.at("2026-05-11T00:00:00");
    busy.enters(&id).await;
    for quarter in 0..48 {
        centre.at(&format!("2026-05-11T{:02}:{:02}:00", quarter / 4, quarter % 4 * 15));
        assert_eq!(busy.get("/case").await.status, StatusCode::OK);
    }
    centre.at("2026-05-11T12:00:00");
    assert_eq!(busy.get("/case").await.to(), "/id?again=1#main");
    let again = visitor.get("/id?again=1").await.body;
    assert!(again.contains("時間がたった"));
}

#[tokio::test]
async fn a_secret_ends_on_the_server_when_the_person_leaves() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    let stolen = visitor.clone();
    visitor.post("/leave", "").await;
    let mut thief = stolen;
    assert_eq!(thief.get("/case").await.to(), "/id?again=1#main");
}

#[tokio::test]
async fn the_result_claims_no_more_than_is_known() {
    let states = [
        ("open", "まだ見つかっています"),
        ("clean_once", "1回目は見つかりませんでした"),
        ("verified", "見つからなくなりました"),
        ("recurred", "もう一度見つかりました"),
        ("unknown", "分かりません"),
    ];
    for centre in Centre::on_each_engine().await {
        let mut visitor = arrived(&centre).await;
        for (state, words) in states {
            centre.state(1, state, "2026-05-09T04:00:00").await;
            let page = visitor.get("/case/result").await.body;
            let heading = page.split("<h2>").nth(1).unwrap().split("</h2>").next().unwrap();
            assert_eq!(heading, words);
            let final_words = page.contains(">見つからなくなりました<");
            assert_eq!(final_words, state == "verified", "{state}");
            assert_eq!(page.contains("td-good"), state == "verified", "{state}");
            assert!(page.contains("あなたが伝えたこと") && page.contains("調査で確かめたこと"));
        }
    }
}

#[tokio::test]
async fn a_later_case_of_a_line_shows_the_verdict_of_the_one_that_speaks_for_it() {
    let centre = Centre::on_sqlite().await;
    centre.plant(Planted { no: 5, state: "verified", ..Planted::default() }).await;
    centre.event(5, "2026-05-08T00:00:00", "verified").await;
    centre.state(5, "verified", "2026-05-08T00:00:00").await;
    let id = centre.plant(Planted { no: 6, line_of: Some(5), ..Planted::default() }).await;
    let mut visitor = centre.visitor();
    visitor.enters(&id).await;
    let page = visitor.get("/case/result").await.body;
    assert!(page.contains("見つからなくなりました"));
    assert_eq!(page.matches("機器が見つかりました").count(), 1);
}

#[tokio::test]
async fn a_fault_of_the_store_is_a_page_with_the_phone_and_no_details() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    assert_eq!(visitor.get("/readyz").await.status, StatusCode::OK);
    centre.app.db.close().await;
    let answer = visitor.get("/case").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(answer.body.contains("0120-000-000") && !answer.body.to_lowercase().contains("sql"));
    assert_eq!(visitor.get("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(visitor.get("/healthz").await.body, "ok\n");
    assert_eq!(visitor.get("/").await.status, StatusCode::OK, "public pages need no store");
}

#[tokio::test]
async fn the_first_view_is_light_and_names_assets_that_exist() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = centre.visitor();
    let home = visitor.get("/").await.body;
    let mut bytes = home.len();
    for asset in home.split("\"/assets/").skip(1) {
        let name = asset.split('"').next().unwrap();
        let answer = visitor.get(&format!("/assets/{name}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}");
        assert!(answer.header("cache-control").contains("immutable"));
        bytes += answer.body.len();
    }
    assert!(bytes < 60 * 1024, "{bytes} bytes before compression");
    assert_eq!(visitor.get("/assets/../Cargo.toml").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_is_too_large_or_makes_no_sense_gets_a_page() {
    let centre = Centre::on_sqlite().await;
    let mut visitor = arrived(&centre).await;
    let large = visitor.post("/id", &format!("id={}", "1".repeat(70_000))).await;
    assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
    let senseless = visitor.post("/case/manual/1", "colour=red").await;
    assert_eq!(senseless.status, StatusCode::UNPROCESSABLE_ENTITY);
    for answer in [large, senseless] {
        assert!(answer.body.contains("0120-000-000") && answer.body.contains("<html"));
    }
}

#[tokio::test]
async fn a_real_connection_is_served_and_a_stop_waits_for_nobody_idle() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let centre = Centre::on_sqlite().await;
    let id = centre.plant(Planted::default()).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let mut server = tokio::task::JoinSet::new();
    server.spawn(todoke::router::serve(centre.app.clone(), listener, async {
        let _ = stopped.await;
    }));
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let form = format!("id={id}");
    let request = format!(
        "POST /id HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\
         content-type: application/x-www-form-urlencoded\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 303") && answer.contains("location: /case#main"));
    // Plain HTTP on this machine: no Secure, no prefix; everything else stays.
    assert!(answer.contains("set-cookie: todoke=") && !answer.contains("Secure"));
    stop.send(()).unwrap();
    server.join_next().await.unwrap().unwrap().unwrap();
}
