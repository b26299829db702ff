//! PostgreSQL restarts in the middle, and PostgreSQL asks to do it again (SQLSTATE 40001).
//!
//! The second is brought about in the server, by what this harness puts on every table: a trigger
//! refuses each statement that writes with a chance of one in twenty, a row policy each one that
//! reads, and deferred triggers the commits of intake and of lists. A policy holds for whoever is
//! no superuser, so that the program works under a role of its own. The draws come from a sequence,
//! which no rollback turns back, so that a seed repeats them. Nothing of the program knows of it.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::centre::{Answer, Centre, start, wait};
use super::{Told, Wish};
use crate::bench::input;
use crate::cluster::Cluster;
use crate::{packages, processes};

/// How often the server restarts in a full run.
const RESTARTS: u64 = 60;
/// Stories told in a full run.
const STORIES: u64 = 20;
/// How often a command is given again that says it was refused.
const TRIES: u32 = 60;

const TRIGGERS: &str = "
CREATE SEQUENCE faults_draws;
CREATE FUNCTION faults_let_through() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- A transaction that only reads sees one moment, and PostgreSQL refuses it for no other's sake.
    IF current_setting('transaction_read_only') = 'on' THEN
        RETURN true;
    END IF;
    IF abs(hashint8extended(nextval('faults_draws'), SEED)) % 100 < 5 THEN
        RAISE serialization_failure USING MESSAGE = 'refused by the harness';
    END IF;
    RETURN true;
END $$;
CREATE FUNCTION faults_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM faults_let_through();
    RETURN NULL;
END $$;
GRANT ALL ON SEQUENCE faults_draws TO teller;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
                   AND tablename NOT IN ('_sqlx_migrations', 'migration_lock') LOOP
        EXECUTE format('CREATE TRIGGER faults_statement BEFORE INSERT OR UPDATE OR DELETE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION faults_refuse()', name);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        -- As a query of its own the function is called once for each statement, not for each row.
        EXECUTE format('CREATE POLICY faults_all ON %I USING (true)', name);
        -- Beside the policies of the product this one holds too, and does not merely let more in.
        EXECUTE format('CREATE POLICY faults_read ON %I AS RESTRICTIVE FOR SELECT
            USING ((SELECT faults_let_through()))', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['feed_files', 'case_numbers', 'notices'] LOOP
        EXECUTE format('CREATE CONSTRAINT TRIGGER faults_commit AFTER INSERT OR UPDATE ON %I
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION faults_refuse()', name);
    END LOOP;
END $$;
";

/// Lets reading through again.
const CALM: &str = "
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I DISABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$";

/// Refusals so far: the draws that were refusals, counted as the function counts them.
const REFUSED: &str =
    "SELECT COUNT(*) FROM generate_series(1, (SELECT last_value FROM faults_draws))
     AS draw WHERE abs(hashint8extended(draw, SEED)) % 100 < 5";

fn server() -> Result<Cluster> {
    Cluster::start(packages::postgresql()?)
}

/// A database of its own on the server.
fn database(server: &Cluster, name: &str) -> Result<String> {
    let url = server.url();
    psql(&url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    psql(&url, &format!("CREATE DATABASE {name}"))?;
    let base = url.rsplit_once('/').context("the URL names no database")?.0;
    Ok(format!("{base}/{name}"))
}

fn psql(url: &str, sql: &str) -> Result<String> {
    let mut psql = processes::command("psql");
    processes::output(psql.args([url, "-v", "ON_ERROR_STOP=1", "-qAtX", "-c", sql]))
}

/// Waits for a transaction that has written, and has the server fall down in the middle of it: the
/// postmaster is told to quit at once from within, so that no time passes in between.
const FALL: &str = "
DO $$ BEGIN
    FOR attempt IN 1..4000 LOOP
        PERFORM pg_stat_clear_snapshot();
        IF EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = 'restarted' AND backend_xid IS NOT NULL) THEN
            COPY (SELECT 1) TO PROGRAM 'kill -QUIT $(head -n 1 postmaster.pid)';
            PERFORM pg_sleep(10);
        END IF;
        PERFORM pg_sleep(0.0005);
    END LOOP;
END $$";

/// Has the server fall down in mid-transaction; whether there was one to fall in.
fn falls(server: &Cluster) -> bool {
    // The connection that asks for it breaks with all others.
    psql(&server.url(), FALL).is_err()
}

/// Restarts the server in mid-transaction, at random times while files are taken in.
pub(super) fn restarts(wish: &Wish) -> Result<Told> {
    let server = match server() {
        Ok(server) => server,
        Err(why) => return Ok(Told::skip(format!("{why:#}"))),
    };
    let folder = wish.folder("restarts")?;
    let mut files = Vec::new();
    for number in 0..6 {
        let own = folder.join(number.to_string());
        fs::create_dir_all(&own)?;
        files.push(input::list(&own, "2026-11-21", 1_000, 1 + number)?);
    }
    let args = Centre::ingest(&files);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let make = |name: &str| Centre::make(wish, &folder.join(name), Some(database(&server, name)?));
    let calm = make("calm")?;
    let begin = Instant::now();
    calm.must(&args)?;
    let (takes, calm) = (begin.elapsed(), calm.state_hash()?);
    let (mut told, mut random, mut ends) = (Told::default(), wish.random(), [0, 0]);
    for point in wish.points(RESTARTS) {
        let centre = make("restarted")?;
        let pause = Duration::from_micros(random.below(takes.as_micros().try_into()?));
        let child = start(&mut centre.command(&args))?;
        thread::sleep(pause);
        told.hit += u64::from(falls(&server));
        server.restart()?;
        told.points += 1;
        let answer = wait(child)?;
        let at = format!("restart {point} after {pause:?}");
        ends[usize::from(answer.status != Some(0))] += 1;
        if !answer.is_clear() {
            told.wrong.push(format!("{at}: it ended with {:?} and said nothing", answer.status));
        }
        centre.recovers(&mut told, (&files, &calm), (&answer.lines, &at))?;
        fs::remove_dir_all(folder.join("restarted"))?;
    }
    let [through, faults] = ends;
    told.note = format!("{through} went through, {faults} ended with a clear fault");
    Ok(told)
}

/// Tells the same story with and without refusals.
pub(super) fn serialization(wish: &Wish) -> Result<Told> {
    let server = match server() {
        Ok(server) => server,
        Err(why) => return Ok(Told::skip(format!("{why:#}"))),
    };
    let folder = wish.folder("serialization")?;
    psql(&server.url(), "CREATE ROLE teller LOGIN")?;
    let story = Story::write(&folder)?;
    let calm = Centre::make(wish, &folder.join("calm"), Some(database(&server, "calm")?))?;
    let mut told = Told::default();
    let mut given_again = story.tell(&calm, &mut told, "undisturbed")?;
    if given_again.iter().any(|(_, times)| *times > 0) {
        bail!("a command is refused on a server that refuses nothing");
    }
    let (calm, mut refused) = (calm.state_hash()?, 0);
    for point in wish.points(STORIES) {
        let seed = (wish.seed * 1_000 + point).to_string();
        let url = database(&server, "refusing")?;
        psql(&url, "ALTER DATABASE refusing OWNER TO teller")?;
        let as_teller = url.replacen("postgres@", "teller@", 1);
        let centre = Centre::make(wish, &folder.join("refusing"), Some(as_teller))?;
        psql(&url, &TRIGGERS.replace("SEED", &seed))?;
        let at = format!("story {point}");
        let times = story.tell(&centre, &mut told, &at)?;
        given_again.iter_mut().zip(times).for_each(|((_, sum), (_, times))| *sum += times);
        told.points += 1;
        let here: u64 = psql(&url, &REFUSED.replace("SEED", &seed))?.parse()?;
        told.hit += u64::from(here > 0);
        refused += here;
        psql(&url, CALM)?;
        centre.check(&mut told, &at)?;
        if centre.state_hash()? != calm {
            told.wrong.push(format!("{at}: the state is not that of an undisturbed story"));
        }
        fs::remove_dir_all(folder.join("refusing"))?;
    }
    let same = given_again.chunk_by(|(one, _), (two, _)| one == two);
    let sum = |same: &[(String, u32)]| {
        format!("{} {}", same[0].0, same.iter().map(|(_, times)| times).sum::<u32>())
    };
    let again: Vec<String> = same.map(sum).collect();
    told.note = format!("{refused} refusals; given again: {}", again.join(", "));
    Ok(told)
}

/// A story of a few devices: found, listed, reported, and looked for once more.
struct Story {
    hits: PathBuf,
    coverage: Vec<PathBuf>,
    report: PathBuf,
}

impl Story {
    fn write(folder: &Path) -> Result<Self> {
        let hits = input::list(folder, "2026-11-01", 6, 1)?;
        let mut coverage = Vec::new();
        for day in ["2026-11-01", "2026-11-10", "2026-11-20"] {
            let file = folder.join(format!("coverage-{day}.csv"));
            fs::write(&file, input::coverage(day))?;
            coverage.push(file);
        }
        Ok(Self { hits, coverage, report: folder.join("report.csv") })
    }

    /// Tells it; gives how often each command had to be given again.
    fn tell(&self, centre: &Centre, told: &mut Told, at: &str) -> Result<Vec<(String, u32)>> {
        let text = |path: &PathBuf| path.display().to_string();
        let mut times = Vec::new();
        let mut give = |name: &str, args: &[&str]| -> Result<Answer> {
            let (answer, again) = insisted(centre, args, told, at)?;
            times.push((name.to_owned(), again));
            Ok(answer)
        };
        give("ingest", &["ingest", "--feed", super::centre::FEED, &text(&self.hits)])?;
        for file in &self.coverage {
            give("coverage", &["coverage", "--feed", super::centre::FEED, &text(file)])?;
        }
        give("prepare", &["notice", "prepare", "--all"])?;
        let lists = give("list", &["notice", "list"])?.lines;
        for list in &lists {
            let (notice, isp) = (list["notice"].as_str(), list["isp"].as_str());
            let (notice, isp) = (notice.unwrap_or_default(), isp.unwrap_or_default());
            fs::write(&self.report, input::report(notice))?;
            give("report", &["report-back", "import", "--isp", isp, &text(&self.report)])?;
        }
        give("verify", &["verify"])?;
        Ok(times)
    }
}

/// Gives a command until it is done; it may say that it was refused, and nothing else.
fn insisted(centre: &Centre, args: &[&str], told: &mut Told, at: &str) -> Result<(Answer, u32)> {
    for again in 0..TRIES {
        let answer = centre.does(args)?;
        if answer.status == Some(0) {
            return Ok((answer, again));
        }
        if !answer.stderr.contains("refused by the harness") {
            told.wrong.push(format!("{at}: {args:?} ended with {}", answer.stderr));
            return Ok((answer, again));
        }
    }
    told.wrong.push(format!("{at}: {args:?} never came through"));
    Ok((centre.does(args)?, TRIES))
}
