//! The names of all functions and operators of Flink 2.3, whether flott computes them or not.
//!
//! An unknown name is answered with the nearest of these; a known one that flott lacks is called "not supported".
//! Collected from Flink's built-in function definitions and its SQL operator table; sorted.

/// Whether Flink has a function or operator of this name, in any case.
pub fn is_function(name: &str) -> bool {
    NAMES.binary_search(&name.to_ascii_uppercase().as_str()).is_ok()
}

/// All names, sorted.
pub fn names() -> Vec<&'static str> {
    NAMES.to_vec()
}

/// The name nearest to an unknown one, if one is near enough to be a typing error.
pub fn nearest(name: &str) -> Option<String> {
    let wanted = name.to_ascii_uppercase();
    let limit = (wanted.chars().count() / 3).max(1);
    // Nobody means an operator by a name.
    let words = NAMES.iter().filter(|known| known.starts_with(|first: char| first.is_ascii_alphabetic()));
    let best = words.map(|known| (distance(&wanted, known), *known)).min()?;
    (best.0 <= limit).then(|| best.1.to_string())
}

/// Levenshtein's distance between two names.
fn distance(left: &str, right: &str) -> usize {
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, from) in left.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in right.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[right.len()]
}

#[rustfmt::skip]
const NAMES: &[&str] = &[
    "%", "*", "+", "-", "/", "<", "<=", "<>", "=", ">", ">=", "ABS", "ACOS", "AND", "APPROX_COUNT_DISTINCT", "ARRAY",
    "ARRAY_AGG", "ARRAY_APPEND", "ARRAY_CONCAT", "ARRAY_CONTAINS", "ARRAY_DISTINCT", "ARRAY_EXCEPT",
    "ARRAY_INTERSECT", "ARRAY_JOIN", "ARRAY_MAX", "ARRAY_MIN", "ARRAY_POSITION", "ARRAY_PREPEND", "ARRAY_REMOVE",
    "ARRAY_REVERSE", "ARRAY_SLICE", "ARRAY_SORT", "ARRAY_UNION", "ASCII", "ASIN", "ATAN", "ATAN2", "AVG", "BETWEEN",
    "BETWEEN ASYMMETRIC", "BETWEEN SYMMETRIC", "BIN", "BITMAP_AND", "BITMAP_ANDNOT", "BITMAP_AND_AGG",
    "BITMAP_AND_CARDINALITY_AGG", "BITMAP_BUILD", "BITMAP_BUILD_AGG", "BITMAP_BUILD_CARDINALITY_AGG",
    "BITMAP_CARDINALITY", "BITMAP_FROM_BYTES", "BITMAP_OR", "BITMAP_OR_AGG", "BITMAP_OR_CARDINALITY_AGG",
    "BITMAP_TO_ARRAY", "BITMAP_TO_BYTES", "BITMAP_TO_STRING", "BITMAP_XOR", "BITMAP_XOR_AGG",
    "BITMAP_XOR_CARDINALITY_AGG", "BTRIM", "CARDINALITY", "CASE", "CAST", "CEIL", "CHARACTER_LENGTH", "CHAR_LENGTH",
    "CHR", "CLASSIFIER", "COALESCE", "COLLECT", "CONCAT", "CONCAT_WS", "CONVERT_TZ", "COS", "COSH", "COT", "COUNT",
    "CUME_DIST", "CUMULATE", "CURRENT_DATABASE", "CURRENT_DATE", "CURRENT_ROW_TIMESTAMP", "CURRENT_TIME",
    "CURRENT_TIMESTAMP", "CURRENT_WATERMARK", "DATE_FORMAT", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "DECODE",
    "DEGREES", "DENSE_RANK", "DESCRIPTOR", "E", "ELEMENT", "ELT", "ENCODE", "ENDSWITH", "EXISTS", "EXP", "EXTRACT",
    "FIELD", "FIRST", "FIRST_VALUE", "FLOOR", "FROM_BASE64", "FROM_CHANGELOG", "FROM_UNIXTIME", "GREATEST",
    "GROUPING", "GROUPING_ID", "HASH_CODE", "HEX", "HOP", "HOP_END", "HOP_PROCTIME", "HOP_ROWTIME", "HOP_START",
    "HOUR", "IF", "IFNULL", "IN", "INET_ATON", "INET_NTOA", "INITCAP", "INSTR", "IS DISTINCT FROM", "IS FALSE",
    "IS JSON ARRAY", "IS JSON OBJECT", "IS JSON SCALAR", "IS JSON VALUE", "IS NOT DISTINCT FROM", "IS NOT FALSE",
    "IS NOT JSON ARRAY", "IS NOT JSON OBJECT", "IS NOT JSON SCALAR", "IS NOT JSON VALUE", "IS NOT NULL",
    "IS NOT TRUE", "IS NOT UNKNOWN", "IS NULL", "IS TRUE", "IS UNKNOWN", "IS_ALPHA", "IS_DECIMAL", "IS_DIGIT", "ITEM",
    "JSON", "JSON_ARRAY", "JSON_ARRAYAGG", "JSON_ARRAYAGG_ABSENT_ON_NULL", "JSON_ARRAYAGG_NULL_ON_NULL",
    "JSON_EXISTS", "JSON_OBJECT", "JSON_OBJECTAGG", "JSON_OBJECTAGG_ABSENT_ON_NULL", "JSON_OBJECTAGG_NULL_ON_NULL",
    "JSON_QUERY", "JSON_QUOTE", "JSON_STRING", "JSON_UNQUOTE", "JSON_VALUE", "LAG", "LAST", "LAST_VALUE", "LEAD",
    "LEAST", "LEFT", "LIKE", "LISTAGG", "LN", "LOCALTIME", "LOCALTIMESTAMP", "LOCATE", "LOG", "LOG10", "LOG2",
    "LOWER", "LPAD", "LTRIM", "MAP", "MAP_ENTRIES", "MAP_FROM_ARRAYS", "MAP_KEYS", "MAP_UNION", "MAP_VALUES",
    "MATCH_PROCTIME", "MATCH_ROWTIME", "MAX", "MD5", "MIN", "MINUTE", "ML_EVALUATE", "ML_PREDICT", "MOD", "MONTH",
    "MULTISET", "NEXT", "NOT", "NOT BETWEEN ASYMMETRIC", "NOT BETWEEN SYMMETRIC", "NOT IN", "NOT LIKE",
    "NOT SIMILAR TO", "NOW", "NTILE", "NULLIF", "OBJECT_OF", "OBJECT_UPDATE", "OR", "OVERLAPS", "OVERLAY",
    "PARSE_JSON", "PARSE_URL", "PERCENTILE", "PERCENT_RANK", "PI", "POSITION", "POWER", "PREV", "PRINTF", "PROCTIME",
    "PROCTIME_MATERIALIZE", "QUARTER", "RADIANS", "RAND", "RAND_INTEGER", "RANK", "REGEXP", "REGEXP_COUNT",
    "REGEXP_EXTRACT", "REGEXP_EXTRACT_ALL", "REGEXP_INSTR", "REGEXP_REPLACE", "REGEXP_SUBSTR", "REPEAT", "REPLACE",
    "REVERSE", "RIGHT", "ROUND", "ROW", "ROW_NUMBER", "RPAD", "RTRIM", "SECOND", "SESSION", "SESSION_END",
    "SESSION_PROCTIME", "SESSION_ROWTIME", "SESSION_START", "SHA1", "SHA2", "SHA224", "SHA256", "SHA384", "SHA512",
    "SIGN", "SIMILAR TO", "SIN", "SINGLE_VALUE", "SINH", "SOURCE_WATERMARK", "SPLIT", "SPLIT_INDEX", "SQRT",
    "STARTSWITH", "STDDEV", "STDDEV_POP", "STDDEV_SAMP", "STREAMRECORD_TIMESTAMP", "STR_TO_MAP", "SUBSTR",
    "SUBSTRING", "SUM", "TAN", "TANH", "TIMESTAMPADD", "TIMESTAMPDIFF", "TO_BASE64", "TO_CHANGELOG",
    "TO_DATE", "TO_TIMESTAMP", "TO_TIMESTAMP_LTZ", "TRANSLATE", "TRIM", "TRUNCATE", "TRY_CAST", "TRY_PARSE_JSON",
    "TUMBLE", "TUMBLE_END", "TUMBLE_PROCTIME", "TUMBLE_ROWTIME", "TUMBLE_START", "TYPEOF", "UNHEX", "UNIX_TIMESTAMP",
    "UPPER", "URL_DECODE", "URL_ENCODE", "UUID", "VARIANCE", "VAR_POP", "VAR_SAMP", "VECTOR_SEARCH", "WEEK", "YEAR",
    "||",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_search_finds_them() {
        assert!(NAMES.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_function("upper") && is_function("||") && !is_function("UPPERR"));
    }

    #[test]
    fn a_typing_error_finds_its_name() {
        assert_eq!(nearest("SUBSTRNG").as_deref(), Some("SUBSTRING"));
        assert_eq!(nearest("frobnicate"), None);
    }
}
