//! A provider's own apartment houses (自社のマンション): what is known of its lines there.
//!
//! Loaded before the transaction that reads lines begins. A provider that never declared a network
//! of that kind has none, and nothing more is asked for. Owns no table; reads `apartment_buildings`
//! and `cases`.

use std::collections::HashMap;

use ipnet::IpNet;

use super::{Houses, Placed, Sources, is_in_one, store};
use crate::{
    access::tenancy::Tenant, attribution::Attributor, cases::Case, db::Tx, ids::CaseId,
    isps::apartments::register, sightings::Spot,
};

/// The apartment houses of one provider (自社のマンション).
#[doc(alias = "自社のマンション")]
pub(in crate::notices) struct Own {
    networks: Vec<IpNet>,
    declarations: Attributor,
    houses: Houses,
}

impl Own {
    /// Those of `tenant`, if it has any.
    pub(in crate::notices) async fn of(tenant: &Tenant) -> anyhow::Result<Option<Self>> {
        let mut tx = tenant.snapshot().await?;
        let networks = register::networks(&mut tx, tenant.isp()).await?;
        if networks.is_empty() {
            return Ok(None);
        }
        let houses = Houses(register::of(&mut tx, tenant.isp()).await?);
        drop(tx);
        let declarations = Attributor::of_declarations(&tenant.app().db).await?;
        Ok(Some(Self { networks, declarations, houses }))
    }

    /// What is known of those of these cases that are in one of them.
    pub(in crate::notices) async fn placed(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        cases: &[CaseId],
    ) -> anyhow::Result<HashMap<CaseId, Placed>> {
        self.placed_by(tx, (tenant, cases), Sources::All).await
    }

    /// The same but for what reports say of the place, so that however reports are cut and
    /// shuffled, each of them is held against the same.
    pub(in crate::notices) async fn placed_without_reports(
        &self,
        tx: &mut Tx,
        tenant: &Tenant,
        cases: &[CaseId],
    ) -> anyhow::Result<HashMap<CaseId, Placed>> {
        self.placed_by(tx, (tenant, cases), Sources::ButReports).await
    }

    async fn placed_by(
        &self,
        tx: &mut Tx,
        (tenant, cases): (&Tenant, &[CaseId]),
        sources: Sources,
    ) -> anyhow::Result<HashMap<CaseId, Placed>> {
        let spots = store::spots(tx, tenant.isp(), cases).await?;
        let is_near = |spot: Vec<u8>| {
            let place = Spot(spot).place();
            place.is_some_and(|place| self.networks.iter().any(|net| net.contains(&place.ip)))
        };
        let near: Vec<CaseId> =
            spots.into_iter().filter(|(_, spot)| is_near(spot.clone())).map(|(id, _)| id).collect();
        let mut within: Vec<Case> = Vec::new();
        for case in store::cases(tx, tenant.isp(), &near).await? {
            if is_in_one(&self.declarations, &case)? {
                within.push(case);
            }
        }
        let placed = self.houses.place_by(tx, &within, sources).await?;
        Ok(within.into_iter().map(|case| case.id).zip(placed).collect())
    }
}
