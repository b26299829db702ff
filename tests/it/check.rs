//! `todoke check`: a healthy store is clean, and each kind of damage is found as just that.

mod reminders;
mod served;

use crate::{
    actors::SCANNER,
    builders::{Row, covered, csv, hit, infected, notified, provider, token},
    centre::{Centre, on_both_engines},
};

/// Found on three days; never gone.
const STAYS: &str = "198.18.0.1";
/// Found on the first day alone, then verified fixed.
const FIXED: &str = "198.18.0.2";
/// Under a provider whose addresses change hands: alone on its shelf of the register.
const MOVES: &str = "198.18.1.1";
/// Nobody serves it.
const NOBODYS: &str = "198.18.9.9";

fn seen(day: &str, ip: &str) -> Row {
    hit(day, &format!("{day}T02:00:00+09:00"), ip)
}

/// A month with everything in it that a check looks at; one file each for the days and devices
/// that tests speak of.
fn month(centre: &mut Centre) {
    centre.serves(&[
        provider("isp-a", "static", "198.18.0.0/24"),
        provider("isp-b", "dynamic:30", "198.18.1.0/24"),
    ]);
    let day = "2026-05-01";
    centre.on(day);
    let refused = seen(day, "198.18.0.7").with("outcome", "login_refused");
    let rows = [seen(day, STAYS), seen(day, FIXED), seen(day, NOBODYS), refused];
    assert_eq!(centre.ingests(SCANNER, "first.csv", csv(&rows)).status, 0);
    for (name, ip) in [("moves.csv", MOVES), ("new.csv", "198.18.0.3"), ("other.csv", "198.18.0.4")]
    {
        assert_eq!(centre.ingests(SCANNER, name, csv(&[seen(day, ip)])).status, 0);
    }
    // All that a hit may tell besides place and time.
    let infection = infected("nicter", "2026-05-02T02:00:00+09:00", "198.18.0.5", 40_000)
        .with("peer_port", 443)
        .with("hostkey_sha256", token('7').replacen('7', "1", 1))
        .with("serial_hash", token('8').replacen('8', "1", 1));
    assert_eq!(
        centre.on("2026-05-02").ingests(SCANNER, "infected.csv", csv(&[infection])).status,
        0
    );
    let list = centre.prepares("isp-a").unwrap();
    let rows = [seen("2026-05-08", "nowhere"), seen("2026-05-08", STAYS)];
    assert_eq!(centre.on("2026-05-08").ingests(SCANNER, "middle.csv", csv(&rows)).status, 1);
    let rows = [seen("2026-05-15", STAYS)];
    assert_eq!(centre.on("2026-05-15").ingests(SCANNER, "last.csv", csv(&rows)).status, 0);
    centre.does(&[
        "quarantine",
        "dismiss",
        &row_in_quarantine(centre),
        "--reason",
        "a test",
        "--by",
        "desk",
    ]);
    for day in ["2026-05-01", "2026-05-08", "2026-05-15"] {
        centre.learns(&[covered(day, day, "198.18.0.0/24")]);
    }
    let at = "2026-05-15T08:00:00+09:00";
    let told = notified(&list, centre.record_of(&list, STAYS), at).with("line_token", token('a'));
    assert_eq!(centre.reports("isp-a", &[told.with("token_epoch", "1")]).status, 0);
    centre.verifies();
    assert_eq!(centre.state_of(FIXED), "verified");
}

fn row_in_quarantine(centre: &Centre) -> String {
    centre.quarantine()[0]["id"].as_str().unwrap().to_owned()
}

/// The kinds of what a check finds, each once, in order of the alphabet.
fn found(centre: &Centre) -> Vec<String> {
    let answer = centre.tries(&["check"]);
    let told = answer.one();
    let findings = told["findings"].as_array().unwrap();
    assert_eq!(answer.status, i32::from(!findings.is_empty()), "{answer:?}");
    assert_eq!(told["ok"], findings.is_empty());
    for address in [STAYS, FIXED, MOVES, NOBODYS] {
        assert!(!told.to_string().contains(address), "an address stands in {told}");
    }
    let mut kinds: Vec<String> =
        findings.iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// What is spoilt, by which statements, and what is found then.
type Damage = (&'static str, &'static [&'static str], &'static [&'static str]);

const DAMAGES: &[Damage] = &[
    (
        "a hit is lost",
        &["DELETE FROM hits WHERE feed_file_id =
            (SELECT id FROM feed_files WHERE name = 'middle.csv')"],
        &["hit_missing"],
    ),
    (
        "the only hit of a case is lost",
        &["DELETE FROM hits WHERE feed_file_id =
            (SELECT id FROM feed_files WHERE name = 'moves.csv')"],
        &["case_foreign", "hit_missing"],
    ),
    (
        "a hit is at another time",
        &["UPDATE hits SET from_at = from_at + 1, to_at = to_at + 1 WHERE feed_file_id =
            (SELECT id FROM feed_files WHERE name = 'middle.csv')"],
        &["hit_moved"],
    ),
    (
        "a hit is in twice",
        &["INSERT INTO hits SELECT shelf, feed_file_id, first_row + 9, from_at, to_at, body,
            identified FROM hits
            WHERE feed_file_id = (SELECT id FROM feed_files WHERE name = 'middle.csv')"],
        &["hit_doubled"],
    ),
    (
        "a hit is of a line that no file has",
        &["INSERT INTO hits SELECT shelf, (SELECT id FROM feed_files WHERE name = 'last.csv'), 9,
            from_at, to_at, body, identified FROM hits WHERE feed_file_id =
            (SELECT id FROM feed_files WHERE name = 'middle.csv')"],
        &["hit_foreign"],
    ),
    (
        "a row of hits says that they tell no device apart",
        &["UPDATE hits SET identified = 0 WHERE feed_file_id =
            (SELECT id FROM feed_files WHERE name = 'infected.csv')"],
        &["hit_moved"],
    ),
    (
        "a row in quarantine bears another number",
        &["UPDATE quarantined_rows SET row_no = 99"],
        &["quarantine"],
    ),
    ("a row is gone from quarantine", &["DELETE FROM quarantined_rows"], &["counts", "quarantine"]),
    (
        "a file counts otherwise",
        &["UPDATE feed_files SET counts = REPLACE(counts, '\"repeats\":1', '\"repeats\":2')
            WHERE name = 'last.csv'"],
        &["counts"],
    ),
    (
        "a run has more hits than came",
        &["UPDATE run_hits SET hits = hits + 1 WHERE scan_run = '2026-05-15'"],
        &["run_hits"],
    ),
    (
        "a row of coverage is lost",
        &["DELETE FROM scan_coverage WHERE scan_run = '2026-05-08'"],
        &["coverage"],
    ),
    (
        "a sighting was kept as another one",
        &["UPDATE sighting_chunks SET body = (SELECT body FROM sighting_chunks s
             JOIN feed_files f ON f.id = s.feed_file_id WHERE f.name = 'new.csv')
            WHERE feed_file_id = (SELECT id FROM feed_files WHERE name = 'other.csv')"],
        &["kept"],
    ),
    (
        "a case is lost, and the register forgot it",
        &[
            "DELETE FROM case_rows WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-b')",
            "DELETE FROM case_shelves WHERE shelf = (SELECT shelf FROM case_shelves
                ORDER BY shelf DESC LIMIT 1)",
        ],
        &["case_missing"],
    ),
    (
        "the register forgot a case",
        &["DELETE FROM case_shelves WHERE shelf = (SELECT shelf FROM case_shelves
            ORDER BY shelf DESC LIMIT 1)"],
        &["register"],
    ),
    (
        "the register knows a case that is not there",
        &["DELETE FROM case_rows WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-b')"],
        &["case_missing", "register"],
    ),
    (
        "a case bears the number of another",
        &["UPDATE case_rows SET no = no + 1 WHERE isp_id =
            (SELECT id FROM isps WHERE code = 'isp-b')"],
        &["register"],
    ),
    (
        "a case was seen later than any hit",
        &["UPDATE case_times SET last_seen = last_seen + 1"],
        &["case_times"],
    ),
    (
        "a case is another provider's",
        &["UPDATE case_rows SET isp_id = (SELECT id FROM isps WHERE code = 'isp-a')
            WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-b')"],
        &["attribution", "register"],
    ),
    (
        "a case is its provider's for another reason",
        &["UPDATE case_traits SET basis = 'table'"],
        &["attribution"],
    ),
    ("what nobody serves is forgotten", &["DELETE FROM unattributed"], &["unattributed"]),
    (
        "an open case is called verified",
        &["UPDATE case_rows SET state = 'verified', state_since = 7, first_clean = 7
            WHERE isp_id = (SELECT id FROM isps WHERE code = 'isp-b')"],
        &["state"],
    ),
    (
        "a verified case has lost its fact",
        &["UPDATE case_events SET withdrawn_at = 7 WHERE kind = 'verified'"],
        &["state"],
    ),
    (
        "a verified case was clean earlier than its fact says",
        &["UPDATE case_rows SET first_clean = first_clean - 1 WHERE state = 'verified'"],
        &["state"],
    ),
    (
        "a case has two inquiry IDs",
        &[
            "DROP INDEX inquiry_ids_by_case",
            "INSERT INTO inquiry_ids SELECT sealed, isp_id, case_id, sealed, issued_at, ends_at
                FROM inquiry_ids",
        ],
        &["inquiry_id"],
    ),
    ("an inquiry ID leads to no case", &["UPDATE inquiry_ids SET case_id = tag"], &["inquiry_id"]),
    (
        "a line of a list leads to no case",
        &["UPDATE notice_lines SET case_id = notice_id WHERE record_no = 1"],
        &["notice_line"],
    ),
    (
        "a list has lost a line",
        &["DELETE FROM notice_lines WHERE record_no = (SELECT MAX(record_no) FROM notice_lines)"],
        &["notice_line"],
    ),
    (
        "a line token stands for no case",
        &["UPDATE line_tokens SET case_id = token"],
        &["reference"],
    ),
    (
        "packed hits are cut short",
        &["UPDATE hits SET body = SUBSTR(body, 1, 5) WHERE feed_file_id =
            (SELECT id FROM feed_files WHERE name = 'middle.csv')"],
        &["hit_missing"],
    ),
];

on_both_engines! {
    fn a_healthy_store_is_clean_and_nothing_is_left_out(centre) {
        month(&mut centre);
        let told = centre.is_clean();
        assert_eq!((told["files"].as_i64(), told["hits"].as_i64()), (Some(10), Some(9)), "{told}");
        assert_eq!(told["cases"], 6);
        let left = told["skipped"].as_array().unwrap();
        assert!(left.iter().all(|what| what.as_str().unwrap().contains("amcheck")), "{told}");
        assert!(std::fs::read_dir(centre.data().join("archive")).unwrap().all(|file| {
            !file.unwrap().file_name().to_string_lossy().starts_with('.')
        }), "a working copy was left");
    }

    fn a_register_that_changed_since_is_left_out_and_said(centre) {
        month(&mut centre);
        centre.on("2026-06-01");
        centre.registers(&[provider("isp-b", "dynamic:30", "198.18.0.0/24")]);
        let told = centre.is_clean();
        let left = told["skipped"].to_string();
        assert!(left.contains("the register of providers"), "{left}");
        centre.spoils("UPDATE case_times SET last_seen = last_seen + 1");
        assert_eq!(found(&centre), ["case_times"], "times are within those of hits all the same");
    }

    fn a_row_that_a_retry_let_go_and_half_a_file_are_clean(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/24")]);
        let early = [seen("2026-05-01", STAYS), seen("2026-04-01", FIXED)];
        assert_eq!(centre.ingests(SCANNER, "early.csv", csv(&early)).status, 1);
        centre.is_clean();
        centre.on("2026-05-02");
        centre.is_clean();
        assert_eq!(centre.does(&["quarantine", "retry"]).number("released"), 1);
        assert_eq!(centre.is_clean()["hits"], 2);
        centre.spoils("UPDATE feed_files SET completed_at = NULL");
        centre.is_clean();
    }

    fn a_second_look_at_what_nobody_served_may_keep_more_than_the_files_count(centre) {
        centre.serves(&[]);
        let files = [
            ("2026-04-02", ["2026-03-31T14:59:59Z", "2026-03-31T15:00:00Z"]),
            ("2026-04-03", ["2026-03-31T15:00:01Z", "2026-02-01T15:00:00Z"]),
        ];
        for (day, moments) in files {
            let rows = moments.map(|at| hit(day, at, STAYS));
            let name = format!("{day}.csv");
            assert_eq!(centre.on(day).ingests(SCANNER, &name, csv(&rows)).status, 0);
        }
        centre.registers(&[provider("isp-a", "dynamic:3", "198.18.0.0/24")]);
        assert_eq!(centre.does(&["unattributed", "retry"]).number("cases_opened"), 3);
        centre.is_clean();
        let (fewer, more) = (
            "DELETE FROM sighting_chunks WHERE first_row = 2",
            "UPDATE feed_files SET counts = REPLACE(counts, '\"cases_opened\":0',
                '\"cases_opened\":2') WHERE name = '2026-04-02.csv'",
        );
        for (spoil, kind) in [(fewer, "kept"), (more, "counts")] {
            let kept = centre.keeps();
            centre.spoils(spoil);
            assert_eq!(found(&centre), [kind], "{spoil}");
            centre.has_again(&kept);
        }
    }

    fn a_file_that_nobody_began_to_read_need_not_be_readable(centre) {
        centre.serves(&[]);
        let no_place = seen("2026-04-01", STAYS).without("ip");
        assert_eq!(centre.ingests(SCANNER, "no-place.csv", csv(&[no_place])).status, 1);
        centre.is_clean();
        centre.spoils("UPDATE feed_files SET refused = NULL, completed_at = NULL");
        centre.is_clean();
        centre.spoils("UPDATE feed_files SET rows_done = 1");
        assert_eq!(found(&centre), ["unreadable"]);
    }

    fn a_file_that_is_refused_by_now_is_passed_over_where_nothing_came_of_it(centre) {
        centre.serves(&[provider("isp-a", "static", "198.18.0.0/24")]);
        let nowhere = csv(&[seen("2026-04-01", "nowhere"), seen("2026-04-01", "nobody")]);
        assert_eq!(centre.ingests(SCANNER, "nowhere.csv", nowhere).status, 1);
        // As where a format has learned to refuse what it took for rows.
        centre.spoils("UPDATE feeds SET format = 'xarf'");
        let told = centre.is_clean()["skipped"].to_string();
        assert!(told.contains("this version refuses it as a whole"), "{told}");
        centre.spoils("UPDATE feeds SET format = 'scan-list'");
        let good = csv(&[seen("2026-04-01", STAYS), seen("2026-04-01", "nowhere")]);
        assert_eq!(centre.ingests(SCANNER, "good.csv", good).status, 1);
        centre.spoils("UPDATE feeds SET format = 'xarf'");
        assert!(found(&centre).contains(&"unreadable".to_owned()), "{:?}", found(&centre));
    }

    fn every_damage_is_found_and_called_by_its_name(centre) {
        month(&mut centre);
        for (what, spoil, kinds) in DAMAGES {
            let kept = centre.keeps();
            spoil.iter().for_each(|sql| centre.spoils(sql));
            assert_eq!(found(&centre), *kinds, "{what}");
            centre.has_again(&kept);
            assert!(found(&centre).is_empty(), "after {what}");
        }
    }

    fn raw_bytes_that_are_gone_or_changed_are_found(centre) {
        month(&mut centre);
        let sha256 = centre.stored("SELECT sha256 FROM feed_files WHERE name = 'last.csv'");
        let packed = centre.data().join("archive").join(format!("{}.zst", sha256[0]));
        let bytes = std::fs::read(&packed).unwrap();
        std::fs::remove_file(&packed).unwrap();
        assert_eq!(found(&centre), ["archive"]);
        std::fs::write(&packed, zstd::encode_all(&b"ip,port\n"[..], 1).unwrap()).unwrap();
        assert_eq!(found(&centre), ["archive"]);
        std::fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
        assert_eq!(found(&centre), ["archive"]);
        std::fs::write(&packed, &bytes).unwrap();
        assert_eq!(found(&centre), [""; 0]);
    }
}

#[test]
fn an_index_that_lacks_entries_is_found_by_sqlite_itself() {
    let mut centre = Centre::open(crate::centre::Engine::Sqlite).unwrap();
    month(&mut centre);
    // The index is hidden while a row goes in, and stands there again afterwards, one row short.
    centre.spoils(
        "CREATE TABLE hidden AS SELECT * FROM sqlite_schema WHERE name = 'lookup_budget_by_age';
         PRAGMA writable_schema = ON;
         DELETE FROM sqlite_schema WHERE name = 'lookup_budget_by_age';",
    );
    centre.spoils("INSERT INTO lookup_budget (bucket, tokens, refreshed_at) VALUES ('x', 1, 1)");
    centre.spoils("PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM hidden;");
    centre.spoils("DROP TABLE hidden");
    assert_eq!(found(&centre), ["engine"]);
}
