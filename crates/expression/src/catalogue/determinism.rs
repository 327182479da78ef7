//! Which functions give the same for the same arguments.

/// Whether a call depends on its arguments alone: not on the clock, the watermark, chance or the row's position.
pub fn is_deterministic(name: &str, arguments: usize) -> bool {
    match name {
        "UNIX_TIMESTAMP" => arguments > 0,
        _ => !CHANGING.contains(&name),
    }
}

const CHANGING: [&str; 20] = [
    "CURRENT_DATE",
    "CURRENT_ROW_TIMESTAMP",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "CURRENT_WATERMARK",
    "CURRENT_DATABASE",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "MATCH_PROCTIME",
    "MATCH_ROWTIME",
    "NOW",
    "PRINT",
    "PROCTIME",
    "PROCTIME_MATERIALIZE",
    "RAND",
    "RAND_INTEGER",
    "SOURCE_WATERMARK",
    "STREAMRECORD_TIMESTAMP",
    "UUID",
    "CLASSIFIER",
];
