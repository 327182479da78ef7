//! Function calls and windows.

use super::expression::write_arithmetic;
use super::identifier::is_plain;
use super::{write_clause, write_list, write_optional};
use crate::ast::{
    ExpressionKind, FunctionArgument, FunctionArguments, FunctionCall, NullTreatment, Over, SetQuantifier, WindowFrame,
    WindowFrameBound, WindowFrameUnit, WindowSpecification,
};
use crate::keyword;
use std::fmt::{Display, Formatter, Result};

/// Functions that the parser reads with a syntax of their own although their calls are ordinary nodes, with the
/// words that may separate their operands.
const WORD_SEPARATED: &[(&str, &[&str])] = &[
    ("FLOOR", &[]),
    ("CEIL", &[]),
    ("CEILING", &[]),
    ("SUBSTRING", &[" FROM ", " FOR "]),
    ("OVERLAY", &[" PLACING ", " FROM ", " FOR "]),
    ("POSITION", &[" IN ", " FROM "]),
    ("TRANSLATE", &[]),
    ("CONVERT", &[]),
];

/// Words that begin another node when a parenthesis follows, so that functions of that name need back-ticks.
const OTHER_SYNTAX: &[&str] = &["DESCRIPTOR", "MAP", "TIMESTAMPADD", "TIMESTAMPDIFF"];

impl Display for FunctionCall {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if matches!(self.arguments, FunctionArguments::Absent) {
            return self.name.parts.iter().try_for_each(|part| f.write_str(&part.value));
        }
        let [name] = self.name.parts.as_slice() else {
            write!(f, "{}", self.name)?;
            return write_call_tail(f, self);
        };
        let Some(found) = keyword::find(&name.value) else {
            write!(f, "{name}")?;
            return write_call_tail(f, self);
        };
        if let Some((_, words)) = WORD_SEPARATED.iter().find(|(word, _)| *word == found)
            && is_word_separable(self, words)
        {
            return write_with_words(f, self, words);
        }
        let special = WORD_SEPARATED.iter().any(|(word, _)| *word == found) || OTHER_SYNTAX.contains(&found);
        let callable =
            !keyword::is_reserved(found) || keyword::is_function(found) || keyword::is_context_variable(found);
        match callable && !special {
            true => f.write_str(&name.value)?,
            false => write!(f, "{name}")?,
        }
        write_call_tail(f, self)
    }
}

/// A call where only names can stand, not reserved words: of a table function or a procedure.
pub(super) fn write_named_call(f: &mut Formatter<'_>, call: &FunctionCall) -> Result {
    match call.name.parts.as_slice() {
        [name] if is_plain(&name.value) && is_no_reserved_word(&name.value) => {
            f.write_str(&name.value)?;
        }
        _ => write!(f, "{}", call.name)?,
    }
    write_call_tail(f, call)
}

fn is_no_reserved_word(text: &str) -> bool {
    keyword::find(text).is_none_or(|found| !keyword::is_reserved(found))
}

/// Whether the call has nothing but positional operands, few enough for the words.
fn is_word_separable(call: &FunctionCall, words: &[&str]) -> bool {
    let FunctionArguments::List(arguments) = &call.arguments else {
        return false;
    };
    let bare = call.quantifier.is_none()
        && call.order_by.is_empty()
        && call.null_treatment.is_none()
        && call.within_group.is_empty()
        && call.filter.is_none()
        && call.over.is_none();
    let plain = |argument: &FunctionArgument| {
        argument.name.is_none()
            && !matches!(
                argument.value.kind,
                ExpressionKind::Table(_) | ExpressionKind::Model(_) | ExpressionKind::QualifiedWildcard(_)
            )
    };
    let count_fits = words.is_empty() || arguments.len() <= words.len() + 1;
    bare && !arguments.is_empty() && count_fits && arguments.iter().all(plain)
}

fn write_with_words(f: &mut Formatter<'_>, call: &FunctionCall, words: &[&str]) -> Result {
    let FunctionArguments::List(arguments) = &call.arguments else {
        return Ok(());
    };
    for part in &call.name.parts {
        f.write_str(&part.value)?;
    }
    f.write_str("(")?;
    for (index, argument) in arguments.iter().enumerate() {
        if index > 0 {
            f.write_str(words.get(index - 1).copied().unwrap_or(", "))?;
        }
        match index {
            0 => write_arithmetic(f, &argument.value)?,
            _ => write!(f, "{}", argument.value)?,
        }
    }
    f.write_str(")")
}

/// Prints all of a call from the parenthesis on.
fn write_call_tail(f: &mut Formatter<'_>, call: &FunctionCall) -> Result {
    f.write_str("(")?;
    if let Some(quantifier) = call.quantifier {
        write!(f, "{quantifier}")?;
        if !matches!(&call.arguments, FunctionArguments::List(list) if list.is_empty()) {
            f.write_str(" ")?;
        }
    }
    match &call.arguments {
        FunctionArguments::Absent => {}
        FunctionArguments::Star => f.write_str("*")?,
        FunctionArguments::List(arguments) => write_list(f, arguments)?,
    }
    write_clause(f, " ORDER BY ", &call.order_by, "")?;
    f.write_str(")")?;
    write_optional(f, " ", call.null_treatment.as_ref())?;
    write_clause(f, " WITHIN GROUP (ORDER BY ", &call.within_group, ")")?;
    if let Some(filter) = &call.filter {
        write!(f, " FILTER (WHERE {filter})")?;
    }
    write_optional(f, " ", call.over.as_ref())
}

impl Display for FunctionArgument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(name) = &self.name {
            write!(f, "{name} => ")?;
        }
        write!(f, "{}", self.value)
    }
}

impl Display for SetQuantifier {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            SetQuantifier::All => "ALL",
            SetQuantifier::Distinct => "DISTINCT",
        })
    }
}

impl Display for NullTreatment {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str(match self {
            NullTreatment::Ignore => "IGNORE NULLS",
            NullTreatment::Respect => "RESPECT NULLS",
        })
    }
}

impl Display for Over {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Over::Name(name) => write!(f, "OVER {name}"),
            Over::Window(window) => write!(f, "OVER {window}"),
        }
    }
}

impl Display for WindowSpecification {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("(")?;
        let mut blank = "";
        if let Some(base) = &self.base {
            write!(f, "{base}")?;
            blank = " ";
        }
        if !self.partition_by.is_empty() {
            write!(f, "{blank}PARTITION BY ")?;
            write_list(f, &self.partition_by)?;
            blank = " ";
        }
        if !self.order_by.is_empty() {
            write!(f, "{blank}ORDER BY ")?;
            write_list(f, &self.order_by)?;
            blank = " ";
        }
        if let Some(frame) = &self.frame {
            write!(f, "{blank}{frame}")?;
            blank = " ";
        }
        match self.allow_partial {
            Some(true) => write!(f, "{blank}ALLOW PARTIAL")?,
            Some(false) => write!(f, "{blank}DISALLOW PARTIAL")?,
            None => {}
        }
        f.write_str(")")
    }
}

impl Display for WindowFrame {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let unit = match self.unit {
            WindowFrameUnit::Rows => "ROWS",
            WindowFrameUnit::Range => "RANGE",
        };
        match &self.end {
            Some(end) => write!(f, "{unit} BETWEEN {} AND {end}", self.start),
            None => write!(f, "{unit} {}", self.start),
        }
    }
}

impl Display for WindowFrameBound {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            WindowFrameBound::UnboundedPreceding => f.write_str("UNBOUNDED PRECEDING"),
            WindowFrameBound::CurrentRow => f.write_str("CURRENT ROW"),
            WindowFrameBound::UnboundedFollowing => f.write_str("UNBOUNDED FOLLOWING"),
            WindowFrameBound::Preceding(amount) => {
                write_arithmetic(f, amount)?;
                f.write_str(" PRECEDING")
            }
            WindowFrameBound::Following(amount) => {
                write_arithmetic(f, amount)?;
                f.write_str(" FOLLOWING")
            }
        }
    }
}
