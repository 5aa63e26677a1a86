//! Reads the JSON Schemas under docs, and holds what devrun writes against them.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// As much of a JSON Schema as the files under docs have need of. An object may have no other fields
/// than those that are listed.
pub struct Schema {
    pub document: Value,
}

impl Schema {
    /// `path` is from the repository's root.
    pub fn read(path: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        let document = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        Self { document }
    }

    /// What is wrong with a whole document: nothing, if it is as it should be.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        self.fits(value, &self.document)
    }

    /// The same of a part of it.
    pub fn fits(&self, value: &Value, schema: &Value) -> Result<(), String> {
        for (keyword, wanted) in schema.as_object().unwrap() {
            let is_good = match keyword.as_str() {
                "$ref" => {
                    let name = wanted.as_str().unwrap().replace("#/$defs/", "");
                    self.fits(value, &self.document["$defs"][name])?;
                    true
                }
                "type" => match wanted {
                    Value::Array(types) => types.iter().any(|wanted| is_of(value, wanted)),
                    wanted => is_of(value, wanted),
                },
                "const" => value == wanted,
                "enum" => wanted.as_array().unwrap().contains(value),
                "minimum" => value.is_null() || value.as_f64() >= wanted.as_f64(),
                "maximum" => value.is_null() || value.as_f64() <= wanted.as_f64(),
                "format" => value
                    .as_str()
                    .is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok()),
                "oneOf" => {
                    let schemas = wanted.as_array().unwrap().iter();
                    schemas
                        .filter(|schema| self.fits(value, schema).is_ok())
                        .count()
                        == 1
                }
                "required" => {
                    let mut keys = wanted.as_array().unwrap().iter();
                    !value.is_object() || keys.all(|key| value.get(key.as_str().unwrap()).is_some())
                }
                "properties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        let schema = wanted.get(key).ok_or(format!("{key} is not listed"))?;
                        self.fits(value, schema)?;
                    }
                    true
                }
                "items" => {
                    for value in value.as_array().into_iter().flatten() {
                        self.fits(value, wanted)?;
                    }
                    true
                }
                "description" | "title" | "$schema" | "$defs" => true,
                other => panic!("what is {other}?"),
            };
            if !is_good {
                return Err(format!("{value} is not of {keyword} {wanted}"));
            }
        }
        Ok(())
    }
}

fn is_of(value: &Value, wanted: &Value) -> bool {
    match wanted.as_str().unwrap() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("what is {other}?"),
    }
}
