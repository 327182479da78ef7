//! EXPLAIN: the plan as text, in Flink's sections.

mod expression;
mod logical;
mod pattern;
mod physical;

use flott_syntax::ast::ExplainDetail;

use crate::statement::PlannedJob;

/// The text of EXPLAIN for a planned job.
pub fn explain(job: &PlannedJob, details: &[ExplainDetail]) -> String {
    let mut out = String::from("== Abstract Syntax Tree ==\n");
    for (relation, sink) in job.bound.iter().zip(&job.sinks) {
        out.push_str(&logical::tree(relation, sink));
        out.push('\n');
    }
    let modes = details.contains(&ExplainDetail::ChangelogMode);
    out.push_str("== Optimized Physical Plan ==\n");
    out.push_str(&physical::trees(&job.plan, modes, false));
    out.push_str("== Optimized Execution Plan ==\n");
    out.push_str(&physical::trees(&job.plan, false, true));
    if details.contains(&ExplainDetail::JsonExecutionPlan) {
        out.push_str("== Physical Execution Plan ==\n");
        out.push_str(&physical::json(&job.graph));
        out.push('\n');
    }
    out
}

/// Lines of a tree, each child under its parent as Flink draws it.
pub(crate) struct Tree {
    pub(crate) label: String,
    pub(crate) children: Vec<Tree>,
}

impl Tree {
    pub(crate) fn write(&self, out: &mut String) {
        out.push_str(&self.label);
        out.push('\n');
        self.write_children(out, "");
    }

    fn write_children(&self, out: &mut String, indent: &str) {
        for (position, child) in self.children.iter().enumerate() {
            let last = position + 1 == self.children.len();
            out.push_str(indent);
            out.push_str(if last { "+- " } else { ":- " });
            out.push_str(&child.label);
            out.push('\n');
            let deeper = format!("{indent}{}", if last { "   " } else { ":  " });
            child.write_children(out, &deeper);
        }
    }
}
