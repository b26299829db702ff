//! Lists reach their providers: encrypted, once as far as anybody sees, and never lost on the way.

mod anew;
mod bounces;
mod guarded;
mod keys;
mod openpgp;
mod returns;
mod smime;
mod webhook;
mod wishes;

use serde_json::Value;

use crate::{
    builders::{hit, provider},
    centre::Centre,
    gnupg::{Gnupg, MADE},
    smtp::Smtp,
};

const MARCH: &str = "2026-03-30T10:00:00+09:00";
const ABUSE: &str = "abuse@isp-a.example";

impl Centre {
    /// Names this mail server in its settings.
    pub(crate) fn names_mail_server(&self, server: &Smtp) {
        let how = "server = \"127.0.0.1\"\nsecurity = \"none\"\nlimit_seconds = 2\n";
        self.names_mail_server_by(server, how);
    }

    /// The same with these further settings.
    pub(crate) fn names_mail_server_by(&self, server: &Smtp, how: &str) {
        let text = format!(
            "name_ja = \"支援センター\"\nname_en = \"Support Centre\"\nphone = \"0120-111-222\"\n\
             hours_ja = \"平日\"\nhours_en = \"weekdays\"\ndomain = \"centre.example\"\n\n\
             [mail]\nfrom = \"notice@centre.example\"\nreturn_to = \"bounce@centre.example\"\n\
             port = {}\n{how}",
            server.port
        );
        std::fs::write(self.data().join("centre.toml"), text).unwrap();
    }

    /// Names this mail server in its settings, and has keys of its own for mail.
    pub(crate) fn mails_by(&self, server: &Smtp) -> Value {
        self.names_mail_server(server);
        self.does(&["mail", "key"]).one().clone()
    }

    /// Hands a key of a provider in; gives the answer, whatever its status.
    pub(crate) fn gets_key(&self, isp: &str, key: &[u8]) -> crate::centre::Answer {
        let file = self.file("key.asc", key);
        self.tries(&["isp", "key", "add", "--isp", isp, &file])
    }

    /// How the one delivery stands.
    #[track_caller]
    pub(crate) fn delivery(&self) -> Value {
        self.does(&["notice", "deliveries"]).one().clone()
    }

    /// The kinds of what happened to the one delivery.
    #[track_caller]
    pub(crate) fn happened(&self) -> Vec<String> {
        let delivery = self.delivery();
        let events = delivery["events"].as_array().unwrap();
        events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// A centre, its mail server, and a provider that gets its lists by OpenPGP.
struct Scene {
    server: Smtp,
    gnupg: Gnupg,
}

/// Two hits of a provider, whose list is prepared and waits to be sent.
fn scene(centre: &Centre) -> Option<(Scene, String)> {
    scene_by(centre, Smtp::start())
}

/// The same by another mail server.
fn scene_by(centre: &Centre, server: Smtp) -> Option<(Scene, String)> {
    let gnupg = Gnupg::start()?;
    centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
    let own = centre.mails_by(&server);
    gnupg.knows(own["openpgp"].as_str().unwrap());
    gnupg.makes(ABUSE, ("ed25519", "cv25519"), MADE);
    assert_eq!(centre.gets_key("isp-a", &gnupg.exports(ABUSE)).status, 0);
    let set = ["isp", "delivery", "set", "--isp", "isp-a", "--way", "mail-openpgp", "--to", ABUSE];
    centre.does(&set);
    centre.takes(&[hit("r1", MARCH, "192.0.2.7"), hit("r1", MARCH, "192.0.2.8")]);
    let list = centre.prepares("isp-a").expect("two cases wait");
    Some((Scene { server, gnupg }, list))
}

/// The one part of a MIME entity after its header, out of base64.
fn attached(content: &[u8], name: &str) -> Vec<u8> {
    let text = String::from_utf8(content.to_vec()).unwrap().replace("\r\n", "\n");
    let at = text.find(&format!("filename=\"{name}\"")).expect("the file is attached");
    let body = text[at..].split_once("\n\n").unwrap().1;
    let body: String = body.split("\n--").next().unwrap().split_whitespace().collect();
    base64::Engine::decode(&base64::prelude::BASE64_STANDARD, body).unwrap()
}
