//! Contradictions (矛盾): a report that says of an apartment house what cannot be.
//!
//! Where the decision table has an answer, a report that says another one is in error and goes back
//! to its author. Where the table has none, the report is kept, and a question stands beside it
//! until the provider or a person answers. Owns no table.

use formats::report_back::{Placement, ReasonCode, Recipient, State};

use super::{AddressUse, Decision, HOUSE, Route, known_route};

/// What a report says that the table can be held against (報告の要点).
#[derive(Clone, Copy, Debug)]
pub struct Reported {
    /// What became of the record.
    pub state: State,
    /// Who was told.
    pub recipient: Option<Recipient>,
    /// Why nobody was.
    pub reason: Option<ReasonCode>,
}

/// What is not known yet (未解決の問い).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[doc(alias = "未解決の問い")]
pub enum Question {
    /// Where the device stands: the provider is asked.
    Place,
    /// How that part of the house gets its addresses: the provider is asked.
    AddressUse,
    /// Who is told, though place and addresses are known: a person decides.
    Decide,
}

impl Question {
    /// The wire word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Place => "place",
            Self::AddressUse => "address_use",
            Self::Decide => "decide",
        }
    }

    /// Whether a person of the centre answers it, rather than the provider.
    pub fn is_for_a_person(self) -> bool {
        self == Self::Decide
    }
}

/// What there is to say of a report (照合結果).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Weighed {
    /// It agrees with the table.
    Fits,
    /// The table has no answer: the report is kept with this question.
    Asks(Question),
    /// It contradicts the table.
    Contradicts {
        /// The column at fault.
        column: &'static str,
        /// The stable word of what is wrong.
        code: &'static str,
        /// What the table says instead, in words of the wire.
        instead: String,
        /// What is wrong, and what to do.
        reason: String,
    },
}

/// What is still to be known before anybody can be told; nothing where the table has its answer.
pub fn question(placement: Placement, used: Option<AddressUse>) -> Option<Question> {
    match (placement, used) {
        (Placement::Shared, _) => None,
        (Placement::Both | Placement::Unknown, _) => Some(Question::Place),
        (Placement::Private, None) => Some(Question::AddressUse),
        (Placement::Private, Some(used)) => {
            (super::route(placement, used) == Route::Decide).then_some(Question::Decide)
        }
    }
}

/// Holds a report against the table: where the device stands, as the report says or else as it was
/// known before, how addresses are used there, and what a person decided about the case.
pub fn contradiction(
    placement: Placement,
    used: Option<AddressUse>,
    decided: Option<Decision>,
    said: Reported,
) -> Weighed {
    let route = match (decided, question(placement, used)) {
        (None, Some(question)) => return Weighed::Asks(question),
        (Some(decided), _) => decided.route(),
        (None, None) => known_route(placement, used),
    };
    let whom = said.recipient.filter(|_| said.state == State::Notified);
    match (route, said.state) {
        (Route::Tell(told), State::Notified) => match whom {
            Some(who) if who != Recipient::Subscriber && !told.contains(&who) => {
                let wanted = words(told);
                let reason = format!("{who} was told; the table names {wanted} here");
                wrong(("recipient", "house_recipient"), wanted, reason)
            }
            _ => Weighed::Fits,
        },
        (Route::Tell(told), State::NotNotified) => match said.reason {
            Some(ReasonCode::ApartmentSharedDevice) => {
                let wanted = words(told);
                let reason = format!("it is not so here: {wanted} can be told");
                wrong(("reason_code", "house_reason"), wanted, reason)
            }
            _ => Weighed::Fits,
        },
        (Route::Nobody(reason), State::Notified) => {
            let column = if whom.is_some() { "recipient" } else { "state" };
            let told = format!("nobody can be told here; report not_notified with {reason}");
            wrong((column, "house_nobody"), reason.to_string(), told)
        }
        (Route::OwnProvider, State::Notified) => {
            let column = if whom.is_some() { "recipient" } else { "state" };
            let told = "the tenant's own provider is told; report forwarded, or not_notified with";
            let instead = ReasonCode::NotOurCustomer.to_string();
            let reason = format!("{told} {instead}");
            wrong((column, "house_provider"), instead, reason)
        }
        _ => Weighed::Fits,
    }
}

fn words(told: &[Recipient]) -> String {
    if told == HOUSE {
        return "owner, management_company or association".to_owned();
    }
    told.iter().map(|one| one.code()).collect::<Vec<_>>().join(", ")
}

fn wrong((column, code): (&'static str, &'static str), instead: String, reason: String) -> Weighed {
    Weighed::Contradicts { column, code, instead, reason }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::isps::apartments::tests::USES;

    fn all<T: Copy + std::fmt::Debug + 'static>(words: &'static [T]) -> impl Strategy<Value = T> {
        proptest::sample::select(words)
    }

    fn uses() -> impl Strategy<Value = Option<AddressUse>> {
        proptest::option::of(proptest::sample::select(&USES[..]))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_report_is_returned_just_where_the_table_says_otherwise(
            placement in all(Placement::ALL),
            used in uses(),
            recipient in proptest::option::of(all(Recipient::ALL)),
            state in all(State::ALL),
            reason in proptest::option::of(all(ReasonCode::ALL)),
        ) {
            let said = Reported { state, recipient, reason };
            let weighed = contradiction(placement, used, None, said);
            // The table, told once more and by another way: who may have been told of what.
            let notified = state == State::Notified;
            let wanted: Option<&[Recipient]> = match (placement, used) {
                (Placement::Shared, _) => Some(&[
                    Recipient::Subscriber,
                    Recipient::Owner,
                    Recipient::ManagementCompany,
                    Recipient::Association,
                ]),
                (Placement::Both | Placement::Unknown, _)
                | (
                    Placement::Private,
                    None | Some(AddressUse::NotForwarded | AddressUse::Ipv6 { per_home: false }),
                ) => None,
                (_, Some(
                    AddressUse::PortForwarding
                    | AddressUse::PortShared { port: false }
                    | AddressUse::OwnProvider,
                )) => Some(&[]),
                _ => Some(&[Recipient::Subscriber, Recipient::Tenant]),
            };
            match wanted {
                None => prop_assert!(matches!(weighed, Weighed::Asks(_)), "never guessed"),
                Some(who) => {
                    let told_wrong = notified
                        && match recipient {
                            Some(one) => !who.contains(&one),
                            None => who.is_empty(),
                        };
                    let blamed_wrong = state == State::NotNotified
                        && !who.is_empty()
                        && reason == Some(ReasonCode::ApartmentSharedDevice);
                    let returned = matches!(weighed, Weighed::Contradicts { .. });
                    prop_assert_eq!(returned, told_wrong || blamed_wrong);
                    let asked = matches!(weighed, Weighed::Asks(_));
                    prop_assert!(!asked);
                }
            }
        }

        #[test]
        fn what_a_person_decided_answers_every_question(
            placement in all(Placement::ALL),
            used in uses(),
            recipient in all(Recipient::ALL),
        ) {
            let said =
                Reported { state: State::Notified, recipient: Some(recipient), reason: None };
            let weighed = contradiction(placement, used, Some(Decision::Tenant), said);
            let fits = [Recipient::Tenant, Recipient::Subscriber].contains(&recipient);
            prop_assert_eq!(weighed == Weighed::Fits, fits);
        }
    }

    #[test]
    fn a_tenant_who_cannot_be_known_was_not_told() {
        let said =
            Reported { state: State::Notified, recipient: Some(Recipient::Tenant), reason: None };
        let used = Some(AddressUse::PortForwarding);
        let weighed = contradiction(Placement::Private, used, None, said);
        let Weighed::Contradicts { column, reason, .. } = weighed else { panic!("{weighed:?}") };
        assert_eq!(column, "recipient");
        assert!(reason.ends_with("not_notified with APARTMENT_SHARED_DEVICE"), "{reason}");
    }
}
