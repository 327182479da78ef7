//! The catalog on its own: definitions, LIKE, shadowing, ALTER, texts.

use std::sync::Arc;

use flott_syntax::ast::{ObjectName, Statement, StatementKind, TableSource};

use super::definition::define_table;
use super::like::LikeOptions;
use super::text::create_table_text;
use super::*;
use crate::error::SqlError;

fn statement(text: &str) -> Statement {
    flott_syntax::parse_statement(text).expect("a statement")
}

fn name(text: &str) -> ObjectName {
    match flott_syntax::parse_expression(text).expect("a name").kind {
        ast::ExpressionKind::Name(name) => name,
        other => panic!("{other} is no name"),
    }
}

/// Runs CREATE, ALTER and DROP TABLE.
fn run(catalog: &mut Catalog, text: &str) -> Result<()> {
    match statement(text).kind {
        StatementKind::CreateTable(create) => {
            let path = catalog.qualify(&create.name)?;
            let table = match &create.source {
                TableSource::Like(like) => {
                    let CatalogObject::Table(base) = catalog.lookup(&like.table)? else { panic!("a view") };
                    let options = LikeOptions::new(&like.options)?;
                    define_table(&create, path, Some((&base, &options)), "UTC")?
                }
                _ => define_table(&create, path, None, "UTC")?,
            };
            catalog.create(CatalogObject::Table(Arc::new(table)), create.if_not_exists, create.name.span)
        }
        StatementKind::AlterTable(alter) => catalog.alter_table(&alter, "UTC"),
        StatementKind::Drop(drop) => {
            let path = catalog.qualify(&drop.name)?;
            let what = DropObject { view: false, temporary: drop.temporary, if_exists: drop.if_exists };
            catalog.drop_object(&path, what, drop.name.span)
        }
        other => panic!("{other:?}"),
    }
}

fn catalog(statements: &[&str]) -> Catalog {
    let mut catalog = Catalog::new("default_catalog", "default_database");
    for text in statements {
        run(&mut catalog, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    catalog
}

fn refused(catalog: &Catalog, text: &str) -> SqlError {
    run(&mut catalog.clone(), text).expect_err(text)
}

fn shown(catalog: &Catalog, table: &str) -> String {
    match catalog.lookup(&name(table)).expect("a table") {
        CatalogObject::Table(table) => create_table_text(&table),
        CatalogObject::View(_) => panic!("a view"),
    }
}

const BASE: &str = "CREATE TABLE base (a INT, b STRING, c AS a + 1, m STRING METADATA, ts TIMESTAMP(3), \
                    WATERMARK FOR ts AS ts - INTERVAL '1' SECOND, PRIMARY KEY (a) NOT ENFORCED) \
                    PARTITIONED BY (b) WITH ('connector' = 'print', 'x' = '1')";

#[test]
fn the_text_of_a_table_is_that_of_flink() {
    let catalog = catalog(&[BASE]);
    let expected = "CREATE TABLE `default_catalog`.`default_database`.`base` (\n  `a` INT NOT NULL,\n  `b` VARCHAR(2147483647),\n  \
                    `c` AS `a` + 1,\n  `m` VARCHAR(2147483647) METADATA,\n  `ts` TIMESTAMP(3),\n  WATERMARK FOR `ts` AS `ts` - \
                    INTERVAL '1' SECOND,\n  CONSTRAINT `PK_a` PRIMARY KEY (`a`) NOT ENFORCED\n)\nPARTITIONED BY (`b`)\nWITH (\n  \
                    'connector' = 'print',\n  'x' = '1'\n)\n";
    assert_eq!(shown(&catalog, "base"), expected);
}

#[test]
fn like_merges_by_its_options() {
    let catalog = catalog(&[
        BASE,
        "CREATE TABLE l1 (d INT) WITH ('x' = '3') LIKE base",
        "CREATE TABLE l2 WITH ('connector' = 'blackhole') LIKE base (EXCLUDING ALL INCLUDING CONSTRAINTS)",
        "CREATE TABLE l3 (c AS a + 2, WATERMARK FOR ts AS ts) LIKE base (OVERWRITING GENERATED OVERWRITING WATERMARKS)",
    ]);
    assert!(shown(&catalog, "l1").contains("`d` INT,\n  WATERMARK") && shown(&catalog, "l1").contains("'x' = '3'"));
    let l2 = shown(&catalog, "l2");
    assert!(!l2.contains("METADATA") && l2.contains("PK_a") && !l2.contains("'x'"), "{l2}");
    let l3 = shown(&catalog, "l3");
    assert!(l3.contains("`c` AS `a` + 2,\n  `m`") && l3.contains("WATERMARK FOR `ts` AS `ts`,"), "{l3}");
    let message = |text: &str| refused(&catalog, text).message;
    assert_eq!(message("CREATE TABLE x (a INT) LIKE base"), "A column named 'a' already exists in the base table.");
    assert_eq!(
        message("CREATE TABLE x LIKE base (OVERWRITING CONSTRAINTS)"),
        "Illegal merging strategy 'OVERWRITING' for 'CONSTRAINTS' option."
    );
    assert_eq!(
        message("CREATE TABLE x WITH ('x' = '3') LIKE base (INCLUDING OPTIONS)"),
        "There already exists an option ['x' -> '1']  in the base table. You might want to specify EXCLUDING OPTIONS or \
         OVERWRITING OPTIONS."
    );
}

#[test]
fn definitions_are_checked_with_their_place() {
    let catalog = catalog(&[]);
    let error = refused(&catalog, "CREATE TABLE t (a INT, PRIMARY KEY (b) NOT ENFORCED)");
    assert_eq!(error.message, "Primary key column 'b' is not defined in the schema");
    assert_eq!(error.span.map(|span| span.start), Some(36));
    let message = |text: &str| refused(&catalog, text).message;
    assert_eq!(message("CREATE TABLE t (a INT, a INT)"), "A regular Column named 'a' already exists in the table.");
    assert!(message("CREATE TABLE t (a INT, PRIMARY KEY (a))").starts_with("Flink doesn't support ENFORCED mode"));
    assert!(message("CREATE TABLE t (a INT, WATERMARK FOR a AS a)").ends_with("but the time field type is INT"));
    assert!(message("CREATE TABLE t (a INT) PARTITIONED BY (p)").starts_with("Partition column 'p' not defined"));
}

#[test]
fn temporary_tables_shadow_permanent_ones() {
    let mut catalog = catalog(&["CREATE TABLE t (a INT)", "CREATE TEMPORARY TABLE t (b INT)"]);
    assert!(shown(&catalog, "t").contains("`b` INT"));
    let message = refused(&catalog, "DROP TABLE t").message;
    assert!(message.starts_with("Temporary table with identifier '`default_catalog`"), "{message}");
    run(&mut catalog, "DROP TEMPORARY TABLE t").expect("dropped");
    assert!(shown(&catalog, "t").contains("`a` INT"));
}

#[test]
fn unknown_tables_are_named_with_the_nearest() {
    let catalog = catalog(&["CREATE TABLE orders (a INT)"]);
    let error = catalog.lookup(&name("ordesr")).expect_err("no such table");
    assert_eq!(error.message, "Object 'ordesr' not found; did you mean 'orders'?");
    assert_eq!(error.span.map(|span| (span.start, span.end)), Some((0, 6)));
    let error = catalog.lookup(&name("default_database.x")).expect_err("no such table");
    assert_eq!(error.message, "Object 'x' not found within 'default_database'");
}

#[test]
fn alter_changes_columns_and_what_refers_to_them() {
    let mut catalog = catalog(&["CREATE TABLE t (a INT, b STRING, c AS a + 1) WITH ('k' = 'v')"]);
    for text in [
        "ALTER TABLE t ADD (d DOUBLE FIRST, e AS b || 'x' AFTER a)",
        "ALTER TABLE t MODIFY b VARCHAR(3) NOT NULL AFTER c",
        "ALTER TABLE t ADD PRIMARY KEY (b) NOT ENFORCED",
        "ALTER TABLE t DROP (d)",
        "ALTER TABLE t SET ('k' = 'w', 'l' = '1')",
        "ALTER TABLE t RESET ('l')",
        "ALTER TABLE t RENAME TO t2",
    ] {
        run(&mut catalog, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    }
    let expected = "CREATE TABLE `default_catalog`.`default_database`.`t2` (\n  `a` INT,\n  `e` AS `b` || 'x',\n  `c` AS `a` + 1,\n  \
                    `b` VARCHAR(3) NOT NULL,\n  CONSTRAINT `PK_b` PRIMARY KEY (`b`) NOT ENFORCED\n)\nWITH (\n  'k' = 'w'\n)\n";
    assert_eq!(shown(&catalog, "t2"), expected);
    let message = |text: &str| refused(&catalog, text).message;
    assert_eq!(
        message("ALTER TABLE t2 DROP a"),
        "Failed to execute ALTER TABLE statement.\nThe column `a` is referenced by computed column `c`."
    );
    assert_eq!(
        message("ALTER TABLE t2 RENAME zz TO a"),
        "Failed to execute ALTER TABLE statement.\nThe column `zz` does not exist in the base table."
    );
}
