//! The operators of a plan, under Flink's names.

use std::collections::BTreeMap;
use std::fmt::Write;

use flott_expression::{AggregateCall, Expression};
use flott_job::over::{FrameBound, OverCall, SortedOverSpec};
use flott_job::spec::{JoinKind, JoinSideKey, JoinSpec, RankKind, SortColumn};
use flott_job::{JobGraph, OperatorSpec, Partition};
use flott_record::Value;

use super::Tree;
use super::expression::{Style, aggregate, text};
use crate::physical::{PhysicalNode, PhysicalPlan};

/// The trees of all sinks; shared parts are written once in the execution plan and referred to after that.
pub(super) fn trees(plan: &PhysicalPlan, modes: bool, execution: bool) -> String {
    let mut readers: BTreeMap<usize, usize> = BTreeMap::new();
    for node in &plan.nodes {
        node.inputs.iter().for_each(|(from, _, _)| *readers.entry(*from).or_default() += 1);
    }
    let mut printer = Printer { plan, modes, execution, readers, reused: BTreeMap::new() };
    let mut out = String::new();
    for (id, node) in plan.nodes.iter().enumerate() {
        if let OperatorSpec::Sink(spec) = &node.spec {
            let is_client = spec.table.name == crate::statement::job::COLLECT_CONNECTOR;
            let shown = if is_client { node.inputs.first().map_or(id, |(from, _, _)| *from) } else { id };
            printer.tree(shown).write(&mut out);
            out.push('\n');
        }
    }
    out
}

struct Printer<'a> {
    plan: &'a PhysicalPlan,
    modes: bool,
    execution: bool,
    readers: BTreeMap<usize, usize>,
    reused: BTreeMap<usize, usize>,
}

impl Printer<'_> {
    fn tree(&mut self, id: usize) -> Tree {
        let node = &self.plan.nodes[id];
        let shared = self.execution && self.readers.get(&id).is_some_and(|readers| *readers > 1);
        if shared && let Some(number) = self.reused.get(&id) {
            return Tree { label: format!("Reused(reference_id=[{number}])"), children: Vec::new() };
        }
        let mut label = self.label(node);
        if shared {
            let number = self.reused.len() + 1;
            self.reused.insert(id, number);
            let _infallible = write!(label, "(reuse_id=[{number}])");
        }
        let mut children = Vec::new();
        for (from, _, partition) in &node.inputs {
            let child = self.tree(*from);
            children.push(match self.exchange(partition, *from) {
                Some(label) => Tree { label, children: vec![child] },
                None => child,
            });
        }
        Tree { label, children }
    }

    fn exchange(&self, partition: &Partition, from: usize) -> Option<String> {
        let names = names(&self.plan.nodes[from]);
        let distribution = match partition {
            Partition::Forward => return None,
            Partition::Hash { columns } => format!("hash[{}]", pick(&names, columns)),
            Partition::Rebalance => "rebalance".to_string(),
            Partition::Broadcast => "broadcast".to_string(),
            Partition::Singleton => "single".to_string(),
        };
        let mode = self.mode(&self.plan.nodes[from]);
        Some(format!("Exchange(distribution=[{distribution}]{mode})"))
    }

    fn mode(&self, node: &PhysicalNode) -> String {
        match (&node.spec, self.modes) {
            (_, false) => String::new(),
            (OperatorSpec::Sink(_), true) => ", changelogMode=[NONE]".to_string(),
            (_, true) => format!(", changelogMode={}", node.mode),
        }
    }

    fn label(&self, node: &PhysicalNode) -> String {
        let input = node.inputs.first().map_or_else(Vec::new, |(from, _, _)| names(&self.plan.nodes[*from]));
        let right = node.inputs.get(1).map_or_else(Vec::new, |(from, _, _)| names(&self.plan.nodes[*from]));
        let both: Vec<String> = input.iter().chain(&right).cloned().collect();
        let body = body(node, &input, &both, self.execution);
        let kind = match &node.spec {
            OperatorSpec::Source(_) => "TableSourceScan",
            OperatorSpec::Sink(_) => "Sink",
            _ => node.kind.as_str(),
        };
        format!("{kind}({body}{})", self.mode(node))
    }
}

fn names(node: &PhysicalNode) -> Vec<String> {
    node.schema.fields.iter().map(|field| field.name.clone()).collect()
}

fn pick(names: &[String], columns: &[usize]) -> String {
    columns.iter().map(|column| names[*column].clone()).collect::<Vec<String>>().join(", ")
}

fn style(names: &[String], execution: bool) -> Style<'_> {
    if execution { Style::Infix(names) } else { Style::Prefix(names) }
}

fn body(node: &PhysicalNode, input: &[String], both: &[String], execution: bool) -> String {
    let output = names(node);
    let all = output.join(", ");
    match &node.spec {
        OperatorSpec::Source(spec) => {
            format!("table=[[{}]], fields=[{all}]", spec.table.name.replace('.', ", "))
        }
        OperatorSpec::Sink(spec) => format!("table=[{}], fields=[{all}]", spec.table.name),
        OperatorSpec::Values(spec) => format!("tuples=[{}]", tuples(&spec.rows)),
        OperatorSpec::Calc(spec) => {
            let select = projection(&spec.projection, input, &output, execution);
            match &spec.condition {
                Some(condition) => format!("select=[{select}], where=[{}]", text(condition, &style(input, execution))),
                None => format!("select=[{select}]"),
            }
        }
        OperatorSpec::Watermark(spec) => format!(
            "rowtime=[{}], watermark=[{}]",
            input[spec.rowtime],
            text(&spec.expression, &style(input, execution))
        ),
        OperatorSpec::GroupAggregate(spec) if spec.merges_partials => grouped(&spec.keys, &output, &all),
        OperatorSpec::GroupAggregate(spec) => aggregation(&spec.keys, &spec.calls, input, &output),
        OperatorSpec::LocalGroupAggregate(spec) => grouped(&spec.keys, input, &all),
        OperatorSpec::WindowAggregate(spec) => {
            format!(
                "{}, window=[{:?}]",
                grouped(&(0..spec.keys.len()).collect::<Vec<usize>>(), &output, &all),
                spec.window.kind
            )
        }
        OperatorSpec::SessionRows(spec) => {
            format!("window=[SESSION(gap={} ms, partition=[{}])]", spec.gap_ms, pick(input, &spec.partition))
        }
        OperatorSpec::WindowTableFunction(spec) => format!("window=[{:?}]", spec.window.kind),
        OperatorSpec::Join(spec) => join(spec, both, &all, execution),
        OperatorSpec::WindowJoin(spec) => join(&spec.join, both, &all, execution),
        OperatorSpec::IntervalJoin(spec) => {
            let bounds = format!("leftLowerBound={}, leftUpperBound={}", spec.lower_ms, spec.upper_ms);
            format!("{}, windowBounds=[{bounds}]", join(&spec.join, both, &all, execution))
        }
        OperatorSpec::TemporalJoin(spec) => join(&spec.join, both, &all, execution),
        OperatorSpec::LookupJoin(spec) => {
            let key = |(column, value): &(usize, Expression)| {
                format!("{}={}", spec.fetched.fields[*column].name, text(value, &style(input, execution)))
            };
            let keys: Vec<String> = spec.keys.iter().map(key).collect();
            let kind = if spec.outer { "LeftOuterJoin" } else { "InnerJoin" };
            format!("table=[{}], joinType=[{kind}], lookup=[{}], select=[{all}]", spec.table.name, keys.join(", "))
        }
        OperatorSpec::Rank(spec) => format!(
            "strategy=[{:?}Strategy], rankType=[{:?}], rankRange=[rankStart={}, rankEnd={}], partitionBy=[{}], orderBy=[{}], select=[{all}]",
            spec.strategy,
            spec.kind,
            spec.start,
            spec.end,
            pick(input, &spec.partition),
            order(&spec.order, input)
        ),
        OperatorSpec::Deduplicate(spec) => format!(
            "keep=[{}], key=[{}], order=[{}]",
            if spec.keep_last { "LastRow" } else { "FirstRow" },
            pick(input, &spec.keys),
            if spec.rowtime.is_some() { "ROWTIME" } else { "PROCTIME" }
        ),
        OperatorSpec::Match(spec) => super::pattern::body(spec, input, &output),
        OperatorSpec::Sort(spec) => format!("orderBy=[{}]", order(&spec.order, input)),
        OperatorSpec::Limit(spec) => format!("offset=[{}], fetch=[{}]", spec.offset, spec.fetch),
        OperatorSpec::OverAggregate(_) | OperatorSpec::SortedOver(_) | OperatorSpec::UpdatingOver(_) => {
            over(&node.spec, input, &output)
        }
        OperatorSpec::ChangelogNormalize(spec) => format!("key=[{}]", pick(input, &spec.keys)),
        OperatorSpec::SinkMaterialize(spec) => format!("key=[{}]", pick(input, &spec.keys)),
        _ => format!("select=[{all}]"),
    }
}

fn over(spec: &OperatorSpec, input: &[String], output: &[String]) -> String {
    match spec {
        OperatorSpec::OverAggregate(spec) => {
            let call =
                |(position, call): (usize, &AggregateCall)| aggregate(call, &output[input.len() + position], input);
            let calls: Vec<String> = spec.calls.iter().enumerate().map(call).collect();
            format!("partitionBy=[{}], select=[{}]", pick(input, &spec.partition), calls.join(", "))
        }
        OperatorSpec::SortedOver(spec) => sorted_over(spec, input, output),
        OperatorSpec::UpdatingOver(spec) => {
            let call =
                |(position, call): (usize, &AggregateCall)| aggregate(call, &output[input.len() + position], input);
            let calls: Vec<String> = spec.calls.iter().enumerate().map(call).collect();
            let (partition, order) = (pick(input, &spec.partition), order(&spec.order, input));
            format!("partitionBy=[{partition}], orderBy=[{order}], select=[{}]", calls.join(", "))
        }
        _ => String::new(),
    }
}

fn sorted_over(spec: &SortedOverSpec, input: &[String], output: &[String]) -> String {
    let calls =
        spec.calls.iter().enumerate().map(|(position, call)| over_call(call, &output[input.len() + position], input));
    let bound = |bound: FrameBound| match bound {
        FrameBound::UnboundedPreceding => "UNBOUNDED PRECEDING".to_string(),
        FrameBound::Row(0) | FrameBound::Peers => "CURRENT ROW".to_string(),
        FrameBound::Row(offset) if offset < 0 => format!("{} PRECEDING", -offset),
        FrameBound::Row(offset) => format!("{offset} FOLLOWING"),
        FrameBound::Value { bound, .. } => input[bound].clone(),
        FrameBound::UnboundedFollowing => "UNBOUNDED FOLLOWING".to_string(),
    };
    format!(
        "partitionBy=[{}], orderBy=[{}], window=[{} AND {}], select=[{}]",
        pick(input, &spec.partition),
        order(&spec.order, input),
        bound(spec.start),
        bound(spec.end),
        calls.collect::<Vec<String>>().join(", ")
    )
}

/// `LAG(a) AS w0$o0`
pub(super) fn over_call(call: &OverCall, name: &str, input: &[String]) -> String {
    let function = match call {
        OverCall::Aggregate(call) => return aggregate(call, name, input),
        OverCall::Rank(RankKind::RowNumber) => "ROW_NUMBER",
        OverCall::Rank(RankKind::Rank) => "RANK",
        OverCall::Rank(RankKind::DenseRank) => "DENSE_RANK",
        OverCall::PercentRank => "PERCENT_RANK",
        OverCall::CumeDist => "CUME_DIST",
        OverCall::Ntile { .. } => "NTILE",
        OverCall::Shifted { before: true, .. } => "LAG",
        OverCall::Shifted { .. } => "LEAD",
    };
    format!("{function}({}) AS {name}", pick(input, &call.columns()))
}

fn tuples(rows: &[Vec<Value>]) -> String {
    let row =
        |row: &Vec<Value>| format!("{{ {} }}", row.iter().map(ToString::to_string).collect::<Vec<String>>().join(", "));
    rows.iter().map(row).collect::<Vec<String>>().join(", ")
}

fn projection(expressions: &[Expression], input: &[String], output: &[String], execution: bool) -> String {
    let part = |(expression, name): (&Expression, &String)| {
        let written = text(expression, &style(input, execution));
        if written == *name { written } else { format!("{written} AS {name}") }
    };
    expressions.iter().zip(output).map(part).collect::<Vec<String>>().join(", ")
}

fn grouped(keys: &[usize], names: &[String], all: &str) -> String {
    if keys.is_empty() { format!("select=[{all}]") } else { format!("groupBy=[{}], select=[{all}]", pick(names, keys)) }
}

fn aggregation(keys: &[usize], calls: &[AggregateCall], input: &[String], output: &[String]) -> String {
    let mut parts: Vec<String> = keys.iter().map(|key| input[*key].clone()).collect();
    for (position, call) in calls.iter().enumerate() {
        parts.push(aggregate(call, &output[keys.len() + position], input));
    }
    grouped(keys, input, &parts.join(", "))
}

fn order(columns: &[SortColumn], names: &[String]) -> String {
    let part = |sort: &SortColumn| format!("{} {}", names[sort.column], if sort.descending { "DESC" } else { "ASC" });
    columns.iter().map(part).collect::<Vec<String>>().join(", ")
}

fn join(spec: &JoinSpec, both: &[String], all: &str, execution: bool) -> String {
    let kind = match spec.kind {
        JoinKind::Inner => "InnerJoin",
        JoinKind::Left => "LeftOuterJoin",
        JoinKind::Right => "RightOuterJoin",
        JoinKind::Full => "FullOuterJoin",
        JoinKind::Semi => "LeftSemiJoin",
        JoinKind::Anti => "LeftAntiJoin",
    };
    let width = spec.left.len();
    let mut conditions = Vec::new();
    for (left, right) in spec.left_keys.iter().zip(&spec.right_keys) {
        let (a, b) = (&both[*left], &both[width + right]);
        conditions.push(if execution { format!("({a} = {b})") } else { format!("=({a}, {b})") });
    }
    conditions.extend(spec.condition.as_ref().map(|condition| text(condition, &style(both, execution))));
    let condition = match (conditions.as_slice(), execution) {
        ([only], _) => only.clone(),
        (_, true) => format!("({})", conditions.join(" AND ")),
        (_, false) => format!("AND({})", conditions.join(", ")),
    };
    let side = |key: &JoinSideKey| match key {
        JoinSideKey::JoinKeyContainsUniqueKey => "JoinKeyContainsUniqueKey",
        JoinSideKey::HasUniqueKey(_) => "HasUniqueKey",
        JoinSideKey::NoUniqueKey => "NoUniqueKey",
    };
    format!(
        "joinType=[{kind}], where=[{condition}], select=[{all}], leftInputSpec=[{}], rightInputSpec=[{}]",
        side(&spec.left_side),
        side(&spec.right_side)
    )
}

/// Vertices as JSON: name, parallelism, operators, predecessors with their ship strategy.
pub(super) fn json(graph: &JobGraph) -> String {
    let mut nodes = Vec::new();
    for vertex in &graph.vertices {
        let edges = graph.edges.iter().filter(|edge| edge.to == vertex.id).map(|edge| {
            let strategy = match edge.partition {
                Partition::Forward => "FORWARD",
                Partition::Hash { .. } => "HASH",
                Partition::Rebalance => "REBALANCE",
                Partition::Broadcast => "BROADCAST",
                Partition::Singleton => "GLOBAL",
            };
            format!("{{\"id\" : {}, \"ship_strategy\" : \"{strategy}\"}}", edge.from + 1)
        });
        let predecessors = edges.collect::<Vec<String>>().join(", ");
        nodes.push(format!(
            "  {{\"id\" : {}, \"type\" : {:?}, \"parallelism\" : {}, \"predecessors\" : [{predecessors}]}}",
            vertex.id + 1,
            vertex.name,
            vertex.parallelism
        ));
    }
    format!("{{\"nodes\" : [\n{}\n]}}", nodes.join(",\n"))
}
