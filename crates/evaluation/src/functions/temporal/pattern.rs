//! Date patterns of Java: those of `DateTimeFormatter` and those of the older `SimpleDateFormat`, which Flink uses side by side.

use crate::evaluator::CompileError;

/// Whose letters a pattern has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// `java.time.format.DateTimeFormatter`: `S` is a fraction, `u` a year.
    DateTimeFormatter,
    /// `java.text.SimpleDateFormat`: `S` is a number of milliseconds, `u` a day of the week; reading is lenient.
    SimpleDateFormat,
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Item {
    /// Text that stands for itself.
    Literal(String),
    /// A value, and how often its letter stands.
    Field(Field, usize),
    /// `[…]`: always written, read if it is there.
    Optional(Vec<Item>),
}

/// What a letter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    Era,
    /// Year of the era.
    Year,
    /// Year that may be 0 or negative.
    ProlepticYear,
    WeekYear,
    Month,
    Day,
    DayOfYear,
    /// Name of the day of the week.
    Weekday,
    /// Number of the day of the week, Sunday being 1.
    WeekdayFromSunday,
    /// Number of the day of the week, Monday being 1.
    WeekdayFromMonday,
    WeekOfYear,
    WeekOfMonth,
    /// How often the weekday has come in the month.
    WeekdayInMonth,
    Quarter,
    AmPm,
    /// 0 to 23
    Hour,
    /// 1 to 24
    HourFromOne,
    /// 1 to 12
    ClockHour,
    /// 0 to 11
    HourOfHalfDay,
    Minute,
    Second,
    Fraction,
    Millisecond,
    MilliOfDay,
    NanoOfSecond,
    NanoOfDay,
    /// `+0100`
    OffsetRfc,
    /// `Z`, `+01`, `+0100`, `+01:00`
    OffsetIso,
}

/// Why a text is no pattern.
#[derive(Debug, PartialEq)]
pub(super) enum PatternError {
    /// Java refuses it, too.
    Illegal(String),
    /// Java has the letter, flott does not.
    NotSupported(char),
}

impl PatternError {
    pub(super) fn message(&self) -> String {
        match self {
            PatternError::Illegal(message) => message.clone(),
            PatternError::NotSupported(letter) => format!("not supported: letter {letter} in a date pattern"),
        }
    }
}

impl From<PatternError> for CompileError {
    fn from(error: PatternError) -> Self {
        match error {
            PatternError::Illegal(message) => CompileError::WrongConstant(message),
            PatternError::NotSupported(letter) => {
                CompileError::NotSupported(format!("letter {letter} in a date pattern"))
            }
        }
    }
}

/// Reads a pattern.
pub(super) fn parse(text: &str, dialect: Dialect) -> Result<Vec<Item>, PatternError> {
    let mut parser = Parser { rest: text.chars().peekable(), dialect, not_supported: None };
    let items = parser.items()?;
    match (parser.rest.next(), parser.not_supported) {
        (Some(_), _) => Err(PatternError::Illegal("Pattern invalid as it contains ] without previous [".to_string())),
        (None, Some(letter)) => Err(PatternError::NotSupported(letter)),
        (None, None) => Ok(items),
    }
}

struct Parser<'a> {
    rest: std::iter::Peekable<std::str::Chars<'a>>,
    dialect: Dialect,
    /// The first letter that only Java knows. The rest is read on, since what Java refuses, too, is illegal first of all.
    not_supported: Option<char>,
}

impl Parser<'_> {
    /// Items up to the end or a closing bracket, which stays.
    fn items(&mut self) -> Result<Vec<Item>, PatternError> {
        let formatter = self.dialect == Dialect::DateTimeFormatter;
        let mut items = Vec::new();
        while let Some(c) = self.rest.peek().copied() {
            match c {
                ']' if formatter => break,
                '[' if formatter => {
                    self.rest.next();
                    items.push(Item::Optional(self.items()?));
                    // Java closes what is open at the end.
                    self.rest.next_if_eq(&']');
                }
                '\'' => {
                    self.rest.next();
                    let text = self.quotation()?;
                    push_literal(&mut items, &text);
                }
                'a'..='z' | 'A'..='Z' => items.push(self.field(c)?),
                '{' | '}' | '#' if formatter => {
                    return Err(PatternError::Illegal(format!("Pattern includes reserved character: '{c}'")));
                }
                other => {
                    self.rest.next();
                    push_literal(&mut items, other.encode_utf8(&mut [0; 4]));
                }
            }
        }
        Ok(items)
    }

    /// Text in quotes; two quotes are one.
    fn quotation(&mut self) -> Result<String, PatternError> {
        if self.rest.next_if_eq(&'\'').is_some() {
            return Ok("'".to_string());
        }
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            if c != '\'' {
                text.push(c);
            } else if self.rest.next_if_eq(&'\'').is_some() {
                text.push('\'');
            } else {
                return Ok(text);
            }
        }
        Err(PatternError::Illegal("Pattern ends with an incomplete string literal".to_string()))
    }

    fn field(&mut self, letter: char) -> Result<Item, PatternError> {
        let mut count = 0;
        while self.rest.next_if_eq(&letter).is_some() {
            count += 1;
        }
        let field = match self.dialect {
            Dialect::DateTimeFormatter => formatter_field(letter),
            Dialect::SimpleDateFormat => simple_field(letter),
        };
        match field.or_else(|| shared_field(letter)) {
            Some(field) => Ok(Item::Field(field, count)),
            None if self.is_known(letter) => {
                self.not_supported.get_or_insert(letter);
                Ok(Item::Literal(letter.to_string()))
            }
            None => Err(self.refuse(letter)),
        }
    }

    /// Whether Java knows a letter that is no field here.
    fn is_known(&self, letter: char) -> bool {
        match self.dialect {
            Dialect::DateTimeFormatter => "BVvzOXxZgp".contains(letter),
            Dialect::SimpleDateFormat => letter == 'z',
        }
    }

    fn refuse(&self, letter: char) -> PatternError {
        PatternError::Illegal(match self.dialect {
            Dialect::DateTimeFormatter => format!("Unknown pattern letter: {letter}"),
            Dialect::SimpleDateFormat => format!("Illegal pattern character '{letter}'"),
        })
    }
}

fn push_literal(items: &mut Vec<Item>, text: &str) {
    match items.last_mut() {
        Some(Item::Literal(last)) => last.push_str(text),
        _ => items.push(Item::Literal(text.to_string())),
    }
}

fn shared_field(letter: char) -> Option<Field> {
    Some(match letter {
        'G' => Field::Era,
        'y' => Field::Year,
        'Y' => Field::WeekYear,
        'M' | 'L' => Field::Month,
        'd' => Field::Day,
        'D' => Field::DayOfYear,
        'E' => Field::Weekday,
        'w' => Field::WeekOfYear,
        'W' => Field::WeekOfMonth,
        'F' => Field::WeekdayInMonth,
        'a' => Field::AmPm,
        'H' => Field::Hour,
        'k' => Field::HourFromOne,
        'h' => Field::ClockHour,
        'K' => Field::HourOfHalfDay,
        'm' => Field::Minute,
        's' => Field::Second,
        'Z' => Field::OffsetRfc,
        'X' => Field::OffsetIso,
        _ => return None,
    })
}

fn formatter_field(letter: char) -> Option<Field> {
    Some(match letter {
        'u' => Field::ProlepticYear,
        'e' | 'c' => Field::WeekdayFromSunday,
        'Q' | 'q' => Field::Quarter,
        'S' => Field::Fraction,
        'A' => Field::MilliOfDay,
        'n' => Field::NanoOfSecond,
        'N' => Field::NanoOfDay,
        'x' => Field::OffsetIso,
        _ => return None,
    })
}

fn simple_field(letter: char) -> Option<Field> {
    Some(match letter {
        'u' => Field::WeekdayFromMonday,
        'S' => Field::Millisecond,
        _ => return None,
    })
}

/// Names of the months, in English as on a JVM of the locale `en_US`.
pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Names of the days of the week, from Sunday.
pub(super) const WEEKDAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_depend_on_the_dialect() {
        let formatter = parse("yyyy-MM'T'S[x]", Dialect::DateTimeFormatter).expect("a pattern");
        assert_eq!(
            formatter,
            [
                Item::Field(Field::Year, 4),
                Item::Literal("-".into()),
                Item::Field(Field::Month, 2),
                Item::Literal("T".into()),
                Item::Field(Field::Fraction, 1),
                Item::Optional(vec![Item::Field(Field::OffsetIso, 1)]),
            ]
        );
        let simple = parse("uS''", Dialect::SimpleDateFormat).expect("a pattern");
        assert_eq!(simple[0], Item::Field(Field::WeekdayFromMonday, 1));
        assert_eq!(simple[2], Item::Literal("'".into()));
    }

    #[test]
    fn unknown_letters_are_named() {
        let unknown = parse("foo", Dialect::DateTimeFormatter);
        assert_eq!(unknown, Err(PatternError::Illegal("Unknown pattern letter: f".into())));
        let illegal = parse("unparsable", Dialect::DateTimeFormatter);
        assert_eq!(illegal, Err(PatternError::Illegal("Unknown pattern letter: r".into())));
        assert_eq!(parse("z", Dialect::SimpleDateFormat), Err(PatternError::NotSupported('z')));
    }
}
