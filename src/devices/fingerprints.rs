//! Recog databases beside the catalogue (機器指紋): the files of `recog/` in the data folder.
//!
//! They are not part of the program; where the folder is missing, the catalogue works alone. See
//! `docs/formats/recog.md`.

use std::{fs, path::Path};

use formats::recog::{Database, Match};

use super::{Evidence, Identified, Place, kind::Kind, maker_called};

/// How sure a fingerprint is that names a model, and one that names the maker alone.
const SURE: (u8, u8) = (65, 55);

/// The databases of the data folder (機器指紋), the preferred ones first.
#[derive(Debug, Default)]
#[doc(alias = "機器指紋")]
pub struct Fingerprints {
    databases: Vec<(Place, Database)>,
    /// Files that are no databases, and fingerprints that are not understood, with why.
    pub refused: Vec<String>,
}

/// Where the banner of a database stands, by the beginning of what it says it matches; a name
/// that is not here is of something that no feed brings.
const PLACES: [(&str, Place); 16] = [
    ("http_header.server", Place::Server),
    ("rtsp_header.server", Place::Server),
    ("http_header.wwwauth", Place::Banner),
    ("html_title", Place::Title),
    ("snmp.sys_description", Place::Sysdescr),
    ("x509.subject", Place::Subject),
    ("x509.issuer", Place::Issuer),
    ("telnet.banner", Place::Banner),
    ("ssh.banner", Place::Banner),
    ("ftp.banner", Place::Banner),
    ("smtp.banner", Place::Banner),
    ("pop3.banner", Place::Banner),
    ("imap4.banner", Place::Banner),
    ("nntp.banner", Place::Banner),
    ("sip_header.server", Place::Banner),
    ("mysql.banners", Place::Banner),
];

impl Fingerprints {
    /// Loads what lies in `recog/` of the data folder; a file that is no database is named in
    /// `refused` and the others are used.
    pub fn load(data: &Path) -> anyhow::Result<Self> {
        let folder = data.join("recog");
        let mut found = Self::default();
        if !folder.is_dir() {
            return Ok(found);
        }
        let mut files = fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files.iter().map(fs::DirEntry::path) {
            if file.extension().is_some_and(|ending| ending == "xml") {
                let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                match fs::read_to_string(&file) {
                    Ok(text) => found.take(&name, &text),
                    Err(fault) => found.refused.push(format!("{name}: {fault}")),
                }
            }
        }
        // The sort is stable: of equals the first by name is asked first.
        found.databases.sort_by(|(_, a), (_, b)| b.preference.total_cmp(&a.preference));
        Ok(found)
    }

    fn take(&mut self, name: &str, text: &str) {
        let database = match Database::read(name, text) {
            Ok(database) => database,
            Err(refusal) => return self.refused.push(format!("{name}: {refusal}")),
        };
        let odd = database.not_understood.iter();
        self.refused.extend(odd.map(|one| format!("{name}: {}: {}", one.description, one.why)));
        if let Some((_, place)) = PLACES.iter().find(|(known, _)| *known == database.matches) {
            self.databases.push((*place, database));
        }
    }

    /// How many databases are asked.
    pub fn len(&self) -> usize {
        self.databases.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.databases.is_empty()
    }

    /// What the databases say of each text, each by its first fingerprint that matches.
    pub(super) fn findings(&self, evidence: &Evidence<'_>) -> Vec<Identified> {
        let asked = self.databases.iter().flat_map(|(place, database)| {
            let there = evidence.texts.iter().filter(move |(where_, _)| where_ == place);
            there.map(move |(_, text)| (database, *text))
        });
        asked.filter_map(|(database, text)| finding(database, text)).collect()
    }
}

fn finding(database: &Database, text: &str) -> Option<Identified> {
    let told = database.first(text.as_bytes())?;
    let device = told.get("hw.device").or(told.get("os.device"));
    // The maker of a system is that of the device only where the fingerprint is of a device.
    let of_system = |field: &str| device.and_then(|_| told.get(field));
    let maker = told.get("hw.vendor").or_else(|| of_system("os.vendor"))?;
    let model = model(&told).or_else(|| of_system("os.product"));
    let maker = maker_called(maker).map_or(maker, |maker| maker.name.as_str());
    Some(Identified {
        maker: Some(maker.to_owned()),
        model: model.map(str::to_owned),
        kind: device.map_or(Kind::Unknown, Kind::of_feed_word),
        confidence: if model.is_some() { SURE.0 } else { SURE.1 },
        rule: format!("recog/{}: {}", database.matches, told.description),
        support: None,
    })
}

fn model<'m>(told: &'m Match<'_>) -> Option<&'m str> {
    told.get("hw.model").or_else(|| told.get("hw.product"))
}
