//! 件名: what the subject of a Shadowserver mail says of the report in it.

use crate::shadowserver::report_type;

/// 件名から得た名: `<date>-<type>-<name>.csv` from `Shadowserver <type>-<name> Report: <date>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject(Option<String>);

impl Subject {
    pub(crate) fn of(subject: &str) -> Self {
        Self(named(subject))
    }

    /// The name the subject gives, where `name` does not tell the type of the report itself.
    pub(crate) fn better_than(&self, name: &str) -> String {
        match &self.0 {
            Some(better) if report_type(name).is_none() => better.clone(),
            _ => name.to_owned(),
        }
    }
}

fn named(subject: &str) -> Option<String> {
    let (_, rest) = subject.split_once("Shadowserver ")?;
    let (report, date) = rest.rsplit_once(" Report: ")?;
    let date = date.trim();
    let is_date = date.len() == 10
        && date.bytes().enumerate().all(|(at, b)| match at {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        });
    let is_plain = report.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    let name = format!("{date}-{report}.csv");
    (is_date && is_plain && report_type(&name).is_some()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_names_a_report_whose_file_name_says_nothing() {
        let subject = Subject::of("[X] Shadowserver scan_telnet-japan Report: 2026-11-22");
        assert_eq!(subject.better_than("report.csv"), "2026-11-22-scan_telnet-japan.csv");
        let told = "2026-11-21-scan_ssh-japan.csv";
        assert_eq!(subject.better_than(told), told);
    }

    #[test]
    fn a_subject_that_is_no_report_names_nothing() {
        for subject in [
            "",
            "Shadowserver scan_telnet Report: soon",
            "Shadowserver holiday-card Report: 2026-11-22",
            "Shadowserver scan_telnet/../x Report: 2026-11-22",
            "Your scan_telnet Report: 2026-11-22",
        ] {
            assert_eq!(Subject::of(subject), Subject::default(), "{subject}");
        }
    }
}
