//! `/isp/contacts`: whom the centre reaches, and whether that still holds.

use askama::Template;
use axum::{Form, extract::Path};
use serde::Deserialize;

use super::onwards;
use crate::{
    access::tenancy::Tenant,
    ids::ContactId,
    isps::contacts::{self, Contact, ContactRefused, Reach, Role},
    time::Moment,
    web::{
        error::PageResult,
        form::Errors,
        page::{Page, show, show_as},
        routes::Signed,
    },
};

/// What was typed.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Given {
    role: String,
    post: String,
    mail: String,
    phone: String,
    hours: String,
    languages: String,
}

/// What is done to a contact.
#[derive(Deserialize)]
pub(super) struct Done {
    act: String,
}

#[derive(Template)]
#[template(path = "isps/contacts.html")]
struct Contacts {
    page: Page,
    errors: Errors,
    known: Vec<Contact>,
    roles: [Role; 5],
    given: Given,
    now: Moment,
}

impl Contacts {
    async fn of(tenant: &Tenant, signed: &Signed, given: Given) -> anyhow::Result<Self> {
        Ok(Self {
            page: signed.page.clone(),
            errors: Errors::none(),
            known: contacts::list(tenant).await?,
            roles: Role::ALL,
            given,
            now: tenant.now(),
        })
    }

    fn standing(&self, one: &Contact) -> String {
        self.page.t_of("contacts-standing", one.standing(self.now).word())
    }

    fn until(&self, one: &Contact) -> String {
        self.page.day(&contacts::confirmed_until(one.confirmed_at))
    }
}

/// `GET /isp/contacts`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    show(&Contacts::of(&tenant, &signed, Given::default()).await?)
}

/// `POST /isp/contacts`
pub(super) async fn add(tenant: Tenant, signed: Signed, Form(given): Form<Given>) -> PageResult {
    let role = given.role.parse().unwrap_or(Role::AbuseDesk);
    match contacts::add(&tenant, role, given.reach()).await? {
        Ok(_) => Ok(onwards(&signed, "/isp/contacts")),
        Err(why) => {
            let (field, key) = field(&why);
            let mut page = Contacts::of(&tenant, &signed, given).await?;
            page.errors = Errors::of(field, page.page.t(key));
            let (status, framed) = page.page.answering(&page.errors);
            page.page = framed;
            show_as(status, &page)
        }
    }
}

fn field(why: &ContactRefused) -> (&'static str, &'static str) {
    match why {
        ContactRefused::Unknown(_) | ContactRefused::Post => ("post", "contacts-no-post"),
        ContactRefused::Mail => ("mail", "contacts-no-mail"),
        ContactRefused::Phone => ("phone", "contacts-no-phone"),
        ContactRefused::Hours => ("hours", "contacts-no-hours"),
        ContactRefused::Language => ("languages", "contacts-no-language"),
    }
}

impl Given {
    fn reach(&self) -> Reach {
        let split = self.languages.split([',', ' ', '、']).filter(|one| !one.is_empty());
        Reach {
            post: self.post.clone(),
            mail: self.mail.clone(),
            phone: Some(self.phone.clone()),
            hours: Some(self.hours.clone()),
            languages: split.map(str::to_owned).collect(),
        }
    }
}

/// `POST /isp/contacts/{id}`
pub(super) async fn change(
    tenant: Tenant,
    signed: Signed,
    Path(id): Path<String>,
    Form(done): Form<Done>,
) -> PageResult {
    if let Ok(id) = id.parse::<ContactId>() {
        // One that is gone by now is not on the page any more.
        let _ = match done.act.as_str() {
            "confirm" => contacts::confirm(&tenant, id).await?,
            "remove" => contacts::remove(&tenant, id, "removed by the provider").await?,
            _ => Ok(()),
        };
    }
    Ok(onwards(&signed, "/isp/contacts"))
}
