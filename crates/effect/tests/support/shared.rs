//! The reference results of R: where they lie, how a column is read, how a difference is measured.
//!
//! They are not part of the repository.

#[path = "../../../../tests/support/data_folder.rs"]
mod data_folder;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use data_folder::data_folder;

/// Folder of the reference results; prints and returns `None` where there is none.
pub(crate) fn reference() -> Option<PathBuf> {
    data_folder("survival_reference")
}

/// The results for one data set.
pub(crate) fn results(folder: &Path, name: &str) -> Value {
    let text = std::fs::read_to_string(folder.join(name).with_extension("json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The columns of one data set by name; an empty field is NaN.
pub(crate) fn columns(folder: &Path, name: &str) -> BTreeMap<String, Vec<f64>> {
    let mut reader = csv::Reader::from_path(folder.join(name).with_extension("csv")).unwrap();
    let names: Vec<String> = reader.headers().unwrap().iter().map(String::from).collect();
    let mut columns: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for record in reader.records() {
        for (name, field) in names.iter().zip(&record.unwrap()) {
            let value = if field.is_empty() { f64::NAN } else { field.parse().unwrap() };
            columns.entry(name.clone()).or_default().push(value);
        }
    }
    columns
}

/// Every number below `value`, in order; null is `None`.
pub(crate) fn numbers(value: &Value) -> Vec<Option<f64>> {
    match value {
        Value::Array(items) => items.iter().flat_map(numbers).collect(),
        Value::Object(fields) => fields.values().flat_map(numbers).collect(),
        Value::Null => vec![None],
        other => vec![Some(other.as_f64().unwrap())],
    }
}

/// Largest difference seen per data set and statistic.
#[derive(Default)]
pub(crate) struct Differences(BTreeMap<(String, String), (usize, f64)>);

impl Differences {
    /// Compares number by number. A difference is relative, absolute where the reference is 0
    /// within 1e-30; what is absent must be absent.
    pub(crate) fn compare(
        &mut self,
        set: &str,
        statistic: &str,
        ours: &[Option<f64>],
        reference: &Value,
    ) {
        let reference = numbers(reference);
        assert_eq!(ours.len(), reference.len(), "{set} {statistic}: number of values");
        let entry = self.0.entry((set.into(), statistic.into())).or_default();
        for (place, (&a, &b)) in ours.iter().zip(&reference).enumerate() {
            let difference = match (a, b) {
                (Some(a), Some(b)) if b.abs() < 1e-30 => (a - b).abs(),
                (Some(a), Some(b)) => (a - b).abs() / b.abs(),
                (None, None) => 0.0,
                _ => panic!("{set} {statistic}[{place}]: {a:?} is not {b:?}"),
            };
            entry.0 += 1;
            entry.1 = entry.1.max(difference);
        }
    }

    /// Prints the table and fails where a difference exceeds `bound`.
    pub(crate) fn conclude(&self, bound: f64) {
        println!("| data set | statistic | values | largest difference |\n|---|---|---|---|");
        for ((set, statistic), (values, largest)) in &self.0 {
            println!("| {set} | {statistic} | {values} | {largest:.1e} |");
        }
        for ((set, statistic), (_, largest)) in &self.0 {
            assert!(*largest <= bound, "{set} {statistic} differs by {largest:e}");
        }
    }
}
