//! Mails: reports by mail, each file in them read as what the sender delivers, and mails that are
//! hard to open, which only have to be opened.

use std::path::PathBuf;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use formats::unfold::{self, Part};
use formats::unpack::Limits;
use formats::{Detection, mapped_csv, shadowserver, stamp, xarf};

use super::mappings;
use super::outcome::{Outcome, Refusal, Taken};
use super::samples::{READING, Samples, below, name_of, read_out, taken};

/// No mail takes longer to open, by far.
const PATIENCE: Duration = Duration::from_mins(1);

/// Reports by mail.
pub(super) fn reports(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    for file in samples.files("abuse-mail-abuseio", &[".eml"])? {
        let name = below(&file, "abuse-mail-abuseio");
        let mut outcome = Outcome::of(format!("report-mail/{name}"));
        let mut read = Vec::new();
        for part in unfolded(&mut outcome, &file, samples.open(&file)) {
            read.extend(rows(name, &part)?);
        }
        outcome.take(&read);
        if name.starts_with("abusehub/") {
            told_twice(&mut outcome, &read);
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// AbuseHub tells one event twice: in a CSV of its own and in the row of the report it stems from.
fn told_twice(outcome: &mut Outcome, rows: &[Taken]) {
    let [Ok(theirs), Ok(ours)] = rows else {
        return outcome.compare("row", 0, "the same event twice", "something else");
    };
    outcome.records += 1;
    let number = |one: Option<u32>| one.map(|number| number.to_string());
    let (Detection { detail: their, .. }, Detection { detail: our, .. }) = (theirs, ours);
    let time = |one: &Detection| stamp::utc(one.detected_at);
    outcome.compare("address", 1, &theirs.ip.to_string(), &ours.ip.to_string());
    outcome.compare_asserted("port", 1, number(theirs.port.map(u32::from)), ours.port);
    outcome.compare("time", 1, &time(theirs), &time(ours));
    outcome.compare_asserted("asn", 1, number(their.asn), our.asn);
    let family = their.malware_family.as_deref().map(str::to_owned);
    outcome.compare_asserted("family", 1, family, our.malware_family.as_deref());
    let host = their.hostname.as_deref().map(str::to_owned);
    outcome.compare_asserted("hostname", 1, host, our.hostname.as_deref());
}

/// The rows of a file in a mail, read as what its sender delivers; whoever is not known to deliver
/// anything else might send X-ARF.
fn rows(mail: &str, part: &Part) -> Result<Vec<Taken>> {
    let sender = mail.split('/').next().unwrap_or_default();
    let plain = match part.open() {
        Ok(plain) => plain,
        Err(why) => return Ok(taken("an attachment", Err(why))),
    };
    Ok(match sender {
        "shadowserver" => {
            taken("Shadowserver", shadowserver::open(&part.name, None, plain, READING))
        }
        "abusehub" if part.name.starts_with("abusehubcsv-") => {
            let mapping = mappings::abusehub()?;
            taken("CSV by a mapping", mapped_csv::open(&mapping, plain, READING))
        }
        "abusehub" => {
            let open = shadowserver::open(&part.name, Some("botnet_drone"), plain, READING);
            taken("Shadowserver", open)
        }
        _ => taken("XARF", xarf::open(plain, READING)),
    })
}

/// Mails of all kinds, broken ones too: every file in them is read to its end.
pub(super) fn all(samples: &Samples) -> Result<Vec<Outcome>> {
    let mut files = samples.files("mail", &[".eml"])?;
    files.extend(samples.files("mail/sisimai/mailbox", &[])?);
    files.extend(samples.files("misp", &[".eml"])?);
    let mut outcomes = Vec::new();
    for file in files {
        let name = if file.starts_with("mail/") { file.clone() } else { format!("mail/{file}") };
        let mut outcome = Outcome::of(name);
        let read = contents(&mut outcome, &file, samples.open(&file));
        for lines in ["/dos/", "/mac/"] {
            let twin = file.replace(lines, "/bsd/");
            if twin != file && samples.has(&twin) {
                // Whether lines end with LF, CR LF or CR alone, a mail brings the same.
                let other = contents(&mut Outcome::default(), &twin, samples.open(&twin));
                let same = without_line_ends(&read) == without_line_ends(&other);
                outcome.compare("content", 0, "the same", if same { "the same" } else { "other" });
            }
        }
        outcomes.push(outcome);
    }
    Ok(outcomes)
}

/// What is in the files of a mail, one after the other; each of them counts as a row.
fn contents(outcome: &mut Outcome, file: &str, path: PathBuf) -> Vec<u8> {
    let mut contents = Vec::new();
    for part in unfolded(outcome, file, path) {
        let opened = part.open().map_err(|why| refusal(why.code(), &why));
        match opened.and_then(read_out) {
            Ok(bytes) => {
                outcome.rows += 1;
                contents.extend(bytes);
            }
            Err(why) => outcome.refuse(why.code, why.words),
        }
    }
    contents
}

fn without_line_ends(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect()
}

/// The files of a mail. A mail that cannot be unfolded is refused, and so is one at which the
/// reader falls over or never ends.
fn unfolded(outcome: &mut Outcome, file: &str, path: PathBuf) -> Vec<Part> {
    let name = name_of(file).to_owned();
    match within(PATIENCE, move || unfold::unfold(&name, &path, Limits::UPLOAD)) {
        Ok(Ok(parts)) => parts,
        Ok(Err(why)) => {
            let why = refusal(why.code(), &why);
            outcome.refuse(why.code, why.words);
            Vec::new()
        }
        Err(what) => {
            outcome.refuse(what, "the reader must come to an end with any bytes");
            Vec::new()
        }
    }
}

fn refusal(code: &'static str, words: &dyn ToString) -> Refusal {
    Refusal { code, words: format!("as a mail: {}", words.to_string()) }
}

/// Does something on a thread of its own, so that one mail that hangs is told and not waited for.
fn within<T: Send + 'static>(
    patience: Duration,
    job: impl FnOnce() -> T + Send + 'static,
) -> Result<T, &'static str> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || tell.send(job()));
    told.recv_timeout(patience).map_err(|why| match why {
        RecvTimeoutError::Timeout => "hangs",
        RecvTimeoutError::Disconnected => "panics",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hangs_or_panics_is_told() {
        assert_eq!(within(Duration::from_mins(1), || 1), Ok(1));
        let hangs = within(Duration::ZERO, || thread::sleep(Duration::from_millis(100)));
        assert_eq!(hangs, Err("hangs"));
        let panics = within(Duration::from_mins(1), || panic!("this one is meant to"));
        assert_eq!(panics, Err::<(), _>("panics"));
    }

    #[test]
    fn a_mail_that_cannot_be_opened_counts_as_refused() {
        let mut outcome = Outcome::of("own/a");
        let parts = unfolded(&mut outcome, "own/none.eml", PathBuf::from("/nowhere/none.eml"));
        assert!(parts.is_empty());
        assert_eq!((outcome.rows, outcome.refused[0].code), (1, "io"));
    }
}
