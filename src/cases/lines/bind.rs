//! Binding (回線の紐付け): the tokens of a whole report at once.
//!
//! Whatever hangs together by tokens is read in a few statements, the new words are added to it in
//! memory, and what changed is written. Of several tokens of an epoch the one that was said last
//! counts, whenever it came; of two of one moment the greater, so that their order does not matter.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use anyhow::ensure;

use super::{EndPoint, LineToken};
use crate::{
    cases::store::tokens::{self as store, OfLine, Standing},
    db::Tx,
    ids::{CaseId, IspId},
    time::Moment,
};

/// A token with its epoch.
type Named = (String, Vec<u8>);

/// Binds each token to its case, as the provider said at `said_at`, and joins the cases of each
/// line. Cases that are withdrawn say nothing of any line.
pub(crate) async fn bind_all(
    tx: &mut Tx,
    isp: IspId,
    said: &[(CaseId, LineToken<'_>)],
    (at, author): (Moment, &str),
) -> anyhow::Result<()> {
    ensure!(
        said.iter().all(|(_, token)| !token.epoch.is_empty()),
        "a line token without an epoch cannot be compared"
    );
    if said.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<CaseId> = said.iter().map(|(case, _)| *case).collect();
    let standing = store::cases(tx, isp, &bytes_of(&keys)).await?;
    let standing: HashSet<CaseId> = standing.into_iter().map(|case| case.id).collect();
    let mut said: Vec<_> = said.iter().filter(|(case, _)| standing.contains(case)).collect();
    said.sort_by_key(|(case, token)| (token.said_at, token.token, *case));
    let mut web = Web::around(tx, isp, &said).await?;
    for (case, token) in said {
        web.say(*case, token, at);
    }
    if web.changed.is_empty() {
        return Ok(());
    }
    store::put(tx, isp, &web.changes(), (at, author)).await?;
    store::count_join(tx, isp).await?;
    let links = web.links(tx, isp).await?;
    store::set_speakers(tx, isp, &links, (at, author)).await?;
    Ok(())
}

fn bytes_of<'a>(cases: impl IntoIterator<Item = &'a CaseId>) -> Vec<Vec<u8>> {
    cases.into_iter().map(|case| case.0.as_bytes().to_vec()).collect()
}

/// Cases and the tokens that stand for them, whatever hangs together.
#[derive(Default)]
struct Web {
    tokens: BTreeMap<(CaseId, Named), (Moment, Option<Moment>)>,
    of_case: HashMap<CaseId, BTreeSet<Named>>,
    of_token: HashMap<Named, BTreeSet<CaseId>>,
    /// Rows that are to be written.
    changed: BTreeSet<(CaseId, Named)>,
    /// Cases whose line may have changed.
    touched: BTreeSet<CaseId>,
}

impl Web {
    /// All that hangs together with what is said now.
    async fn around(
        tx: &mut Tx,
        isp: IspId,
        said: &[&(CaseId, LineToken<'_>)],
    ) -> crate::db::Result<Self> {
        let mut web = Self::default();
        let mut cases: BTreeSet<CaseId> = said.iter().map(|(case, _)| *case).collect();
        let mut tokens: BTreeSet<Vec<u8>> =
            said.iter().map(|(_, token)| token.token.to_vec()).collect();
        let (mut known_cases, mut known_tokens) = (HashSet::new(), HashSet::new());
        while !(cases.is_empty() && tokens.is_empty()) {
            let of_cases = store::of_cases(tx, isp, &bytes_of(&cases)).await?;
            let keys: Vec<Vec<u8>> = tokens.iter().cloned().collect();
            let of_tokens = store::of_tokens(tx, isp, &keys).await?;
            known_cases.extend(cases);
            known_tokens.extend(tokens);
            (cases, tokens) = (BTreeSet::new(), BTreeSet::new());
            for row in of_cases.into_iter().chain(of_tokens) {
                if row.ended_at.is_none() && !known_cases.contains(&row.case_id) {
                    cases.insert(row.case_id);
                }
                if row.ended_at.is_none() && !known_tokens.contains(&row.token) {
                    tokens.insert(row.token.clone());
                }
                web.add(row);
            }
        }
        Ok(web)
    }

    fn add(&mut self, row: Standing) {
        let named = (row.epoch, row.token);
        if row.ended_at.is_none() {
            self.of_case.entry(row.case_id).or_default().insert(named.clone());
            self.of_token.entry(named.clone()).or_default().insert(row.case_id);
        }
        self.tokens.insert((row.case_id, named), (row.said_at, row.ended_at));
    }

    /// The provider says of a case that it is on the line of that token: its newer word ends its
    /// older one. Whoever shared the older one's line by it alone is a line without this case.
    fn say(&mut self, case: CaseId, token: &LineToken<'_>, at: Moment) {
        let named: Named = (token.epoch.to_owned(), token.token.to_vec());
        let others: Vec<Named> = self.of_case.get(&case).map_or_else(Vec::new, |all| {
            all.iter().filter(|one| one.0 == named.0 && one.1 != named.1).cloned().collect()
        });
        let said_at = |one: &Named| self.tokens.get(&(case, one.clone())).map(|row| row.0);
        let is_outdated =
            others.iter().any(|one| (said_at(one), &one.1) > (Some(token.said_at), &named.1));
        let row = self.tokens.get(&(case, named.clone()));
        let is_known = row.is_some_and(|(said, end)| end.is_none() && *said >= token.said_at);
        if is_outdated || is_known {
            return;
        }
        let latest = row.map_or(token.said_at, |(said, _)| (*said).max(token.said_at));
        for one in others {
            if let Some(row) = self.tokens.get_mut(&(case, one.clone())) {
                row.1 = Some(at);
            }
            self.of_case.entry(case).or_default().remove(&one);
            let left = self.of_token.entry(one.clone()).or_default();
            left.remove(&case);
            self.touched.extend(left.first());
            self.changed.insert((case, one));
        }
        self.add(Standing {
            epoch: named.0.clone(),
            token: named.1.clone(),
            case_id: case,
            said_at: latest,
            ended_at: None,
        });
        self.changed.insert((case, named));
        self.touched.insert(case);
    }

    fn changes(&self) -> Vec<Standing> {
        let row = |key: &(CaseId, Named)| {
            let (said_at, ended_at) = *self.tokens.get(key)?;
            let (case_id, (epoch, token)) = key.clone();
            Some(Standing { epoch, token, case_id, said_at, ended_at })
        };
        self.changed.iter().filter_map(row).collect()
    }

    /// A case and whatever shares a token with it, or with one that does.
    fn line_of(&self, case: CaseId) -> BTreeSet<CaseId> {
        let (mut line, mut waiting) = (BTreeSet::new(), vec![case]);
        while let Some(case) = waiting.pop() {
            if line.insert(case) {
                let tokens = self.of_case.get(&case).into_iter().flatten();
                waiting.extend(tokens.flat_map(|token| &self.of_token[token]));
            }
        }
        line
    }

    /// Which case speaks for which from now on, where that changes: the earliest of each line and
    /// end point for the others.
    async fn links(
        &self,
        tx: &mut Tx,
        isp: IspId,
    ) -> crate::db::Result<Vec<(CaseId, Option<CaseId>)>> {
        let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
        for case in &self.touched {
            if !seen.contains(case) {
                let line = self.line_of(*case);
                seen.extend(line.iter().copied());
                lines.push(line);
            }
        }
        let cases = store::cases(tx, isp, &bytes_of(&seen)).await?;
        let cases: HashMap<CaseId, OfLine> =
            cases.into_iter().map(|case| (case.id, case)).collect();
        let mut links = Vec::new();
        for line in lines {
            let mut line: Vec<&OfLine> = line.iter().filter_map(|id| cases.get(id)).collect();
            line.sort_by_key(|case| (case.first_seen, &case.spot));
            for end_point in EndPoint::ALL {
                let mut members = line.iter().filter(|case| EndPoint::at(&case.spot) == end_point);
                let Some(speaker) = members.next() else { continue };
                let others = members.map(|case| (case, Some(speaker.id)));
                let all = std::iter::once((speaker, None)).chain(others);
                links.extend(
                    all.filter(|(case, wanted)| case.line_of != *wanted)
                        .map(|(case, wanted)| (case.id, wanted)),
                );
            }
        }
        Ok(links)
    }
}
