//! Who does what to a centre: a scanner that scans, a centre that lists, a provider that reports.

use std::collections::HashMap;

use serde_json::Value;

use crate::{
    builders::{Row, covered, csv},
    centre::{Answer, Centre},
};

/// The feed of the scanner.
pub(crate) const SCANNER: &str = "scanner";

impl Centre {
    /// Has the scanner's feed, and these providers in its register.
    #[track_caller]
    pub(crate) fn serves(&self, providers: &[Row]) -> &Self {
        self.does(&["feed", "add", SCANNER, "--format", "scan-list", "--stream", "notice"]);
        if providers.is_empty() { self } else { self.registers(providers) }
    }

    /// Reads a register.
    #[track_caller]
    pub(crate) fn registers(&self, providers: &[Row]) -> &Self {
        let file = self.file("register.csv", csv(providers));
        self.does(&["isp", "import", &file]);
        self
    }

    /// Takes hits of the scanner in; all of them must be understood.
    #[track_caller]
    pub(crate) fn takes(&self, hits: &[Row]) -> Answer {
        let answer = self.ingests(SCANNER, "hits.csv", csv(hits));
        assert_eq!(answer.status, 0, "{answer:?}");
        answer
    }

    /// Takes coverage of the scanner in.
    #[track_caller]
    pub(crate) fn learns(&self, coverage: &[Row]) -> Answer {
        let file = self.file("coverage.csv", csv(coverage));
        self.does(&["coverage", "--feed", SCANNER, &file])
    }

    /// A whole scan of `prefix` early on `day` that found `hits`; the calendar moves there.
    #[track_caller]
    pub(crate) fn scans(&mut self, day: &str, prefix: &str, found: &[Row]) {
        self.on(day);
        if found.is_empty() {
            self.learns(&[covered(day, day, prefix).with("hits", 0)]);
        } else {
            self.takes(found);
            self.learns(&[covered(day, day, prefix)]);
        }
    }

    /// The verdicts as of the calendar.
    #[track_caller]
    pub(crate) fn verifies(&self) -> Answer {
        self.does(&["verify"])
    }

    /// The case whose device is of that model; see [`crate::builders::hit`].
    #[track_caller]
    pub(crate) fn case_of(&self, model: &str) -> Value {
        let cases = self.cases();
        let found = cases.iter().find(|case| case["model"] == model);
        found.unwrap_or_else(|| panic!("no case of {model} among {cases:?}")).clone()
    }

    /// The sighting that opened a case, as it was kept.
    #[track_caller]
    pub(crate) fn opening_of(&self, case: &Value) -> Value {
        let shown = self.does(&["case", "show", case["id"].as_str().unwrap()]);
        let opened = shown.lines.iter().find(|line| line["kind"] == "opened");
        opened.expect("each case was opened")["sighting"].clone()
    }

    /// How that case stands.
    #[track_caller]
    pub(crate) fn state_of(&self, model: &str) -> String {
        self.case_of(model)["state"].as_str().unwrap().to_owned()
    }

    /// The kinds of the facts of that case that stand, in order of time.
    #[track_caller]
    pub(crate) fn facts_of(&self, model: &str) -> Vec<String> {
        self.facts(model, |fact| fact["withdrawn_at"].is_null() && fact["kind"] != "clean_scan")
    }

    /// The kinds of the facts of that case that later evidence took back.
    #[track_caller]
    pub(crate) fn withdrawn_of(&self, model: &str) -> Vec<String> {
        self.facts(model, |fact| !fact["withdrawn_at"].is_null())
    }

    /// The runs that its verdict rests on.
    #[track_caller]
    pub(crate) fn evidence_of(&self, model: &str) -> Vec<String> {
        let case = self.case_of(model);
        let shown = self.does(&["case", "show", case["id"].as_str().unwrap()]);
        let scans = shown.lines[1..].iter().filter(|fact| fact["kind"] == "clean_scan");
        scans.map(|scan| scan["detail"].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    fn facts(&self, model: &str, which: fn(&&Value) -> bool) -> Vec<String> {
        let case = self.case_of(model);
        let shown = self.does(&["case", "show", case["id"].as_str().unwrap()]);
        let facts = shown.lines[1..].iter().filter(which);
        facts.map(|fact| fact["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// What a check of the whole store tells; nothing may be wrong.
    #[track_caller]
    pub(crate) fn is_clean(&self) -> Value {
        self.does(&["check"]).one().clone()
    }

    /// Prepares the next list of a provider; nothing when no case waits.
    #[track_caller]
    pub(crate) fn prepares(&self, isp: &str) -> Option<String> {
        let answer = self.does(&["notice", "prepare", "--isp", isp]);
        answer.one()["notice"].as_str().map(str::to_owned)
    }

    /// The bytes of a list.
    #[track_caller]
    pub(crate) fn exports(&self, list: &str, format: &str) -> Vec<u8> {
        let out = self.desk().join(format!("{list}.{format}"));
        let path = out.display().to_string();
        self.does(&["notice", "export", list, "--format", format, "--out", &path]);
        std::fs::read(out).unwrap()
    }

    /// The lines of a list, by column name.
    #[track_caller]
    pub(crate) fn lines_of(&self, list: &str) -> Vec<HashMap<String, String>> {
        let bytes = self.exports(list, "csv");
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").expect("spreadsheets need the mark");
        let mut reader = csv::Reader::from_reader(bytes);
        reader.deserialize().map(Result::unwrap).collect()
    }

    /// The record of a list that speaks of `ip`.
    #[track_caller]
    pub(crate) fn record_of(&self, list: &str, ip: &str) -> u64 {
        let lines = self.lines_of(list);
        let line = lines.iter().find(|line| line["ip"] == ip).expect("the address is listed");
        line["record_no"].parse().unwrap()
    }

    /// A moment just after the detection of which that record tells.
    #[track_caller]
    pub(crate) fn after_detection(&self, list: &str, record: u64) -> String {
        let lines = self.lines_of(list);
        let line = lines.iter().find(|line| line["record_no"] == record.to_string());
        let seen = &line.expect("the record is listed")["detected_at"];
        format!("{}T08:00:00+09:00", &seen[..10])
    }

    /// Hands a report of a provider in; gives the answer, whatever its status.
    pub(crate) fn reports(&self, isp: &str, rows: &[Row]) -> Answer {
        let file = self.file("report.csv", csv(rows));
        self.tries(&["report-back", "import", "--isp", isp, &file])
    }

    /// How a list stands.
    #[track_caller]
    pub(crate) fn standing(&self, list: &str) -> Value {
        let lists = self.does(&["notice", "list"]).lines;
        lists.into_iter().find(|one| one["notice"] == list).expect("the list was prepared")
    }

    /// Rows that wait in quarantine.
    #[track_caller]
    pub(crate) fn quarantine(&self) -> Vec<Value> {
        self.does(&["quarantine", "list"]).lines
    }
}
