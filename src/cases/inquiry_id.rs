//! Inquiry IDs (問合せID): fifteen digits that lead to one case and say nothing.
//!
//! At rest an ID is a keyed tag, to look it up, and a ciphertext, to issue a list again; the keys
//! live outside the database. An ID never stands in an address, a log or a metric.

use std::{collections::HashMap, fmt};

use aes_gcm_siv::{
    Aes256GcmSiv, Nonce,
    aead::{Aead, KeyInit as _, Payload},
};
use anyhow::anyhow;
use hmac::{Hmac, Mac as _};
use rand::Rng;
use sha2::Sha256;
use unicode_normalization::UnicodeNormalization as _;

use super::{CaseRef, store};
use crate::{
    access::keys::Keys,
    app::App,
    db::Tx,
    ids::{CaseId, IspId},
    time::Moment,
};

/// Inquiry ID (問合せID): fourteen random digits and a check digit, shown `48213-90417-66206`.
///
/// Digits alone, because most read it aloud. IDs that begin 34 or 37 look like cards and are not
/// drawn. The last digit is Damm's (*Total anti-symmetrische Quasigruppen*, Marburg 2004): one
/// misheard digit or two swapped neighbours never open a stranger's case. It has no `Display`, and
/// `Debug` hides it, so that none slips into a log.
#[derive(Clone, PartialEq, Eq)]
#[doc(alias = "問合せID")]
pub struct InquiryId([u8; 15]);

/// Days for which an ID still leads to its case after the case closed.
pub const DAYS_AFTER_CLOSING: i64 = 180;

/// Why a text is no inquiry ID; all of it could be computed by anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAnInquiryId {
    /// Not fifteen digits.
    #[error("an inquiry ID has 15 digits; this has {0}")]
    WrongLength(usize),
    /// Something that is neither a digit, a space nor a dash.
    #[error("an inquiry ID holds digits only")]
    NotADigit,
    /// The check digit fails.
    #[error("please check the number: one digit seems mistyped")]
    Mistyped,
}

/// Damm's table of order ten: totally anti-symmetric, zeros on the diagonal.
const DAMM: [[u8; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

fn damm(digits: &[u8]) -> u8 {
    digits.iter().fold(0, |row, digit| DAMM[usize::from(row)][usize::from(*digit)])
}

impl InquiryId {
    /// Draws an ID: unbiased digits, none that looks like a payment card.
    pub fn draw(rng: &mut impl Rng) -> Self {
        loop {
            let mut id = [0; 15];
            for digit in &mut id[..14] {
                *digit = draw_digit(rng);
            }
            if id[0] == 3 && (id[1] == 4 || id[1] == 7) {
                continue;
            }
            id[14] = damm(&id[..14]);
            return Self(id);
        }
    }

    /// Reads what a person typed: full-width digits, spaces, any dash, O for 0 and I or l for 1.
    pub fn parse(typed: &str) -> Result<Self, NotAnInquiryId> {
        let mut digits = Vec::with_capacity(15);
        for c in typed.nfkc().filter(|c| !is_filler(*c)) {
            let digit = match c {
                'O' | 'o' | '〇' | '○' => 0,
                'I' | 'l' | 'i' | '|' => 1,
                _ => u8::try_from(c.to_digit(10).ok_or(NotAnInquiryId::NotADigit)?).unwrap_or(0),
            };
            digits.push(digit);
        }
        let count = digits.len();
        let digits: [u8; 15] = digits.try_into().map_err(|_| NotAnInquiryId::WrongLength(count))?;
        if damm(&digits) == 0 { Ok(Self(digits)) } else { Err(NotAnInquiryId::Mistyped) }
    }

    /// The ID as a letter or a list shows it. Call it only where the reader may hold the ID.
    pub fn reveal(&self) -> String {
        let digit = |d: &u8| char::from(b'0' + d);
        let group = |part: &[u8]| part.iter().map(digit).collect::<String>();
        self.0.chunks(5).map(group).collect::<Vec<_>>().join("-")
    }

    /// The look-up tag: HMAC-SHA-256 under the look-up key.
    pub fn tag(&self, keys: &Keys) -> [u8; 32] {
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new_from_slice(&keys.lookup)
            .expect("HMAC takes a key of any length");
        mac.update(&self.0);
        mac.finalize().into_bytes().into()
    }

    fn seal(&self, keys: &Keys, case: CaseRef, nonce: [u8; 12]) -> anyhow::Result<Vec<u8>> {
        let payload = Payload { msg: &self.0, aad: case.id.0.as_bytes() };
        let sealed = cipher(keys)
            .encrypt(&Nonce::from(nonce), payload)
            .map_err(|_| anyhow!("an inquiry ID cannot be sealed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn unseal(keys: &Keys, case: CaseRef, sealed: &[u8]) -> anyhow::Result<Self> {
        let broken = || anyhow!("the inquiry ID of case {} does not open under this key", case.id);
        let (nonce, msg) = sealed.split_at_checked(12).ok_or_else(broken)?;
        let nonce: [u8; 12] = nonce.try_into().map_err(|_| broken())?;
        let payload = Payload { msg, aad: case.id.0.as_bytes() };
        let digits = cipher(keys).decrypt(&Nonce::from(nonce), payload).map_err(|_| broken())?;
        Ok(Self(digits.try_into().map_err(|_| broken())?))
    }
}

impl fmt::Debug for InquiryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InquiryId(…)")
    }
}

/// A digit without bias: bytes from 250 on are drawn again.
fn draw_digit(rng: &mut impl Rng) -> u8 {
    loop {
        let mut byte = [0];
        rng.fill_bytes(&mut byte);
        if byte[0] < 250 {
            return byte[0] % 10;
        }
    }
}

/// Spaces, line ends, zero-width marks and every dash people type between the groups.
fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || matches!(c,
            '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{2500}' | 'ー' | '\u{ff70}' | '\u{ff0d}'
            | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '_' | '.')
}

fn cipher(keys: &Keys) -> Aes256GcmSiv {
    Aes256GcmSiv::new(&keys.seal.into())
}

/// The case that `id` leads to; unknown, ended and withdrawn give the same nothing.
pub async fn look_up(app: &App, id: &InquiryId) -> crate::db::Result<Option<CaseRef>> {
    store::by_tag(&app.db, &id.tag(&app.keys), app.now()).await
}

/// The inquiry ID of a case: the one it has, or a fresh one.
pub(crate) async fn issue(app: &App, tx: &mut Tx, case: CaseRef) -> anyhow::Result<InquiryId> {
    if let Some(sealed) = store::sealed_id(tx, case).await? {
        return InquiryId::unseal(&app.keys, case, &sealed);
    }
    loop {
        let (id, nonce) = app.random(|rng| {
            let mut nonce = [0; 12];
            rng.fill_bytes(&mut nonce);
            (InquiryId::draw(rng), nonce)
        });
        let sealed = id.seal(&app.keys, case, nonce)?;
        // A tag that is taken is drawn again: among ten million IDs this happens once or never.
        if store::insert_id(tx, case, &id.tag(&app.keys), &sealed, app.now()).await? {
            return Ok(id);
        }
    }
}

/// The inquiry ID of a case from its sealed text.
pub(crate) fn unsealed(app: &App, case: CaseRef, sealed: &[u8]) -> anyhow::Result<InquiryId> {
    InquiryId::unseal(&app.keys, case, sealed)
}

/// The inquiry ID of a case whose sealed text is at hand already, as it is for a list: opened, or
/// fresh where there is none; see [`issue`].
pub(crate) async fn opened(
    app: &App,
    tx: &mut Tx,
    (case, sealed): (CaseRef, Option<&[u8]>),
) -> anyhow::Result<InquiryId> {
    match sealed {
        Some(sealed) => InquiryId::unseal(&app.keys, case, sealed),
        None => issue(app, tx, case).await,
    }
}

/// The inquiry IDs of cases of one provider: those they have, or fresh ones, in a few statements.
pub(crate) async fn issue_all(
    app: &App,
    tx: &mut Tx,
    isp: IspId,
    cases: &[CaseId],
) -> anyhow::Result<HashMap<CaseId, InquiryId>> {
    let keys: Vec<Vec<u8>> = cases.iter().map(|case| case.0.as_bytes().to_vec()).collect();
    let mut ids = HashMap::with_capacity(cases.len());
    for (id, sealed) in store::ids::sealed(tx, isp, &keys).await? {
        ids.insert(id, InquiryId::unseal(&app.keys, CaseRef { isp, id }, &sealed)?);
    }
    let mut fresh = Vec::new();
    for id in cases {
        if ids.contains_key(id) {
            continue;
        }
        let (drawn, nonce) = app.random(|rng| {
            let mut nonce = [0; 12];
            rng.fill_bytes(&mut nonce);
            (InquiryId::draw(rng), nonce)
        });
        let sealed = drawn.seal(&app.keys, CaseRef { isp, id: *id }, nonce)?;
        fresh.push((drawn.tag(&app.keys).to_vec(), *id, sealed));
        ids.insert(*id, drawn);
    }
    let wanted = fresh.len() as u64;
    if store::ids::insert(tx, isp, &fresh, app.now()).await? < wanted {
        // A tag was taken: those cases draw again.
        for (_, id, _) in fresh {
            ids.insert(id, issue(app, tx, CaseRef { isp, id }).await?);
        }
    }
    Ok(ids)
}

/// Ends the ID of a case at `ends_at`, or lifts its end.
pub(crate) async fn end(
    tx: &mut Tx,
    case: CaseRef,
    ends_at: Option<Moment>,
) -> crate::db::Result<()> {
    store::set_id_end(tx, case, ends_at).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    fn drawn() -> InquiryId {
        InquiryId::draw(&mut rand_chacha::ChaCha20Rng::seed_from_u64(7))
    }

    #[test]
    fn the_published_example_is_valid_and_the_usual_table_says_572_4() {
        assert_eq!(damm(&[5, 7, 2]), 4);
        assert!(InquiryId::parse("48213-90417-66206").is_ok());
    }

    #[test]
    fn an_id_is_read_in_every_way_people_type_it() {
        let shown = "48213-90417-66206";
        let id = InquiryId::parse(shown).unwrap();
        let wide: String = shown
            .chars()
            .map(|c| c.to_digit(10).map_or('－', |d| char::from_u32(0xff10 + d).unwrap()))
            .collect();
        let mut ways = vec![wide, shown.replace('-', ""), shown.replace('-', "\u{3000}")];
        ways.push(shown.replace('0', "O").replace('1', "I"));
        ways.push(shown.replace('0', "〇").replace('1', "l"));
        ways.push(format!(" \r\n{shown}\r\n\u{feff}"));
        for dash in [
            "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}", "\u{2014}", "\u{2015}", "\u{2212}",
            "\u{2500}", "ー", "\u{ff70}", "\u{ff0d}", " ", "\u{200b}", "_", ".",
        ] {
            ways.push(shown.replace('-', dash));
        }
        ways.push("482 139 041 766 206".into());
        ways.push("4821 3904 1766 206".into());
        ways.push("4-8-2-1-3-9-0-4-1-7-6-6-2-0-6".into());
        ways.push(format!("{shown}\u{200b}"));
        assert!(ways.len() >= 25, "{}", ways.len());
        for way in ways {
            assert_eq!(InquiryId::parse(&way).as_ref(), Ok(&id), "{way:?}");
        }
    }

    #[test]
    fn one_wrong_digit_or_a_swap_of_neighbours_is_always_noticed() {
        let id = drawn();
        let typed = |digits: &[u8]| digits.iter().map(ToString::to_string).collect::<String>();
        for place in 0..15 {
            for digit in (0..10).filter(|d| *d != id.0[place]) {
                let mut wrong = id.0;
                wrong[place] = digit;
                assert_eq!(InquiryId::parse(&typed(&wrong)), Err(NotAnInquiryId::Mistyped));
            }
        }
        for place in (0..14).filter(|p| id.0[*p] != id.0[p + 1]) {
            let mut wrong = id.0;
            wrong.swap(place, place + 1);
            assert_eq!(InquiryId::parse(&typed(&wrong)), Err(NotAnInquiryId::Mistyped));
        }
        assert_eq!(InquiryId::parse(&typed(&id.0[..14])), Err(NotAnInquiryId::WrongLength(14)));
        assert_eq!(format!("{id:?}"), "InquiryId(…)");
    }

    #[test]
    fn drawn_digits_are_even_and_none_looks_like_a_card() {
        let mut rng = rand_chacha::ChaCha20Rng::seed_from_u64(11);
        let mut counts = [[0_u32; 10]; 14];
        let mut seen = std::collections::HashSet::new();
        for _ in 0..100_000 {
            let id = InquiryId::draw(&mut rng);
            assert!(!(id.0[0] == 3 && (id.0[1] == 4 || id.0[1] == 7)));
            assert!(seen.insert(id.0));
            (0..14).for_each(|p| counts[p][usize::from(id.0[p])] += 1);
        }
        for place in &counts[2..] {
            let chi: f64 =
                place.iter().map(|n| (f64::from(*n) - 10_000.0).powi(2) / 10_000.0).sum();
            assert!(chi < 33.7, "a digit is drawn unevenly: {chi}"); // 9 df, p = 0.0001
        }
    }

    #[test]
    fn a_sealed_id_opens_only_for_its_own_case() {
        let keys = Keys { lookup: [1; 32], seal: [2; 32] };
        let uuid = uuid::Uuid::from_u128;
        let case = CaseRef { isp: crate::ids::IspId(uuid(1)), id: crate::ids::CaseId(uuid(2)) };
        let other = CaseRef { id: crate::ids::CaseId(uuid(3)), ..case };
        let sealed = drawn().seal(&keys, case, [9; 12]).unwrap();
        assert_eq!(InquiryId::unseal(&keys, case, &sealed).unwrap(), drawn());
        assert!(InquiryId::unseal(&keys, other, &sealed).is_err());
    }
}
