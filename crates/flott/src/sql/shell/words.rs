//! The keywords that statements are made of: those worth completing, of Flink's more than eight hundred.

/// In upper case, sorted.
#[rustfmt::skip]
pub const STATEMENT_WORDS: &[&str] = &[
    "ADD", "ALL", "ALTER", "AND", "AS", "ASC", "BEGIN", "BETWEEN", "BIGINT", "BINARY", "BOOLEAN", "BY", "BYTES", "CASE", "CAST",
    "CATALOG", "CATALOGS", "CHAR", "CLEAR", "COLUMNS", "COMMENT", "CONSTRAINT", "CREATE", "CROSS", "CUBE", "CURRENT", "DATABASE",
    "DATABASES", "DATE", "DAY", "DECIMAL", "DEFINE", "DESC", "DESCRIBE", "DESCRIPTOR", "DISTINCT", "DISTRIBUTED", "DOUBLE", "DROP", "ELSE",
    "END", "ENFORCED", "EXCEPT", "EXECUTE", "EXISTS", "EXIT", "EXPLAIN", "FALSE", "FETCH", "FIRST", "FLOAT", "FOLLOWING", "FOR", "FROM",
    "FULL", "FUNCTION", "FUNCTIONS", "GROUP", "GROUPING", "HAVING", "HELP", "HOUR", "IF", "IN", "INNER", "INSERT", "INT", "INTERSECT",
    "INTERVAL", "INTO", "IS", "JOBS", "JOIN", "KEY", "LAST", "LATERAL", "LEFT", "LIKE", "LIMIT", "MAP", "MATCH_RECOGNIZE", "MEASURES",
    "METADATA", "MINUTE", "MODULES", "MONTH", "NATURAL", "NOT", "NULL", "NULLS", "OF", "OFFSET", "ON", "OPTIONS", "OR", "ORDER", "OUTER",
    "OVER", "OVERWRITE", "PARTITION", "PARTITIONED", "PATTERN", "PRECEDING", "PRIMARY", "QUIT", "RANGE", "RENAME", "RESET", "RIGHT",
    "ROLLUP", "ROW", "ROWS", "SECOND", "SELECT", "SET", "SETS", "SHOW", "SIMILAR", "SMALLINT", "SOURCE", "STATEMENT", "STRING",
    "SYSTEM_TIME", "TABLE", "TABLES", "TEMPORARY", "THEN", "TIME", "TIMESTAMP", "TIMESTAMP_LTZ", "TINYINT", "TO", "TRUE", "UNBOUNDED",
    "UNION", "UNNEST", "USE", "USING", "VALUES", "VARBINARY", "VARCHAR", "VIEW", "VIEWS", "VIRTUAL", "WATERMARK", "WHEN", "WHERE", "WINDOW",
    "WITH", "WITHIN", "WITHOUT", "YEAR", "ZONE",
];

/// Whether the word (in any case) is one of [`STATEMENT_WORDS`].
pub fn is_statement_word(word: &str) -> bool {
    STATEMENT_WORDS.binary_search(&word.to_ascii_uppercase().as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use flott_syntax::{FragmentKind, fragments};

    #[test]
    fn the_words_are_sorted() {
        assert!(STATEMENT_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_statement_word("select") && !is_statement_word("price"));
    }

    #[test]
    fn the_words_are_keywords_or_commands() {
        for word in STATEMENT_WORDS {
            let kind = fragments(word)[0].kind;
            let is_keyword = matches!(kind, FragmentKind::Reserved | FragmentKind::Keyword);
            assert!(is_keyword || ["CLEAR", "EXIT", "HELP", "QUIT"].contains(word), "{word} is no keyword");
        }
    }
}
