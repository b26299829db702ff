//! Every page of the portal as it was agreed: in Japanese in each of its states, some in English.
//!
//! A page that changes on purpose is taken again with `INSTA_UPDATE=always cargo test --test
//! portal`, and its difference is read before it is committed.

use std::collections::BTreeSet;

use crate::centre::{Answer, Centre, Planted, Visitor, run};

/// Pages taken elsewhere into the same album.
const TAKEN_ELSEWHERE: [&str; 2] = ["statistics", "statistics-en"];

/// The pictures taken so far.
#[derive(Default)]
struct Album(BTreeSet<String>);

impl Album {
    /// The whole document.
    fn takes_whole(&mut self, name: &str, page: &Answer) {
        self.keep(name, page, &page.body);
    }

    /// The title and what is between the bars above and below, which are the same on every page.
    fn takes(&mut self, name: &str, page: &Answer) {
        let title = page.body.split("<title>").nth(1).unwrap().split("</title>").next().unwrap();
        let main = page.body.split("<main id=\"main\" tabindex=\"-1\">").nth(1).unwrap();
        let main = main.split("</main>").next().unwrap();
        self.keep(name, page, &format!("{title}\n{main}"));
    }

    fn keep(&mut self, name: &str, page: &Answer, text: &str) {
        assert!(self.0.insert(name.to_owned()), "{name} is taken twice");
        // The address of an asset changes with the content of any.
        let mut parts = text.split("?v=");
        let first = parts.next().unwrap().to_owned();
        let text = parts.fold(first, |text, part| text + "?v=…" + &part[12..]);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let text = format!("{}\n{}", page.status, lines.join("\n"));
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }

    /// Nothing lies in the album that is taken by nobody.
    fn is_complete(&self) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/portal/snapshots");
        let files = std::fs::read_dir(folder).unwrap();
        let there: BTreeSet<String> =
            files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        let elsewhere = TAKEN_ELSEWHERE.map(str::to_owned);
        let taken = self.0.iter().cloned().chain(elsewhere).map(|name| format!("{name}.snap"));
        assert_eq!(there, taken.collect());
    }
}

#[tokio::test]
async fn every_page_looks_as_it_was_agreed() {
    let centre = Centre::on_sqlite().await;
    centre.provider().await;
    for (run, day) in [("march", "2026-03-01"), ("april", "2026-04-01"), ("may", "2026-05-01")] {
        centre.covers(run, day, "complete").await;
    }
    let mut album = Album::default();
    public_pages(&centre, &mut album).await;
    way_in(&centre, &mut album).await;
    let mut visitor = case_and_device(&centre, &mut album).await;
    steps(&centre, &mut visitor, &mut album).await;
    claim(&mut visitor, &mut album).await;
    results(&centre, &mut visitor, &mut album).await;
    visitor.post("/leave", "").await;
    album.takes("left", &visitor.get("/left").await);
    album.is_complete();
}

async fn public_pages(centre: &Centre, album: &mut Album) {
    let mut visitor = centre.visitor();
    album.takes_whole("home", &visitor.get("/").await);
    album.takes_whole("home-en", &visitor.get("/en").await);
    for (name, path) in [
        ("genuine", "/genuine"),
        ("about-the-scan", "/about-the-scan"),
        ("privacy", "/privacy"),
        ("accessibility", "/accessibility"),
        ("manuals", "/manuals"),
        ("manual-of-a-router", "/manuals/router"),
        ("statistics-empty", "/statistics"),
        ("not-found", "/no-such-page"),
    ] {
        album.takes(name, &visitor.get(path).await);
    }
}

async fn way_in(centre: &Centre, album: &mut Album) {
    let mut visitor = centre.visitor();
    album.takes("id", &visitor.get("/id").await);
    album.takes("id-again", &visitor.get("/id?again=1").await);
    album.takes("id-too-short", &visitor.enters("12345").await);
    album.takes("id-unknown", &visitor.enters("48213-90417-66206").await);
    album.takes("id-unknown-en", &visitor.post("/en/id", "id=48213-90417-66206").await);
    run!(&centre.app.db, "UPDATE lookup_budget SET tokens = -60 WHERE bucket = 'global'");
    album.takes("id-queue", &visitor.enters("48213-90417-66206").await);
    run!(&centre.app.db, "DELETE FROM lookup_budget");
}

async fn case_and_device(centre: &Centre, album: &mut Album) -> Visitor {
    let infected = Planted {
        no: 2,
        exposure: "infected/mirai",
        stream: "nicter",
        kind: None,
        ..Planted::default()
    };
    let mut other = centre.visitor();
    other.enters(&centre.plant(infected).await).await;
    album.takes("case-of-an-unknown-device", &other.get("/case").await);
    album.takes("manual-of-an-unknown-device", &other.get("/case/manual").await);
    let named =
        Planted { maker: Some("例示電機"), model: Some("AB-100"), ..Planted::default() };
    let mut visitor = centre.visitor();
    visitor.enters(&centre.plant(named).await).await;
    album.takes("case", &visitor.get("/case").await);
    album.takes("case-en", &visitor.get("/en/case").await);
    album.takes("device", &visitor.get("/case/device").await);
    album.takes("device-none", &visitor.post("/case/device", "").await);
    for about in ["not-mine", "unused"] {
        let page = visitor.get(&format!("/case/help?about={about}")).await;
        album.takes(&format!("help-{about}"), &page);
    }
    album.takes("help", &visitor.get("/case/help").await);
    visitor
}

async fn steps(centre: &Centre, visitor: &mut Visitor, album: &mut Album) {
    album.takes("step-1", &visitor.get("/case/manual/1").await);
    visitor.post("/case/manual/1", "outcome=done").await;
    album.takes("step-2", &visitor.get("/case/manual/2").await);
    for (minute, form, name) in [
        (1, "outcome=stuck", "step-2-stuck"),
        (2, "outcome=stuck&cause=0", "step-2-no-known-cause"),
        (3, "outcome=stuck&cause=1", "step-2-cause"),
    ] {
        centre.at(&format!("2026-05-10T09:0{minute}:00"));
        visitor.post("/case/manual/2", form).await;
        album.takes(name, &visitor.get("/case/manual/2").await);
    }
    album.takes("step-2-cause-en", &visitor.get("/en/case/manual/2").await);
    album.takes("help-stuck", &visitor.get("/case/help").await);
    album.takes("case-going-on", &visitor.get("/case").await);
}

async fn claim(visitor: &mut Visitor, album: &mut Album) {
    album.takes("done", &visitor.get("/case/done").await);
    album.takes("done-none", &visitor.get("/case/done/check").await);
    album.takes("check", &visitor.get("/case/done/check?step-1=on&step-4=on").await);
    album.takes("check-en", &visitor.get("/en/case/done/check?step-1=on&step-4=on").await);
    album.takes("result-found", &visitor.get("/case/result").await);
    visitor.post("/case/done/check", "step-1=on&step-4=on").await;
    album.takes("sent", &visitor.get("/case/done/sent").await);
    album.takes("case-claimed", &visitor.get("/case").await);
    album.takes("result-not-yet-scanned", &visitor.get("/case/result").await);
}

async fn results(centre: &Centre, visitor: &mut Visitor, album: &mut Album) {
    let facts = [
        ("2026-06-01T03:00:00", "clean_once", "not-found-once"),
        ("2026-07-01T03:00:00", "verified", "no-longer-found"),
        ("2026-08-01T03:00:00", "recurred", "found-again"),
    ];
    for (time, state, answer) in facts {
        centre.event(1, time, state).await;
        centre.state(1, state, time).await;
        album.takes(&format!("result-{answer}"), &visitor.get("/case/result").await);
        if state == "verified" {
            album.takes("result-no-longer-found-en", &visitor.get("/en/case/result").await);
            album.takes("case-no-longer-found", &visitor.get("/case").await);
        }
    }
    centre.withdraws(1).await;
    centre.event(1, "2026-06-01T03:00:00", "unknown").await;
    centre.state(1, "unknown", "2026-06-01T03:00:00").await;
    album.takes("result-cannot-tell", &visitor.get("/case/result").await);
    centre.withdraws(1).await;
    centre.state(1, "open", "2026-05-01T03:04:05").await;
    run!(
        &centre.app.db,
        "INSERT INTO case_times (no, first_seen, last_seen)
         SELECT no, opened_at, opened_at + 2592000000000 FROM case_rows WHERE id = $1",
        todoke::ids::CaseId(uuid::Uuid::from_u128(1))
    );
    album.takes("result-still-found", &visitor.get("/case/result").await);
    album.takes("case-found-twice", &visitor.get("/case").await);
}
