//! `/isp/delivery`: how a provider's lists reach it, in which form, when, and by which key.
//!
//! What is said is shown before it holds, and the former ways stay: to go back to one is to say it
//! again. A form is taken once, so that a page that is loaded again makes no other secret.

use askama::Template;
use axum::Form as Typed;

use super::delivery_words::{self as words, Given};
use crate::{
    access::tenancy::Tenant,
    ids::FormId,
    isps::{
        delivery::{self, NotPreferred, Preference, Way, Wish},
        keys,
        pages::keys::{fingerprint_of, unfit},
    },
    notices::export::Form,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// Former preferences that are shown.
const SHOWN: usize = 50;

/// A word beside what it says.
type Fact = (String, String);

#[derive(Template)]
#[template(path = "notices/delivery.html")]
struct Delivery {
    page: Page,
    errors: Errors,
    /// What holds now.
    facts: Vec<Fact>,
    /// Each way, whether it encrypts, and the fingerprint of the key that stands for it.
    ways: Vec<(Way, bool, Option<String>)>,
    forms: [Form; 7],
    whens: [&'static str; 4],
    /// Hours of the day, and which one is given.
    hours: Vec<(u8, bool)>,
    /// What holds before the last change, and before that one, each as the form would send it.
    former: Vec<(Vec<Fact>, Given)>,
    given: Given,
}

async fn shown(
    tenant: &Tenant,
    signed: Signed,
    history: &[Preference],
    (given, errors): (Option<Given>, Errors),
) -> PageResult {
    let mut keys = keys::all(tenant).await?;
    keys.retain(|key| key.removed_at.is_none());
    let key = |way: Way| {
        let standard = way.standard()?;
        keys.iter().find(|key| key.standard == standard).map(fingerprint_of)
    };
    let ways = Way::ALL.map(|way| (way, way.standard().is_some(), key(way))).to_vec();
    let (status, page) = signed.page.answering(&errors);
    let told = |one: &Preference| {
        let facts = [words::of(&page, one), words::by(&page, one)].concat();
        (facts, Given::of(Some(one)))
    };
    let former = history.iter().skip(1).take(SHOWN).map(told).collect();
    let facts = match history.first() {
        Some(one) => told(one).0,
        None => words::unsaid(&page),
    };
    let given = given.unwrap_or_else(|| Given::of(history.first()));
    let (forms, whens) = (Form::ALL, words::WHENS);
    let hours = (0..24).map(|hour| (hour, given.hour.parse() == Ok(hour))).collect();
    let shown = Delivery { page, errors, facts, ways, forms, whens, hours, former, given };
    show_as(status, &shown)
}

/// `GET /isp/delivery`
pub(super) async fn show_now(tenant: Tenant, signed: Signed) -> PageResult {
    let history = delivery::history(&tenant).await?;
    shown(&tenant, signed, &history, (None, Errors::none())).await
}

/// What was given, as a wish that would be taken, with the fingerprint of its key.
async fn weighed(
    tenant: &Tenant,
    page: &Page,
    (given, history): (&Given, &[Preference]),
) -> anyhow::Result<Result<(Wish, Option<String>), Errors>> {
    let wish = match given.wish(history) {
        Ok(wish) => wish,
        Err((field, key)) => return Ok(Err(Errors::of(field, page.t(key)))),
    };
    let looked = delivery::look(tenant, &wish).await?;
    Ok(looked.map(|key| (wish, key)).map_err(|why| refusal(page, &why)))
}

/// What is refused, at its field.
fn refusal(page: &Page, why: &NotPreferred) -> Errors {
    let (field, key) = match why {
        NotPreferred::Sent => return Errors::meanwhile("now", page.t("delivery-sent")),
        NotPreferred::UnfitKey(_, why) => {
            let words = page.with("delivery-unfit-key", "why", unfit(page, why));
            return Errors::of("way-portal", words);
        }
        NotPreferred::NoTarget(_) | NotPreferred::NeedlessTarget => ("to", "delivery-no-target"),
        NotPreferred::NoMailAddress(_) => ("to", "delivery-no-mail"),
        NotPreferred::NoUrl(_) | NotPreferred::InTheClear(_) => ("to", "delivery-no-url"),
        NotPreferred::Inside(_) => ("to", "delivery-inside"),
        NotPreferred::NoKey(_) => ("way-portal", "delivery-no-key"),
        NotPreferred::NotJsonLines => ("form", "office-choose-form"),
    };
    Errors::of(field, page.t(key))
}

#[derive(Template)]
#[template(path = "notices/delivery_check.html")]
struct Check {
    page: Page,
    facts: Vec<Fact>,
    /// Whether a secret will be shown.
    makes_secret: bool,
    given: Given,
    /// The key of the form.
    once: FormId,
}

/// `POST /isp/delivery`: what it would be, before it holds.
pub(super) async fn check(
    tenant: Tenant,
    signed: Signed,
    Typed(given): Typed<Given>,
) -> PageResult {
    let history = delivery::history(&tenant).await?;
    match weighed(&tenant, &signed.page, (&given, &history)).await? {
        Ok((wish, key)) => {
            let facts = words::of_wish(&signed.page, &wish, key.as_deref());
            let makes_secret = wish.way == Way::Webhook;
            let once = FormId(tenant.fresh_id());
            show(&Check { page: signed.page, facts, makes_secret, given, once })
        }
        Err(errors) => shown(&tenant, signed, &history, (Some(given), errors)).await,
    }
}

#[derive(Template)]
#[template(path = "notices/delivery_receipt.html")]
struct Receipt {
    page: Page,
    facts: Vec<Fact>,
    /// What signs posts to a webhook, shown this once.
    secret: Option<String>,
}

/// `POST /isp/delivery/confirm`: it holds from now on.
pub(super) async fn confirm(
    tenant: Tenant,
    signed: Signed,
    Typed(given): Typed<Given>,
) -> PageResult {
    let history = delivery::history(&tenant).await?;
    let form = given.once.parse().map_err(|_| ("way-portal", "form-again"));
    let (errors, given) = match given.wish(&history).and_then(|wish| Ok((wish, form?))) {
        Err((field, key)) => (Errors::of(field, signed.page.t(key)), Some(given)),
        Ok((wish, form)) => match delivery::set(&tenant, &wish, Some(form)).await? {
            Ok(set) => return taken(signed, &set),
            // The page says what holds.
            Err(why @ NotPreferred::Sent) => (refusal(&signed.page, &why), None),
            Err(why) => (refusal(&signed.page, &why), Some(given)),
        },
    };
    shown(&tenant, signed, &history, (given, errors)).await
}

/// A secret is shown where it was made, and nowhere else; what has none has an address.
fn taken(signed: Signed, set: &delivery::Set) -> PageResult {
    if set.secret.is_none() {
        return Ok(signed.page.onwards("/isp/delivery/receipt#main"));
    }
    receipted(signed.page, &set.preference, set.secret.clone())
}

fn receipted(page: Page, one: &Preference, secret: Option<String>) -> PageResult {
    let facts = [words::of(&page, one), words::by(&page, one)].concat();
    show(&Receipt { page, facts, secret })
}

/// `GET /isp/delivery/receipt`: what holds, and since when.
pub(super) async fn receipt(tenant: Tenant, signed: Signed) -> PageResult {
    match delivery::of(&tenant).await? {
        Some(one) => receipted(signed.page, &one, None),
        None => Ok(signed.page.onwards("/isp/delivery#main")),
    }
}
