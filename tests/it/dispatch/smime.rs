//! Lists by S/MIME, opened and verified with openssl.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{ABUSE, MARCH, attached};
use crate::{
    builders::{hit, provider},
    centre::on_both_engines,
    smtp::Smtp,
};

/// A provider's openssl, with a key and a certificate made to its wishes.
struct Openssl {
    desk: TempDir,
}

impl Openssl {
    fn start() -> Self {
        Self { desk: tempfile::tempdir().unwrap() }
    }

    fn path(&self, name: &str) -> String {
        self.desk.path().join(name).display().to_string()
    }

    #[track_caller]
    fn does(&self, args: &[&str]) -> String {
        let output = Command::new("openssl").args(args).current_dir(&self.desk).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{args:?}: {told}");
        told
    }

    /// Makes `NAME.key` of that kind and signs `NAME.crt` for the days from March 2026 on.
    fn makes(&self, name: &str, kind: &[&str], more: &[&str]) -> Vec<u8> {
        let (key, request) = (self.path(&format!("{name}.key")), self.path("request.pem"));
        let certificate = self.path(&format!("{name}.crt"));
        self.does(&[&["genpkey", "-out", &key], kind].concat());
        self.does(&["req", "-new", "-key", &key, "-subj", "/CN=isp-a", "-out", &request]);
        let dates = ["-startdate", "20260301000000Z", "-enddate", "20280301000000Z"];
        fs::write(self.path("index.txt"), "").unwrap();
        let config = "[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\nnew_certs_dir = .\n\
            rand_serial = yes\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n\
            [mail]\nextendedKeyUsage = emailProtection\n\
            [web]\nextendedKeyUsage = serverAuth\n[signs]\nkeyUsage = digitalSignature\n";
        fs::write(self.path("ca.cnf"), config).unwrap();
        let ca = ["ca", "-batch", "-notext", "-selfsign", "-config", "ca.cnf", "-in", &request];
        let to = ["-keyfile", &key, "-out", &certificate];
        let dates = if more.contains(&"-startdate") { &[][..] } else { &dates };
        self.does(&[&ca[..], &to, dates, more].concat());
        fs::read(certificate).unwrap()
    }

    /// Opens a mail by the key `name`, and verifies what is inside by the centre's certificate.
    fn opens(&self, name: &str, mail: &[u8], own: &str) -> Vec<u8> {
        fs::write(self.path("mail.eml"), mail).unwrap();
        fs::write(self.path("centre.crt"), own).unwrap();
        let (key, certificate) = (format!("{name}.key"), format!("{name}.crt"));
        let open = ["cms", "-decrypt", "-in", "mail.eml", "-recip", &certificate, "-inkey", &key];
        self.does(&[&open[..], &["-out", "signed.eml"]].concat());
        let verify = ["cms", "-verify", "-in", "signed.eml", "-CAfile", "centre.crt"];
        let told = self.does(&[&verify[..], &["-out", "content.eml"]].concat());
        assert!(told.contains("successful"), "{told}");
        fs::read(self.path("content.eml")).unwrap()
    }
}

const RSA: [&str; 4] = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const EC: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
const FOR_MAIL: [&str; 2] = ["-extensions", "mail"];

on_both_engines! {
    fn openssl_opens_a_list_and_verifies_who_signed_it(centre) {
        let (openssl, server) = (Openssl::start(), Smtp::start());
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let own = centre.mails_by(&server);
        for (at, (name, kind)) in [("rsa", RSA), ("ec", EC)].into_iter().enumerate() {
            let certificate = openssl.makes(name, &kind, &FOR_MAIL);
            let taken = centre.gets_key("isp-a", &certificate);
            assert_eq!((taken.status, &taken.one()["standard"]), (0, &"smime".into()), "{taken:?}");
            let to = ["--way", "mail-smime", "--to", ABUSE];
            centre.does(&[&["isp", "delivery", "set", "--isp", "isp-a"][..], &to].concat());
            centre.takes(&[hit("r1", MARCH, &format!("192.0.2.{}", 7 + at))]);
            let list = centre.prepares("isp-a").unwrap();
            let sent = centre.does(&["notice", "send"]);
            assert_eq!(sent.one()["state"], "accepted", "{sent:?}");
            let mail = server.taken()[at].clone();
            let kind = mail.field("Content-Type");
            assert!(kind.starts_with("application/pkcs7-mime"), "{kind}");
            assert!(kind.contains("enveloped-data"), "{kind}");
            let content = openssl.opens(name, &mail.bytes, own["smime"].as_str().unwrap());
            let file = attached(&content, &format!("{list}.csv"));
            assert_eq!(file, centre.exports(&list, "csv"), "{name}");
        }
    }

    fn a_certificate_that_is_unfit_is_refused_with_the_reason(centre) {
        let openssl = Openssl::start();
        centre.serves(&[provider("isp-a", "static", "192.0.2.0/24")]);
        let refused = |certificate: &[u8], why: &str| {
            let answer = centre.gets_key("isp-a", certificate);
            assert_eq!(answer.status, 1, "{answer:?}");
            assert!(answer.stderr.contains(why), "{why}: {answer:?}");
        };
        let weak = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"];
        refused(&openssl.makes("weak", &weak, &FOR_MAIL), "RSA of 1024 bits");
        refused(&openssl.makes("web", &RSA, &["-extensions", "web"]), "not for mail");
        refused(&openssl.makes("signs", &RSA, &["-extensions", "signs"]), "signatures alone");
        refused(&openssl.makes("sha1", &RSA, &["-md", "sha1"]), "SHA-1");
        let dates = ["-startdate", "20240101000000Z", "-enddate", "20250101000000Z"];
        refused(&openssl.makes("old", &RSA, &dates), "expired on 2025-01-01");
        let dates = ["-startdate", "20260701000000Z", "-enddate", "20280101000000Z"];
        refused(&openssl.makes("early", &RSA, &dates), "from 2026-07-01");
        let p384 = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];
        refused(&openssl.makes("p384", &p384, &FOR_MAIL), "use RSA or P-256");
        let good = openssl.makes("good", &RSA, &FOR_MAIL);
        refused(&[&good[..], &good].concat(), "holds 2 keys");
        let secret = fs::read(openssl.path("good.key")).unwrap();
        refused(&[&good[..], &secret].concat(), "SECRET");
        refused(&secret, "SECRET");
        refused(b"\x30\x82\x01\x00 and no certificate", "neither an OpenPGP");
        let der = tempfile::NamedTempFile::new().unwrap();
        let out = der.path().display().to_string();
        openssl.does(&["x509", "-in", "good.crt", "-outform", "DER", "-out", &out]);
        assert_eq!(centre.gets_key("isp-a", &fs::read(&out).unwrap()).status, 0);
    }
}
