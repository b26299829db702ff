//! A centre as `todoke init` makes it, made once for each engine and copied for every test: on
//! PostgreSQL the tables alone take a second.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{self, Command},
    sync::OnceLock,
};

use crate::centre::{Centre, Engine};

/// Where templates lie, and what their databases are called.
const FOLDERS: &str = env!("CARGO_TARGET_TMPDIR");
const NAME: &str = "todoke_template_";

struct Template {
    data: PathBuf,
    database: Option<String>,
}

/// What a centre is copied to, beside its data folder.
pub(crate) struct Copied {
    /// The URL of its database, on PostgreSQL.
    pub(crate) database: Option<String>,
}

/// Copies the template of an engine to this data folder; nothing when this run has no PostgreSQL.
pub(crate) fn copy(engine: Engine, data: &Path) -> Option<Copied> {
    static SQLITE: OnceLock<Option<Template>> = OnceLock::new();
    static POSTGRES: OnceLock<Option<Template>> = OnceLock::new();
    let template = match engine {
        Engine::Sqlite => &SQLITE,
        Engine::Postgres => &POSTGRES,
    };
    let template = template.get_or_init(|| make(engine)).as_ref()?;
    copy_folder(&template.data, data);
    Some(Copied { database: template.database.as_deref().map(database_like) })
}

/// The server that this run has.
pub(crate) fn server() -> Option<String> {
    std::env::var("TODOKE_TEST_POSTGRES").ok()
}

/// Says this to the server, and gives the first column of what it answers.
pub(crate) fn asks(server: &str, sql: &str) -> Vec<String> {
    let psql = Command::new("psql")
        .args([server, "-v", "ON_ERROR_STOP=1", "-qAtc", sql])
        .output()
        .expect("psql comes with PostgreSQL");
    assert!(psql.status.success(), "{}", String::from_utf8_lossy(&psql.stderr));
    String::from_utf8_lossy(&psql.stdout).lines().map(ToOwned::to_owned).collect()
}

fn make(engine: Engine) -> Option<Template> {
    let name = format!("{NAME}{}", process::id());
    let database = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => {
            let server = server()?;
            sweep_databases(&server);
            asks(&server, &format!("CREATE DATABASE {name}"));
            Some(url_of(&server, &name))
        }
    };
    sweep_folders();
    let folder = Path::new(FOLDERS).join(format!("{name}_{engine:?}"));
    fs::create_dir_all(&folder).unwrap();
    let data = folder.join("data");
    Centre::init(&data, database.as_deref());
    Some(Template { data, database: database.map(|_| name) })
}

/// A database that begins as that one stands.
fn database_like(template: &str) -> String {
    let server = server().expect("the template lies on the server");
    let name = super::centre::fresh_name();
    asks(&server, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
    url_of(&server, &name)
}

fn url_of(server: &str, name: &str) -> String {
    let base = server.rsplit_once('/').expect("the URL names a database").0;
    format!("{base}/{name}")
}

/// Nobody takes a template away when its run ends: the next run does.
fn sweep_databases(server: &str) {
    let all = "SELECT datname FROM pg_database WHERE datname LIKE 'todoke_template_%'";
    for name in asks(server, all).iter().filter(|name| is_over(name)) {
        asks(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }
}

fn sweep_folders() {
    for entry in fs::read_dir(FOLDERS).unwrap().flatten() {
        if is_over(&entry.file_name().to_string_lossy()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Whether that is a template of a run that is over.
fn is_over(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(NAME) else { return false };
    let run = rest.split('_').next().unwrap_or_default();
    !Path::new("/proc").join(run).exists()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
