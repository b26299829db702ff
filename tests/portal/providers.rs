//! Providers keep their own entry on their pages, and somebody at the centre decides.

use todoke::{access::roles::Role, db::migrate};

use crate::{
    centre::{Answer, Centre, Visitor, form, run, texts},
    people::{between, signed_in},
};

const WHAT: [(&str, &str); 4] =
    [("act", "claim"), ("kind", "declared"), ("from", "2026-05-01"), ("reason", "新しい割当")];

async fn claims(manager: &mut Visitor, what: &str) -> Answer {
    manager.post("/isp/networks", &form(&[&WHAT[..], &[("what", what)]].concat())).await
}

/// Where the only claim or proposal on the page is decided.
fn decided_at(page: &Answer, path: &str) -> String {
    let (_, rest) = page.body.split_once(&format!("action=\"{path}/")).expect("something waits");
    format!("{path}/{}", rest.split(['#', '"']).next().unwrap())
}

#[tokio::test]
async fn a_network_that_a_manager_claims_is_decided_by_the_office_and_by_nobody_else() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let refused = claims(&mut manager, "192.0.2.7/24").await;
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("長さより後ろのビット"), "{}", refused.body);
        assert!(refused.body.contains("value=\"192.0.2.7/24\""), "what was typed is kept");
        assert_eq!(claims(&mut manager, "192.0.2.0/24").await.to(), "/isp/networks#main");
        let shown = manager.get("/isp/networks").await;
        assert!(shown.body.contains("センターの決裁待ち") && shown.body.contains("新しい割当"));
        assert!(shown.body.contains("2026-05-01～期限なし"), "{}", shown.body);
        let waits = office.get("/admin/claims").await;
        assert!(waits.body.contains("なし → isp-a: 256"), "{}", waits.body);
        let decide = decided_at(&waits, "/admin/claims");
        let approve = form(&[("act", "approve"), ("reason", "届出を確認")]);
        for role in [Role::IspManager, Role::Intake, Role::Administrator] {
            let mut other = signed_in(&centre, role.word(), role).await;
            assert_eq!(other.post(&decide, &approve).await.status, 403, "{role}");
        }
        let no_reason = office.post(&decide, "act=approve&reason=").await;
        assert_eq!(no_reason.status, 422);
        assert!(no_reason.body.contains("理由を短く入力してください"));
        assert_eq!(office.post(&decide, &approve).await.to(), "/admin/claims#main");
        let again = office.post(&decide, &approve).await;
        assert!(again.body.contains("すでに別の人が決裁しました"), "{}", again.body);
        let stands = manager.get("/isp/networks").await;
        assert!(stands.body.contains("<th scope=\"row\">192.0.2.0/24</th>"), "{}", stands.body);
        assert!(stands.body.contains("台帳に反映済み"));
        let english = manager.get("/en/isp/networks").await;
        assert!(english.body.contains("from 2026-05-01 to further notice"));
    }
}

/// What was said of for how long logs last.
async fn terms(centre: &Centre) -> Vec<String> {
    texts!(
        &centre.app.db,
        "SELECT days || ' ' || author || ' ' || reason FROM log_terms ORDER BY at"
    )
}

/// What a provider said of itself before the centre vouched for it, in a store of that time.
async fn said_before_the_centre_vouched(centre: &Centre, manager: &mut Visitor) {
    let mut say = async |field: &str, value: &str, at: &str| {
        centre.at(at);
        let fields = [("field", field), ("value", value), ("reason", "案内用")];
        manager.post("/isp/settings", &form(&fields)).await;
    };
    say("announcement_page", "https://old.isp-a.example/", "2026-05-10T09:01:00").await;
    say("announcement_page", "https://isp-a.example/notice", "2026-05-10T09:02:00").await;
    say("sender_domain", "mail.isp-a.example", "2026-05-10T09:03:00").await;
    run!(
        &centre.app.db,
        "INSERT INTO isp_decisions (isp_id, subject_id, decided, decided_at, decided_by, reason)
         SELECT isp_id, id, $1, proposed_at, proposed_by, 'the provider says so of itself'
           FROM isp_proposals",
        "approved"
    );
    say("sender_domain", "slip.isp-a.example", "2026-05-10T09:04:00").await;
    let id =
        between(&manager.get("/isp/settings").await.body, "name=\"id\" value=\"", "\"").to_owned();
    let back = format!("id={id}");
    assert_eq!(manager.post("/isp/settings/withdraw", &back).await.to(), "/isp/settings#main");
    // Whoever was quicker is not passed over in silence, on any page that takes something back.
    for path in ["/isp/settings/withdraw", "/isp/resellers/withdraw", "/isp/networks/withdraw"] {
        let late = manager.post(path, &back).await;
        assert_eq!(late.status, 422, "{path}");
        let told = between(&late.body, "id=\"errors\"", "</div>");
        assert!(told.contains("もう決まったか、取り下げられています"), "{told}");
    }
    for undo in [
        "ALTER TABLE isp_proposals DROP COLUMN held_from",
        "DROP TABLE sent_forms",
        "DELETE FROM _sqlx_migrations WHERE version = 37",
    ] {
        run!(&centre.app.db, undo);
    }
    migrate::run(&centre.app.db, &centre.app.clock).await.unwrap();
}

#[tokio::test]
async fn what_a_provider_said_before_the_centre_vouched_waits_until_somebody_there_decides() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        said_before_the_centre_vouched(&centre, &mut manager).await;
        let own = manager.get("/isp/settings").await;
        let count = |words: &str| own.body.matches(words).count();
        assert_eq!(count("<dd>センターの決裁待ち</dd>"), 2, "{}", own.body);
        assert_eq!(count("センターの承認なしに使われていました"), 2, "{}", own.body);
        assert_eq!(count("センターの承認がないため、使われていません"), 1, "the earlier page");
        assert!(count("台帳に反映済み") == 0 && count("<dd>取下げ</dd>") == 1, "{}", own.body);
        assert!(own.body.contains("センターの決裁待ち：mail.isp-a.example"), "{}", own.body);
        let mut anybody = centre.visitor();
        assert!(!anybody.get("/genuine").await.body.contains("isp-a.example"));

        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let waits = office.get("/admin/claims").await;
        assert_eq!(waits.body.matches("action=\"/admin/proposals/").count(), 2, "{}", waits.body);
        assert!(waits.body.contains("2026年5月10日") && !waits.body.contains("old.isp-a.example"));
        // The latest stands first.
        let decide = |act: &'static str| form(&[("act", act), ("reason", "確認の結果")]);
        let domain = decided_at(&waits, "/admin/proposals");
        office.post(&domain, &decide("decline")).await;
        let page = decided_at(&office.get("/admin/claims").await, "/admin/proposals");
        office.post(&page, &decide("approve")).await;
        assert!(office.get("/admin/claims").await.body.contains("決裁を待つものはありません"));

        let told = anybody.get("/genuine").await;
        assert!(told.body.contains("https://isp-a.example/notice"), "{}", told.body);
        assert!(!told.body.contains("mail.isp-a.example") && !told.body.contains("old.isp-a"));
        let own = manager.get("/isp/settings").await;
        assert!(own.body.contains("<dd>台帳に反映済み</dd>") && own.body.contains("<dd>却下</dd>"));
        let leaves = texts!(
            &centre.app.db,
            "SELECT act || ' ' || author FROM audit_leaves WHERE act LIKE 'isp_setting.%e'
              AND author = 'office-1' ORDER BY no"
        );
        assert_eq!(leaves, ["isp_setting.decline office-1", "isp_setting.approve office-1"]);
    }
}

#[tokio::test]
async fn contacts_are_kept_on_a_page_of_their_own() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let post = [("role", "abuse_desk"), ("post", "セキュリティ窓口"), ("languages", "ja、en")];
        let mail = |mail| form(&[&post[..], &[("mail", mail)]].concat());
        let refused = manager.post("/isp/contacts", &mail("abuse")).await;
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("メールアドレスを1つ入力"), "{}", refused.body);
        let added = manager.post("/isp/contacts", &mail("abuse@isp-a.example")).await;
        assert_eq!(added.to(), "/isp/contacts#main");
        let shown = manager.get("/isp/contacts").await;
        assert!(shown.body.contains("abuse@isp-a.example") && shown.body.contains("確認済み"));
        centre.at("2026-12-01T09:00:00");
        let mut manager = signed_in(&centre, "manager-2", Role::IspManager).await;
        let late = manager.get("/isp/contacts").await;
        assert!(late.body.contains("確認の期限を過ぎています"), "{}", late.body);
        let at = decided_at(&late, "/isp/contacts");
        manager.post(&at, "act=confirm").await;
        assert!(manager.get("/isp/contacts").await.body.contains("確認済み"));
        manager.post(&at, "act=remove").await;
        assert!(manager.get("/isp/contacts").await.body.contains("連絡先がありません"));
    }
}

#[tokio::test]
async fn settings_are_kept_on_a_page_of_their_own() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        centre.at("2026-12-01T09:00:00");
        let mut manager = signed_in(&centre, "manager-2", Role::IspManager).await;
        let say = |field, value| form(&[("field", field), ("value", value), ("reason", "改定")]);
        let bad = manager.post("/isp/settings", &say("sender_domain", "a@b")).await;
        assert_eq!(bad.status, 422);
        assert!(bad.body.contains("mail.example.jpのようなドメイン"), "{}", bad.body);
        manager.post("/isp/settings", &say("sender_domain", "mail.isp-a.example")).await;
        manager.post("/isp/settings", &say("name", "イスプA")).await;
        let refused = manager.post("/isp/settings", &say("log_retention_days", "0")).await;
        assert!(refused.body.contains("日数を1～3650の数字"), "{}", refused.body);
        let days = [("field", "log_retention_days"), ("value", "90"), ("reason", "改定")];
        let check = manager.post("/isp/settings", &form(&days)).await;
        assert!(check.body.contains("<dd>150日</dd>") && check.body.contains("<dd>90日</dd>"));
        assert_eq!(terms(&centre).await, [""; 0], "it was looked at, not said");
        let said = [&days[..], &[("sure", "yes")]].concat();
        assert_eq!(manager.post("/isp/settings", &form(&said)).await.to(), "/isp/settings#main");
        assert_eq!(terms(&centre).await, ["90 manager-2 改定"]);
        let leaves = texts!(
            &centre.app.db,
            "SELECT author FROM audit_leaves
            WHERE act = 'isp_setting.propose' AND object = 'log_retention_days'"
        );
        assert_eq!(leaves, ["manager-2"]);
        manager.post("/isp/settings", &say("lease_policy", "dynamic:30")).await;
        let shown = manager.get("/isp/settings").await;
        assert!(shown.body.contains("<dd>イスプA</dd><"), "{}", shown.body);
        assert!(shown.body.contains("<dd>90</dd>") && shown.body.contains("manager-2"));
        assert!(!shown.body.contains("<dd>mail.isp-a.example</dd>"), "it waits");
        assert!(shown.body.contains("<dd>同じアドレスのまま（static）<br>"), "it waits");
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let waits = office.get("/admin/claims").await;
        let settle = decided_at(&waits, "/admin/proposals");
        office.post(&settle, &form(&[("act", "approve"), ("reason", "確認済み")])).await;
        assert!(
            manager
                .get("/isp/settings")
                .await
                .body
                .contains("<dd>平均30日でアドレスが変わる（dynamic:30）</dd>")
        );
        let mut staff = signed_in(&centre, "staff-1", Role::IspStaff).await;
        for path in ["/isp/networks", "/isp/contacts", "/isp/settings"] {
            assert_eq!(staff.get(path).await.status, 403, "{path}");
        }
    }
}
