//! Functions whose calls Flink types by its own inference rather than by SQL validation's operator table: their refusals are worded
//! differently.

/// Whether a function, by its name in capitals, is one of them.
pub fn is_inferred(name: &str) -> bool {
    INFERRED.binary_search(&name).is_ok()
}

#[rustfmt::skip]
const INFERRED: [&str; 59] = [
    "ARRAY_APPEND", "ARRAY_CONCAT", "ARRAY_CONTAINS", "ARRAY_DISTINCT", "ARRAY_EXCEPT", "ARRAY_INTERSECT", "ARRAY_JOIN",
    "ARRAY_MAX", "ARRAY_MIN", "ARRAY_POSITION", "ARRAY_PREPEND", "ARRAY_REMOVE", "ARRAY_REVERSE", "ARRAY_SLICE",
    "ARRAY_SORT", "ARRAY_UNION", "BITMAP_AND", "BITMAP_ANDNOT", "BITMAP_BUILD", "BITMAP_CARDINALITY",
    "BITMAP_FROM_BYTES", "BITMAP_OR", "BITMAP_TO_ARRAY", "BITMAP_TO_BYTES", "BITMAP_TO_STRING", "BITMAP_XOR", "BTRIM",
    "COALESCE", "CURRENT_WATERMARK", "ELT", "ENDSWITH", "GREATEST", "IFNULL", "INET_ATON", "INET_NTOA", "JSON_QUOTE",
    "JSON_STRING", "JSON_UNQUOTE", "LEAST", "MAP_ENTRIES", "MAP_FROM_ARRAYS", "MAP_KEYS", "MAP_UNION", "MAP_VALUES",
    "PARSE_JSON", "PRINTF", "REGEXP_COUNT", "REGEXP_EXTRACT_ALL", "REGEXP_INSTR", "REGEXP_SUBSTR", "SPLIT",
    "STARTSWITH", "TO_TIMESTAMP_LTZ", "TRANSLATE", "TRY_PARSE_JSON", "TYPEOF", "UNHEX", "URL_DECODE", "URL_ENCODE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_search_finds_them() {
        assert!(INFERRED.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_inferred("SPLIT") && !is_inferred("UPPER"));
    }
}
