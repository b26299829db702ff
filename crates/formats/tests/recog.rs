//! Recog databases of our own writing, and whatever a hostile file or banner may hold.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use formats::recog::{BANNER_MAX, Database, Failure, NotADatabase, Told};
use proptest::{collection::vec, prelude::*};

/// A database of one fingerprint.
fn one(pattern: &str, flags: &str, inside: &str) -> String {
    let pattern = pattern.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        "<fingerprints matches=\"m\" protocol=\"telnet\"><fingerprint pattern=\"{pattern}\" \
         flags=\"{flags}\"><description> A  model\n</description>{inside}</fingerprint>\
         </fingerprints>"
    )
}

fn database(pattern: &str, inside: &str) -> Database {
    Database::read("name", &one(pattern, "", inside)).unwrap()
}

#[test]
fn the_first_fingerprint_that_matches_wins() {
    let text = "<fingerprints preference='0.5'>
        <fingerprint pattern='^b'><description>b</description></fingerprint>
        <fingerprint pattern='^ab'><description>ab</description></fingerprint>
        <fingerprint pattern='^a'><description>a</description></fingerprint></fingerprints>";
    let database = Database::read("http_servers", text).unwrap();
    assert_eq!((database.matches.as_str(), database.preference), ("http_servers", 0.5));
    let first = |banner: &str| database.first(banner.as_bytes()).map(|one| one.description);
    assert_eq!((first("abc"), first("acb"), first("c\nb")), (Some("ab"), Some("a"), Some("b")));
    assert_eq!(first("c"), None);
}

#[test]
fn fields_come_from_groups_from_the_file_and_from_earlier_fields() {
    let database = database(
        r"^Server: (\w+)(?:/(\S+))?(?: on (\w+))?$",
        r#"<param pos="1" name="service.product"/><param pos="2" name="service.version"/>
           <param pos="3" name="os.product"/>
           <param pos="0" name="service.cpe23" value="cpe:/a:x:{service.product}:{service.version}"/>
           <param pos="0" name="hw.product" value="{service.product} on {os.product}"/>
           <param pos="0" name="_tmp.1" value="x"/>
           <param pos="0" name="plain" value="{3} { } {"/>"#,
    );
    let whole = database.first(b"Server: httpd/1.2 on Linux").unwrap();
    assert_eq!(whole.description, "A  model");
    let told = |name: &str| whole.fields.get(name).map(String::as_str);
    assert_eq!(told("service.cpe23"), Some("cpe:/a:x:httpd:1.2"));
    assert_eq!(told("hw.product"), Some("httpd on Linux"));
    assert_eq!((told("plain"), told("_tmp.1")), (Some("{3} { } {"), None));
    assert_eq!(told("service.protocol"), Some("telnet"));
    // What the banner leaves out makes a version unknown, and any other composed field untold.
    let bare = database.first(b"Server: httpd").unwrap();
    assert_eq!(bare.get("service.cpe23"), Some("cpe:/a:x:httpd:-"));
    assert_eq!((bare.get("hw.product"), bare.get("service.version")), (None, None));
}

#[test]
fn examples_are_texts_base64_or_files_and_are_held_against_their_own_fingerprint() {
    let text = one(
        r"^\xff\x00(\w+)",
        "",
        r#"<param pos="1" name="hw.model"/><example hw.model="AB">a&amp;b&#x21;</example>
           <example _encoding="base64" hw.model="AB">
             /wBB
             Qg==</example>
           <example _encoding="base64" hw.model="AC">/wBBQg</example>
           <example _filename="one.bin"/><example _encoding="rot13">x</example>"#,
    );
    let database = Database::read("m", &text).unwrap();
    let examples = Database::examples(&text).unwrap();
    assert_eq!(examples[0].told, Told::Here(b"a&b!".to_vec()));
    assert_eq!(examples[1].told, Told::Here(b"\xff\0AB".to_vec()));
    assert_eq!(examples[3].told, Told::InFile("one.bin".into()));
    let held: Vec<_> = examples.iter().map(|one| database.holds(one)).collect();
    assert_eq!((&held[0], &held[1]), (&Err(Failure::NoMatch), &Ok(())));
    let otherwise = held[2].clone().unwrap_err().to_string();
    assert_eq!(otherwise, "`hw.model` is Some(\"AB\") instead of \"AC\"");
    assert_eq!((&held[3], &held[4]), (&Err(Failure::NoBanner), &Err(Failure::NoBanner)));
}

#[test]
fn a_fingerprint_that_is_not_understood_spoils_no_other() {
    let text = "<fingerprints><fingerprint pattern='(?=a)a'><description>ahead</description>
        <example>a</example></fingerprint>
        <fingerprint pattern='a'><description>plain</description></fingerprint></fingerprints>";
    let database = Database::read("m", text).unwrap();
    assert_eq!((database.len(), database.not_understood[0].description.as_str()), (1, "ahead"));
    let found = database.first(b"a").unwrap();
    assert_eq!((found.description, found.no), ("plain", 1));
    let example = &Database::examples(text).unwrap()[0];
    assert_eq!(database.holds(example), Err(Failure::NotUnderstood));
}

#[test]
fn a_file_that_could_grow_is_refused() {
    let bomb = "<!DOCTYPE f [<!ENTITY a 'aaaaaaaaaa'>]><fingerprints/>";
    let refused = |text: &str| Database::read("m", text).unwrap_err();
    assert!(matches!(refused(bomb), NotADatabase::DocumentType { .. }));
    let entity = one("a", "", "<example>&a;</example>");
    assert!(matches!(refused(&entity), NotADatabase::NotXml { .. }));
    assert_eq!(refused(&" ".repeat(5 << 20)), NotADatabase::TooLarge);
    let many = format!("<fingerprints>{}</fingerprints>", "<fingerprint/>".repeat(4_001));
    assert!(matches!(refused(&many), NotADatabase::TooMany { .. }));
    let params = one("a", "", &"<param pos='0' name='a' value='b'/>".repeat(65));
    assert!(matches!(refused(&params), NotADatabase::TooMany { .. }));
    let deep = format!("<fingerprints>{}", "<a>".repeat(99));
    assert!(matches!(refused(&deep), NotADatabase::TooMany { .. }));
    assert_eq!(refused("<html/>"), NotADatabase::NoFingerprints);
    assert!(matches!(refused("<fingerprints>"), NotADatabase::NotXml { .. }));
}

#[test]
fn fields_that_name_each_other_in_turn_do_not_grow() {
    let field = |n: u32| format!("<param pos='0' name='f{n}' value='{{f{0}}}{{f{0}}}'/>", n - 1);
    let doubling = (1..60).map(field).collect::<Vec<_>>().concat();
    let inside = format!("<param pos='0' name='f0' value='0123456789'/>{doubling}");
    let database = database("a", &inside);
    let found = database.first(b"a").unwrap();
    assert!(found.fields.values().all(|text| text.len() <= 4_096));
}

proptest! {
    #[test]
    fn no_file_and_no_banner_makes_it_panic(
        text in "\\PC{0,200}",
        pattern in "[a-z(){}\\[\\]|*+?\\\\.^$:<>,&0-9-]{0,24}",
        value in "[a-z{}. 0-9]{0,20}",
        banner in vec(any::<u8>(), 0..2 * BANNER_MAX),
    ) {
        let _ = Database::read("m", &text);
        let _ = Database::examples(&text);
        let inside = format!(
            "<param pos='0' name='a' value='{value}'/><param pos='1' name='a.version'/>\
             <example _encoding='base64'>{}</example>",
            pattern.replace(['<', '&'], "")
        );
        let whole = one(&pattern, "REG_ICASE", &inside);
        let database = Database::read("m", &whole).unwrap();
        let _ = database.first(&banner);
        for example in Database::examples(&whole).unwrap() {
            let _ = database.holds(&example);
        }
    }

    #[test]
    fn no_damage_of_a_good_file_makes_it_panic(at: usize, byte: u8, cut: usize) {
        let inside = "<param pos='1' name='x'/><example x='a'>a&lt;</example>";
        let good = one("^(a)<", "REG_ICASE", inside);
        let mut bytes = good.into_bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        bytes.truncate(1 + cut % bytes.len());
        let text = String::from_utf8_lossy(&bytes);
        if let Ok(database) = Database::read("m", &text) {
            let _ = database.first(b"a<");
        }
    }
}
