//! What we write, judged by the schemas that the makers of the formats publish.

use std::fs;

use jsonschema::{Registry, Validator};
use serde_json::Value;

use super::data_folder::data_folder;
use super::files;

/// Schemas of one maker, each found by the name it gives itself.
pub(crate) struct Schemas {
    all: Vec<(String, Value)>,
}

impl Schemas {
    /// The schemas below a folder of the data, if they are there.
    pub(crate) fn below(inside: &str) -> Option<Self> {
        let folder = data_folder(inside)?;
        let all =
            files(&folder).into_iter().filter(|path| path.extension() == Some("json".as_ref()));
        let all = all.map(|path| {
            let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            (schema["$id"].as_str().unwrap().to_owned(), schema)
        });
        Some(Self { all: all.collect() })
    }

    /// The judge of the schema whose name ends so; formats such as `email` count as well.
    pub(crate) fn judge(&self, ending: &str) -> Validator {
        let entries = self.all.iter().map(|(id, schema)| (id.clone(), schema));
        let registry = Registry::new().extend(entries).unwrap().prepare().unwrap();
        let (_, schema) = self.all.iter().find(|(id, _)| id.ends_with(ending)).unwrap();
        let options = jsonschema::options().with_registry(&registry).should_validate_formats(true);
        options.build(schema).unwrap()
    }
}

/// What a judge objects to.
pub(crate) fn objections(judge: &Validator, value: &Value) -> Vec<String> {
    judge.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
