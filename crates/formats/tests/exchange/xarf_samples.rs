//! XARF by the samples of its makers: what must be read is read, what must be refused is.

use std::collections::BTreeMap;
use std::fs;

use super::data_folder::data_folder;
use super::{XARF, files, name, read};

/// What each sample of a folder becomes: its exposure, or why it is refused.
fn outcomes(inside: &str) -> Option<BTreeMap<String, Result<String, String>>> {
    let folder = data_folder(inside)?;
    let outcome = |path: &std::path::PathBuf| {
        let (good, bad) = read(XARF, fs::read(path).unwrap());
        assert_eq!(good.len() + bad.len(), 1, "{}", path.display());
        let exposure = good.first().map(|d| format!("{} at {}", d.exposure, d.ip));
        (name(path, &folder), exposure.ok_or_else(|| bad[0].to_string()))
    };
    Some(files(&folder).iter().map(outcome).collect())
}

#[test]
fn every_version_4_sample_is_a_detection_or_about_no_device() {
    let Some(outcomes) = outcomes("xarf/spec/samples/v4") else { return };
    for (name, outcome) in &outcomes {
        println!("{name}: {}", outcome.as_ref().unwrap_or_else(|why| why));
    }
    let devices: Vec<&str> =
        outcomes.iter().filter(|(_, o)| o.is_ok()).map(|(name, _)| name.as_str()).collect();
    assert_eq!(outcomes.len(), 22);
    assert_eq!(
        devices,
        [
            "connection-ddos.json",
            "connection-infected-host.json",
            "connection-port-scan.json",
            "connection-reconnaissance.json",
            "connection-sql-injection.json",
            "content-malware.json",
            "infrastructure-botnet.json",
            "vulnerability-cve.json",
            "vulnerability-misconfiguration.json",
            "vulnerability-open-service.json",
        ]
    );
    let refused = outcomes.values().filter_map(|outcome| outcome.as_ref().err());
    refused.for_each(|why| assert!(is_no_device(why), "{why}"));
    let exposure = |name: &str| outcomes[name].clone().unwrap();
    assert_eq!(
        exposure("vulnerability-misconfiguration.json"),
        "weak_credentials/ssh at 192.0.2.75"
    );
    assert_eq!(exposure("vulnerability-open-service.json"), "exposed_service/rdp at 192.0.2.50");
    assert_eq!(exposure("infrastructure-botnet.json"), "infected/botnet at 198.51.100.25");
}

/// Whether a row is refused because it is about no device, and for no other reason.
fn is_no_device(why: &str) -> bool {
    let about = ["it is about ", "it is what somebody thinks"];
    about.iter().any(|about| why.contains(about))
}

#[test]
fn every_version_3_sample_of_the_specification_is_read() {
    let Some(outcomes) = outcomes("xarf/spec/samples/v3") else { return };
    let told = |name: &str| outcomes[name].clone();
    assert_eq!(told("botnet_v3_sample.json").unwrap(), "infected/botnet at 198.51.100.25");
    assert_eq!(told("ddos_v3_sample.json").unwrap(), "amplifier/dns at 172.16.254.10");
    assert!(is_no_device(&told("phishing_v3_sample.json").unwrap_err()));
    assert!(is_no_device(&told("spam_v3_sample.json").unwrap_err()));
    assert_eq!(outcomes.len(), 4);
}

/// Positives that are about no device, in whatever version they come.
const NO_DEVICE: [&str; 6] = [
    "copyright_sample.json",
    "potentially_compromised_attacker_sample.json",
    "potentially_compromised_sample_email.json",
    "reporter_info_person.json",
    "spam_sample.json",
    "trademark_sample.json",
];

#[test]
fn every_positive_of_the_old_versions_is_a_detection_unless_it_is_about_no_device() {
    let Some(outcomes) = outcomes("xarf/abusix/samples/positive") else { return };
    let mut refused = 0;
    for (name, outcome) in &outcomes {
        let file = name.rsplit('/').next().unwrap();
        match outcome {
            Ok(exposure) => assert!(!NO_DEVICE.contains(&file), "{name}: {exposure}"),
            Err(why) => {
                assert!(NO_DEVICE.contains(&file) && is_no_device(why), "{name}: {why}");
                refused += 1;
            }
        }
    }
    println!("{} positives, {refused} about no device", outcomes.len());
    assert_eq!((outcomes.len(), refused), (54, 21));
}

#[test]
fn every_negative_of_the_old_versions_is_refused_for_what_is_wrong_with_it() {
    let Some(outcomes) = outcomes("xarf/abusix/samples/negative") else { return };
    for (name, outcome) in &outcomes {
        let why = outcome.as_ref().expect_err(name);
        assert!(!is_no_device(why), "{name} is refused for another reason: {why}");
    }
    assert_eq!(outcomes.len(), 97);
}

/// The report part of a mail, as it stands after unfolding.
fn report_part(mail: &str) -> String {
    let mail = mail.replace("\r\n", "\n");
    let start = mail.find("\n---\n").unwrap() + 1;
    let rest = &mail[start..];
    let end = rest.find("\n\n--").map_or(rest.len(), |end| end + 1);
    rest[..end].to_owned()
}

#[test]
fn the_report_parts_of_old_mails_are_read() {
    let mut told = Vec::new();
    for inside in ["abuse-mail-abuseio/blocklistde", "abuse-mail-abuseio/netcraft"] {
        let Some(folder) = data_folder(inside) else { return };
        for path in files(&folder) {
            let mail = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            let (good, bad) = read(XARF, report_part(&mail));
            assert_eq!(good.len() + bad.len(), 1, "{}", path.display());
            let outcome = good.first().map(|d| format!("{} at {}", d.exposure, d.ip));
            told.push(outcome.unwrap_or_else(|| bad[0].to_string()));
        }
    }
    println!("{told:#?}");
    assert_eq!(
        told[..3],
        [
            "infected/regbot at 10.0.2.150",
            "infected/malware_url at 10.0.2.2",
            "infected/malware_url at fdf1:cb9d:f59e:19b0::1",
        ]
    );
    assert!(told[3..].iter().all(|why| is_no_device(why)));
    assert_eq!(told.len(), 6);
}
