//! To where a provider wishes its lists: sealed at rest, shown to whoever keeps its settings.

use super::ABUSE;
use crate::{
    builders::{hit, provider},
    centre::{Centre, on_both_engines},
    hook::Hook,
};

const HOOK: &str = "https://93.184.215.14/hooks/secret-path";

/// Says that the lists of the provider are posted there.
fn wishes(centre: &Centre, url: &str, more: &[&str]) {
    let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "webhook", "--form", "jsonl"];
    centre.does(&[&set[..], &["--to", url], more].concat());
}

/// To where lists go now, as its provider is shown.
fn shown(centre: &Centre) -> String {
    let shown = centre.does(&["isp", "delivery", "show", "--isp", "isp-a"]);
    shown.one()["to"].as_str().unwrap().to_owned()
}

const CLEAR: &str = "SELECT target FROM isp_deliveries WHERE target IS NOT NULL ORDER BY no";

on_both_engines! {
    fn to_where_a_provider_wishes_its_lists_stands_nowhere_in_the_clear(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        wishes(&centre, HOOK, &[]);
        assert_eq!(shown(&centre), HOOK);
        assert_eq!(centre.stored(CLEAR), [""; 0]);
        assert!(!centre.keeps_anywhere("secret-path"), "neither the address nor what it ends in");
        let sealed = "SELECT 'x' FROM isp_deliveries WHERE sealed_target IS NOT NULL";
        assert_eq!(centre.stored(sealed).len(), 1);
        centre.does(&["isp", "delivery", "remove", "--isp", "isp-a"]);
        assert_eq!(centre.stored(sealed).len(), 1, "who fetches has no address");
        assert_eq!(
            centre.does(&["isp", "delivery", "show", "--isp", "isp-a"]).one()["to"],
            serde_json::Value::Null
        );
    }

    fn what_an_earlier_version_kept_of_it_is_read_as_before_and_sealed_by_a_job(centre) {
        let hook = Hook::start();
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        wishes(&centre, HOOK, &[]);
        wishes(&centre, &hook.url(), &["--allow-private"]);
        centre.spoils("UPDATE isp_deliveries SET sealed_target = NULL,
             target = 'https://93.184.215.14/hooks/secret-path' WHERE no = 1");
        assert_eq!(centre.stored(CLEAR), [HOOK]);
        centre.does(&["work", "--once"]);
        assert_eq!(centre.stored(CLEAR), [""; 0]);
        // As it was, it can be had again, and the latest is where lists go.
        assert_eq!(shown(&centre), hook.url());
        centre.takes(&[hit("r1", "2026-03-30T10:00:00+09:00", "192.0.2.7")]);
        let list = centre.prepares("isp-a").unwrap();
        assert_eq!(centre.does(&["notice", "send"]).one()["state"], "accepted");
        centre.does(&["notice", "send", "--again", &list]);
        assert_eq!(hook.posted().len(), 2);
        centre.is_clean();
    }

    fn the_latest_wish_that_an_earlier_version_took_is_sealed_as_it_is(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        wishes(&centre, HOOK, &[]);
        centre.spoils("UPDATE isp_deliveries SET sealed_target = NULL, target = 'x@isp-a.example'");
        assert_eq!(shown(&centre), "x@isp-a.example", "before the job came to it");
        centre.does(&["work", "--once"]);
        assert_eq!(centre.stored(CLEAR), [""; 0]);
        assert_eq!(shown(&centre), "x@isp-a.example");
    }

    fn one_wish_sealed_cannot_be_put_in_the_place_of_another(centre) {
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        wishes(&centre, HOOK, &[]);
        wishes(&centre, "https://93.184.215.14/hooks/other", &[]);
        centre.spoils("UPDATE isp_deliveries SET sealed_target =
             (SELECT sealed_target FROM isp_deliveries WHERE no = 1) WHERE no = 2");
        let answer = centre.tries(&["isp", "delivery", "show", "--isp", "isp-a"]);
        assert_eq!(answer.status, 3, "{answer:?}");
        assert!(!answer.stderr.contains(ABUSE) && !answer.stderr.contains("hooks"), "{answer:?}");
    }

    fn a_doubt_about_one_address_reads_no_contact_of_anybody_else(centre) {
        centre.serves(&[
            provider("isp-a", "static", "192.0.2.0/25"),
            provider("isp-b", "static", "192.0.2.128/25"),
        ]);
        for isp in ["isp-a", "isp-b"] {
            let add = ["isp", "contact", "add", "--isp", isp, "--role", "abuse_desk", "--post"];
            let mail = format!("abuse@{isp}.example");
            centre.does(&[&add[..], &["desk", "--mail", &mail, "--by", "noc"]].concat());
        }
        // What cannot be read of the other one hinders nobody.
        centre.spoils("UPDATE isp_contacts SET role = 'illegible' WHERE isp_id =
             (SELECT id FROM isps WHERE code = 'isp-b')");
        let doubt = ["isp", "contact", "doubt", ABUSE, "--reason", "came back", "--by", "office"];
        assert_eq!(centre.does(&doubt).number("doubted"), 1);
        assert_eq!(centre.does(&doubt).number("doubted"), 0, "it is doubtful already");
    }
}
