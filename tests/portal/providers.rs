//! Providers keep their own entry on their pages, and somebody at the centre decides.

use todoke::access::roles::Role;

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    people::signed_in,
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

#[tokio::test]
async fn contacts_and_settings_are_kept_on_pages_of_their_own() {
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
        assert!(shown.body.contains("<dd>static</dd>"), "it waits");
        let mut office = signed_in(&centre, "office-1", Role::Office).await;
        let waits = office.get("/admin/claims").await;
        let settle = decided_at(&waits, "/admin/proposals");
        office.post(&settle, &form(&[("act", "approve"), ("reason", "確認済み")])).await;
        assert!(manager.get("/isp/settings").await.body.contains("<dd>dynamic:30</dd>"));
        let mut staff = signed_in(&centre, "staff-1", Role::IspStaff).await;
        for path in ["/isp/networks", "/isp/contacts", "/isp/settings"] {
            assert_eq!(staff.get(path).await.status, 403, "{path}");
        }
    }
}
