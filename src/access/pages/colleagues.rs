//! `/isp/colleagues`: a provider's manager looks after the accounts of the own people.

use axum::{Form, extract::Path};

use super::accounts::{Accounts, Act, Given, address, said};
use crate::{
    access::{
        accounts::{self, Account, AccountRefused, Change, Hand, Invitation},
        roles::Role,
        tenancy::Tenant,
    },
    web::{error::PageResult, form::Errors, routes::Signed},
};

const BASE: &str = "/isp/colleagues";

async fn page_of(tenant: &Tenant, signed: &Signed) -> anyhow::Result<Accounts> {
    let given = [Role::IspManager, Role::IspStaff];
    Ok(Accounts {
        page: signed.page.clone(),
        errors: Errors::none(),
        people: accounts::colleagues(tenant).await?,
        roles: given.map(Role::word).to_vec(),
        base: BASE,
        asks_isp: false,
        given: Given::default(),
        link: None,
    })
}

/// `GET /isp/colleagues`
pub(super) async fn all(tenant: Tenant, signed: Signed) -> PageResult {
    page_of(&tenant, &signed).await?.answer()
}

/// `POST /isp/colleagues`
pub(super) async fn invite(tenant: Tenant, signed: Signed, Form(given): Form<Given>) -> PageResult {
    let mut page = page_of(&tenant, &signed).await?;
    page.given = given.clone();
    let Ok(role) = given.role.parse::<Role>() else {
        page.errors = Errors::of("role", page.page.t("accounts-no-role"));
        return page.answer();
    };
    let hand = Hand::Person(signed.account());
    let isp = Some((tenant.isp(), tenant.code()));
    let invitation = Invitation { name: given.name.trim(), role, isp };
    let done = match accounts::invite_colleague(&tenant, invitation, hand).await? {
        Ok(account) => {
            let link = accounts::link_colleague(&tenant, &account.name, hand).await?;
            link.map(|code| (account, code))
        }
        Err(why) => Err(why),
    };
    shown(&tenant, &signed, page, done).await
}

async fn shown(
    tenant: &Tenant,
    signed: &Signed,
    mut page: Accounts,
    done: Result<(Account, String), AccountRefused>,
) -> PageResult {
    match done {
        Ok((account, code)) => {
            let mut fresh = page_of(tenant, signed).await?;
            fresh.link = Some((account.name, address(&page.page, &code)));
            fresh.answer()
        }
        Err(why) => {
            page.errors = Errors::of("name", said(&page.page, &why).1);
            page.answer()
        }
    }
}

/// `POST /isp/colleagues/{name}`
pub(super) async fn change(
    tenant: Tenant,
    signed: Signed,
    Path(name): Path<String>,
    Form(act): Form<Act>,
) -> PageResult {
    let hand = Hand::Person(signed.account());
    if let Some(change) = act.change() {
        let done = accounts::change_colleague(&tenant, &name, change, hand).await?;
        match done {
            Ok(_) if change != Change::Recover => {
                return Ok(signed.page.onwards("/isp/colleagues#main"));
            }
            Ok(_) => {}
            Err(why) => {
                let mut page = page_of(&tenant, &signed).await?;
                page.errors = Errors::of("name", said(&page.page, &why).1);
                return page.answer();
            }
        }
    }
    let link = accounts::link_colleague(&tenant, &name, hand).await?;
    let known = accounts::colleagues(&tenant).await?.into_iter().find(|one| one.name == name);
    let done = match (link, known) {
        (Ok(code), Some(account)) => Ok((account, code)),
        (Err(why), _) => Err(why),
        (Ok(_), None) => Err(AccountRefused::Unknown(name)),
    };
    let page = page_of(&tenant, &signed).await?;
    shown(&tenant, &signed, page, done).await
}
