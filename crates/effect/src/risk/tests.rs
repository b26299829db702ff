//! Tests of `risk`: values worked out by hand, and what must hold whatever the data.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]
use super::*;

#[test]
fn both_ways_of_counting_agree() {
    let days: Vec<u16> = (0..500_u32).map(|i| (i * 7919 % 31) as u16).collect();
    let event: Vec<bool> = (0..500).map(|i| i % 3 == 0).collect();
    let group: Vec<u16> = (0..500).map(|i| i % 4 * 2).collect();
    let exit: Vec<f64> = days.iter().map(|&day| f64::from(day)).collect();
    let rows = Rows::right_censored(&exit, &event).in_groups(&group);
    let counted = RiskTable::from_days(&days, &event, &group).unwrap();
    assert_eq!(counted, RiskTable::from_rows(&rows).unwrap());
    assert_eq!(counted.groups, counting::sorted(&rows, rows.check().unwrap()));
    assert_eq!(counted.labels().collect::<Vec<_>>(), [0, 2, 4, 6]);
    assert_eq!(counted.rows(), 500);
}

#[test]
fn a_far_label_or_day_costs_no_memory() {
    let far = [u16::MAX];
    let table = RiskTable::from_days(&far, &[true], &far).unwrap();
    assert_eq!(table.labels().collect::<Vec<_>>(), [u16::MAX]);
    let last = Exit { time: 65_535.0, events: 1, censored: 0 };
    assert_eq!(table.groups[0].exits, [last]);
}

#[test]
fn who_enters_at_a_time_is_not_yet_at_risk_then() {
    let rows =
        Rows::counting(&[0.0, 2.0, 3.0, -0.0], &[2.0, 3.0, 5.0, 4.0], &[true, true, false, true]);
    let table = RiskTable::from_rows(&rows).unwrap();
    let mut walk = table.groups[0].walk();
    assert_eq!([2.0, 3.0, 4.0, 5.0].map(|t| walk.to(t)), [(2, 1), (2, 1), (2, 1), (1, 0)]);
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let refuse = |rows: &Rows<'_>| RiskTable::from_rows(rows).unwrap_err();
    assert_eq!(refuse(&Rows::right_censored(&[], &[])), Error::Empty);
    let lengths = Error::LengthsDiffer { expected: 2, found: 1 };
    assert_eq!(refuse(&Rows::right_censored(&[1.0, 2.0], &[true])), lengths);
    let short = Rows::right_censored(&[1.0, 2.0], &[true, true]);
    assert_eq!(refuse(&short.in_groups(&[0])), lengths);
    assert_eq!(RiskTable::by_stratum(&short, &[0]).unwrap_err(), lengths);
    let row = 1;
    for (time, error) in [
        (f64::NAN, Error::NotFinite { row }),
        (f64::INFINITY, Error::NotFinite { row }),
        (-1.0, Error::NegativeTime { row }),
        (-0.5, Error::NegativeTime { row }),
    ] {
        assert_eq!(refuse(&Rows::right_censored(&[1.0, time], &[true, true])), error);
        assert_eq!(refuse(&Rows::counting(&[0.0, 0.0], &[1.0, time], &[true, true])), error);
    }
    let backwards = Rows::counting(&[0.0, 3.0], &[1.0, 3.0], &[true, true]);
    assert_eq!(refuse(&backwards), Error::NotAfterStart { row });
    assert_eq!(RiskTable::from_days(&[], &[], &[]).unwrap_err(), Error::Empty);
}
