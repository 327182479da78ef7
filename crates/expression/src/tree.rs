//! The expression tree.

use std::fmt;

use flott_record::{DataType, TypeKind, Value};
use serde::{Deserialize, Serialize};

/// How a cast treats input that the target cannot hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CastMode {
    /// `CAST`: fails the job where the text cannot be read; numbers wrap or become NULL as Flink defines.
    Cast,
    /// `TRY_CAST`: NULL where `CAST` would fail.
    TryCast,
}

/// How an expression is written in its statement, for errors while it runs. It takes no part in comparisons: what means the same is the same.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Written(Option<String>);

impl Written {
    /// The text of an expression.
    pub fn new(text: String) -> Self {
        Written(Some(text))
    }

    /// The text, unless nobody wrote the expression.
    pub fn text(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl PartialEq for Written {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

/// An expression over the columns of one batch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Expression {
    /// A column of the input, by position.
    Column {
        /// Position in the input's schema.
        index: usize,
        /// The column's type.
        data_type: DataType,
    },
    /// A constant.
    Literal {
        /// The value, lying as the type says.
        value: Value,
        /// Its type.
        data_type: DataType,
    },
    /// A scalar function or operator. Operators are functions whose names are their symbols or keywords in capitals: `+`, `=`,
    /// `AND`, `IS NULL`, `LIKE`, `IN` (first argument among the others), `NOT`, unary minus `-` with one argument,
    /// `ITEM` (`a[1]`), `FIELD` (row access, the second argument is the field's position as INT literal).
    Call {
        /// Name in the catalogue.
        function: String,
        /// Arguments, already cast to what the function takes.
        arguments: Vec<Expression>,
        /// Type of the result.
        data_type: DataType,
        /// How it is written in the statement.
        written: Written,
    },
    /// A conversion, also each one that SQL leaves implicit.
    Cast {
        /// What is converted.
        input: Box<Expression>,
        /// Into which type.
        data_type: DataType,
        /// What happens to input that does not fit.
        mode: CastMode,
        /// How it is written in the statement.
        written: Written,
    },
    /// `CASE WHEN c THEN r … ELSE e END`; branches are evaluated only for rows that reach them.
    Case {
        /// Conditions and results, in order.
        branches: Vec<(Expression, Expression)>,
        /// Result where no condition is true.
        otherwise: Box<Expression>,
        /// Common type of all results.
        data_type: DataType,
    },
}

impl Expression {
    /// A column.
    pub fn column(index: usize, data_type: DataType) -> Self {
        Expression::Column { index, data_type }
    }

    /// A constant.
    pub fn literal(value: Value, data_type: DataType) -> Self {
        Expression::Literal { value, data_type }
    }

    /// A function call.
    pub fn call(function: impl Into<String>, arguments: Vec<Expression>, data_type: DataType) -> Self {
        Expression::Call { function: function.into(), arguments, data_type, written: Written::default() }
    }

    /// The expression with the text that stands for it in the statement, if it is a call or a cast that has none yet.
    pub fn with_text(mut self, text: impl FnOnce() -> String) -> Self {
        if let Expression::Call { written, .. } | Expression::Cast { written, .. } = &mut self
            && written.text().is_none()
        {
            *written = Written::new(text());
        }
        self
    }

    /// Type of the result.
    pub fn data_type(&self) -> &DataType {
        match self {
            Expression::Column { data_type, .. }
            | Expression::Literal { data_type, .. }
            | Expression::Call { data_type, .. }
            | Expression::Cast { data_type, .. }
            | Expression::Case { data_type, .. } => data_type,
        }
    }

    /// The expression cast to a type; itself if it has the type's kind already.
    pub fn cast_to(self, data_type: &DataType) -> Self {
        if self.data_type().kind == data_type.kind {
            return self;
        }
        let nullable = data_type.nullable || self.data_type().nullable;
        let data_type = data_type.clone().with_nullable(nullable);
        Expression::Cast { input: Box::new(self), data_type, mode: CastMode::Cast, written: Written::default() }
    }

    /// Whether it is the constant NULL.
    pub fn is_null_literal(&self) -> bool {
        matches!(self, Expression::Literal { value: Value::Null, .. })
    }

    /// The direct children.
    pub fn children(&self) -> Vec<&Expression> {
        match self {
            Expression::Column { .. } | Expression::Literal { .. } => Vec::new(),
            Expression::Call { arguments, .. } => arguments.iter().collect(),
            Expression::Cast { input, .. } => vec![input],
            Expression::Case { branches, otherwise, .. } => {
                let mut children: Vec<&Expression> = branches.iter().flat_map(|(when, then)| [when, then]).collect();
                children.push(otherwise);
                children
            }
        }
    }

    /// The tree with `change` applied to each node, children first.
    pub fn transform(self, change: &mut impl FnMut(Expression) -> Expression) -> Expression {
        let rebuilt = match self {
            Expression::Call { function, arguments, data_type, written } => {
                let arguments = arguments.into_iter().map(|argument| argument.transform(change)).collect();
                Expression::Call { function, arguments, data_type, written }
            }
            Expression::Cast { input, data_type, mode, written } => {
                Expression::Cast { input: Box::new(input.transform(change)), data_type, mode, written }
            }
            Expression::Case { branches, otherwise, data_type } => {
                let branches =
                    branches.into_iter().map(|(when, then)| (when.transform(change), then.transform(change))).collect();
                Expression::Case { branches, otherwise: Box::new(otherwise.transform(change)), data_type }
            }
            leaf => leaf,
        };
        change(rebuilt)
    }

    /// Calls `visit` with the position of each column that occurs.
    pub fn visit_columns(&self, visit: &mut impl FnMut(usize)) {
        if let Expression::Column { index, .. } = self {
            visit(*index);
        }
        self.children().into_iter().for_each(|child| child.visit_columns(visit));
    }

    /// The tree with each column's position replaced.
    pub fn remap_columns(self, map: &impl Fn(usize) -> usize) -> Expression {
        self.transform(&mut |node| match node {
            Expression::Column { index, data_type } => Expression::Column { index: map(index), data_type },
            other => other,
        })
    }

    /// The conjuncts of an AND tree, in order.
    pub fn conjuncts(self) -> Vec<Expression> {
        match self {
            Expression::Call { function, arguments, .. } if function == "AND" => {
                arguments.into_iter().flat_map(Expression::conjuncts).collect()
            }
            other => vec![other],
        }
    }

    /// The conjunction of expressions; `None` of none.
    pub fn conjunction(mut parts: Vec<Expression>) -> Option<Expression> {
        if parts.len() <= 1 {
            return parts.pop();
        }
        let nullable = parts.iter().any(|part| part.data_type().nullable);
        let data_type = TypeKind::Boolean.nullable().with_nullable(nullable);
        Some(Expression::call("AND", parts, data_type))
    }
}

/// `$0`, `+($0, 1)`, `CAST($1 AS INT)`: for EXPLAIN fallbacks, traces and errors.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Column { index, .. } => write!(f, "${index}"),
            Expression::Literal { value: Value::String(text), .. } => write!(f, "'{}'", text.replace('\'', "''")),
            Expression::Literal { value, .. } => write!(f, "{value}"),
            Expression::Call { function, arguments, .. } => {
                write!(f, "{function}(")?;
                for (i, argument) in arguments.iter().enumerate() {
                    if i > 0 {
                        f.write_str(", ")?;
                    }
                    write!(f, "{argument}")?;
                }
                f.write_str(")")
            }
            Expression::Cast { input, data_type, mode, .. } => {
                let name = if *mode == CastMode::TryCast { "TRY_CAST" } else { "CAST" };
                write!(f, "{name}({input} AS {})", data_type.kind)
            }
            Expression::Case { branches, otherwise, .. } => {
                f.write_str("CASE(")?;
                for (when, then) in branches {
                    write!(f, "{when}, {then}, ")?;
                }
                write!(f, "{otherwise})")
            }
        }
    }
}
