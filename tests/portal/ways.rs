//! The ways of a feed as its operator sees them: every run, what came and what went wrong.

use std::fs;

use axum::http::StatusCode;
use todoke::{
    access::roles::Role,
    feeds::{
        self,
        ways::{self, NewWay, Settings, Way, folder, run},
    },
};

use crate::{centre::Centre, intake::with_report, people::signed_in};

/// A watched folder as a way of the feed `telnet`.
pub(crate) async fn with_folder(centre: &Centre) -> Way {
    let path = centre.app.data.join("drop");
    fs::create_dir(&path).unwrap();
    let feed = feeds::by_name(&centre.app.db, "telnet").await.unwrap().unwrap();
    let settings = Settings::Folder(folder::Settings { path, settle_seconds: 0 });
    let schedule = "every 6h".parse().unwrap();
    let new = NewWay { name: "drop".to_owned(), settings, secret_file: None, schedule };
    ways::add(&centre.app, &feed, &new).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_operator_reads_what_each_run_of_a_way_brought_and_what_went_wrong() {
    for centre in Centre::on_each_engine().await {
        with_report(&centre).await;
        let way = with_folder(&centre).await;
        let mut operator = signed_in(&centre, "desk-1", Role::Intake).await;
        let page = operator.get("/admin/feeds/telnet/ways/drop").await;
        assert!(page.body.contains("まだ動いていません"), "{}", page.body);
        let path = centre.app.data.join("drop");
        fs::write(path.join("holiday.csv"), "nothing,of,ours\n").unwrap();
        for _ in 0..51 {
            run::now(&centre.app, &way).await.unwrap().unwrap();
        }
        fs::remove_dir_all(&path).unwrap();
        run::now(&centre.app, &way).await.unwrap().unwrap();
        let feed = operator.get("/en/admin/feeds/telnet").await;
        assert!(feed.body.contains("/en/admin/feeds/telnet/ways/drop"), "{}", feed.body);
        let page = operator.get("/en/admin/feeds/telnet/ways/drop").await;
        assert_eq!(page.body.matches("<li value=").count(), 50);
        assert_eq!(page.body.matches("failed").count(), 1, "{}", page.body);
        assert!(page.body.contains("No such file or directory"), "{}", page.body);
        assert!(page.body.contains("?page=2") && !page.body.contains("holiday"), "{}", page.body);
        let older = operator.get("/en/admin/feeds/telnet/ways/drop?page=2").await;
        assert_eq!(older.body.matches("<li value=").count(), 2);
        for said in ["refused: 1", "holiday.csv: ", "?page=1"] {
            assert!(older.body.contains(said), "{said}: {}", older.body);
        }
        for strange in ["telnet/ways/other", "nobody/ways/drop"] {
            let answer = operator.get(&format!("/admin/feeds/{strange}")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{strange}");
        }
    }
}
