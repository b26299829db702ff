//! Look-up (照会): who served one address at a moment, and in one sentence why we think so.
//!
//! Reads the ISP register and the edition of the address table that held then. Owns no table.

use std::net::IpAddr;

use formats::report_back::Recipient;

use super::{
    Attribution, Attributor, Edition, Why,
    editions::{self, Import},
    networks::Networks,
};
use crate::{
    db::Db,
    isps::{DeclaredPrefix, Isp, Kind, Register, apartments::HOUSE, upstream},
    time::Moment,
};

/// What there is to say of an address at a moment (照会結果).
#[derive(Debug)]
#[doc(alias = "照会結果")]
pub struct Found {
    /// Who served it.
    pub attribution: Attribution,
    /// The ISP, as the register has it.
    pub isp: Option<Isp>,
    /// The codes of the ISPs above it, the topmost first.
    pub upstream_path: Vec<String>,
    /// The carrier that sells lines wholesale there.
    pub carrier: Option<Isp>,
    /// The declaration that decides, if one does.
    pub declared: Option<DeclaredPrefix>,
    /// The range of the table that it lies in, where no declaration decides.
    pub range: Option<String>,
    /// The organisation behind the AS, as the table spells it.
    pub organisation: Option<String>,
    /// The import of the edition that was asked.
    pub edition: Option<Import>,
    /// In one sentence, why.
    pub told: String,
}

/// Says who served `ip` at `at`.
pub async fn lookup(db: &Db, ip: IpAddr, at: Moment) -> anyhow::Result<Found> {
    let register = Register::load(db).await?;
    let (networks, edition) = editions::at(db, at).await?;
    let asked = Edition { from: Moment(i64::MIN), networks: networks.clone() };
    let attributor = Attributor::new(register.clone(), &[asked]);
    Ok(found(&register, &attributor, (&networks, edition), (ip, at)))
}

fn found(
    register: &Register,
    attributor: &Attributor,
    (networks, edition): (&Networks, Option<Import>),
    (ip, at): (IpAddr, Moment),
) -> Found {
    let attribution = attributor.attribute(ip, at);
    let of = |id| register.isp(id).cloned();
    let isp = attribution.isp.and_then(of);
    let above = upstream::above(&register.isps);
    let range = networks.find(ip).map(|range| format!("{}-{}", range.first, range.last));
    let mut found = Found {
        upstream_path: isp.as_ref().map_or_else(Vec::new, |isp| upstream::path(&isp.code, &above)),
        carrier: attribution.carrier.and_then(of),
        declared: attributor.declared(ip, at).cloned(),
        range,
        organisation: attribution.asn.and_then(|asn| networks.organisation(asn)).map(str::to_owned),
        told: String::new(),
        attribution,
        edition,
        isp,
    };
    found.told = [found.why(), found.but()].concat();
    found
}

impl Found {
    /// The prefix or range that decides.
    pub fn prefix(&self) -> Option<String> {
        let declared = self.declared.as_ref().map(|one| one.prefix.to_string());
        declared.or_else(|| self.range.clone())
    }

    /// Whether several lines share the address, so that only port and second name one.
    pub fn needs_port(&self) -> bool {
        self.declared.as_ref().is_some_and(|one| one.kind == Kind::Shared)
    }

    fn why(&self) -> String {
        let code = |isp: &Option<Isp>| isp.as_ref().map_or("?", |isp| &isp.code).to_owned();
        let (isp, carrier) = (code(&self.isp), code(&self.carrier));
        let prefix = self.prefix().unwrap_or_default();
        let asn = self.attribution.asn.map_or_else(String::new, |asn| format!("AS{asn}"));
        match self.attribution.why {
            Why::Declared => format!("{isp} declared {prefix} for that time"),
            Why::DeclaredCarrier => format!(
                "{isp} sells lines wholesale in {prefix} and forwards, and no retail provider \
                 declared a longer prefix for that time"
            ),
            Why::Contradiction => format!(
                "two providers declared {prefix} from the same moment, so neither is taken for its \
                 holder"
            ),
            Why::Announced => {
                format!("the table of then has {prefix} under {asn}, which {isp} alone announces")
            }
            Why::AnnouncedCarrier => format!(
                "the table of then has {prefix} under {asn} of {isp}, which sells lines wholesale \
                 and forwards, and no retail provider declared a prefix for that time"
            ),
            Why::SilentCarrier => format!(
                "{carrier} sells lines wholesale in {prefix} and does not forward, and no retail \
                 provider declared a longer prefix for that time"
            ),
            Why::AnnouncedBySeveral => format!(
                "the table of then has {prefix} under {asn}, which several providers announce, and \
                 none of them declared a prefix for that time"
            ),
            Why::Unregistered => format!(
                "the table of then has {prefix} under {asn}, which no registered provider announces"
            ),
            Why::NotInTable if self.attribution.network_kind == "special" => {
                "the address is set aside for other uses and is nobody's line".to_owned()
            }
            Why::NotInTable => {
                "no provider declared it for that time, and the table of then lacks it".to_owned()
            }
        }
    }

    /// What whoever tells the subscriber has to know besides.
    fn but(&self) -> String {
        let Some(one) = &self.declared else { return String::new() };
        match one.kind {
            Kind::Shared => "; several lines share each address, so that only address, port and \
                             second together name one"
                .to_owned(),
            Kind::Apartment => {
                let name = one.name.as_deref().unwrap_or("an apartment house");
                let whom = one.notify.map_or_else(|| words(&HOUSE), |who| words(&[who]));
                format!(
                    "; it is the network of {name}, and the provider has to say whether the device \
                     stands in a home or in a part that all share, of which it tells {whom}"
                )
            }
            Kind::Declared | Kind::Wholesale => String::new(),
        }
    }
}

fn words(whom: &[Recipient]) -> String {
    let words: Vec<String> = whom.iter().map(|one| one.code().replace('_', " ")).collect();
    words.join(" or ")
}
