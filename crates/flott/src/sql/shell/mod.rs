//! The interactive shell: reads statements from the terminal and runs them; an error ends the statement, never the shell.

mod completer;
mod highlighter;
mod history;
mod prompt;
mod validator;
mod words;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flott_environment::{WakeTarget, Waker};
use reedline::{
    ColumnarMenu, EditCommand, Emacs, KeyCode, KeyModifiers, MenuBuilder, Reedline, ReedlineEvent, ReedlineMenu,
    Signal, default_emacs_keybindings,
};

use self::completer::{SessionNames, SqlCompleter};
use self::highlighter::SqlHighlighter;
use self::prompt::ShellPrompt;
use self::validator::StatementValidator;
use super::console::Console;
use super::notice::notice;
use super::script::{Script, ScriptEnd};

/// What errors call the text that was typed.
const NAME: &str = "shell";

const COMPLETION_MENU: &str = "completion";

/// Reads and runs statements until QUIT, Ctrl-D or the terminal's end.
///
/// Returns [`ScriptEnd::Quit`], [`ScriptEnd::Interrupted`] (SIGTERM at the prompt), [`ScriptEnd::OutputClosed`], or
/// [`ScriptEnd::Failed`] if the terminal cannot be read; it has been said why.
pub fn run(console: &mut Console) -> ScriptEnd {
    let environment = console.environment.clone();
    let names = SessionNames::default();
    let is_ended = Arc::new(AtomicBool::new(false));
    let mut editor = editor(&names).with_break_signal(Arc::clone(&is_ended));
    notice(format!("flott {}. HELP lists the commands, QUIT or Ctrl-D ends the shell.", env!("CARGO_PKG_VERSION")));
    loop {
        names.refresh(&console.client.session.catalog);
        // While a line is read, Ctrl-C is a key; only signals of others come here.
        environment.interrupted().clear();
        environment.interrupted().register(Waker::new(Arc::new(EndReading { is_ended: Arc::clone(&is_ended) })));
        let text = match editor.read_line(&ShellPrompt) {
            Ok(Signal::Success(text)) => text,
            Ok(Signal::CtrlD) => return ScriptEnd::Quit,
            Ok(Signal::ExternalBreak(_)) => return ScriptEnd::Interrupted,
            Ok(_) => continue,
            Err(error) => {
                notice(format!("error: the terminal cannot be read: {error}"));
                return ScriptEnd::Failed;
            }
        };
        environment.interrupted().clear();
        let script = Script { name: NAME.to_string(), text };
        match script.run(console) {
            end @ (ScriptEnd::Quit | ScriptEnd::OutputClosed) => return end,
            ScriptEnd::Succeeded | ScriptEnd::Failed | ScriptEnd::Interrupted => {}
        }
    }
}

/// Ends the reading of a line.
struct EndReading {
    is_ended: Arc<AtomicBool>,
}

impl WakeTarget for EndReading {
    fn wake(&self) {
        self.is_ended.store(true, Ordering::Release);
    }
}

fn editor(names: &SessionNames) -> Reedline {
    let mut keys = default_emacs_keybindings();
    let complete = vec![ReedlineEvent::Menu(COMPLETION_MENU.to_string()), ReedlineEvent::MenuNext];
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, ReedlineEvent::UntilFound(complete));
    let new_line = ReedlineEvent::Edit(vec![EditCommand::InsertNewline]);
    keys.add_binding(KeyModifiers::ALT, KeyCode::Enter, new_line);
    let menu = ColumnarMenu::default().with_name(COMPLETION_MENU).with_marker("");
    let editor = Reedline::create()
        .with_completer(Box::new(SqlCompleter::new(names.clone())))
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(menu)))
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_highlighter(Box::new(SqlHighlighter))
        .with_validator(Box::new(StatementValidator));
    let Some(path) = history::file() else {
        return editor;
    };
    match history::open(&path) {
        Ok(history) => editor.with_history(Box::new(history)),
        Err(message) => {
            notice(format!("[WARN] {message}"));
            editor
        }
    }
}
