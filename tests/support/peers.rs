//! Real peers of ways in: a mail server and a TAXII server, each a process of its own on loopback.
//!
//! Where one is installed is told by the environment, which `cargo xtask test` sets; without it the
//! tests that need it say so and are skipped.

use std::{
    fs,
    net::{TcpListener, TcpStream},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

/// A peer's program, or nothing when this run has none.
pub(crate) fn program(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).filter(|path| !path.is_empty());
    if path.is_none() {
        println!("skipped: {variable} names no program");
    }
    path.map(PathBuf::from)
}

/// The Python that has the published client of TAXII.
pub(crate) fn taxii_client() -> Option<PathBuf> {
    program("TODOKE_TEST_TAXII_CLIENT")
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

pub(crate) fn awaits(port: u16) {
    for _ in 0..400 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("nobody listens on port {port}");
}

/// Ends a process as an operator would, so that it ends its own children.
pub(crate) fn end(child: &mut Child) {
    let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    let _ = child.wait();
}

/// The password of every mailbox.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// A mail server with one mailbox for whoever logs in with [`PASSWORD`].
pub(crate) struct Dovecot {
    home: TempDir,
    child: Child,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
}

impl Dovecot {
    pub(crate) fn start() -> Option<Self> {
        let program = program("TODOKE_TEST_DOVECOT")?;
        let home = tempfile::Builder::new().prefix("dove").tempdir_in("/tmp").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (port, tls_port) = (free_port(), free_port());
        make_certificate(home.path());
        for name in ["mail/new", "mail/cur", "mail/tmp"] {
            fs::create_dir_all(home.path().join(name)).unwrap();
        }
        // As root, mail must belong to somebody else; otherwise all of it runs as whoever this is.
        let own = home.path().metadata().unwrap();
        let (uid, gid) = if own.uid() == 0 { (8, 8) } else { (own.uid(), own.gid()) };
        let mail = home.path().join("mail");
        let owner = format!("{uid}:{gid}");
        Command::new("chown").args(["-R", &owner]).arg(&mail).status().unwrap();
        let config = home.path().join("dovecot.conf");
        let text = config_text(home.path(), (port, tls_port), (uid, gid), own.uid() == 0);
        fs::write(&config, text).unwrap();
        let mut command = Command::new(program);
        command.arg("-F").arg("-c").arg(&config);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = child.spawn().unwrap();
        awaits(port);
        awaits(tls_port);
        Some(Self { home, child, port, tls_port })
    }

    /// Its certificate, which vouches for itself, for the host `localhost`.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.home.path().join("cert.pem")
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.home.path().join("mail").join(name)
    }

    /// Puts a mail into the mailbox.
    pub(crate) fn receives(&self, name: &str, mail: &str) {
        let part = self.folder("tmp").join(name);
        fs::write(&part, mail).unwrap();
        fs::set_permissions(&part, fs::Permissions::from_mode(0o666)).unwrap();
        let owner = self.folder("new").metadata().unwrap();
        let owner = format!("{}:{}", owner.uid(), owner.gid());
        Command::new("chown").arg(owner).arg(&part).status().unwrap();
        fs::rename(part, self.folder("new").join(name)).unwrap();
    }

    fn mails(&self, folder: &str) -> Vec<String> {
        let folder = self.folder(folder);
        let mut names = Vec::new();
        for part in ["new", "cur"] {
            let Ok(entries) = fs::read_dir(folder.join(part)) else { continue };
            names.extend(entries.map(|one| one.unwrap().file_name().into_string().unwrap()));
        }
        names.sort();
        names
    }

    /// Mails that nobody has seen.
    pub(crate) fn unseen(&self) -> usize {
        let seen = |name: &String| name.rsplit_once(":2,").is_some_and(|(_, f)| f.contains('S'));
        self.mails(".").iter().filter(|name| !seen(name)).count()
    }

    /// Mails in a folder of the mailbox.
    pub(crate) fn count(&self, folder: &str) -> usize {
        self.mails(folder).len()
    }

    /// Numbers all mails anew and has seen none of them, as after a restored backup.
    pub(crate) fn forgets(&self) {
        for entry in fs::read_dir(self.folder(".")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::remove_file(path).unwrap();
            }
        }
        for entry in fs::read_dir(self.folder("cur")).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            let name = name.split(':').next().unwrap();
            // Another name, since the server keeps the number of a name that it knows.
            fs::rename(&path, self.folder("new").join(format!("again-{name}"))).unwrap();
        }
        // The number that stands for the numbering is a time in seconds.
        thread::sleep(Duration::from_millis(1_100));
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// A certificate that is no authority, so that it can only vouch for itself.
pub(crate) fn make_certificate(home: &Path) {
    let request = home.join("request");
    let text = "[req]\nprompt = no\ndistinguished_name = dn\nx509_extensions = ext\n\
                [dn]\nCN = localhost\n\
                [ext]\nsubjectAltName = DNS:localhost\nbasicConstraints = critical,CA:FALSE\n";
    fs::write(&request, text).unwrap();
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-config"])
        .arg(&request)
        .arg("-keyout")
        .arg(home.join("key.pem"))
        .arg("-out")
        .arg(home.join("cert.pem"))
        .output()
        .expect("openssl comes with dovecot");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn config_text(
    home: &Path,
    (port, tls_port): (u16, u16),
    (uid, gid): (u32, u32),
    root: bool,
) -> String {
    let home = home.display();
    let id = |flag: &str| {
        let output = Command::new("id").args([flag]).arg("-n").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    // Whoever is not root can change neither account nor root folder.
    let own = if root {
        String::new()
    } else {
        let (user, group) = (id("-u"), id("-g"));
        format!(
            "default_internal_user = {user}\ndefault_internal_group = {group}\n\
             default_login_user = {user}\nservice anvil {{\n  chroot =\n}}\n\
             service stats {{\n  chroot =\n}}\n"
        )
    };
    let chroot = if root { "" } else { "  chroot =\n" };
    format!(
        "base_dir = {home}/run\nstate_dir = {home}/state\nlog_path = {home}/log\n\
         protocols = imap\nlisten = 127.0.0.1\nssl = yes\nssl_cert = <{home}/cert.pem\n\
         ssl_key = <{home}/key.pem\ndisable_plaintext_auth = no\nfirst_valid_uid = 1\n\
         mail_location = maildir:{home}/mail\nmail_max_userip_connections = 50\n{own}\
         passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n\
         userdb {{\n  driver = static\n  args = uid={uid} gid={gid} home={home}\n}}\n\
         namespace inbox {{\n  inbox = yes\n  mailbox Processed {{\n    auto = create\n  }}\n}}\n\
         service imap-login {{\n{chroot}  inet_listener imap {{\n    port = {port}\n  }}\n\
         \x20 inet_listener imaps {{\n    port = {tls_port}\n    ssl = yes\n  }}\n}}\n"
    )
}

/// A TAXII server with one collection.
pub(crate) struct Medallion {
    _home: TempDir,
    child: Child,
    port: u16,
}

/// The id of that collection.
pub(crate) const COLLECTION: &str = "91a7b528-80eb-42ed-a74d-c6fbd5a26116";
/// Who may read it.
pub(crate) const READER: &str = "user = \"reader\"\npassword = \"geheim-geheim\"\n";

const MEDIA: &str = "application/taxii+json;version=2.1";

impl Medallion {
    /// A server whose collection holds `count` objects.
    pub(crate) fn start(count: usize) -> Option<Self> {
        let program = program("TODOKE_TEST_MEDALLION")?;
        let home = tempfile::tempdir().unwrap();
        let port = free_port();
        let root = format!("http://127.0.0.1:{port}/api/");
        let objects: Vec<Value> = (0..count).map(object).collect();
        let manifest: Vec<Value> = (0..count)
            .map(|number| {
                serde_json::json!({
                    "id": object(number)["id"], "media_type": "application/stix+json;version=2.1",
                    "date_added": format!("2026-03-01T00:00:{:02}.000000Z", number / 2),
                    "version": object(number)["modified"],
                })
            })
            .collect();
        let collection = serde_json::json!({
            "id": COLLECTION, "title": "Detections", "can_read": true, "can_write": true,
            "media_types": ["application/stix+json;version=2.1"],
            "objects": objects, "manifest": manifest,
        });
        let data = serde_json::json!({
            "/discovery": { "title": "A server", "default": root, "api_roots": [root] },
            "api": {
                "information": { "title": "A root", "versions": [MEDIA],
                    "max_content_length": 1_000_000 },
                "status": [], "collections": [collection],
            },
        });
        let file = home.path().join("data.json");
        fs::write(&file, data.to_string()).unwrap();
        let config = serde_json::json!({
            "backend": { "module": "medallion.backends.memory_backend",
                "module_class": "MemoryBackend", "filename": file },
            "users": { "reader": "geheim-geheim" }, "taxii": { "max_page_size": 100 },
        });
        let config_file = home.path().join("config.json");
        fs::write(&config_file, config.to_string()).unwrap();
        let mut command = Command::new(program);
        command.args(["--port", &port.to_string()]).arg(config_file);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = child.spawn().unwrap();
        awaits(port);
        Some(Self { _home: home, child, port })
    }

    /// Its discovery address.
    pub(crate) fn discovery(&self) -> String {
        format!("http://127.0.0.1:{}/taxii2/", self.port)
    }

    /// Adds one more object to the collection.
    pub(crate) fn gets(&self, number: usize) {
        let url = format!("http://127.0.0.1:{}/api/collections/{COLLECTION}/objects/", self.port);
        let body = serde_json::json!({ "objects": [object(number)] }).to_string();
        // `reader:geheim-geheim` in Base64.
        let answer = ureq::post(&url)
            .header("Authorization", "Basic cmVhZGVyOmdlaGVpbS1nZWhlaW0=")
            .header("Accept", MEDIA)
            .header("Content-Type", MEDIA)
            .send(body)
            .unwrap();
        assert_eq!(answer.status(), 202);
    }
}

impl Drop for Medallion {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// An object that its number tells apart.
pub(crate) fn object(number: usize) -> Value {
    serde_json::json!({
        "type": "ipv4-addr", "spec_version": "2.1",
        "id": format!("indicator--00000000-0000-4000-8000-{number:012}"),
        "created": "2026-03-01T00:00:00.000Z", "modified": "2026-03-01T00:00:00.000Z",
        "value": format!("198.18.0.{number}"),
    })
}
