//! Which columns of a relation are its windows' bounds.
//!
//! A window table function adds them; projections, filters, ranks and window joins pass them on. Aggregation, join and Top-N over rows
//! with windows are recognised by them.

use flott_expression::Expression;
use flott_job::window::{WindowKind, WindowTime};

use crate::relation::{Relation, RelationKind};

/// Positions of a relation's window columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct WindowColumns {
    pub(crate) start: Option<usize>,
    pub(crate) end: Option<usize>,
    pub(crate) time: Option<usize>,
    pub(crate) kind: WindowKind,
    /// Whether the windows are of event time.
    pub(crate) rowtime: bool,
    /// Whether the windows follow the session time zone.
    pub(crate) local: bool,
}

impl WindowColumns {
    fn map(self, position: impl Fn(usize) -> Option<usize>) -> Self {
        WindowColumns {
            start: self.start.and_then(&position),
            end: self.end.and_then(&position),
            time: self.time.and_then(&position),
            ..self
        }
    }

    /// Whether a column is one of the window's.
    pub(crate) fn contains(&self, position: usize) -> bool {
        [self.start, self.end, self.time].contains(&Some(position))
    }
}

/// Whether a window's time is event time.
pub(crate) fn is_rowtime(time: &WindowTime) -> bool {
    match time {
        WindowTime::Rowtime { .. } => true,
        WindowTime::Proctime => false,
        WindowTime::Attached { rowtime, .. } => *rowtime,
    }
}

/// The window columns of a relation; `None` if it has no windows, or passes none of their columns on.
pub(crate) fn window_columns(relation: &Relation) -> Option<WindowColumns> {
    let found = match &relation.kind {
        RelationKind::Window { input, kind, time, .. } => {
            let width = input.columns.len();
            Some(at(width, *kind, time))
        }
        RelationKind::WindowAggregate { keys, calls, kind, time, .. } => {
            Some(at(keys.len() + calls.len(), *kind, time))
        }
        RelationKind::Project { input, expressions } => window_columns(input).map(|columns| {
            columns.map(|wanted| {
                let is_wanted = |expression: &Expression| matches!(expression, Expression::Column { index, .. } if *index == wanted);
                expressions.iter().position(is_wanted)
            })
        }),
        RelationKind::Aggregate { input, keys, .. } => window_columns(input)
            .filter(|columns| [columns.start, columns.end].into_iter().all(|bound| bound.is_some_and(|bound| keys.contains(&bound))))
            .map(|columns| columns.map(|wanted| keys.iter().position(|key| *key == wanted))),
        RelationKind::Hinted { input, .. }
        | RelationKind::Filter { input, .. } | RelationKind::Rank { input, .. } | RelationKind::Deduplicate { input, .. } | RelationKind::Over { input, .. } => window_columns(input),
        RelationKind::Expand { input, projections } => window_columns(input).map(|columns| {
            let passes = |position: usize, wanted: usize| projections.iter().all(|projection| {
                matches!(projection[position], Expression::Column { index, .. } if index == wanted)
            });
            let width = relation.columns.len();
            columns.map(|wanted| (0..width).find(|position| passes(*position, wanted)))
        }),
        RelationKind::WindowJoin { left, .. } => window_columns(left),
        RelationKind::Join { left, right, .. } => {
            // A join on both bounds passes the left side's windows on; whether it is one, the optimiser says.
            let columns = window_columns(left)?;
            window_columns(right).map(|_| columns)
        }
        _ => None,
    };
    found.filter(|columns| columns.start.is_some() || columns.end.is_some() || columns.time.is_some())
}

fn at(first: usize, kind: WindowKind, time: &WindowTime) -> WindowColumns {
    let (rowtime, local) = (is_rowtime(time), time.is_local());
    WindowColumns { start: Some(first), end: Some(first + 1), time: Some(first + 2), kind, rowtime, local }
}
