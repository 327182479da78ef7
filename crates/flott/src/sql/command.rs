//! Client commands: HELP, CLEAR; SOURCE is run by the script it stands in.

use std::io::{self, IsTerminal, Write};

/// What HELP prints.
pub const HELP: &str = "\
The following commands are available. Each ends with a semicolon, but for HELP, CLEAR, QUIT, EXIT:

HELP                     Prints this text.
QUIT, EXIT               Ends the shell; so does Ctrl-D on an empty line.
CLEAR                    Clears the terminal.
SOURCE 'file'            Runs the statements of a file.
SET                      Lists the options that are set.
SET 'key' = 'value'      Sets an option.
RESET                    Resets all options; RESET 'key' resets one.
SHOW TABLES              Lists tables and views; also SHOW VIEWS, DATABASES, FUNCTIONS, CREATE TABLE name …
DESCRIBE name            Shows the columns of a table or view.
EXPLAIN query            Shows the plan of a query or an INSERT.
SELECT, INSERT, CREATE, DROP, ALTER, USE, EXECUTE STATEMENT SET … as in Flink SQL.

A statement may go over several lines. Tab completes, Up, Down and Ctrl-R find earlier statements,
Ctrl-C cancels the running query or clears the line.
";

/// Empties the screen and puts the cursor to its beginning; an output that is no terminal is left alone.
pub fn clear_screen() -> io::Result<()> {
    let mut out = io::stdout();
    if !out.is_terminal() {
        return Ok(());
    }
    out.write_all(b"\x1b[2J\x1b[3J\x1b[H")?;
    out.flush()
}
