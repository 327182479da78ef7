//! Functions, models and partitions as the catalog keeps them: metadata only.

use std::collections::BTreeMap;

use flott_record::DataType;
use flott_syntax::ast::FunctionLanguage;

/// A function that CREATE FUNCTION named. Nothing here can run it.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogFunction {
    /// As written.
    pub name: String,
    /// The class, or whatever stands after AS.
    pub class: String,
    /// LANGUAGE; Java where none is written.
    pub language: FunctionLanguage,
    /// USING: kind (`JAR`, `ARTIFACT`) and path of each resource.
    pub resources: Vec<(String, String)>,
}

/// A model that CREATE MODEL named. Nothing here can run it.
#[derive(Clone, Debug, PartialEq)]
pub struct CatalogModel {
    /// INPUT: name and type.
    pub input: Vec<(String, DataType)>,
    /// OUTPUT: name and type.
    pub output: Vec<(String, DataType)>,
    /// COMMENT.
    pub comment: Option<String>,
    /// WITH.
    pub options: BTreeMap<String, String>,
    /// CREATE TEMPORARY MODEL.
    pub temporary: bool,
}

/// A partition that ALTER TABLE ADD PARTITION named.
#[derive(Clone, Debug, PartialEq)]
pub struct Partition {
    /// Value of each partition column, in the order of PARTITIONED BY.
    pub values: Vec<(String, String)>,
    /// WITH.
    pub options: BTreeMap<String, String>,
}

impl Partition {
    /// `p=1/q=2`
    pub fn name(&self) -> String {
        let parts: Vec<String> = self.values.iter().map(|(column, value)| format!("{column}={value}")).collect();
        parts.join("/")
    }
}
