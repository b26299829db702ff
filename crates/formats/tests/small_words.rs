//! Times, addresses, guarded cells, archives, and the words of a detection.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::io::{Cursor, Read, Write};

use formats::safe_csv::{guard, unguard};
use formats::unpack::{Limits, unpack_within};
use formats::{Exposure, FileRefused, Kind, Proto, Weakness, address, credentials, stamp, unpack};
use proptest::prelude::*;
use zip::write::SimpleFileOptions;

#[test]
fn every_accepted_time_means_the_same_moment() {
    let expected = stamp::parse("2026-04-01T00:05:00Z", None).unwrap();
    for text in [
        "2026-04-01 00:05:00Z",
        "2026-04-01t00:05:00z",
        "2026-04-01T00:05:00.000+00:00",
        "2026-04-01T09:05:00+09:00",
        "2026-04-01 09:05:00 +0900",
        "2026-04-01 09:05 JST",
        "2026/4/1 00:05:00 UTC",
        "2026-03-31T19:05:00-05:00",
    ] {
        assert_eq!(stamp::parse(text, None), Ok(expected), "{text}");
    }
    for text in ["2026-04-01 09:05:00", "2026/4/1 9:05", " 2026-04-01T09:05:00.0 "] {
        assert_eq!(stamp::parse(text, Some(9 * 3600)), Ok(expected), "{text}");
        assert_eq!(stamp::parse(text, None).unwrap_err().code(), "no_zone", "{text}");
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "2026-04-01",
        "2026-13-01 00:00:00",
        "2026-04-31 00:00:00",
        "1969-12-31 23:59:59",
        "2026-04-01 24:00:00",
        "2026-04-01 00:60:00",
        "2026-4-1-1 00:00",
        "20260401 000000",
        "2026-04-01 00:00:00+25:00",
        "2026-04-01 00:00:00 EST",
        "2026-04-01 00:00:00.",
        "2026-04-01T00:00:00Zx",
        "２026-04-01 00:00:00",
        "2026-04-01 00:00:00+9",
    ] {
        assert_eq!(stamp::parse(text, Some(0)).unwrap_err().code(), "bad_time", "{text}");
    }
}

#[test]
fn a_time_whose_zone_carries_it_out_of_the_written_years_is_refused() {
    for text in [
        "9999-12-31T23:59:59.999999-12:00",
        "9999-12-31T23:59:60Z",
        "1970-01-01T08:59:59+09:00",
        "1970-01-01 08:59:59",
    ] {
        assert_eq!(stamp::parse(text, Some(9 * 3600)).unwrap_err().code(), "bad_time", "{text}");
    }
    assert_eq!(stamp::parse("1970-01-01 09:00:00", Some(9 * 3600)), Ok(0));
}

#[test]
fn known_moments_are_written_as_they_are_read() {
    assert_eq!(stamp::utc(0), "1970-01-01T00:00:00Z");
    assert_eq!(stamp::utc(951_782_400_000_000), "2000-02-29T00:00:00Z");
    assert_eq!(stamp::japan(951_782_399_999_999), "2000-02-29T08:59:59+09:00");
}

#[test]
fn special_addresses_are_flagged() {
    let special = |text: &str| address::is_special(address::parse(text).unwrap());
    for text in ["10.0.0.1", "100.64.0.1", "127.0.0.1", "169.254.1.1", "224.0.0.1", "fd00::1"] {
        assert!(special(text), "{text}");
    }
    for text in ["100.128.0.1", "172.32.0.1", "2400::1", "8.8.8.8"] {
        assert!(!special(text), "{text}");
    }
}

#[test]
fn an_exposure_is_written_and_read_as_two_words() {
    let exposure: Exposure = "exposed_service/telnet".parse().unwrap();
    assert_eq!(exposure.weakness, Weakness::ExposedService);
    assert_eq!(exposure.to_string(), "exposed_service/telnet");
    for bad in ["telnet", "exposed_service/", "exposed_service/Tel net", "x/telnet"] {
        assert!(bad.parse::<Exposure>().is_err(), "{bad}");
    }
    assert_eq!(Kind::bent("HTTP  Proxy!").as_str(), "http_proxy");
    assert_eq!(Kind::bent("電話").as_str(), "unknown");
    assert_eq!(Proto::from_number(Proto::Udp.number()), Proto::Udp);
}

#[test]
fn every_start_of_a_formula_is_guarded() {
    for text in ["=1", "+1", "-1", "@a", "\ta", "\ra", "\0a", "＝1", "＋1", "－1", "＠a", "'=1"]
    {
        assert_eq!(guard(text), format!("'{text}"));
    }
    for text in ["", "1=1", "'quoted'", "a"] {
        assert_eq!(guard(text), text);
    }
}

#[test]
fn user_information_is_cut_out_of_urls_and_nothing_else() {
    let cut = |text| credentials::without_userinfo(text).into_owned();
    assert_eq!(
        cut("get ftp://u:p@192.0.2.1/a@b and http://x/"),
        "get ftp://192.0.2.1/a@b and http://x/"
    );
    assert_eq!(cut("http://u:p@ss@example.jp"), "http://example.jp");
    assert_eq!(cut("mail a@b.example http://c/"), "mail a@b.example http://c/");
    assert!(credentials::is_credential("SSH_Password") && credentials::is_credential(" login "));
    let withheld =
        ["device_serial", "Serial-Number", "製造番号", "password", "MAC-Address", "MACアドレス"];
    assert!(withheld.iter().all(|column| credentials::is_withheld(column)));
    assert!(
        !credentials::is_withheld("cert_serial_number") && !credentials::is_credential("serial")
    );
    assert!(!credentials::is_credential("has_password") && !credentials::is_credential("tag"));
}

fn zipped(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn opened(bytes: Vec<u8>) -> Result<(String, Vec<u8>), FileRefused> {
    let mut file = unpack("a.csv", Cursor::new(bytes))?;
    let mut out = Vec::new();
    file.read_to_end(&mut out)?;
    Ok((file.name, out))
}

#[test]
fn a_plain_file_a_zip_and_a_gzip_give_the_same_csv() {
    let csv = b"timestamp,ip\n2026-11-22 00:00:00,192.0.2.1\n";
    assert_eq!(opened(csv.to_vec()).unwrap(), ("a.csv".to_owned(), csv.to_vec()));
    let zip = zipped(&[("readme.txt", b"x"), ("in/2026-11-22-scan_telnet.csv", csv)]);
    assert_eq!(opened(zip).unwrap(), ("2026-11-22-scan_telnet.csv".to_owned(), csv.to_vec()));
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(csv).unwrap();
    assert_eq!(opened(gzip.finish().unwrap()).unwrap().1, csv);
}

#[test]
fn a_broken_or_suspicious_archive_is_refused() {
    let csv: &[u8] = b"timestamp,ip\n";
    let code = |bytes: Vec<u8>| opened(bytes).unwrap_err().code();
    assert_eq!(code(Vec::new()), "empty");
    assert_eq!(code(zipped(&[("a.csv", csv), ("b.csv", csv)])), "bad_archive");
    assert_eq!(code(zipped(&[("a.zip", &zipped(&[("a.csv", csv)]))])), "bad_archive");
    assert_eq!(code(zipped(&[])), "bad_archive");
    let whole = zipped(&[("a.csv", &b"192.0.2.1,".repeat(1000))]);
    for cut in [5, 30, whole.len() / 2, whole.len() - 10] {
        assert_eq!(code(whole[..cut].to_vec()), "bad_archive", "cut at {cut}");
    }
    let bomb = zipped(&[("a.csv", &vec![b'0'; 30 << 20])]);
    assert!(bomb.len() < 100_000);
    assert_eq!(code(bomb), "bad_archive");
    let limits = Limits { entry_bytes_max: 100, ..Limits::UPLOAD };
    let large = unpack_within("a.csv", Cursor::new(vec![b'a'; 101]), limits);
    assert_eq!(large.unwrap_err().code(), "too_large");
}

#[test]
fn a_changed_byte_in_an_archive_is_found_out() {
    let csv: Vec<u8> =
        (0..2000).flat_map(|n| format!("{n},192.0.2.{}\n", n % 256).into_bytes()).collect();
    let mut zip = zipped(&[("a.csv", &csv)]);
    zip[200] ^= 0x10;
    assert!(opened(zip).is_err());
}

#[test]
fn a_gzip_bomb_stops_at_the_limit() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(&vec![b'0'; 30 << 20]).unwrap();
    assert_eq!(opened(gzip.finish().unwrap()).unwrap_err().code(), "io");
}

proptest! {
    #[test]
    fn a_guarded_cell_comes_back_as_it_was(text in "['=+@＝\ta-]{0,6}.{0,4}") {
        let guarded = guard(&text);
        prop_assert_eq!(unguard(&guarded), text.as_str());
        let formula = ['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];
        prop_assert!(!guarded.starts_with(formula));
    }

    #[test]
    fn every_moment_comes_back_as_it_was(at in 0_i64..253_402_300_799_999_999) {
        prop_assert_eq!(stamp::parse(&stamp::utc(at), None), Ok(at));
        let read = stamp::parse(&stamp::japan(at), None).map_err(|e| e.code());
        let within = at / 1_000_000 + 32_400 < 253_402_300_800;
        let expected = if within { Ok(at / 1_000_000 * 1_000_000) } else { Err("bad_time") };
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn every_address_comes_back_as_it_was(ip in any::<std::net::IpAddr>()) {
        match address::parse(&ip.to_string()) {
            Ok(read) => prop_assert_eq!(read, ip.to_canonical()),
            Err(reason) => prop_assert_eq!(reason.code(), "unspecified_address"),
        }
    }

    #[test]
    fn no_text_makes_a_small_parser_panic(
        text in ".{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = stamp::parse(&text, None);
        let _ = address::parse(&text);
        let _ = address::port(&text);
        let _ = Kind::bent(&text);
        let _ = credentials::without_userinfo(&text);
        let _ = opened([b"PK\x03\x04".to_vec(), bytes.clone()].concat());
        let _ = opened([vec![0x1F, 0x8B], bytes].concat());
    }
}
