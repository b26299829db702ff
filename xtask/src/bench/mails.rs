//! `cargo xtask bench mails`: how long a run of a thousand encrypted mails takes.
//!
//! A provider each with a key and a list; one command makes the mails, signs and encrypts each, and
//! hands it to a mail server of our own on loopback. What the preparation costs is not counted.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use serde_json::json;

use super::product::{self, Todoke};
use crate::{packages, processes};

/// Seconds within which a run of a thousand is wanted.
const AIM: f64 = 60.0;
/// Whom the one key is made for that all of them use.
const WHO: &str = "abuse@isp.example";

/// Runs it.
pub(super) fn run(args: &[String]) -> Result<bool> {
    let usage =
        || anyhow!("usage: cargo xtask bench mails [--mails N] [--json] [--database-url U]");
    let (mut mails, mut as_json, mut url) = (1_000_u32, false, None);
    let mut args = args.iter().map(String::as_str);
    while let Some(arg) = args.next() {
        match arg {
            "--json" => as_json = true,
            "--mails" => mails = args.next().ok_or_else(usage)?.replace('_', "").parse()?,
            "--database-url" => url = Some(args.next().ok_or_else(usage)?.to_owned()),
            _ => return Err(usage()),
        }
    }
    ensure!((1..=60_000).contains(&mails), "between 1 and 60,000 mails");
    packages::programs(&[("gpg", "gnupg")])?;
    let (program, folder) = product::build()?;
    let (port, taken) = sink()?;
    let todoke = Todoke::fresh(program, &folder, url)?;
    todoke.call(&["init"])?;
    todoke.write("centre.toml", &settings(port))?;
    todoke.call(&["mail", "key"])?;
    prepare(&todoke, &folder, mails)?;
    let measured = todoke.call(&["notice", "send", "--json"])?;
    let accepted = measured.stdout.matches("\"state\":\"accepted\"").count() as u64;
    let arrived = taken.load(Ordering::SeqCst);
    if accepted != u64::from(mails) || arrived != accepted {
        bail!("of {mails} mails {accepted} were accepted and {arrived} arrived");
    }
    let per_second = f64::from(mails) / measured.wall;
    if as_json {
        println!(
            "{}",
            json!({
                "mails": mails, "wall_seconds": measured.wall, "cpu_seconds": measured.cpu,
                "per_second": per_second, "peak_memory_bytes": measured.peak_bytes,
            })
        );
    } else {
        println!(
            "{mails} mails signed, encrypted and handed over in {:.1} s ({per_second:.0} a second, \
             {:.1} CPU s, peak {:.0} MiB); the aim for 1,000 is {AIM:.0} s",
            measured.wall,
            measured.cpu,
            measured.peak_bytes as f64 / 1_048_576.0,
        );
    }
    Ok(measured.wall * 1_000.0 <= AIM * f64::from(mails.max(1_000)))
}

fn settings(port: u16) -> String {
    format!(
        "name_ja = \"支援センター\"\nname_en = \"Support Centre\"\nphone = \"0120-111-222\"\n\
         hours_ja = \"平日\"\nhours_en = \"weekdays\"\ndomain = \"centre.example\"\n\n[mail]\n\
         from = \"notice@centre.example\"\nserver = \"127.0.0.1\"\nport = {port}\n\
         security = \"none\"\n"
    )
}

/// Providers, their key and preference, and a list for each.
fn prepare(todoke: &Todoke, folder: &Path, mails: u32) -> Result<()> {
    let mut register = String::from("code,name,asns,lease_policy,prefix,kind,valid_from\n");
    let mut hits = String::from(
        "scan_run,record_no,stream,detected_at,ip,proto,port,method_version,outcome,application,\
         weakness_code\n",
    );
    let now = processes::output(Command::new("date").args(["-u", "-d", "1 day ago", "+%FT%TZ"]))?;
    let now = now.trim();
    for at in 0..mails {
        let net = format!("11.{}.{}", at / 250, at % 250);
        writeln!(register, "isp-{at:05},ISP,,static,{net}.0/24,declared,2020-01-01")?;
        for host in 1..=20 {
            writeln!(
                hits,
                "r1,{at}-{host},notice,{now},{net}.{host},tcp,23,m1,detected,telnet,\
                 weak_credentials"
            )?;
        }
    }
    let file = |name: &str, text: &str| -> Result<String> {
        let path = folder.join(name);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
        Ok(path.display().to_string())
    };
    todoke.call(&["isp", "import", &file("mails-register.csv", &register)?])?;
    todoke.call(&["feed", "add", "scanner", "--format", "scan-list", "--stream", "notice"])?;
    todoke.call(&["ingest", "--feed", "scanner", &file("mails-hits.csv", &hits)?])?;
    let key = file("mails-key.asc", &key(folder)?)?;
    eprintln!("bench: {mails} providers hand in their keys");
    for at in 0..mails {
        let isp = format!("isp-{at:05}");
        todoke.call(&["isp", "key", "add", "--isp", &isp, &key])?;
        let set = ["isp", "delivery", "set", "--isp", &isp, "--way", "mail-openpgp", "--to", WHO];
        todoke.call(&set)?;
    }
    todoke.call(&["notice", "prepare", "--all"])?;
    Ok(())
}

/// A public key of GnuPG's making.
fn key(folder: &Path) -> Result<String> {
    let home = folder.join("gnupg");
    let _none_yet = fs::remove_dir_all(&home);
    fs::create_dir_all(&home)?;
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700))?;
    let gpg = |args: &[&str]| {
        let mut gpg = Command::new("gpg");
        gpg.arg("--homedir").arg(&home).args(["--batch", "--quiet", "--passphrase", ""]);
        processes::output(gpg.args(args))
    };
    gpg(&["--quick-generate-key", WHO, "rsa3072", "cert,sign,encr", "never"])?;
    gpg(&["--armor", "--export", WHO])
}

/// A mail server that takes everything, and counts it.
fn sink() -> Result<(u16, Arc<AtomicU64>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free")?;
    let port = listener.local_addr()?.port();
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let count = Arc::clone(&count);
            thread::spawn(move || take(&stream, &count));
        }
    });
    Ok((port, taken))
}

fn take(stream: &TcpStream, taken: &AtomicU64) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let say = |words: &str| (&*stream).write_all(format!("{words}\r\n").as_bytes()).ok();
    say("220 sink.example ESMTP")?;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().to_ascii_uppercase().as_str() {
            "DATA" => {
                say("354 go ahead")?;
                let mut line = Vec::new();
                while line != b".\r\n" {
                    line.clear();
                    if reader.read_until(b'\n', &mut line).ok()? == 0 {
                        return None;
                    }
                }
                taken.fetch_add(1, Ordering::SeqCst);
                say("250 2.0.0 taken")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 ok")?,
        }
    }
}
