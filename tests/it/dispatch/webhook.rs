//! Lists by webhook: signed, repeated until taken, and posted to nobody inside.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::MARCH;
use crate::{
    builders::{hit, provider},
    centre::{Centre, on_both_engines},
    hook::Hook,
};

/// Has the lists of a provider posted to `url`; gives the secret and a list that waits.
fn posts_to(centre: &Centre, url: &str, more: &[&str]) -> (String, String) {
    centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
    let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "webhook", "--form", "jsonl"];
    let set = centre.does(&[&set[..], &["--to", url], more].concat());
    let secret = set.one()["secret"].as_str().unwrap().to_owned();
    centre.takes(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "192.0.2.8")]);
    (secret, centre.prepares("isp-a").unwrap())
}

fn is_signed(secret: &str, signature: &str, body: &[u8]) -> bool {
    let (time, proof) = signature.split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(time.strip_prefix("t=").unwrap().as_bytes());
    mac.update(b".");
    mac.update(body);
    todoke::access::keys::to_hex(&mac.finalize().into_bytes()) == proof
}

on_both_engines! {
    fn a_list_is_posted_signed_and_again_until_it_is_taken(centre) {
        let hook = Hook::start();
        let (secret, list) = posts_to(&centre, &hook.url(), &["--allow-private"]);
        let heads = ["500 No\r\n", "", "302 Found\r\nLocation: http://127.0.0.1:1/\r\n",
            "429 Slow\r\nRetry-After: 7200\r\n", "404 No\r\n"];
        hook.answers(&heads);
        for head in heads {
            let sent = centre.tries(&["notice", "send"]);
            assert_eq!(sent.status, 1, "{head}: {sent:?}");
            assert_eq!(sent.one()["state"], "waiting", "{head}: {sent:?}");
            if head.starts_with("429") {
                let next = sent.one()["next_at"].as_str().unwrap();
                assert!(next >= "2026-04-01T02:00:00Z", "it asked for two hours: {next}");
            }
        }
        let sent = centre.does(&["notice", "send"]);
        assert_eq!(sent.one()["state"], "accepted");
        assert_eq!(sent.one()["answer"], "status 200");
        let posted = hook.posted();
        assert_eq!(posted.len(), 6);
        for request in &posted {
            assert_eq!(request.body, centre.exports(&list, "jsonl"));
            assert_eq!(request.header["idempotency-key"], posted[0].header["idempotency-key"]);
            assert!(is_signed(&secret, &request.header["todoke-signature"], &request.body));
            assert!(!is_signed("whsec_other", &request.header["todoke-signature"], &request.body));
        }
        let line = String::from_utf8(posted[0].body.clone()).unwrap();
        let line: serde_json::Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
        let id = line["inquiry_id"].as_str().unwrap();
        for (name, value) in &posted[0].header {
            assert!(!value.contains(id) && !value.contains("192.0.2."), "{name}: {value}");
        }
        assert!(!centre.keeps_anywhere(id) && !centre.keeps_anywhere(&secret));
    }

    fn a_webhook_that_is_gone_is_not_asked_again(centre) {
        let hook = Hook::start();
        posts_to(&centre, &hook.url(), &["--allow-private"]);
        hook.answers(&["410 Gone\r\n"]);
        assert_eq!(centre.tries(&["notice", "send"]).one()["state"], "refused");
        centre.on("2026-04-03");
        assert!(centre.does(&["work", "--once"]).lines.is_empty());
        assert_eq!(hook.posted().len(), 1);
    }

    fn nothing_is_posted_to_an_address_inside(centre) {
        let hook = Hook::start();
        let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "webhook", "--form",
            "jsonl", "--to"];
        posts_to(&centre, &hook.url(), &["--allow-private"]);
        for (url, why) in [
            ("https://127.0.0.1:9/", "private or special"),
            ("https://[::1]/", "private or special"),
            ("https://192.168.0.1/", "private or special"),
            ("http://8.8.8.8/", "begins with https://"),
        ] {
            let refused = centre.tries(&[&set[..], &[url]].concat());
            assert_eq!(refused.status, 1, "{url}");
            assert!(refused.stderr.contains(why), "{url}: {refused:?}");
        }
        // What was allowed once is looked at again when it is dialled.
        centre.spoils("UPDATE isp_deliveries SET dialling = '{}'");
        let sent = centre.tries(&["notice", "send"]);
        assert_eq!(sent.one()["state"], "waiting");
        assert!(sent.one()["answer"].as_str().unwrap().contains("private or special"), "{sent:?}");
        assert!(hook.posted().is_empty());
    }
}
