//! A small centre walks through the year: it takes files in, lists each new spot, hears reports.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io::Cursor,
    net::IpAddr,
    sync::OnceLock,
};

use formats::{
    Detection, Proto, Reading, Row, Severity, Stream, Weakness, coverage,
    isp_list::{Action, Line as Listed},
    report_back::{self, ReasonCode, Report, State},
    scan_list,
};

use super::{
    Country, DAYS, Day, SEED,
    devices::MODELS,
    fate::Infectable,
    people::{Act, ActKind},
    providers::{Lease, PROVIDERS},
    truth::{Arm, HORIZON_DAYS, true_effect, truth},
};
use crate::time::Moment;

/// What a year leaves behind.
struct Year {
    country: Country,
    days: Vec<Day>,
    rows: BTreeMap<&'static str, usize>,
    listed: Vec<Listed>,
    reports: Vec<(String, Report)>,
    acts: Vec<Act>,
    spots: HashSet<(IpAddr, Option<u16>)>,
}

impl Year {
    fn walk(seed: u64) -> Self {
        let mut year = Self {
            country: Country::draw(seed),
            days: Vec::new(),
            rows: BTreeMap::new(),
            listed: Vec::new(),
            reports: Vec::new(),
            acts: Vec::new(),
            spots: HashSet::new(),
        };
        let mut waiting: HashMap<String, Vec<Detection>> = HashMap::new();
        while let Some(day) = year.country.next_day() {
            year.take_in(&day, &mut waiting);
            year.hear(day.at);
            if day.lists_due {
                for (isp, rows) in waiting.drain().collect::<BTreeMap<_, _>>() {
                    year.list(&isp, rows, day.at);
                }
            }
            year.days.push(day);
        }
        year
    }

    /// Takes the files of a day in; each spot not seen before waits for a list.
    fn take_in(&mut self, day: &Day, waiting: &mut HashMap<String, Vec<Detection>>) {
        for file in &day.files {
            let rows = scan_list::open(Cursor::new(file.body.clone()), Reading::at(day.at.0));
            for row in rows.unwrap() {
                let Row::Detection(row) = row.unwrap() else {
                    panic!("{} on {}", file.name, day.at.date_jst());
                };
                *self.rows.entry(file.feed).or_default() += 1;
                let infected = row.exposure.weakness == Weakness::Infected;
                if self.spots.insert((row.ip, row.port.filter(|_| !infected))) {
                    waiting.entry(isp_of(row.ip).to_owned()).or_default().push(*row);
                }
            }
        }
        for file in &day.coverage {
            let body = Cursor::new(file.body.clone());
            let (rows, refused) = coverage::read(body, Reading::at(day.at.0)).unwrap();
            assert_eq!((refused, rows.is_empty()), (Vec::new(), false));
        }
    }

    fn hear(&mut self, at: Moment) {
        for (code, _, reports) in self.country.reports_due(at) {
            let mut body = Vec::new();
            report_back::write(&mut body, &reports, false).unwrap();
            let (read, refused) = report_back::read(Cursor::new(body), Reading::at(at.0)).unwrap();
            assert_eq!((refused, read.len()), (Vec::new(), reports.len()));
            self.reports.extend(reports.into_iter().map(|report| (code.to_owned(), report)));
        }
        let acts = self.country.acts_due(at);
        assert!(acts.iter().all(|act| act.at <= at));
        self.acts.extend(acts);
    }

    fn list(&mut self, isp: &str, rows: Vec<Detection>, at: Moment) {
        let lines: Vec<Listed> = (1_u64..)
            .zip(rows)
            .map(|(record_no, row)| Listed {
                record_no,
                inquiry_id: format!("{isp}-{}-{record_no}", at.date_jst()),
                ..listed(isp, &row, at)
            })
            .collect();
        self.country.answer(isp, &lines, at);
        self.listed.extend(lines);
    }

    fn states(&self) -> HashMap<(&str, Option<ReasonCode>), usize> {
        let mut states = HashMap::new();
        for (_, report) in &self.reports {
            *states.entry((report.state.code(), report.reason_code)).or_default() += 1;
        }
        states
    }
}

fn isp_of(ip: IpAddr) -> &'static str {
    let serves = |provider: &&super::providers::Provider| {
        provider.blocks.iter().any(|block| block.net().contains(&ip))
    };
    PROVIDERS.iter().find(serves).unwrap().code
}

fn listed(isp: &str, row: &Detection, at: Moment) -> Listed {
    let infected = row.exposure.weakness == Weakness::Infected;
    Listed {
        list_id: format!("{isp}-{}", at.date_jst()),
        list_version: 1,
        record_no: 0,
        inquiry_id: String::new(),
        isp_code: isp.to_owned(),
        action: Action::New,
        stream: if infected { Stream::Nicter } else { Stream::Notice },
        detected_at: row.detected_at,
        ip: row.ip,
        port: row.port.filter(|_| !infected),
        proto: Proto::Tcp,
        identify_by: at.plus_days(30).0,
        report_by: at.plus_days(14).0,
        peer_ip: None,
        peer_port: None,
        first_seen: None,
        last_seen: None,
        repeat_count: None,
        weakness: Some(row.exposure.weakness),
        severity: Some(row.severity),
        confidence: None,
        device_vendor: None,
        device_type: None,
        device_model: None,
        fw_version: None,
        malware_family: None,
        evidence_hash: None,
        manual_id: None,
        campaign: None,
        template_version: None,
        placement_hint: None,
        upstream_path: Vec::new(),
        network_kind: None,
        reason_hint: None,
        kind: Some(row.exposure.kind.clone()),
        withdrawn_at: None,
    }
}

/// The year of the shown country, walked once for all tests.
fn year() -> &'static Year {
    static YEAR: OnceLock<Year> = OnceLock::new();
    YEAR.get_or_init(|| Year::walk(SEED))
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let first_days = |seed| {
        let mut country = Country::draw(seed);
        std::iter::from_fn(|| country.next_day()).take(8).collect::<Vec<_>>()
    };
    assert!(first_days(SEED) == year().days[..8], "a list changes no day before it is heard of");
    assert!(first_days(3) == first_days(3) && first_days(3) != first_days(4));
}

#[test]
fn a_whole_year_with_its_answers_repeats_to_the_byte() {
    let again = Year::walk(SEED);
    assert!(again.days == year().days);
    assert!(again.reports == year().reports);
    assert!(again.acts == year().acts);
}

#[test]
fn a_year_has_its_days_its_files_and_a_bounded_number_of_rows() {
    let year = year();
    assert_eq!(year.days.len(), DAYS);
    assert_eq!(year.days[0].at.rfc3339(), "2025-03-31T22:00:00Z");
    assert_eq!(year.days[DAYS - 1].at.date_jst(), "2026-03-31");
    let files = |feed| year.days.iter().flat_map(|d| &d.files).filter(|f| f.feed == feed).count();
    assert_eq!((files("notice-scan"), files("darknet")), (12, 364));
    let coverage =
        |feed| year.days.iter().flat_map(|d| &d.coverage).filter(|f| f.feed == feed).count();
    assert_eq!((coverage("notice-scan"), coverage("darknet")), (12, 51));
    assert!(year.rows.values().sum::<usize>() <= 150_000, "{:?}", year.rows);
    assert!(year.rows.values().all(|rows| *rows > 10_000), "{:?}", year.rows);
}

#[test]
fn the_drawn_shares_agree_with_the_closed_form() {
    for table in [year().country.truth_table(), year().country.infection_truth_table()] {
        for row in table {
            let p = row.true_share;
            let error = (p * (1.0 - p) / row.lines as f64).sqrt();
            let off = (row.realised_share - p) / error;
            assert!(off.abs() < 3.5, "{row:?} is {off} standard errors off");
        }
    }
}

#[test]
fn over_many_countries_the_closed_form_holds_without_bias() {
    let mut totals: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
    for seed in 100..104 {
        for row in Year::walk(seed).country.truth_table() {
            let total = totals.entry(row.channel).or_default();
            total.0 += row.lines as f64;
            total.1 += row.realised_share * row.lines as f64;
        }
    }
    for arm in Arm::ALL {
        let (lines, fixed) = totals[arm.word()];
        let p = truth(arm, HORIZON_DAYS);
        let error = (p * (1.0 - p) / lines).sqrt();
        assert!((fixed / lines - p).abs() < 3.0 * error, "{arm:?}: {} for {p}", fixed / lines);
    }
}

#[test]
fn the_arms_are_equally_large_and_their_effects_in_order() {
    let table = year().country.truth_table();
    let largest = table.iter().map(|row| row.lines).max().unwrap();
    let smallest = table.iter().map(|row| row.lines).min().unwrap();
    assert!(smallest * 10 > largest * 8, "{table:?}");
    let effects = Arm::ALL.map(|arm| true_effect(arm, HORIZON_DAYS));
    assert!(effects.is_sorted() && effects[1] < 0.05 && effects[3] > 0.25, "{effects:?}");
}

#[test]
fn a_scan_misses_a_tenth_of_what_is_there() {
    let country = &year().country;
    let (mut there, mut found) = (0, 0);
    for (scan, seen) in country.followed.scans.iter().enumerate() {
        for (no, line) in country.lines.iter().enumerate() {
            let open = line.fate.infectable != Infectable::Already;
            let known = scan >= super::scans::NEW_METHOD_FROM || !line.device.needs_new_method;
            let covered = (scan, PROVIDERS[line.isp].code) != (super::scans::BROKEN_OFF.0, "isp-e");
            // A line that kept its device and its address throughout the scan.
            let (from, to) =
                (country.addresses.of(no, seen.from), country.addresses.of(no, seen.to));
            let weak = line.fate.weak_at(seen.from).is_some_and(|spell| spell.holds(seen.to));
            if let Some(ip) = from.filter(|_| open && known && covered && weak && from == to) {
                there += 1;
                found += usize::from(seen.spots.contains(&(ip, line.device.door.port)));
            }
        }
    }
    let missed = 1.0 - f64::from(u32::try_from(found).unwrap()) / f64::from(there);
    assert!(there > 10_000 && (missed - 0.1).abs() < 0.01, "{missed} of {there}");
}

#[test]
fn addresses_move_as_the_lease_policy_says_and_some_change_hands() {
    let country = &year().country;
    for (isp, provider) in PROVIDERS.iter().enumerate() {
        let (mut held, mut days) = (0, 0.0);
        let end = super::day(DAYS - 1);
        for (no, line) in country.lines.iter().enumerate().filter(|(_, line)| line.isp == isp) {
            held += country.addresses.count(no).saturating_sub(1);
            days += line.fate.ended.min(end).days_since(line.fate.from.min(end));
        }
        let expected = days * provider.lease.moves_per_day();
        let off = (held as f64 - expected).abs();
        assert!(off <= 4.0 * expected.sqrt(), "{}: {held} moves for {expected}", provider.code);
        assert!(provider.lease != Lease::Static || held == 0);
    }
    assert!(country.addresses.shared() > 100, "{}", country.addresses.shared());
}

#[test]
fn nobody_who_waits_is_told_and_no_critical_line_waits() {
    let year = year();
    let severity: HashMap<(&str, u64), Severity> = year
        .listed
        .iter()
        .map(|line| ((line.list_id.as_str(), line.record_no), line.severity.unwrap()))
        .collect();
    let mut waiting = 0;
    for (_, report) in &year.reports {
        if report.arm.as_deref() == Some("wait") {
            waiting += 1;
            assert_eq!(report.state, State::NotNotified);
            assert_eq!(report.reason_code, Some(ReasonCode::SuppressedByTrialArm));
            let severity = severity[&(report.list_id.as_str(), report.record_no)];
            assert_ne!(severity, Severity::Critical);
        } else {
            assert_ne!(report.reason_code, Some(ReasonCode::SuppressedByTrialArm));
        }
    }
    assert!(waiting > 300, "{waiting}");
    for act in &year.acts {
        let entry = year.country.lines[act.line].entry.as_ref().unwrap();
        assert!(entry.way != Arm::Wait && entry.reached && act.at > entry.at);
    }
}

#[test]
fn each_identified_line_keeps_one_token_and_one_arm() {
    let mut arms = HashMap::new();
    let mut tokens = HashSet::new();
    for (isp, report) in &year().reports {
        let identified = report.identified.unwrap().code() == "yes";
        assert_eq!(report.line_token.is_some(), identified);
        if let Some(token) = report.line_token {
            let arm = arms.entry((isp, token)).or_insert(&report.arm);
            assert_eq!(*arm, &report.arm);
            tokens.insert(token);
        }
    }
    assert_eq!(tokens.len(), arms.len(), "no two ISPs share a token");
}

#[test]
fn every_way_to_fail_occurs_and_one_isp_never_reports() {
    let year = year();
    let states = year.states();
    for reason in [
        ReasonCode::LogExpired,
        ReasonCode::ApartmentSharedDevice,
        ReasonCode::NotOurCustomer,
        ReasonCode::Bounced,
        ReasonCode::NoContact,
        ReasonCode::AlreadyNotified,
    ] {
        assert!(states.get(&("not_notified", Some(reason))).is_some_and(|n| *n > 10), "{states:?}");
    }
    assert!(year.listed.iter().any(|line| line.isp_code == "isp-h"));
    assert!(year.reports.iter().all(|(isp, _)| isp != "isp-h"));
}

#[test]
fn three_claims_in_four_are_right() {
    let year = year();
    let claims: Vec<_> = year.acts.iter().filter(|act| act.kind == ActKind::Claim).collect();
    let right = claims.iter().filter(|act| {
        let fate = &year.country.lines[act.line].fate;
        let hidden = fate.infectable == Infectable::Already;
        let still = if hidden { fate.infected_at(act.at) } else { fate.weak_at(act.at) };
        still.is_none()
    });
    let share = right.count() as f64 / claims.len() as f64;
    assert!(claims.len() > 100 && (0.68..0.82).contains(&share), "{share} of {}", claims.len());
}

#[test]
fn following_by_address_claims_far_more_than_is_true() {
    let naive = year().country.naive_by_address();
    let of = |lease| naive.iter().find(|row| row.lease == lease).unwrap().gone_next_scan;
    assert!(of(Some(Lease::Dynamic(7))) > 0.95, "{naive:?}");
    assert!((0.6..0.8).contains(&of(Some(Lease::Dynamic(30)))), "{naive:?}");
    assert!((0.08..0.3).contains(&of(Some(Lease::Static))), "{naive:?}");
    assert!(naive[0].gone_within_horizon > truth(Arm::Phone, HORIZON_DAYS), "{naive:?}");
}

/// Share of the lines of `arm`, listed in the first two months, that two clean scans in a row of
/// their token call fixed within the horizon; and how many lines these are.
fn verified_by_token(year: &Year, arm: Arm) -> (f64, f64) {
    type Hits = HashMap<[u8; 32], (Moment, HashSet<usize>)>;
    let of_line: HashMap<_, _> =
        year.listed.iter().map(|line| ((&line.list_id, line.record_no), line)).collect();
    let mut lines: Hits = HashMap::new();
    for (isp, report) in &year.reports {
        let line = of_line[&(&report.list_id, report.record_no)];
        let (Some(token), Some(port)) = (report.line_token, line.port) else { continue };
        if report.arm.as_deref() != Some(arm.word()) || isp == "isp-e" {
            continue;
        }
        let listed = Moment(report.reported_at).plus_days(-7);
        let (first, hits) = lines.entry(token).or_insert((listed, HashSet::new()));
        *first = listed.min(*first);
        let scans = year.country.followed.scans.iter().enumerate();
        hits.extend(scans.filter(|(_, s)| s.spots.contains(&(line.ip, port))).map(|(no, _)| no));
    }
    lines.retain(|_, (first, _)| *first < super::day(60));
    let scans = &year.country.followed.scans;
    let verified = lines.values().filter(|(first, hits)| {
        (0..scans.len() - 1).any(|no| {
            let within = (0.0..HORIZON_DAYS).contains(&scans[no].to.days_since(*first));
            within && !hits.contains(&no) && !hits.contains(&(no + 1))
        })
    });
    (verified.count() as f64 / lines.len() as f64, lines.len() as f64)
}

#[test]
fn two_clean_scans_of_the_token_come_near_the_true_effect() {
    let year = year();
    let (wait, waiting) = verified_by_token(year, Arm::Wait);
    for arm in [Arm::Post, Arm::Phone] {
        let (share, lines) = verified_by_token(year, arm);
        let error = (share * (1.0 - share) / lines + wait * (1.0 - wait) / waiting).sqrt();
        let off = (share - wait - true_effect(arm, HORIZON_DAYS)) / error;
        println!("{arm:?}: {share} of {lines}, {wait} of {waiting} waiting, {off}");
        assert!(lines > 200.0 && off.abs() < 3.0, "{arm:?}: {share} of {lines}, {wait} waiting");
    }
}

#[test]
fn the_models_are_twenty_and_some_are_out_of_support() {
    let names: HashSet<_> = MODELS.iter().map(|model| model.name).collect();
    assert_eq!(names.len(), 20);
    assert_eq!(MODELS.iter().filter(|model| !model.supported).count(), 4);
    let ports = MODELS.iter().flat_map(|model| model.doors).map(|door| door.port);
    assert!(ports.into_iter().all(|port| super::devices::PORTS.contains(&port)));
}
