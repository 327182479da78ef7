//! Queries.

use super::identifier::is_plain;
use super::{Text, write_clause, write_if, write_list, write_optional};
use crate::ast::{
    CommonTable, GroupBy, GroupingElement, Hint, HintArgument, NamedWindow, NullOrder, OrderItem, Query, QueryBody,
    Select, SelectItem, SetOperation, SetOperator, With,
};
use crate::keyword;
use std::fmt::{Display, Formatter, Result};

impl Display for Query {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        if let Some(with) = &self.with {
            write!(f, "{with} ")?;
        }
        write!(f, "{}", self.body)?;
        write_clause(f, " ORDER BY ", &self.order_by, "")?;
        write_optional(f, " LIMIT ", self.limit.as_ref())?;
        write_optional(f, " OFFSET ", self.offset.as_ref())
    }
}

impl Display for With {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("WITH ")?;
        write_if(f, self.recursive, "RECURSIVE ")?;
        write_list(f, &self.tables)
    }
}

impl Display for CommonTable {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.name)?;
        write_clause(f, " (", &self.columns, ")")?;
        write!(f, " AS ({})", self.query)
    }
}

impl Display for QueryBody {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            QueryBody::Select(select) => write!(f, "{select}"),
            QueryBody::SetOperation(operation) => write!(f, "{operation}"),
            QueryBody::Values { rows, .. } => {
                for (index, row) in rows.iter().enumerate() {
                    f.write_str(if index == 0 { "VALUES (" } else { ", (" })?;
                    write_list(f, row)?;
                    f.write_str(")")?;
                }
                Ok(())
            }
            QueryBody::Table(name) => write!(f, "TABLE {name}"),
            QueryBody::Nested(query) => write!(f, "({query})"),
        }
    }
}

impl Display for SetOperation {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let binding = binding_of(self.operator);
        write_operand(f, &self.left, binding)?;
        f.write_str(match self.operator {
            SetOperator::Union => " UNION ",
            SetOperator::Intersect => " INTERSECT ",
            SetOperator::Except => " EXCEPT ",
        })?;
        write_if(f, self.all, "ALL ")?;
        write_operand(f, &self.right, binding + 1)
    }
}

fn binding_of(operator: SetOperator) -> u8 {
    match operator {
        SetOperator::Union | SetOperator::Except => 1,
        SetOperator::Intersect => 2,
    }
}

fn write_operand(f: &mut Formatter<'_>, body: &QueryBody, minimum: u8) -> Result {
    match body {
        QueryBody::SetOperation(operation) if binding_of(operation.operator) < minimum => {
            write!(f, "({body})")
        }
        _ => write!(f, "{body}"),
    }
}

impl Display for Select {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("SELECT ")?;
        write_clause(f, "/*+ ", &self.hints, " */ ")?;
        if let Some(quantifier) = self.quantifier {
            write!(f, "{quantifier} ")?;
        }
        write_list(f, &self.items)?;
        write_optional(f, " FROM ", self.from.as_ref())?;
        write_optional(f, " WHERE ", self.filter.as_ref())?;
        write_optional(f, " ", self.group_by.as_ref())?;
        write_optional(f, " HAVING ", self.having.as_ref())?;
        write_clause(f, " WINDOW ", &self.windows, "")?;
        write_optional(f, " QUALIFY ", self.qualify.as_ref())
    }
}

impl Display for SelectItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            SelectItem::Wildcard { qualifier: Some(qualifier), .. } => write!(f, "{qualifier}.*"),
            SelectItem::Wildcard { .. } => f.write_str("*"),
            SelectItem::Expression { expression, alias } => {
                write!(f, "{expression}")?;
                write_optional(f, " AS ", alias.as_ref())
            }
        }
    }
}

impl Display for GroupBy {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.write_str("GROUP BY ")?;
        if let Some(quantifier) = self.quantifier {
            write!(f, "{quantifier} ")?;
        }
        write_list(f, &self.elements)
    }
}

impl Display for GroupingElement {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let (name, elements) = match self {
            GroupingElement::Expression(expression) => return write!(f, "{expression}"),
            GroupingElement::Set(expressions) => {
                f.write_str("(")?;
                write_list(f, expressions)?;
                return f.write_str(")");
            }
            GroupingElement::Rollup(elements) => ("ROLLUP", elements),
            GroupingElement::Cube(elements) => ("CUBE", elements),
            GroupingElement::GroupingSets(elements) => ("GROUPING SETS", elements),
        };
        write!(f, "{name} (")?;
        write_list(f, elements)?;
        f.write_str(")")
    }
}

impl Display for NamedWindow {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{} AS {}", self.name, self.window)
    }
}

impl Display for OrderItem {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        write!(f, "{}", self.expression)?;
        write_if(f, self.descending, " DESC")?;
        f.write_str(match self.nulls {
            Some(NullOrder::First) => " NULLS FIRST",
            Some(NullOrder::Last) => " NULLS LAST",
            None => "",
        })
    }
}

impl Display for Hint {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let name = &self.name.value;
        let bare = is_plain(name) && keyword::find(name).is_none_or(|found| !keyword::is_reserved(found));
        match bare {
            true => f.write_str(name)?,
            false => write!(f, "{}", self.name)?,
        }
        write_clause(f, "(", &self.arguments, ")")
    }
}

impl Display for HintArgument {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            HintArgument::Option { key, value } => write!(f, "{} = {}", Text(key), Text(value)),
            HintArgument::Name(name) => write!(f, "{name}"),
            HintArgument::Text(text) => write!(f, "{}", Text(text)),
            HintArgument::Number(text) => f.write_str(text),
        }
    }
}
