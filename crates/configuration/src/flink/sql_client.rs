//! Options of the SQL client: `sql-client.*`. Keys, defaults and older keys are Flink's;
//! a test compares them with the catalogue.

flink_options! {
    /// SQL highlight color schema to be used at SQL client.
    DISPLAY_COLOR_SCHEMA: String = "sql-client.display.color-schema", "DEFAULT";
    /// Determine whether to display the time consumption of the query.
    DISPLAY_PRINT_TIME_COST: bool = "sql-client.display.print-time-cost", "true";
    /// Determines whether there should be shown line numbers in multiline SQL or not.
    DISPLAY_SHOW_LINE_NUMBERS: bool = "sql-client.display.show-line-numbers", "false";
    /// The number of rows to cache when in the table mode.
    EXECUTION_MAX_TABLE_RESULT_ROWS: i32 = "sql-client.execution.max-table-result.rows", "1000000";
    /// Determines how the query result should be displayed.
    EXECUTION_RESULT_MODE: ResultMode = "sql-client.execution.result-mode", "TABLE";
    /// Determine whether to output the verbose output to the console.
    VERBOSE: bool = "sql-client.verbose", "false";
}

crate::configuration_enum! {
    /// How the SQL client shows a query's result.
    pub enum ResultMode {
        /// A table that is refreshed.
        Table = "TABLE",
        /// The changes as they come.
        Changelog = "CHANGELOG",
        /// Text in columns with the row kinds.
        Tableau = "TABLEAU",
    }
}
