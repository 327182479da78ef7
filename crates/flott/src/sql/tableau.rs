//! Results as tables of lines, exactly as Flink's SQL client prints them in the mode TABLEAU.
//!
//! Streaming results are printed as they come, so widths follow from the types; other results are printed as a whole, with widths from
//! their content. Cells are right-aligned and cut at the greatest width.

use std::io::{self, Write};

use flott_record::{RowKind, Schema, TypeKind};
use unicode_width::UnicodeWidthStr;

use crate::sql::cells::NULL_TEXT;

const OP_COLUMN: &str = "op";

/// Greatest width of a column of variable width, unless `sql-client.display.max-column-width` says otherwise.
pub const COLUMN_WIDTH_DEFAULT: usize = 30;

/// Prints a changelog as it comes.
pub struct StreamingTableau {
    widths: Vec<usize>,
    rows: u64,
}

impl StreamingTableau {
    /// Prints the header.
    ///
    /// # Errors
    /// If the output is closed.
    pub fn begin(schema: &Schema, width_max: usize, out: &mut dyn Write) -> io::Result<Self> {
        let mut widths = vec![OP_COLUMN.len()];
        widths.extend(schema.fields.iter().map(|field| {
            let typed = type_width(&field.data_type.kind, width_max);
            let null = if field.data_type.nullable { NULL_TEXT.len() } else { 0 };
            field.name.width().max(typed).max(null)
        }));
        let mut header = vec![OP_COLUMN.to_string()];
        header.extend(schema.fields.iter().map(|field| field.name.clone()));
        write_border(out, &widths)?;
        write_row(out, &header, &widths)?;
        write_border(out, &widths)?;
        Ok(StreamingTableau { widths, rows: 0 })
    }

    /// Prints one row.
    ///
    /// # Errors
    /// If the output is closed.
    pub fn row(&mut self, kind: RowKind, cells: Vec<String>, out: &mut dyn Write) -> io::Result<()> {
        let mut all = vec![kind.short().to_string()];
        all.extend(cells);
        self.rows += 1;
        write_row(out, &all, &self.widths)
    }

    /// Prints the footer.
    ///
    /// # Errors
    /// If the output is closed.
    pub fn end(self, out: &mut dyn Write) -> io::Result<()> {
        if self.rows > 0 {
            write_border(out, &self.widths)?;
        }
        writeln!(out, "Received a total of {} {}", self.rows, self.noun())
    }

    /// Prints what stands below the rows of a query that was cancelled.
    ///
    /// # Errors
    /// If the output is closed.
    pub fn end_cancelled(self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "Query terminated, received a total of {} {}", self.rows, self.noun())
    }

    fn noun(&self) -> &'static str {
        if self.rows <= 1 { "row" } else { "rows" }
    }
}

/// Prints a whole result.
///
/// # Errors
/// If the output is closed.
pub fn write_whole(names: &[String], rows: &[Vec<String>], width_max: usize, out: &mut dyn Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "Empty set");
    }
    let mut widths: Vec<usize> = names.iter().map(|name| name.width()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width().min(width_max));
        }
    }
    write_border(out, &widths)?;
    write_row(out, names, &widths)?;
    write_border(out, &widths)?;
    for row in rows {
        write_row(out, row, &widths)?;
    }
    write_border(out, &widths)?;
    let noun = if rows.len() == 1 { "row" } else { "rows" };
    writeln!(out, "{} {noun} in set", rows.len())
}

/// The width that any value of a type fits in; the greatest width for types of variable width.
fn type_width(kind: &TypeKind, width_max: usize) -> usize {
    let with_fraction = |base: usize, precision: u8| base + if precision > 0 { 1 + usize::from(precision) } else { 0 };
    match kind {
        TypeKind::TinyInt => 4,
        TypeKind::SmallInt => 6,
        TypeKind::Int => 11,
        TypeKind::BigInt => 20,
        TypeKind::Boolean => 5,
        TypeKind::Decimal { precision, .. } => usize::from(*precision) + 3,
        TypeKind::Date => 10,
        TypeKind::Time(precision) => with_fraction(8, *precision),
        TypeKind::Timestamp(precision) | TypeKind::TimestampLtz(precision) => with_fraction(19, *precision),
        _ => width_max,
    }
}

fn write_border(out: &mut dyn Write, widths: &[usize]) -> io::Result<()> {
    let line: String = widths.iter().map(|width| format!("+{}", "-".repeat(width + 2))).collect();
    writeln!(out, "{line}+")
}

fn write_row(out: &mut dyn Write, cells: &[String], widths: &[usize]) -> io::Result<()> {
    for (cell, width) in cells.iter().zip(widths) {
        let text = cut(cell, *width);
        let padding = " ".repeat(width.saturating_sub(text.width()));
        write!(out, "| {padding}{text} ")?;
    }
    writeln!(out, "|")
}

/// The cell, cut to the width with `...` at its end.
fn cut(cell: &str, width: usize) -> String {
    if cell.width() <= width {
        return cell.to_string();
    }
    let mut text = String::new();
    for character in cell.chars() {
        let wider = format!("{text}{character}");
        if wider.width() + 3 > width {
            break;
        }
        text = wider;
    }
    text.push_str("...");
    text
}

#[cfg(test)]
mod tests {
    use flott_record::Field;

    use super::*;

    #[test]
    fn a_changelog_looks_as_in_flink() {
        let schema = Schema::new(vec![
            Field::new("id", TypeKind::Int.not_null()),
            Field::new("str", TypeKind::string().nullable()),
        ]);
        let mut out = Vec::new();
        let mut table = StreamingTableau::begin(&schema, 10, &mut out).expect("memory");
        table.row(RowKind::Insert, vec!["1".into(), "Hello World".into()], &mut out).expect("memory");
        table.end(&mut out).expect("memory");
        let text = String::from_utf8(out).expect("text");
        let expected = "\
+----+-------------+------------+
| op |          id |        str |
+----+-------------+------------+
| +I |           1 | Hello W... |
+----+-------------+------------+
Received a total of 1 row
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_whole_result_is_as_wide_as_its_content() {
        let mut out = Vec::new();
        write_whole(&["a".into()], &[vec!["12".into()], vec!["3".into()]], 30, &mut out).expect("memory");
        let expected = "+----+\n|  a |\n+----+\n| 12 |\n|  3 |\n+----+\n2 rows in set\n";
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }
}
