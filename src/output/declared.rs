//! The declarations of what the output adds itself: keys, and the tables
//! `metrics`, `summary`, `differences`, `decision`, `dictionary` and the plan.

use crate::observer::Metric;
use crate::scenario::world_name;
use crate::table::{Cell, CellKind, Column, Schema};
use CellKind::{Integer, Number, Text};

/// What is declared elsewhere: the tables and metrics of a run.
#[derive(Clone, Copy, Debug)]
pub struct Declared {
    /// Tables that a run writes.
    pub tables: &'static [&'static Schema],
    /// Metrics of a run.
    pub metrics: &'static [Metric],
}

impl Declared {
    /// The engine's own tables and metrics.
    pub const REGISTRY: Self =
        Self { tables: crate::observers::TABLES, metrics: crate::observers::METRICS };

    /// Every table of a run folder, in the order of the dictionary.
    #[must_use]
    pub fn all(&self) -> Vec<Table> {
        let run = |schema| Table { keys: Keys::Run, schema };
        let mut all: Vec<Table> = self.tables.iter().map(|&schema| run(schema)).collect();
        all.push(run(&METRICS));
        all.extend(
            [&SUMMARY, &DIFFERENCES, &DECISION].map(|schema| Table { keys: Keys::Arm, schema }),
        );
        all.push(run(&PLAN));
        all.push(Table { keys: Keys::None, schema: &DICTIONARY });
        all
    }

    /// The same in the folder of a sweep, where rows tell their point.
    #[must_use]
    pub fn all_of_sweep(&self) -> Vec<Table> {
        let of_point = |table: Table| match table.keys {
            Keys::Run => Table { keys: Keys::SweepRun, ..table },
            Keys::Arm => Table { keys: Keys::SweepArm, ..table },
            _ => table,
        };
        self.all().into_iter().map(of_point).collect()
    }
}

/// The key columns that stand before a table's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// A row belongs to a run: `run_id, scenario, arm, platform, replicate`.
    Run,
    /// A row belongs to an arm's platform over all replicates: `scenario, arm, platform`.
    Arm,
    /// As [`Keys::Run`] in a sweep: `run_id, scenario, point, arm, platform, replicate`.
    SweepRun,
    /// As [`Keys::Arm`] in a sweep: `scenario, point, arm, platform`.
    SweepArm,
    /// A row belongs to no run.
    None,
}

impl Keys {
    /// The columns.
    #[must_use]
    pub fn columns(self) -> &'static [Column] {
        match self {
            Self::Run => &RUN_KEYS,
            Self::Arm => &RUN_KEYS[1..4],
            Self::SweepRun => &SWEEP_KEYS,
            Self::SweepArm => &SWEEP_KEYS[1..5],
            Self::None => &[],
        }
    }
}

/// A table as it stands in the folder: keys, then the schema's columns.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The keys.
    pub keys: Keys,
    /// The declaration.
    pub schema: &'static Schema,
}

/// Which run: rows are sorted by arm, platform, replicate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunKey {
    /// The arm.
    pub arm: String,
    /// The platform within the arm; the arm's name where it has only one.
    pub platform: String,
    /// The replicate, from 0.
    pub replicate: u32,
}

impl RunKey {
    /// The run's short name: `viral-r003`, or `everyone.shelf-r003` where the
    /// platform is not called like the arm.
    #[must_use]
    pub fn run_id(&self) -> String {
        let Self { arm, platform, replicate } = self;
        format!("{}-r{replicate:03}", world_name(arm, platform))
    }

    /// The cells of [`Keys::Run`].
    #[must_use]
    pub fn cells(&self, scenario: &str) -> Vec<Cell> {
        vec![
            Cell::Text(self.run_id()),
            Cell::from(scenario),
            Cell::from(self.arm.as_str()),
            Cell::from(self.platform.as_str()),
            Cell::from(self.replicate),
        ]
    }
}

const fn column(
    name: &'static str,
    kind: CellKind,
    unit: &'static str,
    meaning: &'static str,
    meaning_zh: &'static str,
) -> Column {
    Column { name, kind, unit, meaning, meaning_zh }
}

static RUN_KEYS: [Column; 5] = [
    column(
        "run_id",
        Text,
        "",
        "run: arm, platform and replicate in one word",
        "运行编号:方案、平台与重复",
    ),
    column("scenario", Text, "", "name of the scenario", "情景名称"),
    column(
        "arm",
        Text,
        "",
        "arm: a way of selling, simulated as its own world",
        "方案:单独模拟的一种销售方式",
    ),
    column("platform", Text, "", "platform within the arm", "方案中的平台"),
    column(
        "replicate",
        Integer,
        "1",
        "replicate, from 0; arms share their draws within it",
        "重复序号,从 0 起;同一重复内各方案共用随机数",
    ),
];

static SWEEP_KEYS: [Column; 6] = [
    column(
        "run_id",
        Text,
        "",
        "run: point, arm, platform and replicate in one word",
        "运行编号:设计点、方案、平台与重复",
    ),
    RUN_KEYS[1],
    column(
        "point",
        Integer,
        "1",
        "point of the design, from 0; plan.csv holds its values",
        "设计点序号,从 0 起;取值见 plan.csv",
    ),
    RUN_KEYS[2],
    RUN_KEYS[3],
    RUN_KEYS[4],
];

const METRIC: Column = column("metric", Text, "", "name of the metric", "指标名称");
const UNIT: Column = column("unit", Text, "", "unit of the metric", "指标单位");
const BETTER: Column = column(
    "better",
    Text,
    "",
    "which direction is good: higher, lower or neither",
    "方向:higher 越高越好,lower 越低越好,neither 仅作描述",
);

/// One row a run and metric.
pub static METRICS: Schema = Schema {
    name: "metrics",
    summary: "the metrics of every run",
    columns: &[
        METRIC,
        UNIT,
        BETTER,
        column("days_done", Integer, "day", "reported days of the run", "该次运行完成的天数"),
        column(
            "complete",
            Integer,
            "1",
            "1 if the run reached its last day, else 0",
            "运行至最后一天为 1,否则为 0",
        ),
        column(
            "value",
            Number,
            "see unit",
            "value of the metric; empty where undefined",
            "指标值;无定义时为空",
        ),
    ],
};

/// One row an arm's platform and metric.
pub static SUMMARY: Schema = Schema {
    name: "summary",
    summary: "metrics over the complete runs of an arm's platform",
    columns: &[
        METRIC,
        UNIT,
        BETTER,
        column(
            "n",
            Integer,
            "run",
            "complete runs in which the metric is defined",
            "指标有定义的完整运行次数",
        ),
        column("mean", Number, "see unit", "mean over the runs", "均值"),
        column(
            "sd",
            Number,
            "see unit",
            "standard deviation over the runs (n − 1)",
            "标准差(n − 1)",
        ),
        column(
            "ci95_low",
            Number,
            "see unit",
            "lower end of the mean's 95 % t-interval",
            "均值 95% t 区间下限",
        ),
        column(
            "ci95_high",
            Number,
            "see unit",
            "upper end of the mean's 95 % t-interval",
            "均值 95% t 区间上限",
        ),
        column("min", Number, "see unit", "smallest value", "最小值"),
        column("p10", Number, "see unit", "10 % quantile (type 7)", "10% 分位数(第 7 型)"),
        column("p50", Number, "see unit", "median (type 7)", "中位数(第 7 型)"),
        column("p90", Number, "see unit", "90 % quantile (type 7)", "90% 分位数(第 7 型)"),
        column("max", Number, "see unit", "largest value", "最大值"),
    ],
};

/// One row an arm's platform and metric, for every arm but the baseline.
pub static DIFFERENCES: Schema = Schema {
    name: "differences",
    summary: "metrics of an arm's platform minus the baseline's, paired by replicate",
    columns: &[
        column("baseline", Text, "", "arm that is compared with", "作为比较基准的方案,即基准组"),
        column(
            "baseline_platform",
            Text,
            "",
            "platform of the baseline that is compared with",
            "基准组中的平台",
        ),
        METRIC,
        UNIT,
        BETTER,
        column(
            "n",
            Integer,
            "run",
            "pairs: replicates complete in both arms",
            "配对数:两方案均完整的重复",
        ),
        column(
            "baseline_mean",
            Number,
            "see unit",
            "mean of the baseline over the pairs",
            "基准组均值",
        ),
        column("arm_mean", Number, "see unit", "mean of the arm over the pairs", "本方案均值"),
        column(
            "mean_difference",
            Number,
            "see unit",
            "mean of arm minus baseline",
            "差值均值(本方案减基准组)",
        ),
        column(
            "sd",
            Number,
            "see unit",
            "standard deviation of the differences (n − 1)",
            "差值标准差(n − 1)",
        ),
        column(
            "ci95_low",
            Number,
            "see unit",
            "lower end of the difference's 95 % t-interval",
            "差值 95% t 区间下限",
        ),
        column(
            "ci95_high",
            Number,
            "see unit",
            "upper end of the difference's 95 % t-interval",
            "差值 95% t 区间上限",
        ),
        column(
            "relative_difference",
            Number,
            "1",
            "mean difference by the size of the baseline's mean; empty where that is 0",
            "差值均值与基准组均值绝对值之比;基准组为 0 时为空",
        ),
        column(
            "pairs_higher_share",
            Number,
            "1",
            "share of pairs in which the arm is higher; ties count half",
            "本方案较高的配对占比;相等计一半",
        ),
        column(
            "separated",
            Integer,
            "1",
            "1 if the interval that column interval names excludes 0, else 0",
            "interval 列所指区间不含 0 为 1,否则为 0",
        ),
        column(
            "skewness",
            Number,
            "1",
            "skewness of the differences (third standardised moment)",
            "差值偏度(三阶标准矩)",
        ),
        column(
            "boot95_low",
            Number,
            "see unit",
            "lower end of the difference's 95 % bootstrap interval (BCa, expanded), from ten pairs on",
            "差值 95% 自助法区间下限(BCa,经扩展),至少十对",
        ),
        column(
            "boot95_high",
            Number,
            "see unit",
            "upper end of the difference's 95 % bootstrap interval (BCa, expanded), from ten pairs on",
            "差值 95% 自助法区间上限(BCa,经扩展),至少十对",
        ),
        column(
            "interval",
            Text,
            "",
            "interval to read: bootstrap where at least ten pairs have a skewness beyond 1, else t",
            "应采用的区间:至少十对且偏度绝对值大于 1 时为 bootstrap(自助法),否则为 t",
        ),
        column(
            "replicates_needed",
            Integer,
            "run",
            "replicates that would tell a difference of this size from 0 in four of five experiments; \
             empty where it is 0 or beyond a million",
            "以五分之四的把握将该差值与 0 区分所需的重复数;差值为 0 或超过一百万时为空",
        ),
        column(
            "pairing_gain",
            Number,
            "1",
            "variance that the difference would have without shared draws, by the one it has; empty \
             where that is 0",
            "若不共用随机数,差值方差与现有方差之比;后者为 0 时为空",
        ),
    ],
};

/// One row an arm's platform and metric that has a good direction.
pub static DECISION: Schema = Schema {
    name: "decision",
    summary: "how probably an arm's platform is the best of all, and what choosing it may cost",
    columns: &[
        METRIC,
        UNIT,
        BETTER,
        column(
            "n",
            Integer,
            "run",
            "replicates in which every arm's platform that has the metric is complete",
            "所有具有该指标的方案与平台均完整的重复数",
        ),
        column("mean", Number, "see unit", "mean over these replicates", "上述重复的均值"),
        column(
            "best_share",
            Number,
            "1",
            "share of the replicates in which it is the best; ties are shared",
            "在其中为最优的重复占比;并列平分",
        ),
        column(
            "best_probability",
            Number,
            "1",
            "probability that its mean is the best (bootstrap over replicates)",
            "均值为最优的概率(对重复作自助法)",
        ),
        column(
            "expected_regret",
            Number,
            "see unit",
            "expected shortfall of its mean from the best (bootstrap over replicates)",
            "均值与最优之差的期望,即预期后悔值(对重复作自助法)",
        ),
        column(
            "greatest_regret",
            Number,
            "see unit",
            "largest shortfall from the best within a replicate",
            "同一重复内与最优之差的最大值,即最大后悔值",
        ),
    ],
};

/// One row a planned run; stands beside `tables/`, for its times differ every time.
pub static PLAN: Schema = Schema {
    name: "plan",
    summary: "the planned runs and how each ended",
    columns: &[
        column("seed", Text, "", "seed of the scenario", "情景随机种子"),
        column(
            "draw_key",
            Text,
            "",
            "key of all the run's draws: mix of seed and replicate",
            "该次运行的随机密钥:种子与重复序号的混合",
        ),
        column(
            "status",
            Text,
            "",
            "complete, interrupted (fewer days) or missing (not run)",
            "complete 完整,interrupted 中断(天数不足),missing 未运行",
        ),
        column("days_done", Integer, "day", "reported days of the run", "该次运行完成的天数"),
        column(
            "wall_seconds",
            Number,
            "s",
            "time that the run took, where measured",
            "该次运行耗时(如有测量)",
        ),
    ],
};

/// One row a column of a table, and one a metric.
pub static DICTIONARY: Schema = Schema {
    name: "dictionary",
    summary: "every column of every table and every metric",
    columns: &[
        column(
            "table",
            Text,
            "",
            "name of the table; `metrics` for a metric",
            "表名;指标属于 metrics 表",
        ),
        column("column", Text, "", "name of the column or metric", "列名或指标名"),
        column(
            "type",
            Text,
            "",
            "text, integer, number, or metric (a value of column metric)",
            "类型:text 文本,integer 整数,number 数值,metric 指标(metric 列的取值)",
        ),
        column("unit", Text, "", "unit; 1 for pure numbers and shares", "单位;纯数与占比为 1"),
        column("meaning", Text, "", "meaning in English", "英文含义"),
        column("meaning_zh", Text, "", "meaning in Chinese", "中文含义"),
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_called_by_what_it_is() {
        let key = |arm: &str, platform: &str, replicate| RunKey {
            arm: arm.to_owned(),
            platform: platform.to_owned(),
            replicate,
        };
        assert_eq!(key("viral", "viral", 3).run_id(), "viral-r003");
        assert_eq!(key("everyone", "shelf", 1234).run_id(), "everyone.shelf-r1234");
    }

    #[test]
    fn key_columns_are_those_of_the_rows() {
        let names = |keys: Keys| keys.columns().iter().map(|c| c.name).collect::<Vec<_>>();
        assert_eq!(names(Keys::Run), ["run_id", "scenario", "arm", "platform", "replicate"]);
        assert_eq!(names(Keys::Arm), ["scenario", "arm", "platform"]);
        assert!(names(Keys::None).is_empty());
    }

    #[test]
    fn declarations_are_named_once_and_explained_in_both_languages() {
        let tables = Declared::REGISTRY.all();
        let mut names: Vec<_> = tables.iter().map(|table| table.schema.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), tables.len(), "two tables have one name");
        for table in tables {
            let columns = || table.keys.columns().iter().chain(table.schema.columns);
            for column in columns() {
                assert!(!column.meaning.is_empty() && !column.meaning_zh.is_empty());
                let same = columns().filter(|other| other.name == column.name).count();
                assert_eq!(same, 1, "`{}` of `{}`", column.name, table.schema.name);
            }
        }
    }
}
