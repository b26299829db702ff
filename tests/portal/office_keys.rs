//! Keys, the way of lists and tokens of a provider, on pages of their own.

use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use todoke::{
    access::{roles::Role, tenancy::Tenant},
    isps::delivery,
};

use crate::{
    centre::{Answer, Centre, Visitor, form, texts},
    gnupg::{Gnupg, MADE},
    oneoff::{hidden, sends},
    people::{ISP, between, of_the_other, signed_in},
};

/// A certificate for mail that openssl made, good from 2026 to 2036.
pub(crate) const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----
MIIBeDCCAR6gAwIBAgIUNd4228F35DrUUcKJ3ejeHLF7qDkwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFaXNwLWEwHhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAw
WjAQMQ4wDAYDVQQDDAVpc3AtYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABAHL
/TK2hMBHrDTHxeRqjeDx9k6cGXvoM2Fc5OYfr7UwfrTu1pKhllIjH3+pe7Xv68ho
yoNi/0rgaM6PB2NgAVOjVjBUMBMGA1UdJQQMMAoGCCsGAQUFBwMEMB4GA1UdEQQX
MBWBE2FidXNlQGlzcC1hLmV4YW1wbGUwHQYDVR0OBBYEFBZfyucDCva49p+lBSV8
oJPxJ5jtMAoGCCqGSM49BAMCA0gAMEUCIFYKtXykBKSpbWGJB5JDphwkyMmEwHoh
/KrFsd0w3Oo3AiEAoEWpFH4mvRMsuwSysTaI4/uUybnolLRC4yJ+3IVxv14=
-----END CERTIFICATE-----
";

/// What `openssl x509 -fingerprint -sha256` says of it.
const PRINT: &str = "CC:2D:5B:EE:89:D1:1B:BB:BD:A7:C4:7C:DA:0B:30:44:\
    E9:3A:42:25:18:09:33:EB:91:89:B4:4D:B4:4D:EE:79";

/// The key of a form that no page has shown.
const ONCE: &str = "019a5b2c-6d00-7b3e-9f10-2a4c6e8d0b1f";

const LEAVES: &str = "SELECT act || ' ' || author FROM audit_leaves
     WHERE act LIKE 'isp_%.set' OR act LIKE 'isp_key.%' OR act LIKE 'token%' ORDER BY no";

/// Sends a key as a file.
pub(crate) async fn hands_in(manager: &mut Visitor, key: &str) -> Answer {
    sends(manager, "/isp/keys", ("key.asc", key), "").await
}

/// Says that the key on this page was compared.
async fn compares(manager: &mut Visitor, checked: &Answer) -> Answer {
    let fields = [("data", hidden(checked, "data")), ("compared", "yes")];
    manager.post("/isp/keys/confirm", &form(&fields)).await
}

async fn manager(centre: &Centre) -> Visitor {
    centre.provider().await;
    signed_in(centre, "manager-1", Role::IspManager).await
}

/// A page that was refused, in the words of its summary.
fn refused(answer: &Answer, words: &str) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.body);
    let summary = between(&answer.body, "id=\"errors\"", "</div>");
    assert!(summary.contains(words), "{words}: {summary}");
}

#[tokio::test]
async fn a_key_is_looked_at_compared_and_only_then_handed_in() {
    let Some(gnupg) = Gnupg::start() else { return };
    let kinds = ("ed25519", "cv25519");
    let first = gnupg.makes("first@isp-a.example", kinds, MADE);
    gnupg.makes_until("second@isp-a.example", kinds, (MADE, "80d"));
    let armour = |who: &str| String::from_utf8(gnupg.exports(who)).unwrap();
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        assert!(manager.get("/isp/keys").await.body.contains("まず鍵を登録してください"));
        refused(&hands_in(&mut manager, "").await, "ファイルを選ぶか、鍵の文字を貼り付けて");
        refused(&hands_in(&mut manager, "hello").await, "公開鍵でも証明書でもありません");
        let checked = hands_in(&mut manager, &armour("first@isp-a.example")).await;
        assert_eq!(checked.status, StatusCode::OK);
        let groups: Vec<&str> = (0..10).map(|n| &first[n * 4..n * 4 + 4]).collect();
        for words in ["first@isp-a.example", &groups.join(" "), "期限なし", "まだ登録していません"]
        {
            assert!(checked.body.contains(words), "{words}: {}", checked.body);
        }
        let unseen = form(&[("data", hidden(&checked, "data"))]);
        let unseen = manager.post("/isp/keys/confirm", &unseen).await;
        refused(&unseen, "指紋を見比べてから");
        assert!(texts!(&centre.app.db, "SELECT owner FROM isp_keys").is_empty());
        let taken = compares(&mut manager, &checked).await;
        let one = format!("/isp/keys/{}", first.to_lowercase());
        assert_eq!(taken.to(), format!("{one}#main"));
        let shown = manager.get(&one).await;
        assert!(shown.body.contains("使っています。") && shown.body.contains("manager-1"));

        // Another of its kind takes its place, and warns before its own end.
        let checked = hands_in(&mut manager, &armour("second@isp-a.example")).await;
        assert!(checked.body.contains("まもなく期限が切れます"), "{}", checked.body);
        assert_eq!(compares(&mut manager, &checked).await.status, StatusCode::SEE_OTHER);
        let former = manager.get(&one).await;
        assert!(former.body.contains("使用をやめた時") && former.body.contains("使っていません"));
        let listed = manager.get("/en/isp/keys").await;
        assert!(listed.body.contains("It expires soon"), "{}", listed.body);
        centre.at("2026-06-01T09:00:00");
        let mut manager = signed_in(&centre, "manager-2", Role::IspManager).await;
        let listed = manager.get("/isp/keys").await;
        assert!(listed.body.contains("使えません（期限が切れました）"), "{}", listed.body);
        let second = gnupg.fingerprint("second@isp-a.example").to_lowercase();
        let gone = manager.post(&format!("/isp/keys/{second}"), "").await;
        assert_eq!(gone.to(), format!("/isp/keys/{second}#main"));
        let gone = manager.get(&format!("/isp/keys/{second}")).await;
        assert!(gone.body.contains("manager-2"), "{}", gone.body);
        let leaves = texts!(&centre.app.db, LEAVES);
        let told = ["isp_key.add manager-1", "isp_key.add manager-1", "isp_key.remove manager-2"];
        let keys: Vec<_> = leaves.iter().filter(|one| !one.contains("read")).collect();
        assert_eq!(keys, told);
        let senseless = manager.post("/isp/keys/%0Ax", "").await;
        assert_eq!(senseless.status, StatusCode::NOT_FOUND);
        let mut other = of_the_other(&centre, "manager-b").await;
        assert_eq!(other.get(&one).await.status, StatusCode::NOT_FOUND);
        assert!(!other.get("/isp/keys").await.body.contains("isp-a.example"));
        let mut staff = signed_in(&centre, "staff-1", Role::IspStaff).await;
        for path in ["/isp/keys", &one, "/isp/delivery", "/isp/tokens"] {
            assert_eq!(staff.get(path).await.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
}

#[tokio::test]
async fn a_private_key_is_refused_by_name_and_is_neither_kept_nor_shown_again() {
    let secrets = [
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlFgEZ\n-----END PGP PRIVATE KEY BLOCK-----\n",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n",
    ];
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        let both = format!("{CERTIFICATE}{}", secrets[0]);
        for secret in [&secrets[..], &[&both]].concat() {
            let answer = hands_in(&mut manager, secret).await;
            refused(&answer, "これは秘密鍵です");
            let pasted = pastes(&mut manager, secret).await;
            refused(&pasted, "これは秘密鍵です");
            assert!(!pasted.body.contains("PRIVATE KEY"), "{}", pasted.body);
        }
        // The beginnings of bare private keys and of files that hold them, as openssl writes them.
        for der in ["0\u{2}\u{2}\u{1}\u{3}", "0\u{3}\u{2}\u{1}\0"] {
            refused(&hands_in(&mut manager, der).await, "これは秘密鍵です");
        }
        assert!(texts!(&centre.app.db, "SELECT owner FROM isp_keys").is_empty());
    }
}

/// Pastes a key as text, beside a file that was not chosen.
async fn pastes(manager: &mut Visitor, text: &str) -> Answer {
    let more = format!(
        "------todoke-boundary\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{}\r\n",
        text.replace('\n', "\r\n")
    );
    sends(manager, "/isp/keys", ("", ""), &more).await
}

#[tokio::test]
async fn a_certificate_that_is_pasted_shows_the_fingerprint_that_openssl_shows() {
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        let checked = pastes(&mut manager, CERTIFICATE).await;
        assert!(checked.body.contains(PRINT), "{}", checked.body);
        assert!(checked.body.contains("S/MIMEの証明書") && checked.body.contains("2036年1月1日"));
        compares(&mut manager, &checked).await;
        let kept = texts!(&centre.app.db, "SELECT fingerprint FROM isp_keys");
        assert_eq!(kept, [PRINT.replace(':', "").to_lowercase()]);
    }
}

fn wish<'a>(way: &'a str, to: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![("way", way), ("form", "csv"), ("to", to), ("when", "daily"), ("hour", "6")]
}

/// How lists reach the provider, read by the verb that the command calls.
async fn preferred(centre: &Centre) -> (String, Option<String>, Option<String>) {
    let tenant = Tenant::of(&centre.app, ISP.0, ISP.1, "test");
    let one = delivery::of(&tenant).await.unwrap().expect("something was said");
    (one.way.word().to_owned(), one.schedule, one.target)
}

#[tokio::test]
async fn how_lists_reach_a_provider_is_shown_before_it_holds_and_what_was_before_can_be_had_again()
{
    let to = "abuse@isp-a.example";
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        let now = manager.get("/isp/delivery").await;
        assert!(now.body.contains("<dd>自分で取りに行く（この画面、API、TAXII）</dd>"));
        let mail = form(&wish("mail-smime", to));
        refused(&manager.post("/isp/delivery", &mail).await, "この方法に使う鍵がありません");
        let early = form(&[&wish("mail-smime", to)[..], &[("once", ONCE)]].concat());
        refused(&manager.post("/isp/delivery/confirm", &early).await, "鍵がありません");
        refused(&manager.post("/isp/delivery/confirm", &mail).await, "このページを開き直して");
        let checked = pastes(&mut manager, CERTIFICATE).await;
        compares(&mut manager, &checked).await;
        for (wrong, words) in [
            (wish("", to), "受け取る方法を選んで"),
            (wish("mail-smime", ""), "届け先を入力"),
            (wish("mail-smime", "nobody"), "メールアドレスを1つ入力"),
        ] {
            let answer = manager.post("/isp/delivery", &form(&wrong)).await;
            refused(&answer, words);
        }
        let checked = manager.post("/isp/delivery", &mail).await;
        for words in [PRINT, "毎日6時", to, "まだ変わっていません"] {
            assert!(checked.body.contains(words), "{words}: {}", checked.body);
        }
        assert!(texts!(&centre.app.db, "SELECT way FROM isp_deliveries").is_empty());
        let confirmed = looked_at(&mut manager, &wish("mail-smime", to)).await;
        let done = manager.post("/isp/delivery/confirm", &confirmed).await;
        assert_eq!(done.to(), "/isp/delivery/receipt#main");
        let receipt = manager.get("/isp/delivery/receipt").await;
        assert!(receipt.body.contains("届け方を決めました") && receipt.body.contains("manager-1"));
        let (way, schedule, target) = preferred(&centre).await;
        assert_eq!((way.as_str(), schedule.as_deref()), ("mail-smime", Some("0 6 * * *")));
        assert_eq!(target.as_deref(), Some(to));

        let confirmed = looked_at(&mut manager, &wish("portal", to)).await;
        manager.post("/isp/delivery/confirm", &confirmed).await;
        assert_eq!(preferred(&centre).await, ("portal".to_owned(), None, None));
        let shown = manager.get("/isp/delivery").await;
        let former = shown.body.split("これまでの届け方</h2>").nth(1).unwrap();
        assert!(former.contains("毎日6時") && former.contains(to), "{former}");
        let fields = ["way", "form", "to", "when", "hour", "pattern"];
        let said =
            fields.map(|name| (name, between(former, &format!("name=\"{name}\" value=\""), "\"")));
        let checked = manager.post("/isp/delivery", &form(&said)).await;
        assert!(checked.body.contains(PRINT), "{}", checked.body);
        let confirmed = looked_at(&mut manager, &said).await;
        manager.post("/isp/delivery/confirm", &confirmed).await;
        assert_eq!(preferred(&centre).await, (way, schedule, target));
        let leaves = texts!(&centre.app.db, LEAVES);
        let set = leaves.iter().filter(|one| *one == "isp_delivery.set manager-1").count();
        assert_eq!(set, 3, "{leaves:?}");
        // Once the certificate is over, mails cannot leave by it, and the page says so.
        centre.at("2036-02-01T09:00:00");
        let mut manager = signed_in(&centre, "manager-2", Role::IspManager).await;
        refused(&manager.post("/isp/delivery", &mail).await, "使えません（期限が切れました）");
        let keys = manager.get("/isp/keys").await;
        assert!(keys.body.contains("使えません（期限が切れました）"), "{}", keys.body);
        let mut other = of_the_other(&centre, "manager-b").await;
        let theirs = other.get("/isp/delivery").await;
        assert!(theirs.body.contains("自分で取りに行く") && !theirs.body.contains(to));
    }
}

#[tokio::test]
async fn a_webhook_leads_to_no_address_inside_and_its_secret_is_shown_once() {
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        for (url, words) in [
            ("hooks.isp-a.example", "https://で始まる"),
            ("http://8.8.8.8/hook", "https://で始まる"),
            ("https://127.0.0.1/hook", "内部のアドレスには送れません"),
            ("https://[::1]/hook", "内部のアドレスには送れません"),
            ("https://10.1.2.3/hook", "内部のアドレスには送れません"),
            ("https://169.254.169.254/", "内部のアドレスには送れません"),
        ] {
            for path in ["/isp/delivery", "/isp/delivery/confirm"] {
                let inside = form(&[&wish("webhook", url)[..], &[("once", ONCE)]].concat());
                refused(&manager.post(path, &inside).await, words);
            }
        }
        let good = form(&wish("webhook", "https://8.8.8.8/hook"));
        let checked = manager.post("/isp/delivery", &good).await;
        assert!(checked.body.contains("新しい秘密の文字列を作り"), "{}", checked.body);
        assert!(!checked.body.contains("whsec_"));
        let once = hidden(&checked, "once").to_owned();
        let good = format!("{good}&once={once}");
        let done = manager.post("/isp/delivery/confirm", &good).await;
        assert_eq!(done.status, StatusCode::OK);
        assert!(between(&done.body, "<code class=\"td-long\">", "</code>").starts_with("whsec_"));
        // The same page, loaded again: the secret stays, and so does the one preference.
        let again = manager.post("/isp/delivery/confirm", &good).await;
        refused(&again, "この届け方は、もう決まっています");
        assert!(!again.body.contains("whsec_") && again.body.contains("id=\"now\""));
        assert_eq!(texts!(&centre.app.db, "SELECT form FROM isp_deliveries"), ["jsonl"]);
        for path in ["/isp/delivery", "/isp/delivery/receipt"] {
            let later = manager.get(path).await;
            assert!(later.body.contains("8.8.8.8") && !later.body.contains("whsec_"), "{path}");
        }
    }
}

/// The form of that page, filled in with these.
async fn filled_in(who: &mut Visitor, path: &str, fields: &[(&str, &str)]) -> String {
    let page = who.get(path).await;
    form(&[fields, &[("once", hidden(&page, "once"))]].concat())
}

/// A way of delivery that was looked at, as the page would confirm it.
async fn looked_at(manager: &mut Visitor, wish: &[(&str, &str)]) -> String {
    let checked = manager.post("/isp/delivery", &form(wish)).await;
    form(&[wish, &[("once", hidden(&checked, "once"))]].concat())
}

/// What a machine gets that shows `secret`.
async fn asks(centre: &Centre, secret: &str) -> StatusCode {
    let request =
        Request::get("/api/v1/lists").header(header::AUTHORIZATION, format!("Bearer {secret}"));
    centre.visitor().send(request.body(Body::empty()).unwrap()).await.status
}

#[tokio::test]
async fn a_token_shows_its_secret_once_and_opens_until_it_is_withdrawn() {
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        let asked = filled_in(&mut manager, "/isp/tokens", &[("name", " "), ("days", "90")]).await;
        refused(&manager.post("/isp/tokens", &asked).await, "名前を60字以内で");
        for days in ["", "0", "1096", "-1"] {
            let fields = [("name", "夜間"), ("days", days)];
            let asked = filled_in(&mut manager, "/isp/tokens", &fields).await;
            refused(&manager.post("/isp/tokens", &asked).await, "使える期間を選んで");
        }
        let fields = [("name", "夜間の取込み機"), ("days", "30")];
        let unmarked = manager.post("/isp/tokens", &form(&fields)).await;
        refused(&unmarked, "このページを開き直して");
        let asked = filled_in(&mut manager, "/isp/tokens", &fields).await;
        let made = manager.post("/isp/tokens", &asked).await;
        assert_eq!(made.status, StatusCode::OK);
        let secret = between(&made.body, "<code class=\"td-long\">", "</code>").to_owned();
        assert!(secret.starts_with("todoke_"), "{secret}");
        assert!(made.body.contains("まだ使っていません"), "{}", made.body);
        assert_eq!(asks(&centre, &secret).await, StatusCode::OK);
        let listed = manager.get("/isp/tokens").await;
        assert!(listed.body.contains("2026-05-10 09:00") && !listed.body.contains(&secret));
        assert!(
            listed.body.contains("夜間の取込み機") && !listed.body.contains("まだ使っていません")
        );
        let id = between(&listed.body, "action=\"/isp/tokens/", "#").to_owned();
        let mut other = of_the_other(&centre, "manager-b").await;
        assert!(!other.get("/isp/tokens").await.body.contains(&id));
        other.post(&format!("/isp/tokens/{id}"), "").await;
        assert_eq!(asks(&centre, &secret).await, StatusCode::OK, "it is not theirs");
        centre.at("2026-05-11T10:00:00");
        let mut manager = signed_in(&centre, "manager-2", Role::IspManager).await;
        let soon = manager.get("/isp/tokens").await;
        assert!(soon.body.contains("まもなく期限です"), "{}", soon.body);
        manager.post(&format!("/isp/tokens/{id}"), "").await;
        assert_eq!(asks(&centre, &secret).await, StatusCode::UNAUTHORIZED);
        let after = manager.get("/isp/tokens").await;
        assert!(
            after.body.contains("無効にしました") && !after.body.contains("action=\"/isp/tokens/")
        );
        let leaves = texts!(&centre.app.db, LEAVES);
        assert_eq!(leaves, ["token.made manager-1", "token.withdrawn manager-2"]);
    }
}

#[tokio::test]
async fn administrators_make_tokens_of_feeds_and_of_providers_and_nobody_else_of_the_centre_does() {
    for centre in Centre::on_each_engine().await {
        centre.provider().await;
        let mut root = signed_in(&centre, "root-1", Role::Administrator).await;
        let fields = |kind: &'static str, what: &'static str| {
            [("name", "machine"), ("kind", kind), ("what", what), ("days", "365")]
        };
        for (kind, what, words) in [
            ("", "scanner", "使い道を選んで"),
            ("feed", "nobody", "その名前の提供元はありません"),
            ("isp", "isp-z", "事業者"),
        ] {
            let asked = filled_in(&mut root, "/admin/tokens", &fields(kind, what)).await;
            refused(&root.post("/admin/tokens", &asked).await, words);
        }
        for (kind, what) in [("feed", "scanner"), ("isp", "isp-a")] {
            let asked = filled_in(&mut root, "/admin/tokens", &fields(kind, what)).await;
            let made = root.post("/admin/tokens", &asked).await;
            assert!(made.body.contains("todoke_"), "{}", made.body);
            assert!(
                made.body.contains(&format!("{what}の"))
                    || made.body.contains(&format!("{what}から"))
            );
        }
        let mut manager = signed_in(&centre, "manager-1", Role::IspManager).await;
        let own = manager.get("/isp/tokens").await;
        assert!(own.body.contains("root-1") && !own.body.contains("scanner"));
        for role in [Role::Office, Role::Intake, Role::Auditor, Role::IspManager] {
            let name = format!("x-{}", role.word());
            let mut somebody = signed_in(&centre, &name, role).await;
            for path in ["/admin/tokens"] {
                assert_eq!(somebody.get(path).await.status, StatusCode::FORBIDDEN, "{role}");
                let answer = somebody.post(path, &form(&fields("isp", "isp-a"))).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{role}");
            }
        }
    }
}

/// A form of tokens, sent, sent again as a browser does that loads the page again, and sent twice
/// at once.
async fn makes_one(centre: &Centre, who: &mut Visitor, (path, fields): (&str, &[(&str, &str)])) {
    let count = async || texts!(&centre.app.db, "SELECT scope FROM api_tokens").len();
    let before = count().await;
    let asked = filled_in(who, path, fields).await;
    let made = who.post(path, &asked).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let secret = between(&made.body, "<code class=\"td-long\">", "</code>").to_owned();
    assert_ne!(hidden(&made, "once"), hidden(&who.get(path).await, "once"), "each form is its own");
    for _ in 0..2 {
        let again = who.post(path, &asked).await;
        refused(&again, "このAPIトークンは、もう作ってあります");
        assert!(again.body.contains("href=\"#made\"") && again.body.contains("id=\"made\""));
        assert!(again.body.contains("ほかの操作が先に済んでいます"), "{}", again.body);
        assert!(!again.body.contains("todoke_"), "a secret is shown once: {}", again.body);
    }
    assert_eq!(count().await, before + 1);
    let asked = filled_in(who, path, fields).await;
    let mut other = centre.visitor();
    other.cookie.clone_from(&who.cookie);
    let (one, two) = tokio::join!(who.post(path, &asked), other.post(path, &asked));
    let mut answers = [one.status, two.status];
    answers.sort();
    assert_eq!(answers, [StatusCode::OK, StatusCode::UNPROCESSABLE_ENTITY]);
    assert_eq!(count().await, before + 2);
    // What stands in the store tells nobody the secret.
    let kept = "SELECT object || COALESCE(detail, '') FROM audit_leaves";
    assert!(texts!(&centre.app.db, kept).iter().all(|leaf| !leaf.contains(&secret)));
}

#[tokio::test]
async fn a_form_that_makes_a_token_makes_one_however_often_it_is_sent() {
    for centre in Centre::on_each_engine().await {
        let mut manager = manager(&centre).await;
        let fields = [("name", "夜間の取込み機"), ("days", "30")];
        makes_one(&centre, &mut manager, ("/isp/tokens", &fields)).await;
        let mut root = signed_in(&centre, "root-1", Role::Administrator).await;
        let fields = [("name", "machine"), ("kind", "isp"), ("what", "isp-a"), ("days", "365")];
        makes_one(&centre, &mut root, ("/admin/tokens", &fields)).await;
    }
}
