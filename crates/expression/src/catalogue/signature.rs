//! Building blocks of signatures: families of types, and the shapes that most functions' types have.
//!
//! A family file looks at a [`Call`], says which families its arguments must be of, and names the result:
//!
//! ```text
//! let call = Call::new(name, arguments);
//! match name {
//!     "UPPER" => call.of(&[Family::Character], "UPPER(<CHARACTER>)").map(|call| call.gives(call.kind(0).clone())),
//!     …
//! }
//! ```

use flott_record::{DataType, TypeKind, Value};

use super::{Argument, Resolution, SignatureError};

/// A set of kinds that a function takes. The kind of an untyped NULL is in each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Family {
    Any,
    /// CHAR, VARCHAR
    Character,
    /// BINARY, VARBINARY
    Binary,
    /// CHAR, VARCHAR, BINARY, VARBINARY
    CharacterOrBinary,
    Boolean,
    Numeric,
    /// TINYINT to BIGINT
    Integer,
    /// TIMESTAMP or TIMESTAMP_LTZ
    Timestamp,
    /// DATE, TIME, TIMESTAMP, TIMESTAMP_LTZ
    Datetime,
    Array,
    /// MAP
    Map,
    /// ARRAY, MAP, MULTISET
    Collection,
    Bitmap,
}

impl Family {
    /// Whether a kind belongs to the family.
    pub fn admits(self, kind: &TypeKind) -> bool {
        match self {
            _ if *kind == TypeKind::Null => true,
            Family::Any => true,
            Family::Character => kind.is_character(),
            Family::Binary => kind.is_binary(),
            Family::CharacterOrBinary => kind.is_character() || kind.is_binary(),
            Family::Boolean => *kind == TypeKind::Boolean,
            Family::Numeric => kind.is_numeric(),
            Family::Integer => kind.is_integer(),
            Family::Timestamp => kind.is_timestamp(),
            Family::Datetime => kind.is_datetime(),
            Family::Array => matches!(kind, TypeKind::Array(_)),
            Family::Map => matches!(kind, TypeKind::Map(..)),
            Family::Collection => matches!(kind, TypeKind::Array(_) | TypeKind::Map(..) | TypeKind::Multiset(_)),
            Family::Bitmap => *kind == TypeKind::Bitmap,
        }
    }

    /// The kind to which an untyped NULL is cast where this family is wanted.
    fn null_kind(self) -> TypeKind {
        match self {
            Family::Any => TypeKind::Null,
            Family::Character | Family::CharacterOrBinary => TypeKind::string(),
            Family::Binary => TypeKind::Varbinary(flott_record::data_type::LENGTH_MAX),
            Family::Boolean => TypeKind::Boolean,
            Family::Numeric | Family::Integer => TypeKind::Int,
            Family::Timestamp | Family::Datetime => TypeKind::Timestamp(3),
            Family::Array | Family::Collection => TypeKind::Array(Box::new(TypeKind::Null.nullable())),
            Family::Map => TypeKind::Map(Box::new(TypeKind::Null.nullable()), Box::new(TypeKind::Null.nullable())),
            Family::Bitmap => TypeKind::Bitmap,
        }
    }
}

/// A call whose types are being found. The types in it are those to which the arguments will be cast.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// Canonical name.
    pub name: &'a str,
    /// The arguments as given.
    pub arguments: &'a [Argument],
    /// The arguments' types after implicit casts.
    pub types: Vec<DataType>,
}

impl<'a> Call<'a> {
    /// A call whose arguments are not cast yet.
    pub fn new(name: &'a str, arguments: &'a [Argument]) -> Self {
        let types = arguments.iter().map(|argument| argument.data_type.clone()).collect();
        Call { name, arguments, types }
    }

    /// Number of arguments.
    pub fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    /// Kind of an argument, after casts.
    pub fn kind(&self, index: usize) -> &TypeKind {
        &self.types[index].kind
    }

    /// An argument's constant, if it is one.
    pub fn literal(&self, index: usize) -> Option<&Value> {
        self.arguments.get(index).and_then(|argument| argument.literal.as_ref())
    }

    /// An argument's constant as a whole number, if it is one.
    pub fn integer_literal(&self, index: usize) -> Option<i64> {
        match self.literal(index)? {
            Value::TinyInt(value) => Some(i64::from(*value)),
            Value::SmallInt(value) => Some(i64::from(*value)),
            Value::Int(value) => Some(i64::from(*value)),
            Value::BigInt(value) => Some(*value),
            _ => None,
        }
    }

    /// Whether some argument may be NULL.
    pub fn any_nullable(&self) -> bool {
        self.types.iter().any(|data_type| data_type.nullable)
    }

    /// Whether the arguments are as many and of the families given.
    pub fn fits(&self, families: &[Family]) -> bool {
        let kinds = self.types.iter().map(|data_type| &data_type.kind);
        self.len() == families.len() && kinds.zip(families).all(|(kind, family)| family.admits(kind))
    }

    /// Whether all arguments are of a family, and `least..=most` many.
    pub fn fits_all(&self, family: Family, least: usize, most: usize) -> bool {
        (least..=most).contains(&self.len()) && self.types.iter().all(|data_type| family.admits(&data_type.kind))
    }

    /// The call itself if the arguments are of these families (untyped NULLs get the family's type).
    ///
    /// # Errors
    /// [`SignatureError::WrongArguments`] that names the signatures in `expected`.
    pub fn of(mut self, families: &[Family], expected: &str) -> Result<Self, SignatureError> {
        if !self.fits(families) {
            return Err(self.wrong(expected));
        }
        for (data_type, family) in self.types.iter_mut().zip(families) {
            if data_type.kind == TypeKind::Null {
                data_type.kind = family.null_kind();
            }
        }
        Ok(self)
    }

    /// The call itself with its first arguments of these families, the rest (at least `least` arguments in all) being optional.
    ///
    /// # Errors
    /// As in [`Call::of`].
    pub fn of_at_least(self, families: &[Family], least: usize, expected: &str) -> Result<Self, SignatureError> {
        if self.len() < least || self.len() > families.len() {
            return Err(self.wrong(expected));
        }
        let given = self.len();
        self.of(&families[..given], expected)
    }

    /// Casts an argument implicitly to a kind, keeping whether it may be NULL.
    pub fn cast(mut self, index: usize, kind: TypeKind) -> Self {
        self.types[index].kind = kind;
        self
    }

    /// Casts all arguments implicitly to a kind.
    pub fn cast_all(mut self, kind: &TypeKind) -> Self {
        self.types.iter_mut().for_each(|data_type| data_type.kind = kind.clone());
        self
    }

    /// A result that may be NULL if an argument may be.
    pub fn gives(self, kind: TypeKind) -> Resolution {
        let nullable = self.any_nullable();
        self.gives_exactly(kind.nullable().with_nullable(nullable))
    }

    /// A result that may be NULL whatever the arguments are.
    pub fn gives_nullable(self, kind: TypeKind) -> Resolution {
        self.gives_exactly(kind.nullable())
    }

    /// A result of exactly this type.
    pub fn gives_exactly(self, data_type: DataType) -> Resolution {
        Resolution { function: self.name.to_string(), argument_types: self.types, data_type }
    }

    /// The refusal of these arguments; `expected` lists the signatures, as in Flink's message.
    pub fn wrong(&self, expected: &str) -> SignatureError {
        let given: Vec<String> = self.arguments.iter().map(|argument| argument.data_type.kind.to_string()).collect();
        SignatureError::WrongArguments {
            name: self.name.to_string(),
            given: format!("({})", given.join(", ")),
            expected: expected.to_string(),
        }
    }

    /// The refusal of the call as a whole, in the words of Flink's own functions.
    pub fn invalid_call(&self) -> SignatureError {
        let given: Vec<String> = self.arguments.iter().map(|argument| argument.data_type.to_string()).collect();
        let call = format!("{}({})", self.name, given.join(", "));
        self.wrong_value(format!("SQL validation failed. Invalid function call:\n{call}"))
    }

    /// The refusal of an argument's value.
    pub fn wrong_value(&self, message: impl Into<String>) -> SignatureError {
        SignatureError::WrongValue { name: self.name.to_string(), message: message.into() }
    }
}
