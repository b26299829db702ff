//! GnuPG, as a provider uses it: its own home, its own keys.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

/// When keys are made, unless said otherwise: before the calendar of every test.
pub(crate) const MADE: &str = "20260301T000000";

/// A provider's GnuPG.
pub(crate) struct Gnupg {
    home: TempDir,
}

/// What it said of a mail.
#[derive(Debug)]
pub(crate) struct Opened {
    /// What was inside.
    pub(crate) content: Vec<u8>,
    /// Its status lines.
    pub(crate) status: String,
}

impl Gnupg {
    /// One without keys, or nothing where the program is missing.
    pub(crate) fn start() -> Option<Self> {
        if Command::new("gpg").arg("--version").output().is_err() {
            println!("skipped: there is no gpg");
            return None;
        }
        // The sockets of its agent have to fit in a short path.
        let home = tempfile::Builder::new().prefix("gpg").tempdir_in("/tmp").unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        Some(Self { home })
    }

    fn command(&self, at: &str, args: &[&str]) -> Command {
        let mut command = Command::new("gpg");
        command.arg("--homedir").arg(self.home.path());
        command.args(["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]);
        if !at.is_empty() {
            // Time stands still, so that a key is never younger than what it signs.
            command.args(["--faked-system-time", &format!("{at}!")]);
        }
        command.args(args);
        command
    }

    /// Runs it as if it were `at`; it must succeed.
    #[track_caller]
    pub(crate) fn does(&self, at: &str, args: &[&str]) -> Output {
        let output = self.command(at, args).stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output
    }

    /// Runs it on what comes by standard input.
    pub(crate) fn reads(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = self.command("", args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writing = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        let _ = writing.join();
        output
    }

    /// Makes a key for `who` of these kinds, at `at`; gives its fingerprint.
    pub(crate) fn makes(&self, who: &str, (primary, subkey): (&str, &str), at: &str) -> String {
        self.makes_until(who, (primary, subkey), (at, "never"))
    }

    /// The same for a key that ends.
    pub(crate) fn makes_until(
        &self,
        who: &str,
        (primary, subkey): (&str, &str),
        (at, until): (&str, &str),
    ) -> String {
        self.does(at, &["--quick-generate-key", who, primary, "cert,sign", until]);
        let fingerprint = self.fingerprint(who);
        if !subkey.is_empty() {
            self.does(at, &["--quick-add-key", &fingerprint, subkey, "encr", until]);
        }
        fingerprint
    }

    /// The fingerprint of the key of `who`.
    pub(crate) fn fingerprint(&self, who: &str) -> String {
        let listed = self.does("", &["--with-colons", "--list-keys", who]);
        let listed = String::from_utf8(listed.stdout).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    /// The public key of `who`, in armour.
    pub(crate) fn exports(&self, who: &str) -> Vec<u8> {
        self.does("", &["--armor", "--export", who]).stdout
    }

    /// Revokes the key with that fingerprint by the certificate that was made with it.
    pub(crate) fn revokes(&self, fingerprint: &str) {
        let path = self.home.path().join(format!("openpgp-revocs.d/{fingerprint}.rev"));
        let text = fs::read_to_string(path).unwrap();
        // A colon keeps it from being used by mistake.
        let revocation = text.replace(":-----BEGIN", "-----BEGIN");
        let begin = revocation.find("-----BEGIN").unwrap();
        let output = self.reads(&["--import"], &revocation.as_bytes()[begin..]);
        assert!(output.status.success(), "{output:?}");
    }

    /// Takes the centre's public key.
    pub(crate) fn knows(&self, key: &str) {
        let output = self.reads(&["--import"], key.as_bytes());
        assert!(output.status.success(), "{output:?}");
    }

    /// Opens an encrypted message.
    #[track_caller]
    pub(crate) fn opens(&self, message: &[u8]) -> Opened {
        let output = self.reads(&["--status-fd", "2", "--decrypt"], message);
        let status = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{status}");
        Opened { content: output.stdout, status }
    }
}

impl Drop for Gnupg {
    /// Its agent ends with it.
    fn drop(&mut self) {
        let home = self.home.path().display().to_string();
        let args = ["--homedir", &home, "--kill", "all"];
        let _ = Command::new("gpgconf").args(args).output();
    }
}
