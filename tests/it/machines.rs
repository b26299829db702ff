//! Machines of providers: they fetch their lists, ask, and report back, each its own alone.

mod connections;
mod strangers;
mod taxii;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use todoke::access::keys::to_hex;
use ureq::{Agent, http::Response};

use crate::{
    builders::{csv, hit, infected, notified, provider},
    centre::{Centre, on_both_engines},
    visitor::Site,
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";

/// A machine that shows what it was given.
pub(crate) struct Machine<'a> {
    site: &'a Site,
    agent: Agent,
    authorization: String,
}

/// What it got.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Got {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value.as_str())
    }
}

impl<'a> Machine<'a> {
    /// A machine with this token of a provider.
    pub(crate) fn with(site: &'a Site, token: &str) -> Self {
        Self::showing(site, &format!("Bearer {token}"))
    }

    pub(crate) fn showing(site: &'a Site, authorization: &str) -> Self {
        let config = Agent::config_builder().max_redirects(0).http_status_as_error(false).build();
        Self { site, agent: config.into(), authorization: authorization.to_owned() }
    }

    pub(crate) fn gets(&self, path: &str) -> Got {
        self.asks(path, &[])
    }

    pub(crate) fn asks(&self, path: &str, headers: &[(&str, &str)]) -> Got {
        let mut request = self.agent.get(self.site.url(path));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        got(request.header("Authorization", &self.authorization).call().unwrap())
    }

    pub(crate) fn posts(&self, path: &str, body: &str) -> Got {
        let request = self.agent.post(self.site.url(path));
        got(request.header("Authorization", &self.authorization).send(body).unwrap())
    }
}

fn got(mut answer: Response<ureq::Body>) -> Got {
    let headers = answer.headers().iter();
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
    let headers = headers.collect();
    let status = answer.status().as_u16();
    Got { status, headers, body: answer.body_mut().read_to_vec().unwrap() }
}

impl Centre {
    /// A token for the machines of a provider.
    #[track_caller]
    pub(crate) fn token_of(&self, isp: &str) -> String {
        let made = self.does(&["token", "add", "--isp", isp, "--by", "an administrator"]);
        made.one()["token"].as_str().unwrap().to_owned()
    }

    /// Two providers, the first with a list of three lines, the second with one of one.
    #[track_caller]
    pub(crate) fn has_lists(&self) -> [String; 2] {
        self.serves(&[
            provider("isp-a", "static", "192.0.2.0/25").with("asns", "64496"),
            provider("isp-b", "static", "192.0.2.128/25").with("asns", "64497"),
        ]);
        let table =
            self.file("table.csv", "192.0.2.0,192.0.2.8,64496,A\n192.0.2.9,192.0.2.9,64499,A\n");
        self.does(&["networks", "import", &table, "--yes"]);
        self.takes(&[
            hit("r1", MARCH, "192.0.2.7"),
            hit("r1", "2026-03-30T11:00:00.75+09:00", "192.0.2.8").with("port", 2323),
            infected("r1", "2026-03-30T12:00:00+09:00", "192.0.2.9", 40_001),
            hit("r1", MARCH, "192.0.2.200"),
        ]);
        ["isp-a", "isp-b"].map(|isp| self.prepares(isp).unwrap())
    }

    /// Takes the wrong file back that came last.
    #[track_caller]
    pub(crate) fn withdraws_last(&self) {
        let files = self.does(&["feed", "files", "--feed", crate::actors::SCANNER]).lines;
        let id = files[0]["sha256"].as_str().unwrap();
        self.does(&["feed", "withdraw", id, "--by", "desk-1", "--reason", "a wrong list"]);
    }
}

on_both_engines! {
    fn a_machine_fetches_its_list_as_the_bytes_of_the_export(centre) {
        let [list, _] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let lists = machine.gets("/api/v1/lists").json();
        assert_eq!((&lists["isp"], lists["lists"].as_array().unwrap().len()), (&"isp-a".into(), 1));
        let href = lists["lists"][0]["href"].as_str().unwrap();
        assert_eq!(lists["lists"][0]["lines"], 3);
        assert_eq!(lists["lists"][0]["exports"], 0);
        for format in ["csv", "csv-sjis", "jsonl", "intelmq", "xarf", "n6", "stix"] {
            let got = machine.gets(&format!("{href}?format={format}"));
            assert_eq!(got.status, 200, "{}", got.text());
            assert_eq!(got.body, centre.exports(&list, format), "{format}");
            let digest = Sha256::digest(&got.body);
            assert_eq!(got.header("etag"), format!("\"{}\"", to_hex(&digest)));
            let digest = format!("sha-256=:{}:", STANDARD.encode(digest));
            assert_eq!(got.header("content-digest"), digest);
            let known = machine.asks(
                &format!("{href}?format={format}"),
                &[("If-None-Match", got.header("etag"))],
            );
            assert_eq!((known.status, known.body.len()), (304, 0));
        }
        assert_eq!(machine.gets(href).body, centre.exports(&list, "csv"), "csv by itself");
        // One receipt for each time that bytes went out, by machine or by command; at one moment
        // and in one form it is one. None for an answer that there is nothing new.
        assert_eq!(centre.standing(&list)["exports"], 7);
        let strange = machine.gets(&format!("{href}?format=pdf"));
        assert_eq!((strange.status, strange.header("content-type")),
            (400, "application/problem+json"));
        assert!(strange.text().contains("stix"), "{}", strange.text());
        assert_eq!(machine.gets(&format!("{href}?fromat=csv")).status, 400);
        assert_eq!(machine.gets("/api/v1/lists/isp-a-20260401-009").status, 404);
    }

    fn lists_come_page_by_page_and_each_once(centre) {
        let [first, _] = centre.has_lists();
        let mut all = vec![first];
        for number in 20..24 {
            centre.takes(&[hit("r2", MARCH, &format!("192.0.2.{number}"))]);
            all.push(centre.prepares("isp-a").unwrap());
        }
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let (mut path, mut seen) = ("/api/v1/lists?limit=2".to_owned(), Vec::new());
        for _ in 0..3 {
            let page = machine.gets(&path).json();
            let lists = page["lists"].as_array().unwrap();
            seen.extend(lists.iter().map(|list| list["list_id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next"].as_str() else { break };
            next.clone_into(&mut path);
        }
        assert_eq!(seen, all);
        assert_eq!(machine.gets("/api/v1/lists?limit=0").status, 400);
        assert_eq!(machine.gets("/api/v1/lists?after=nothing").status, 404);
        let later = machine.gets(&format!("/api/v1/lists?after={}", all[4])).json();
        assert_eq!(later["lists"], serde_json::json!([]));
    }

    fn a_machine_asks_as_of_n6(centre) {
        centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let ask = |query: &str| -> Vec<Value> {
            let got = machine.gets(&format!("/api/v1/report/inside.sjson?{query}"));
            assert_eq!(got.status, 200, "{query}: {}", got.text());
            got.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        };
        let ips = |query: &str| -> Vec<String> {
            let ip = |event: &Value| event["address"][0]["ip"].as_str().unwrap().to_owned();
            ask(query).iter().map(ip).collect()
        };
        let all = ["192.0.2.9", "192.0.2.8", "192.0.2.7"];
        assert_eq!(ips("time.min=2026-03-01"), all, "newest first");
        assert_eq!(ips("time.min=2026-03-01&opt.limit=2"), all[..2]);
        assert_eq!(ips("time.min=2026-03-30T01:00:00&time.until=2026-03-30T02:00:00"), all[2..]);
        assert_eq!(ips("time.min=2026-03-30T01:00:01Z&time.max=2026-03-30T03:00:00Z"), all[..2]);
        assert_eq!(ips("time.min=2026-03-01&ip=192.0.2.7,192.0.2.9"), [all[0], all[2]]);
        assert_eq!(ips("time.min=2026-03-01&ip.net=192.0.2.8/31"), all[..2]);
        assert_eq!(ips("time.min=2026-03-01&category=bots"), all[..1]);
        assert_eq!(ips("time.min=2026-03-01&name=telnet"), all[1..]);
        assert_eq!(ips("time.min=2026-03-01&dport=2323"), all[1..2]);
        assert_eq!(ips("time.min=2026-03-01&sport=40001&proto=tcp"), all[..1]);
        assert_eq!(ips("time.min=2026-03-01&ip=192.0.2.200"), [""; 0], "another provider's");
        assert_eq!(ips("time.min=2026-03-01&asn=64499,1"), all[..1]);
        assert_eq!(ips("active.min=2026-03-30T01:00:01Z"), all[..2], "seen since");
        assert_eq!(ips("time.min=2026-03-01&confidence=low,medium,high"), all);
        assert_eq!(ips("time.min=2026-03-01&confidence=low"), [""; 0]);
        assert_eq!(ips("time.min=2026-03-01&cc=JP"), [""; 0], "no event names a country");
        assert_eq!(ips("modified.min=2026-04-01"), all, "listed since");
        assert_eq!(ips("modified.min=2026-04-02"), [""; 0]);
        let event = &ask("time.min=2026-03-01&ip=192.0.2.9")[0];
        assert_eq!(event["time"], "2026-03-30T03:00:00Z");
        let by_id = format!("time.min=2026-03-01&id={}", event["id"].as_str().unwrap());
        assert_eq!(ips(&by_id), all[..1]);
        let id = event["inquiry_id"].as_str().unwrap();
        let line = centre.lines_of("isp-a-20260401-001");
        let line = line.into_iter().find(|line| line["ip"] == "192.0.2.9").unwrap();
        assert_eq!(line["inquiry_id"], id);
        let whole = machine.gets("/api/v1/report/inside.json?time.min=2026-03-01").json();
        assert_eq!(whole.as_array().unwrap().clone(), ask("time.min=2026-03-01"));
        let none = machine.gets("/api/v1/report/inside.json?time.min=2026-04-01").json();
        assert_eq!(none, serde_json::json!([]));
        let table = machine.gets("/api/v1/report/inside.csv?time.min=2026-03-01").text();
        let mut rows = csv::Reader::from_reader(table.as_bytes());
        let rows: Vec<std::collections::HashMap<String, String>> =
            rows.deserialize().map(Result::unwrap).collect();
        assert_eq!(rows.iter().map(|row| row["ip"].clone()).collect::<Vec<_>>(), all);
        assert_eq!(rows[0]["inquiry_id"], id);
    }

    fn a_question_without_a_beginning_leads_to_the_last_days_and_an_unknown_one_is_refused(centre) {
        let [list, _] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let open = machine.gets("/api/v1/report/inside.json?category=bots");
        assert_eq!(open.status, 307);
        let to = "/api/v1/report/inside.json?time.min=2026-03-25T00:00:00Z&category=bots";
        assert_eq!(open.header("location"), to);
        assert_eq!(centre.standing(&list)["exports"], 0, "nothing was shown");
        assert_eq!(machine.gets(to).json().as_array().unwrap().len(), 1);
        assert_eq!(centre.standing(&list)["exports"], 1, "what an answer shows is handed out");
        for (query, said) in [
            ("time.min=2026-03-01&colour=red", "`colour` is no parameter"),
            ("time.min=yesterday", "`time.min`"),
            ("time.min=2026-03-01&ip=192.0.2.0/24", "`ip`"),
            ("time.min=2026-03-01&time.min=2026-03-02", "stands twice"),
        ] {
            let no = machine.gets(&format!("/api/v1/report/inside.json?{query}"));
            assert_eq!((no.status, no.header("content-type")), (400, "application/problem+json"));
            assert!(no.text().contains(said), "{query}: {}", no.text());
        }
        assert_eq!(machine.gets("/api/v1/report/inside.xml?time.min=2026-03-01").status, 404);
    }

    fn a_machine_reports_back(centre) {
        let [list, other] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        centre.exports(&list, "csv");
        let at = "2026-04-01T08:00:00+09:00";
        let report = csv(&[notified(&list, 1, at), notified(&other, 1, at)]);
        let dry = machine.posts("/api/v1/report-back?dry_run=true", &report);
        assert_eq!(dry.status, 200, "{}", dry.text());
        assert_eq!(dry.json()["accepted"], 1);
        assert_eq!(centre.standing(&list)["reported"], 0);
        let told = machine.posts("/api/v1/report-back", &report).json();
        assert_eq!((&told["rows"], &told["accepted"]), (&2.into(), &1.into()));
        let errors = told["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["column"]), (1, &"list_id".into()));
        assert_eq!(centre.standing(&list)["reported"], 1);
        assert_eq!(centre.standing(&other)["reported"], 0);
        let again = machine.posts("/api/v1/report-back", &report).json();
        assert_eq!((&again["accepted"], &again["unchanged"]), (&0.into(), &1.into()));
        let no = machine.posts("/api/v1/report-back", "name\nx\n");
        assert_eq!((no.status, no.header("content-type")), (422, "application/problem+json"));
        assert_eq!(machine.posts("/api/v1/report-back?dryrun=true", &report).status, 400);
    }

    fn a_machine_reports_back_in_json_lines(centre) {
        let [list, other] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        centre.exports(&list, "csv");
        let at = "2026-04-01T08:00:00+09:00";
        let told = |list: &str, record: u64| serde_json::json!({
            "list_id": list, "record_no": record, "reported_at": at, "state": "notified",
            "identified": "yes", "notice_channel": "email", "notice_at": at, "reason_code": null,
        });
        let mut odd = told(&list, 3);
        odd["notice_at"] = "yesterday".into();
        let mut named = told(&list, 3);
        named["mood"] = "fine".into();
        named["note"] = serde_json::json!(["called"]);
        let lines = [
            told(&list, 1).to_string(),
            "{\"list_id\": ".to_owned(),
            odd.to_string(),
            told(&other, 1).to_string(),
            named.to_string(),
            "[1]".to_owned(),
            told(&list, 2).to_string(),
        ];
        let report = lines.join("\n") + "\n";
        let ask = |path: &str| {
            let got = machine.posts(path, &report);
            assert_eq!(got.status, 200, "{}", got.text());
            got.json()
        };
        let dry = ask("/api/v1/report-back?dry_run=true");
        assert_eq!((&dry["rows"], &dry["accepted"]), (&7.into(), &2.into()), "{dry}");
        assert_eq!(centre.standing(&list)["reported"], 0);
        let kept = ask("/api/v1/report-back");
        let mut errors: Vec<String> = kept["errors"].as_array().unwrap().iter().map(|error| {
            format!("{} {} {}", error["line"], error["column"], error["code"])
        }).collect();
        errors.sort();
        assert_eq!(errors, [
            "2 null \"not_json\"",
            "3 \"notice_at\" \"bad_time\"",
            "4 \"list_id\" \"unknown_list\"",
            "5 \"note\" \"not_json\"",
            "6 null \"not_json\"",
        ]);
        assert_eq!(kept["unknown_columns"], serde_json::json!(["mood"]));
        assert_eq!((&kept["accepted"], &centre.standing(&list)["reported"]),
            (&2.into(), &2.into()));
        let again = ask("/api/v1/report-back");
        assert_eq!((&again["accepted"], &again["unchanged"]), (&0.into(), &2.into()));
        // The same facts as CSV are no news either.
        let table = csv(&[notified(&list, 1, at), notified(&list, 2, at)]);
        let table = machine.posts("/api/v1/report-back", &table).json();
        assert_eq!((&table["accepted"], &table["unchanged"]), (&0.into(), &2.into()), "{table}");
    }

    fn what_was_taken_back_says_so_in_every_form(centre) {
        let [list, _] = centre.has_lists();
        let token = centre.token_of("isp-a");
        let before = centre.exports(&list, "intelmq");
        centre.withdraws_last();
        centre.on("2026-04-02");
        let site = centre.opens_its_site();
        let machine = Machine::with(&site, &token);
        let says = [
            ("csv", "withdrawn", 3),
            ("intelmq", "\"status\":\"withdrawn\"", 3),
            ("xarf", "todoke:withdrawn", 3),
            ("n6", "\"status\":\"delisted\"", 3),
            ("stix", "\"revoked\":true", 3),
        ];
        for (format, word, times) in says {
            let got = machine.gets(&format!("/api/v1/lists/{list}?format={format}"));
            assert_eq!(got.text().matches(word).count(), times, "{format}: {}", got.text());
            assert_ne!(got.body, before);
            assert_eq!(got.body, centre.exports(&list, format), "and stays so");
        }
        let query = "/api/v1/report/inside.json?time.min=2026-03-01";
        let events = machine.gets(query).json();
        for event in events.as_array().unwrap() {
            assert_eq!(event["status"], "delisted");
            assert!(event["modified"].as_str().unwrap() > "2026-04-01");
        }
    }
}
