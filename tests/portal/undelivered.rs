//! A list that did not arrive is told of: to its provider, who can take it at once, and to the
//! office, which sends it again.

use axum::http::StatusCode;
use todoke::{
    access::{roles::Role, tenancy::Tenant},
    isps::{
        self, Isp,
        delivery::{self, Way, Wish},
    },
    net::dial::Dialling,
    notices::{Notice, dispatch, dispatch::carry},
};

use crate::{
    centre::{Centre, Visitor, form, texts},
    hook::Hook,
    office::listed,
    people::{between, signed_in},
};

const ONE: &str = "/admin/isps/one?isp=isp-a";

/// A list that the webhook of its provider refuses for good.
async fn refused(centre: &Centre, hook: &Hook) -> Notice {
    let notice = listed(centre).await;
    let isp: Isp = isps::by_code(&centre.app.db, "isp-a").await.unwrap().unwrap();
    let tenant = Tenant::of(&centre.app, isp.id, &isp.code, "operator");
    let wish = Wish {
        way: Way::Webhook,
        form: "jsonl".to_owned(),
        schedule: None,
        target: Some(hook.url()),
        dialling: Dialling { allow_private: true, ca_file: None },
    };
    delivery::set(&tenant, &wish, None).await.unwrap().unwrap();
    dispatch::again(&centre.app, &notice, (&isp, "operator")).await.unwrap().unwrap();
    hook.answers(&["410 Gone\r\n"]);
    carry::now(&centre.app, None).await.unwrap();
    notice
}

async fn again(office: &mut Visitor, (isp, list): (&str, &str)) -> crate::centre::Answer {
    office.post("/admin/isps/again", &form(&[("isp", isp), ("list", list)])).await
}

#[tokio::test]
async fn a_list_that_did_not_arrive_stands_on_both_sides_pages_until_it_does() {
    for centre in Centre::on_each_engine().await {
        let hook = Hook::start();
        let list = refused(&centre, &hook).await.list_id;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;

        let own = staff.get("/isp").await;
        let told = between(&own.body, "id=\"undelivered\"", "</section>");
        for words in ["届いていないリストが1件", "受け取りませんでした", "status 410"]
        {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert!(told.contains(&format!("/isp/downloads/{list}")), "{told}");
        assert!(!told.contains("/isp/delivery"), "it is not for staff to say where lists go");
        let mut manager = signed_in(&centre, "manager", Role::IspManager).await;
        assert!(manager.get("/isp").await.body.contains("href=\"/isp/delivery\""));

        let board = office.get("/admin/isps?only=undelivered").await;
        assert!(board.body.contains("isp-a") && !board.body.contains("isp-b"), "{}", board.body);
        assert!(office.get(ONE).await.body.contains("もう一度送る"));
        // A list is sent to nobody but its own provider.
        for (isp, named) in [("isp-b", list.as_str()), ("isp-a", "isp-a-20200101-001")] {
            let answer = again(&mut office, (isp, named)).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{isp} {named}");
        }
        assert_eq!(again(&mut office, ("isp-a", &list)).await.to(), format!("{ONE}#main"));
        let late = again(&mut office, ("isp-a", &list)).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(late.body.contains("もう送るところ"), "{}", late.body);
        let states = "SELECT state FROM deliveries ORDER BY entered_at, state DESC";
        assert_eq!(texts!(&centre.app.db, states), ["withdrawn", "waiting"]);
        assert!(!staff.get("/isp").await.body.contains("undelivered"), "it is on its way");

        let sent = carry::now(&centre.app, None).await.unwrap();
        assert_eq!((sent.len(), hook.posted().len()), (1, 2), "{sent:?}");
        for (who, page) in [(&mut staff, "/isp"), (&mut office, ONE)] {
            assert!(!who.get(page).await.body.contains("id=\"undelivered\""), "{page}");
        }
    }
}

#[tokio::test]
async fn a_list_that_was_fetched_since_is_not_told_of() {
    for centre in Centre::on_each_engine().await {
        let hook = Hook::start();
        let list = refused(&centre, &hook).await.list_id;
        let mut staff = signed_in(&centre, "abuse-desk", Role::IspStaff).await;
        assert!(staff.get("/isp").await.body.contains("id=\"undelivered\""));
        staff.post(&format!("/isp/downloads/{list}"), &form(&[("format", "csv")])).await;
        assert!(!staff.get("/isp").await.body.contains("id=\"undelivered\""));
    }
}
