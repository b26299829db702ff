//! Any other CSV, by a mapping of its columns; and the mapping that is proposed for one.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

#[path = "../../../tests/support/data_folder.rs"]
mod data_folder;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;

use encoding_rs::SHIFT_JIS;
use formats::mapped_csv::{Columns, Mapping, Required, open, propose};
use formats::{Detection, FileRefused, Proto, Reading, Refused, Row, stamp};
use proptest::prelude::*;
use serde_json::Value;

use data_folder::data_folder;

/// 2026-11-23T00:00:00Z in microseconds.
const NOW: i64 = 1_795_392_000_000_000;

const TOML: &str = r#"
delimiter = ","
encoding = "auto"
zone = "JST"

[columns]
"検知日時" = "detected_at"
"IPアドレス" = "ip"
"ポート" = "port"
"種別" = "exposure"
"機種" = "device_model"

[constants]
proto = "tcp"

[type_translation]
"開放" = "exposed_service/telnet"
"#;

const HEADER: &str = "検知日時,IPアドレス,ポート,種別,機種,備考,パスワード,password\n";

fn mapping() -> Mapping {
    toml::from_str(TOML).unwrap()
}

fn read(mapping: &Mapping, text: impl AsRef<[u8]>) -> (Vec<Detection>, Vec<Refused>) {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    let input = Cursor::new(text.as_ref().to_vec());
    for row in open(mapping, input, Reading::at(NOW)).unwrap() {
        match row.unwrap() {
            Row::Detection(detection) => good.push(*detection),
            Row::Refused(refused) => bad.push(refused),
        }
    }
    (good, bad)
}

fn refused(mapping: &Mapping, text: &str) -> FileRefused {
    open(mapping, Cursor::new(text.as_bytes().to_vec()), Reading::at(NOW)).unwrap_err()
}

#[test]
fn a_mapping_is_the_same_in_toml_and_in_json() {
    let mapping = mapping();
    let json = serde_json::to_string(&mapping).unwrap();
    assert_eq!(serde_json::from_str::<Mapping>(&json).unwrap(), mapping);
    let again: Mapping = toml::from_str(&toml::to_string(&mapping).unwrap()).unwrap();
    assert_eq!(again, mapping);
    let typo = toml::from_str::<Mapping>("colums = []");
    assert!(typo.is_err(), "a key nobody knows is not passed over");
}

#[test]
fn a_japanese_list_is_read_in_either_encoding() {
    let text = format!(
        "{HEADER}令和8年11月1日 9時5分,１９２．０．２．７,２３,開放,型番①,裏口,hunter2,hunter2\n"
    );
    for bytes in [text.clone().into_bytes(), SHIFT_JIS.encode(&text).0.into_owned()] {
        let (detections, bad) = read(&mapping(), bytes);
        assert!(bad.is_empty(), "{bad:?}");
        let d = &detections[0];
        assert_eq!(stamp::utc(d.detected_at), "2026-11-01T00:05:00Z");
        assert_eq!(
            (d.ip.to_string().as_str(), d.port, d.proto),
            ("192.0.2.7", Some(23), Proto::Tcp)
        );
        assert_eq!(d.exposure.to_string(), "exposed_service/telnet");
        assert_eq!(d.detail.device_model.as_deref(), Some("型番①"));
        assert_eq!(d.detail.extra("備考"), Some("裏口"));
        assert!(!format!("{d:?}").contains("hunter2"), "{d:?}");
    }
}

#[test]
fn dates_are_read_as_japanese_offices_write_them() {
    for (cell, time) in [
        ("2021/4/1", "2021-03-31T15:00:00Z"),
        ("２０２１／４／１", "2021-03-31T15:00:00Z"),
        ("令和3年4月1日", "2021-03-31T15:00:00Z"),
        ("令和元年5月1日 0:30", "2019-04-30T15:30:00Z"),
        ("R3.4.1", "2021-03-31T15:00:00Z"),
        ("R3.4.1 12:34:56", "2021-04-01T03:34:56Z"),
        ("H31.4.30 23:59", "2019-04-30T14:59:00Z"),
        ("2021年4月1日(木) 午後3時5分", "2021-04-01T06:05:00Z"),
        ("2021-04-01", "2021-03-31T15:00:00Z"),
        ("2021.4.1 9時", "2021-04-01T00:00:00Z"),
        ("2021-04-01T00:00:00Z", "2021-04-01T00:00:00Z"),
    ] {
        let (detections, bad) = read(&mapping(), format!("{HEADER}{cell},192.0.2.7,23,開放\n"));
        assert!(bad.is_empty(), "{cell}: {bad:?}");
        assert_eq!(stamp::utc(detections[0].detected_at), time, "{cell}");
    }
    for (cell, code) in [
        ("令和3年2月30日", "bad_time"),
        ("R1.4.30", "bad_time"),
        ("H31.5.1", "bad_time"),
        ("1/4/2021", "bad_time"),
        ("2027/1/1", "future_time"),
        ("4.43E+04", "rounded_number"),
        ("先週", "bad_time"),
    ] {
        let (_, bad) = read(&mapping(), format!("{HEADER}{cell},192.0.2.7,23,開放\n"));
        assert_eq!(bad[0].reason.code(), code, "{cell}");
        assert_eq!(bad[0].column.as_deref(), Some("検知日時"));
    }
    let mut naive = mapping();
    naive.zone = None;
    let (_, bad) = read(&naive, format!("{HEADER}R3.4.1,192.0.2.7,23,開放\n"));
    assert_eq!(bad[0].reason.code(), "no_zone");
}

#[test]
fn a_stated_format_is_the_only_one_that_counts() {
    let at = |format: &str, cell: &str| {
        let mapping = Mapping { time_format: Some(format.to_owned()), ..mapping() };
        let (good, bad) = read(&mapping, format!("{HEADER}{cell},192.0.2.7,23,開放\n"));
        match good.first() {
            Some(detection) => stamp::utc(detection.detected_at),
            None => bad[0].reason.code().to_owned(),
        }
    };
    assert_eq!(at("%d/%b/%Y:%H:%M:%S %z", "01/Aug/2018:09:49:41 +0200"), "2018-08-01T07:49:41Z");
    assert_eq!(at("%Y%m%d%H%M%S", "20210401090000"), "2021-04-01T00:00:00Z");
    assert_eq!(at("%d.%m.%Y", "01.04.2021"), "2021-03-31T15:00:00Z");
    assert_eq!(at("%d.%m.%Y", "2021-04-01"), "bad_time");
    assert_eq!(at("epoch", "1495782036"), "2017-05-26T07:00:36Z");
    assert_eq!(at("epoch_millis", "1495782036"), "2017-05-26T07:00:36Z");
    assert_eq!(at("epoch_millis", "1495782036500"), "2017-05-26T07:00:36.500000Z");
    assert_eq!(at("epoch", "1.49578E+09"), "rounded_number");
    assert_eq!(at("windows_nt", "131349599830000000"), "2017-03-25T23:59:43Z");
    assert_eq!(at("windows_nt", "5"), "bad_time");
}

#[test]
fn a_bad_cell_names_its_column_and_shows_no_password() {
    let good = "2021/4/1,192.0.2.7,23,開放,x,y,,hunter2";
    for (from, to, column, code) in [
        ("192.0.2.7", "192.0.2.0/24", "ipアドレス", "prefix_not_address"),
        ("192.0.2.7", "", "ip", "no_source_address"),
        (",23,", ",70000,", "ポート", "bad_port"),
        (",23,", ",4.82E+14,", "ポート", "rounded_number"),
        ("開放", "不明", "種別", "unknown_word"),
        (",x,", ",4.82E+14,", "機種", "rounded_number"),
    ] {
        let text = format!("{HEADER}{}\n{good}\n", good.replacen(from, to, 1));
        let (detections, bad) = read(&mapping(), text);
        assert_eq!((detections.len(), bad.len()), (1, 1), "{to}");
        assert_eq!((bad[0].line, bad[0].reason.code()), (2, code));
        assert_eq!(bad[0].column.as_deref(), Some(column));
        assert!(!String::from_utf8_lossy(&bad[0].bytes).contains("hunter2"));
    }
    let columns = mapping().columns;
    let tabbed = Mapping { delimiter: "\t".to_owned(), columns, ..mapping() };
    let text = format!("{HEADER}{}\n", good.replace("192.0.2.7", "x")).replace(',', "\t");
    let (_, bad) = read(&tabbed, text);
    assert_eq!(bad[0].reason.code(), "bad_address");
    assert!(!String::from_utf8_lossy(&bad[0].bytes).contains("hunter2"));
}

#[test]
fn date_and_clock_may_stand_in_two_columns() {
    let text = "日付,時刻,IP\n2021/4/1,9:05,192.0.2.7\n";
    let named = [("日付", "detected_at"), ("時刻", "detected_at"), ("IP", "ip")];
    let named = named.map(|(name, field)| (name.to_owned(), field.to_owned()));
    let mut mapping = Mapping::of(Columns::ByName(BTreeMap::from(named)));
    mapping.constants = BTreeMap::from([("exposure".into(), "infected/sinkhole".into())]);
    mapping.zone = Some("+09:00".to_owned());
    let (detections, bad) = read(&mapping, text);
    assert!(bad.is_empty(), "{bad:?}");
    assert_eq!(stamp::utc(detections[0].detected_at), "2021-04-01T00:05:00Z");
}

#[test]
fn a_mapping_that_cannot_be_used_says_why() {
    let with = |change: fn(&mut Mapping)| {
        let mut mapping = mapping();
        change(&mut mapping);
        refused(&mapping, HEADER).to_string()
    };
    assert!(with(|m| m.delimiter = "x".into()).contains("delimiter"));
    assert!(with(|m| m.delimiter = "|".into()).contains("delimiter"), "not with CP932");
    assert!(with(|m| m.zone = Some("Mars".into())).contains("zone"));
    assert!(with(|m| m.encoding = Some("latin1".into())).contains("encoding"));
    assert!(with(|m| m.time_format = Some("iso".into())).contains("time format"));
    assert!(
        with(|m| {
            m.constants.insert("colour".into(), "red".into());
        })
        .contains("colour")
    );
    assert!(
        with(|m| {
            m.column_regex_search.insert("asn".into(), "(".into());
        })
        .contains("asn")
    );
    assert!(
        with(|m| {
            m.type_translation.insert("a".into(), "b".into());
        })
        .contains('b')
    );
    let lost = refused(&mapping(), "検知日時,種別\n");
    assert!(matches!(lost, FileRefused::MissingColumn(name) if name == "IPアドレス"));
}

/// IntelMQ's name of a field, in ours.
fn ours(name: &str) -> String {
    match name {
        "time.source" => "detected_at",
        "source.ip" => "ip",
        "source.port" => "port",
        "source.asn" => "asn",
        "destination.ip" => "peer_ip",
        "destination.port" => "peer_port",
        "source.fqdn" => "hostname",
        "malware.name" => "malware_family",
        "classification.type" => "exposure",
        "__IGNORE__" => "__IGNORE__",
        other => return format!("extra.{}", other.strip_prefix("extra.").unwrap_or(other)),
    }
    .to_owned()
}

/// The parameters of IntelMQ's generic parser as a mapping of ours.
fn translated(parameters: &Value) -> Mapping {
    let list = parameters["columns"].as_array().unwrap();
    let columns = list.iter().map(|name| ours(name.as_str().unwrap())).collect();
    let mut mapping = Mapping::of(Columns::ByPosition(columns));
    parameters["delimiter"].as_str().unwrap().clone_into(&mut mapping.delimiter);
    mapping.skip_header = parameters["skip_header"].as_bool().unwrap_or(false);
    mapping.time_format = parameters["time_format"].as_str().map(ToOwned::to_owned);
    mapping.zone = Some("UTC".to_owned());
    if let Some(patterns) = parameters["column_regex_search"].as_object() {
        let pattern = |(name, v): (&String, &Value)| (ours(name), v.as_str().unwrap().to_owned());
        mapping.column_regex_search = patterns.iter().map(pattern).collect();
    }
    // IntelMQ's types are coarser; what matters here is that the translation is followed.
    mapping.constants.insert("exposure".to_owned(), "infected/feed".to_owned());
    if let Some(text) = parameters["type_translation"].as_str() {
        let words: BTreeMap<String, String> = serde_json::from_str(text).unwrap();
        let exposure = |word: &String| format!("infected/{}", word.replace('-', "_"));
        mapping.type_translation = words.iter().map(|(k, v)| (k.clone(), exposure(v))).collect();
    }
    mapping
}

#[test]
fn the_generic_samples_of_intelmq_are_read_by_their_parameters() {
    let Some(folder) = data_folder("intelmq-other-feeds") else { return };
    let bundle = |name: &str| -> (Mapping, String, Vec<Value>) {
        let path = folder.join(format!("generic__test_parser_{name}.json"));
        let file: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let text = file["inputs"][0]["text"].as_str().unwrap_or_default().to_owned();
        let events = file["expected"].as_object().unwrap().values().cloned().collect();
        (translated(&file["parameters"]), text, events)
    };
    let agree = |detection: &Detection, event: &Value| {
        let time = stamp::utc(detection.detected_at).replace('Z', "+00:00");
        assert_eq!(Value::from(time), event["time.source"]);
        assert_eq!(Value::from(detection.ip.to_string()), event["source.ip"]);
        assert_eq!(detection.port.map(u64::from), event["source.port"].as_u64());
        assert_eq!(detection.peer_port.map(u64::from), event["destination.port"].as_u64());
        assert_eq!(detection.detail.asn.map(u64::from), event["source.asn"].as_u64());
        assert_eq!(detection.detail.hostname.as_deref(), event["source.fqdn"].as_str());
        let family = detection.detail.malware_family.as_deref().unwrap_or_default();
        assert_eq!(family.to_lowercase(), event["malware.name"].as_str().unwrap_or_default());
    };

    let (mapping, text, events) = bundle("csv4");
    let (good, bad) = read(&mapping, text);
    assert_eq!((good.len(), bad.len()), (4, 0), "the blank before an address of a page is nothing");
    events.iter().zip(&good).for_each(|(event, detection)| agree(detection, event));

    let (mapping, text, events) = bundle("csv_extra_regex");
    let (good, bad) = read(&mapping, text);
    assert_eq!((good.len(), bad.len()), (2, 0));
    events.iter().zip(&good).for_each(|(event, detection)| agree(detection, event));

    let (mut mapping, text, events) = bundle("csv_invalid_values");
    mapping.time_format = Some("%d/%b/%Y:%H:%M:%S %z".to_owned());
    let (good, bad) = read(&mapping, &text);
    events.iter().zip(&good).for_each(|(event, detection)| agree(detection, event));
    let reasons: Vec<_> = bad.iter().map(|r| (r.line, r.reason.code())).collect();
    assert_eq!((good.len(), reasons), (2, vec![(3, "no_source_address"), (4, "bad_host_name")]));
    mapping.columns_required = Some(Required::Flags(vec![true, true, false]));
    let (good, _) = read(&mapping, &text);
    assert_eq!(good.len(), 3);
    agree(&good[2], &events[3]);

    let (mapping, _, _) = bundle("csv2");
    let row = "2016-12-14 04:19:00\tTesting\ta comment\tNo\tUn\twww.example.com\t198.51.100.7\t\
               mail5.example.com\tanother\n";
    let (good, bad) = read(&mapping, row);
    assert!(bad.is_empty(), "{bad:?}");
    assert_eq!(good[0].exposure.to_string(), "infected/malware_distribution");
    assert_eq!(stamp::utc(good[0].detected_at), "2016-12-14T04:19:00Z");
    assert_eq!(good[0].detail.hostname.as_deref(), Some("mail5.example.com"));
}

#[test]
fn a_mapping_is_proposed_from_headings_and_cells() {
    let text = "検知日時（JST）,送信元IP,送信元ポート,宛先IP,宛先ポート,マルウェア名,備考\n\
                2026/11/1 9:05,192.0.2.7,40000,198.51.100.1,23,Mirai,あ\n\
                2026/11/1 9:06,192.0.2.8,40001,198.51.100.1,23,Mirai,い\n";
    let cp932 = SHIFT_JIS.encode(text).0.into_owned();
    let proposal = propose(&cp932).unwrap();
    let guessed: Vec<_> =
        proposal.columns.iter().map(|c| c.field.as_deref().unwrap_or("-")).collect();
    let expected = ["detected_at", "ip", "port", "peer_ip", "peer_port", "malware_family", "-"];
    assert_eq!(guessed, expected);
    assert_eq!(proposal.mapping.encoding.as_deref(), Some("cp932"));
    assert_eq!(proposal.mapping.zone.as_deref(), Some("JST"));
    assert_eq!((proposal.confidence, proposal.unplaced), (95, vec!["備考".to_owned()]));
    assert_eq!(proposal.missing, ["weakness_code"]);
    assert_eq!(proposal.rows.len(), 3);
    let mut mapping = proposal.mapping;
    mapping.constants.insert("weakness_code".to_owned(), "infected".to_owned());
    let (good, bad) = read(&mapping, cp932);
    assert_eq!((good.len(), bad.len()), (2, 0), "{bad:?}");
    assert_eq!(good[1].detail.extra("備考"), Some("い"));
}

#[test]
fn a_mapping_is_proposed_without_a_header_too() {
    let text = "1795000000\t192.0.2.7\ttcp\tx\n1795000001\t192.0.2.8\tudp\ty\n";
    let proposal = propose(text.as_bytes()).unwrap();
    let words = ["detected_at", "ip", "proto", "__IGNORE__"].map(ToOwned::to_owned);
    assert_eq!(proposal.mapping.columns, Columns::ByPosition(words.to_vec()));
    assert_eq!(proposal.mapping.delimiter, "\t");
    assert_eq!(proposal.mapping.time_format.as_deref(), Some("epoch"));
    assert_eq!(proposal.confidence, 60);
    assert_eq!(proposal.unplaced, ["4"]);
    let nothing = propose("色,形\n赤,丸\n".as_bytes()).unwrap();
    assert_eq!((nothing.confidence, nothing.missing.len()), (0, 3));
    assert!(matches!(propose(b""), Err(FileRefused::Empty)));
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_or_the_proposal_panic(
        body in prop::collection::vec(prop_oneof![
            Just(b"\"".to_vec()), Just(b",".to_vec()), Just(b"\n".to_vec()), Just(b"|".to_vec()),
            Just("令和元年5月1日".as_bytes().to_vec()), Just(b"192.0.2.1".to_vec()),
            Just("㋿3.".as_bytes().to_vec()), Just("午後12時".as_bytes().to_vec()),
            prop::collection::vec(any::<u8>(), 0..12),
        ], 0..50),
        format in prop::sample::select(vec!["", "epoch", "windows_nt", "%Y-%m-%d", "%s", "%"]),
    ) {
        let body = body.concat();
        let _ = propose(&body);
        let mut mapping = mapping();
        mapping.time_format = (!format.is_empty()).then(|| format.to_owned());
        let file = [HEADER.as_bytes(), &body].concat();
        if let Ok(rows) = open(&mapping, Cursor::new(file), Reading::at(NOW)) {
            for row in rows {
                prop_assert!(row.is_ok());
            }
        }
    }

    #[test]
    fn a_mutated_row_costs_no_other_and_shows_no_password(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let good = "2021/4/1,192.0.2.7,23,開放,x,y,,";
        let mut row = good.as_bytes().to_vec();
        let at = at.index(row.len());
        row[at] = byte;
        row.extend_from_slice(b"hunter2");
        let head = format!("{HEADER}{good}\n");
        let file = [head.as_bytes(), &row, b"\n", good.as_bytes(), b"\n"].concat();
        let (detections, refused) = read(&mapping(), file);
        let lines: Vec<_> = detections.iter().map(|d| d.line).collect();
        prop_assert!(lines.contains(&2) && lines.last() >= Some(&4), "{:?}", lines);
        for refused in refused {
            let bytes = String::from_utf8_lossy(&refused.bytes).into_owned();
            // A row that ends too early leaves its tail as a row of its own without a header cell.
            prop_assert!(!bytes.contains("hunter2") || matches!(byte, b'\n' | b'\r'), "{}", bytes);
        }
    }
}
