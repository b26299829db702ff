//! What notices say: two people stand for it, nothing is edited, and each list names the edition.

use std::{collections::HashMap, fs, process::Command};

use crate::{
    builders::{hit, provider},
    centre::{Answer, Centre, on_both_engines},
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const EDITOR: &str = "editor-1";
const REVIEWER: &str = "reviewer-1";
/// Who may draft and approve, yet never the same text.
const BOTH: &str = "office-1";
/// Who fetches texts at a provider.
const CLERK: &str = "clerk-1";

/// A text that says what each notice must say.
fn text(words: &str) -> String {
    format!("# 件名\n\n{words}\n{{inquiry_id}} {{phone}} {{genuine}}\n")
}

impl Centre {
    /// Has two people who may decide about wordings.
    pub(crate) fn employs(&self) {
        for (name, role) in [(EDITOR, "editor"), (REVIEWER, "reviewer"), (BOTH, "isp-office")] {
            self.does(&["account", "add", name, "--role", role, "--by", "administrator"]);
        }
        self.everybody_has_signed_in();
    }

    pub(crate) fn drafts(&self, of: [&str; 2], words: &str) -> Answer {
        let file = self.file("draft.md", words);
        self.tries(&["wording", "draft", of[0], "--lang", of[1], &file, "--by", EDITOR])
    }

    pub(crate) fn approves(&self, of: [&str; 2], version: &str, by: &str) -> Answer {
        let of = ["wording", "approve", of[0], "--lang", of[1], "--version", version];
        self.tries(&[&of[..], &["--by", by]].concat())
    }

    /// Has the shipped wordings in force.
    pub(crate) fn has_wordings(&self) {
        self.employs();
        self.does(&["wording", "load", "--by", EDITOR]);
        self.does(&["wording", "approve", "--all", "--by", REVIEWER]);
    }

    /// The names of the wordings in force.
    fn in_force(&self) -> Vec<String> {
        let listed = self.does(&["wording", "list", "--in-force"]);
        listed.lines.iter().map(|it| it["wording"].as_str().unwrap().to_owned()).collect()
    }

    /// The rows of a mail merge.
    pub(crate) fn texts(&self, list: &str, kind: &str, lang: &str) -> Vec<HashMap<String, String>> {
        let out = self.desk().join("texts.csv");
        let path = out.display().to_string();
        let texts = ["notice", "texts", list, "--kind", kind, "--lang", lang, "--out", &path];
        self.does(&[&texts[..], &["--by", CLERK]].concat());
        let bytes = fs::read(out).unwrap();
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").expect("spreadsheets need the mark");
        csv::Reader::from_reader(bytes).deserialize().map(Result::unwrap).collect()
    }

    /// A list of two lines for a provider.
    fn lists_two(&self) -> String {
        self.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let router = hit("r1", MARCH, "192.0.2.7").with("device_type", "router");
        self.takes(&[router, hit("r1", MARCH, "192.0.2.8").with("device_type", "camera")]);
        self.prepares("isp-a").unwrap()
    }
}

on_both_engines! {
    fn a_wording_is_in_force_once_somebody_else_approved_it_and_from_then_on(centre) {
        centre.employs();
        let letter = ["letter", "ja"];
        assert_eq!(centre.drafts(letter, &text("本文")).one()["wording"], "letter-ja-1");
        assert_eq!(centre.in_force().len(), 0, "a draft is no wording yet");
        let editor = centre.approves(letter, "1", EDITOR);
        assert!(editor.stderr.contains("isp-office, reviewer may"), "{editor:?}");
        let file = centre.file("own.md", text("自分"));
        let of = ["wording", "draft", "letter", "--lang", "ko", &file, "--by", BOTH];
        assert_eq!(centre.does(&of).one()["wording"], "letter-ko-1");
        let own = centre.approves(["letter", "ko"], "1", BOTH);
        assert_eq!(own.status, 1);
        assert!(own.stderr.contains("somebody else must approve it"), "{own:?}");
        let stranger = centre.approves(letter, "1", "nobody");
        let said = "no account that stands is named `nobody`";
        assert!(stranger.stderr.contains(said), "{stranger:?}");
        assert_eq!(centre.approves(letter, "1", REVIEWER).status, 0);
        assert_eq!(centre.in_force(), ["letter-ja-1"]);
        let twice = centre.approves(letter, "1", REVIEWER);
        assert!(twice.stderr.contains("was approved by reviewer-1 already"), "{twice:?}");
        assert_eq!(centre.approves(letter, "2", REVIEWER).status, 1, "there is no such version");
    }

    fn a_change_is_the_next_version_and_comes_into_force_when_it_is_due(centre) {
        centre.employs();
        let letter = ["letter", "ja"];
        centre.drafts(letter, &text("一"));
        centre.approves(letter, "1", REVIEWER);
        assert_eq!(centre.drafts(letter, &text("一")).status, 1, "word for word the same");
        assert_eq!(centre.drafts(letter, &text("二")).one()["wording"], "letter-ja-2");
        let due = "2026-05-01T00:00:00+09:00";
        let past = "2026-03-01T00:00:00+09:00";
        let approve = ["wording", "approve", "letter", "--lang", "ja", "--version", "2", "--by"];
        let from = |from| centre.tries(&[&approve[..], &[REVIEWER, "--from", from]].concat());
        assert_eq!(from(past).status, 1, "nothing was in force before anybody approved it");
        assert_eq!(from(due).status, 0);
        assert_eq!(centre.in_force(), ["letter-ja-1"]);
        centre.on("2026-05-01");
        assert_eq!(centre.in_force(), ["letter-ja-2"]);
        let shown = centre.does(&["wording", "show", "letter", "--lang", "ja", "--version", "1"]);
        assert!(shown.one()["body"].as_str().unwrap().starts_with("一"), "the first is kept");
        let retire = ["wording", "retire", "letter", "--lang", "ja", "--version", "2"];
        centre.does(&[&retire[..], &["--reason", "a wrong number", "--by", REVIEWER]].concat());
        assert_eq!(centre.in_force().len(), 0, "the first does not come back by itself");
        let facts = centre.does(&["wording", "list"]);
        let of_second = |field: &str| facts.lines[1][field].as_str().unwrap().to_owned();
        assert_eq!(of_second("drafted_by"), EDITOR);
        assert_eq!(of_second("approved_by"), REVIEWER);
        assert_eq!(of_second("reason"), "a wrong number");
    }

    fn a_text_that_does_not_say_what_it_must_is_refused_when_it_is_drafted(centre) {
        centre.employs();
        let refused = |words: &str| {
            let answer = centre.drafts(["mail", "ja"], words);
            assert_eq!(answer.status, 1, "{answer:?}");
            answer.stderr
        };
        assert!(refused("# 件名\n{inquiry_id} {phone}").contains("{genuine}"));
        assert!(refused("# 件名\n{phone} {genuine}").contains("{inquiry_id}"));
        assert!(refused("# 件名\n{inquiry_id} {genuine}").contains("{phone}"));
        assert!(refused(&text("{password}")).contains("no variable {password}"));
        assert!(refused("{inquiry_id} {phone} {genuine}").contains("must begin with `# `"));
        assert_eq!(centre.does(&["wording", "list"]).lines.len(), 0);
        let advised = centre.drafts(["mail", "ja"], &text("当該機器のパスワードを入力してください。"));
        assert!(advised.stderr.contains("この、その"), "{advised:?}");
        assert_eq!(advised.number("advice"), 2);
    }

    fn the_shipped_wordings_are_drafts_like_any_other_and_loaded_once(centre) {
        centre.employs();
        let load = ["wording", "load", "--by", EDITOR];
        assert_eq!(centre.does(&load).number("drafted"), 84);
        assert_eq!(centre.does(&load).number("drafted"), 0);
        assert_eq!(centre.in_force().len(), 0);
        centre.drafts(["sms", "ja"], "{inquiry_id} {phone} {genuine}");
        let file = centre.file("own.md", "{isp} {inquiry_id} {phone} {genuine}");
        centre.does(&["wording", "draft", "sms", "--lang", "ja", &file, "--by", BOTH]);
        let own = centre.tries(&["wording", "approve", "--all", "--by", BOTH]);
        assert_eq!(own.status, 1, "{own:?}");
        assert_eq!(centre.in_force().len(), 0, "all or none");
        let add = ["account", "add", "ghost", "--role", "reviewer", "--by", EDITOR];
        centre.does(&add);
        let ghost = centre.tries(&["wording", "approve", "--all", "--by", "ghost"]);
        assert!(ghost.status == 1 && ghost.stderr.contains("nobody has signed in"), "{ghost:?}");
        assert_eq!(centre.in_force().len(), 0, "an account that nobody uses is no second person");
        centre.does(&["wording", "approve", "--all", "--by", REVIEWER]);
        assert_eq!(centre.in_force().len(), 84);
        let listed = centre.does(&["wording", "list", "--in-force"]);
        assert!(listed.lines.iter().all(|it| it["edition"] == "kit-1"), "one moment, one edition");
    }

    fn a_new_centre_begins_with_the_shipped_wordings_and_says_whose_they_are(centre) {
        // The builder makes a centre without any.
        assert_eq!(centre.does(&["wording", "list"]).lines.len(), 0);
        assert_eq!(centre.does(&["init"]).number("wordings"), 84);
        assert_eq!(centre.does(&["init"]).number("wordings"), 0, "again changes nothing");
        let listed = centre.does(&["wording", "list", "--in-force"]);
        assert_eq!(listed.lines.len(), 84);
        for one in &listed.lines {
            assert_eq!(one["drafted_by"], "todoke (editor)");
            assert_eq!(one["approved_by"], "todoke (reviewer)");
            assert_eq!(one["edition"], "kit-1");
        }
        let list = centre.lists_two();
        assert_eq!(centre.lines_of(&list)[0]["template_version"], "kit-1");
        assert_eq!(centre.texts(&list, "phone", "pt-BR").len(), 2);
        centre.employs();
        assert_eq!(centre.does(&["wording", "load", "--by", EDITOR]).number("unchanged"), 84);
        centre.drafts(["mail", "ja"], &text("自分の文面"));
        assert_eq!(centre.approves(["mail", "ja"], "2", REVIEWER).status, 0);
        assert!(centre.in_force().contains(&"mail-ja-2".to_owned()));
        // No account can bear these names, and so nobody decides under them.
        let taken = ["account", "add", "todoke (editor)", "--role", "editor", "--by", EDITOR];
        assert_eq!(centre.tries(&taken).status, 1);
    }

    fn a_centre_that_wrote_a_wording_of_its_own_begins_with_no_other(centre) {
        centre.employs();
        centre.drafts(["mail", "ja"], &text("自分の文面"));
        assert_eq!(centre.does(&["init"]).number("wordings"), 0);
        assert_eq!(centre.does(&["wording", "list"]).lines.len(), 1);
    }

    fn whoever_drafted_a_version_takes_it_back_until_somebody_approved_it(centre) {
        centre.employs();
        centre.drafts(["mail", "ja"], &text("一"));
        let retire = |by: &str, reason: &str| {
            let of = ["wording", "retire", "mail", "--lang", "ja", "--version", "1"];
            centre.tries(&[&of[..], &["--reason", reason, "--by", by]].concat())
        };
        assert!(retire(EDITOR, " ").stderr.contains("say why"), "a reason of spaces is none");
        assert_eq!(retire(EDITOR, "a wrong word").status, 0);
        assert_eq!(centre.approves(["mail", "ja"], "1", REVIEWER).status, 1, "it is gone");
        centre.drafts(["mail", "ja"], &text("二"));
        centre.approves(["mail", "ja"], "2", REVIEWER);
        let of = ["wording", "retire", "mail", "--lang", "ja", "--version", "2"];
        let late = centre.tries(&[&of[..], &["--reason", "x", "--by", EDITOR]].concat());
        assert!(late.stderr.contains("which may not do this"), "{late:?}");
    }

    fn a_list_names_the_edition_that_was_in_force_when_it_was_prepared(centre) {
        let before = centre.lists_two();
        assert_eq!(centre.lines_of(&before)[0]["template_version"], "");
        centre.on("2026-04-02").has_wordings();
        let told = &centre.lines_of(&before)[0]["template_version"];
        assert_eq!(told, "", "nothing is told afterwards");
        centre.takes(&[hit("r2", MARCH, "192.0.2.9")]);
        let list = centre.prepares("isp-a").unwrap();
        assert_eq!(centre.lines_of(&list)[0]["template_version"], "kit-1");
        centre.on("2026-04-03").drafts(["letter", "ja"], &text("二"));
        centre.approves(["letter", "ja"], "2", REVIEWER);
        centre.takes(&[hit("r3", MARCH, "192.0.2.10")]);
        let next = centre.prepares("isp-a").unwrap();
        assert_eq!(centre.lines_of(&next)[0]["template_version"], "kit-2");
        assert_eq!(centre.lines_of(&list)[0]["template_version"], "kit-1");
    }

    fn the_texts_of_a_list_say_each_line_with_its_inquiry_id_and_leave_the_name_open(centre) {
        let list = centre.lists_two();
        let out = centre.desk().join("none.csv").display().to_string();
        let texts = ["notice", "texts", &list, "--kind", "mail", "--lang", "ja", "--out", &out];
        let refused = centre.tries(&[&texts[..], &["--by", CLERK]].concat());
        assert_eq!(refused.status, 1);
        assert!(refused.stderr.contains("no wording of mail is in force in ja"), "{refused:?}");
        centre.has_wordings();
        let lines = centre.lines_of(&list);
        let rows = centre.texts(&list, "mail", "ja");
        assert_eq!(rows.len(), 2);
        for (row, line) in rows.iter().zip(&lines) {
            assert_eq!(row["inquiry_id"], line["inquiry_id"]);
            assert!(row["text"].contains(&line["inquiry_id"]));
            assert!(row["text"].contains("«氏名» 様"));
            assert!(row["text"].contains("2026年3月30日(月)"));
            assert!(!row["text"].contains(&line["ip"]), "no address leaves in a text");
            assert_eq!(row["template_version"], "mail-ja-1");
            assert_eq!(row["subject"], "ご自宅の機器についてのお知らせ（isp-a K.K.）");
        }
        assert!(rows[0]["text"].contains("機器の種類：ルータ"));
        assert!(rows[1]["text"].contains("機器の種類：ネットワークカメラ"));
        let short = centre.texts(&list, "sms", "vi");
        assert_eq!(short[0]["parts"], "3");
        assert_eq!(short[0]["subject"], "");
        assert_eq!(centre.standing(&list)["exports"], 3, "whoever has the texts has the IDs");
    }

    fn nobody_is_told_of_a_line_that_was_taken_back(centre) {
        centre.has_wordings();
        let list = centre.lists_two();
        centre.exports(&list, "csv");
        assert_eq!(centre.texts(&list, "letter", "en").len(), 2);
        let files = centre.does(&["feed", "files"]);
        let file = files.lines[0]["id"].as_str().unwrap().to_owned();
        centre.does(&["feed", "withdraw", &file, "--reason", "a broken scan", "--by", EDITOR]);
        assert_eq!(centre.texts(&list, "letter", "en").len(), 0);
    }

    fn the_letters_of_a_list_are_one_file_or_one_per_line(centre) {
        if !cfg!(feature = "print") {
            return;
        }
        centre.has_wordings();
        let list = centre.lists_two();
        let folder = centre.desk().join("letters");
        let out = folder.display().to_string();
        let letters = ["notice", "letters", &list, "--lang", "ja", "--out", &out, "--by", CLERK];
        let answer = centre.tries(&letters);
        if answer.stderr.contains("fonts-noto-cjk") {
            println!("skipped: {}", answer.stderr);
            return;
        }
        assert_eq!(answer.number("letters"), 2, "{answer:?}");
        let read = |name: &str| {
            let file = folder.join(name).display().to_string();
            let text = Command::new("pdftotext").args([&file, "-"]).output();
            text.map(|text| String::from_utf8(text.stdout).unwrap())
        };
        let lines = centre.lines_of(&list);
        let Ok(all) = read(&format!("{list}.ja.pdf")) else {
            println!("skipped: no pdftotext");
            return;
        };
        assert!(lines.iter().all(|line| all.contains(&line["inquiry_id"])), "{all}");
        assert!(all.contains("letter-ja-1") && all.contains("«氏名»"));
        centre.does(&[&letters[..], &["--one-per-line", "--empty-window"]].concat());
        for (line, other) in [(0, 1), (1, 0)] {
            let one = read(&format!("{list}.ja.{:06}.pdf", line + 1)).unwrap();
            assert!(one.contains(&lines[line]["inquiry_id"]), "{one}");
            assert!(!one.contains(&lines[other]["inquiry_id"]), "{one}");
            assert!(!one.contains("«氏名»"), "the window is empty");
        }
    }
}
