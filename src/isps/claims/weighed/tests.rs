//! Rules of weighing, and that no order of claims gives an address to two providers unmarked.

use std::collections::BTreeSet;

use proptest::{collection::vec, prelude::*};

use super::*;
use crate::{
    ids::IspId,
    isps::{DeclaredPrefix, Isp, LeasePolicy, entry::once},
};

const CODES: [&str; 4] = ["carrier", "east", "shop", "west"];

/// Four providers; the shop sits behind the east.
fn register() -> Register {
    let isp = |n: u128| {
        let code = CODES[usize::try_from(n).unwrap()];
        Isp {
            id: IspId(uuid::Uuid::from_u128(n)),
            code: code.to_owned(),
            name: code.to_owned(),
            upstream: (code == "shop").then(|| "east".to_owned()),
            lease_policy: LeasePolicy::Static,
            lines: None,
            wholesale: Wholesale::Retail,
            removed_at: None,
        }
    };
    Register { isps: (0..4).map(isp).collect(), ..Register::default() }
}

fn prefix(prefix: &str, kind: Kind, (from, to): (i64, Option<i64>)) -> Asked {
    let subject =
        Subject::Prefix { prefix: prefix.parse().unwrap(), kind, name: None, notify: None };
    Asked { act: Act::Take, subject, from: Moment(from), to: to.map(Moment) }
}

fn given_back(asked: Asked) -> Asked {
    Asked { act: Act::GiveBack, ..asked }
}

fn approved(register: Register, code: &str, asked: &Asked, by: Resolution) -> Register {
    let weighed = weigh(&register, (code, asked), by).unwrap();
    once(register, &weighed.after)
}

/// Who declared what, in words.
fn told(register: &Register) -> Vec<String> {
    let words = |one: &DeclaredPrefix| {
        let code = &register.isp(one.isp).unwrap().code;
        let to = one.to.map_or(String::new(), |to| to.0.to_string());
        format!("{code} {} {}..{to}", one.prefix, one.from.0)
    };
    let mut told: Vec<String> = register.prefixes.iter().map(words).collect();
    told.sort();
    told
}

#[test]
fn what_others_declared_for_that_time_stands_against_a_claim() {
    let declared = approved(
        register(),
        "west",
        &prefix("198.18.1.0/24", Kind::Declared, (0, Some(10))),
        Resolution::None,
    );
    let how = |net: &str, times| {
        let asked = prefix(net, Kind::Declared, times);
        let weighed = weigh(&declared, ("east", &asked), Resolution::None).unwrap();
        weighed.conflicts.first().map(|one| one.how)
    };
    assert_eq!(how("198.18.1.0/24", (5, None)), Some(How::Same));
    assert_eq!(how("198.18.1.128/25", (5, None)), Some(How::Wider));
    assert_eq!(how("198.18.0.0/16", (5, None)), Some(How::Narrower));
    assert_eq!(how("198.18.1.0/24", (10, None)), None, "the other's time is over");
    assert_eq!(how("198.18.2.0/24", (5, None)), None);
}

#[test]
fn a_reseller_and_whoever_a_carrier_sells_to_need_nobodys_word() {
    let wholesale = prefix("198.18.0.0/16", Kind::Wholesale, (0, None));
    let carrier = approved(register(), "carrier", &wholesale, Resolution::None);
    let of_east = prefix("198.18.1.0/24", Kind::Declared, (3, None));
    let east = weigh(&carrier, ("east", &of_east), Resolution::None).unwrap();
    assert!(east.conflicts.is_empty());
    let both = once(carrier, &east.after);
    let of_shop = prefix("198.18.1.0/25", Kind::Declared, (4, None));
    let shop = weigh(&both, ("shop", &of_shop), Resolution::None).unwrap();
    assert!(shop.conflicts.is_empty(), "it sits behind the east");
    let all = once(both, &shop.after);
    let back = prefix("198.18.1.0/25", Kind::Declared, (9, None));
    let back = weigh(&all, ("east", &back), Resolution::None).unwrap();
    let against: Vec<_> = back.conflicts.iter().map(|one| one.isp.as_str()).collect();
    assert_eq!(against, ["shop"], "an upstream takes nothing from its reseller unasked");
}

#[test]
fn handing_over_ends_the_other_for_that_time_and_leaves_a_wider_one_marked() {
    let all = (0, None);
    let mut register = register();
    for net in ["198.18.0.0/16", "198.18.1.0/24", "198.18.1.64/26"] {
        let asked = prefix(net, Kind::Declared, all);
        register = approved(register, "west", &asked, Resolution::None);
    }
    let asked = prefix("198.18.1.0/24", Kind::Declared, (5, Some(8)));
    let weighed = weigh(&register, ("east", &asked), Resolution::HandOver).unwrap();
    let beside: Vec<_> = weighed.beside.iter().map(|one| one.what.as_str()).collect();
    assert_eq!((weighed.conflicts.len(), beside), (3, vec!["198.18.0.0/16"]));
    assert_eq!(
        told(&once(register, &weighed.after)),
        [
            "east 198.18.1.0/24 5..8",
            "west 198.18.0.0/16 0..",
            "west 198.18.1.0/24 0..5",
            "west 198.18.1.0/24 8..",
            "west 198.18.1.64/26 0..5",
            "west 198.18.1.64/26 8..",
        ]
    );
}

#[test]
fn what_is_given_back_ends_and_what_is_not_ones_own_cannot_be() {
    let asked = prefix("198.18.1.0/24", Kind::Declared, (0, None));
    let register = approved(register(), "west", &asked, Resolution::None);
    let back = given_back(prefix("198.18.1.0/24", Kind::Declared, (7, None)));
    let refused = weigh(&register, ("east", &back), Resolution::None);
    assert!(matches!(refused, Err(ClaimRefused::NothingToGive)));
    let ended = approved(register, "west", &back, Resolution::None);
    assert_eq!(told(&ended), ["west 198.18.1.0/24 0..7"]);
    let again = weigh(&ended, ("west", &back), Resolution::None);
    assert!(matches!(again, Err(ClaimRefused::NothingToGive)));
}

#[test]
fn claiming_the_same_anew_as_another_kind_ends_the_first_kind_then() {
    let asked = prefix("198.18.1.0/24", Kind::Declared, (0, None));
    let register = approved(register(), "west", &asked, Resolution::None);
    assert!(matches!(
        weigh(&register, ("west", &asked), Resolution::None),
        Err(ClaimRefused::Stands)
    ));
    let house = prefix("198.18.1.0/24", Kind::Apartment, (4, None));
    let register = approved(register, "west", &house, Resolution::None);
    assert_eq!(told(&register), ["west 198.18.1.0/24 0..4", "west 198.18.1.0/24 4.."]);
}

#[test]
fn an_as_number_passes_from_one_to_another_at_a_moment() {
    let asn = |from| Asked {
        act: Act::Take,
        subject: Subject::Asn(64_500),
        from: Moment(from),
        to: None,
    };
    let register = approved(register(), "west", &asn(0), Resolution::None);
    let weighed = weigh(&register, ("east", &asn(6)), Resolution::HandOver).unwrap();
    assert_eq!(weighed.conflicts[0].what, "AS64500");
    let register = once(register, &weighed.after);
    let held = |at| -> Vec<_> {
        let held = register.asns.iter().filter(|one| one.held_at(Moment(at)));
        held.map(|one| register.isp(one.isp).unwrap().code.as_str()).collect()
    };
    assert_eq!((held(5), held(6)), (vec!["west"], vec!["east"]));
}

/// A claim of somebody, and what the centre does once it looks at it.
#[derive(Clone, Debug)]
struct Step {
    who: usize,
    asked: Asked,
    decision: u8,
}

fn step() -> impl Strategy<Value = Step> {
    let times = (0..12_i64, proptest::option::of(1..8_i64));
    let kind = prop_oneof![4 => Just(Kind::Declared), 1 => Just(Kind::Wholesale)];
    (0..4_usize, 26..=28_u8, any::<u8>(), kind, times, 0..8_u8, 0..5_u8).prop_map(
        |(who, length, host, kind, (from, lasts), decision, act)| {
            let net: IpNet = format!("198.18.0.{host}/{length}").parse().unwrap();
            let to = lasts.map(|lasts| from + lasts);
            let asked = prefix(&net.trunc().to_string(), kind, (from, to));
            let asked = if act == 0 { given_back(asked) } else { asked };
            Step { who, asked, decision }
        },
    )
}

/// Two declarations that stand beside each other by a decision.
type Mark = BTreeSet<(String, String)>;

fn marks(code: &str, asked: &Asked, weighed: &Weighed) -> Vec<Mark> {
    let Subject::Prefix { prefix, .. } = &asked.subject else { return Vec::new() };
    let own = (code.to_owned(), prefix.to_string());
    let both = |one: &Conflict| Mark::from([own.clone(), (one.isp.clone(), one.what.clone())]);
    weighed.beside.iter().map(both).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_order_of_claims_gives_an_address_two_owners_at_one_moment_unless_both_are_marked(
        steps in vec(step(), 1..14)
    ) {
        let (mut register, mut marked) = (register(), BTreeSet::<Mark>::new());
        for Step { who, asked, decision } in steps {
            // Of eight claims one is withdrawn and one declined, which change nothing.
            let by = match decision {
                0 | 1 => continue,
                2 | 3 => Resolution::HandOver,
                4 => Resolution::Beside,
                _ => Resolution::None,
            };
            let Ok(weighed) = weigh(&register, (CODES[who], &asked), by) else { continue };
            if by == Resolution::None && !weighed.conflicts.is_empty() {
                continue;
            }
            marked.extend(marks(CODES[who], &asked, &weighed));
            register = once(register, &weighed.after);
        }
        for host in 0..=255_u8 {
            let ip = std::net::IpAddr::from([198, 18, 0, host]);
            for at in 0..21 {
                let over = register.prefixes.iter();
                let over = over.filter(|one| one.prefix.contains(&ip) && one.held_at(Moment(at)));
                let over: Vec<&DeclaredPrefix> = over.collect();
                for (place, one) in over.iter().enumerate() {
                    for other in &over[place + 1..] {
                        let code = |one: &DeclaredPrefix| {
                            register.isp(one.isp).unwrap().code.clone()
                        };
                        let pair = [code(one), code(other)];
                        let name = |one: &DeclaredPrefix| (code(one), one.prefix.to_string());
                        let mark = Mark::from([name(one), name(other)]);
                        let behind = pair.contains(&"east".into()) && pair.contains(&"shop".into());
                        let sold = (one.kind == Kind::Wholesale) != (other.kind == Kind::Wholesale);
                        prop_assert!(
                            one.isp == other.isp || behind || sold || marked.contains(&mark),
                            "{ip} at {at}: {one:?} and {other:?}"
                        );
                    }
                }
            }
        }
    }
}
