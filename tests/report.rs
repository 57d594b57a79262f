//! The report: what it says is what the tables say, whatever the folder holds and whatever
//! things are called.

use assert_cmd::Command;
use guanxi::observer::RunRecord;
use guanxi::observers;
use guanxi::observers::METRICS;
use guanxi::output::declared::RunKey;
use guanxi::output::manifest::Status;
use guanxi::output::read;
use guanxi::output::run_folder::{Meta, RunFolder};
use guanxi::report::say::{Kind, Lang};
use guanxi::report::{self, page::Page};
use guanxi::table::{Cell, CellKind, Rows};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Runs the program in a folder.
fn guanxi(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let mut command = Command::cargo_bin("guanxi").expect("the program is built with its tests");
    let output = command.current_dir(folder).args(arguments).output().expect("it starts");
    let text = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
}

/// A folder with a run of a scenario.
fn ran(text: &str, arguments: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("s.toml"), text).expect("written");
    let all = [&["run", "s.toml", "-o", "out", "--progress", "none"], arguments].concat();
    let (code, said) = guanxi(folder.path(), &all);
    assert_eq!(code, 0, "{said}");
    let out = folder.path().join("out");
    (folder, out)
}

fn page(folder: &Path) -> (Page, String) {
    let page = report::page(&[folder.to_path_buf()], Lang::En);
    let page = page.unwrap_or_else(|error| panic!("{error}"));
    let html = report::html(&page).unwrap_or_else(|error| panic!("{error}"));
    (page, html)
}

const TWO: &str = "name = \"two\"\ndays = 40\nreplicates = 3\nbaseline = \"traditional\"\n\
                   [population]\nconsumers = 600\n[arm.viral]\npreset = \"viral\"\n\
                   [arm.traditional]\npreset = \"traditional\"\n";

/// Texts that would do harm if they were taken for anything but text.
const HOSTILE: &str =
    "</script><script>alert(1)</script> \\\"onload=x' =1+2 \\u202Eabc <img src=x>";

/// Nothing in a page is loaded, and nothing but its own script runs.
fn assert_harmless(html: &str) {
    assert_eq!(html.matches("<script").count(), 1, "one script, the page's own");
    for word in
        ["<img", "<iframe", "<link rel=\"style", "@import", "src=\"http", "href=\"http", "url("]
    {
        assert!(!html.contains(word), "the page holds `{word}`");
    }
    assert!(!html.contains('\u{202e}'), "a mark that turns the direction is in the page");
}

#[test]
fn numbers_in_the_page_are_those_of_the_tables() {
    let (_keep, out) = ran(TWO, &["--report", "--charts", "svg"]);
    let html = std::fs::read_to_string(out.join("report.html")).expect("run wrote the report");
    let differences = read::table(&out, "differences").expect("a table");
    let of = |row: &[String], name: &str| row[differences.column(name).expect("a column")].clone();
    let mut checked = 0;
    for row in &differences.rows {
        let kind = Kind::named(&of(row, "metric"), &of(row, "unit"));
        for column in ["baseline_mean", "arm_mean", "mean_difference", "ci95_low", "ci95_high"] {
            let Ok(x) = of(row, column).parse::<f64>() else { continue };
            let cell = format!("data-v=\"{x}\">{}<", kind.cell(x));
            assert!(html.contains(&cell), "{} {column}: {cell} is missing", of(row, "metric"));
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked} numbers");
    let ledger = read::table(&out, "ledger").expect("a table");
    let metrics = read::table(&out, "metrics").expect("a table");
    assert!(!ledger.rows.is_empty() && !metrics.rows.is_empty());
    for arm in ["viral", "traditional"] {
        // What remains of the waterfall is the metric, by way of the whole ledger.
        let values =
            metrics.rows.iter().filter(|row| row[2] == arm && row[5] == "platform_result_fen");
        let values: Vec<f64> = values.map(|row| row[10].parse().expect("a number")).collect();
        let mean = guanxi::output::statistics::moments(&values).mean.expect("a mean");
        let cell = format!("class=\"n best\" data-v=\"{mean}\"");
        assert!(html.contains(&cell), "{arm}: {cell} is not what remains");
    }
    // How evenly money spreads, and what choosing an arm may cost.
    let evenness = read::table(&out, "concentration").expect("a table");
    let at = |name: &str| evenness.column(name).expect("a column");
    for arm in ["viral", "traditional"] {
        let own = evenness.rows.iter().filter(|row| {
            row[at("arm")] == arm && row[at("group")] == "merchants" && row[at("part_share")] == "1"
        });
        let own: Vec<f64> = own.map(|row| row[at("gini")].parse().expect("a number")).collect();
        let mean = guanxi::output::statistics::moments(&own).mean.expect("a mean");
        assert!(html.contains(&format!("data-v=\"{mean}\"")), "{arm}: Gini {mean}");
    }
    let decision = read::table(&out, "decision").expect("a table");
    let at = |name: &str| decision.column(name).expect("a column");
    let gmv: Vec<_> = decision.rows.iter().filter(|row| row[at("metric")] == "gmv_fen").collect();
    assert_eq!(gmv.len(), 2);
    for row in gmv {
        let regret: f64 = row[at("expected_regret")].parse().expect("a number");
        assert!(html.contains(&format!("data-v=\"{regret}\"")), "regret {regret}");
    }
    let (shown, _) = page(&out);
    for figure in shown.figures() {
        assert!(!figure.sheets.is_empty() && !figure.table.rows.is_empty(), "{}", figure.id);
        assert!(figure.about.en.contains("n = "), "{}: {}", figure.id, figure.about.en);
        assert!(figure.about.en.contains("interval"), "{}: {}", figure.id, figure.about.en);
        assert!(!figure.finding.zh.is_ascii() && !figure.about.zh.is_ascii(), "{}", figure.id);
        let file = figure.file(Lang::En);
        assert!(file.contains(">n = "), "{}: a picture says n", figure.id);
    }
    assert_harmless(&html);
    let charts: Vec<_> = std::fs::read_dir(out.join("charts")).expect("charts").collect();
    assert!(charts.len() >= 8, "{} charts", charts.len());
    let chart = std::fs::read_to_string(out.join("charts/differences.svg")).expect("a chart");
    assert!(chart.starts_with("<svg ") && !chart.contains("class=\"zh\""));
}

#[test]
fn a_report_is_not_replaced_unasked_and_is_the_same_every_time() {
    let (keep, out) = ran(TWO, &["--report"]);
    let first = std::fs::read(out.join("report.html")).expect("a report");
    let (code, said) = guanxi(keep.path(), &["report", "out"]);
    assert_eq!(code, 7, "{said}");
    let (code, said) = guanxi(keep.path(), &["report", "out", "--force"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::read(out.join("report.html")).expect("a report"), first);
    let (code, _) = guanxi(keep.path(), &["report", "out", "-o", "zh.html", "--lang", "zh"]);
    let html = std::fs::read_to_string(keep.path().join("zh.html")).expect("a report");
    assert!(code == 0 && html.contains("<html lang=\"zh-CN\" data-lang=\"zh\">"));
    assert_eq!(guanxi(keep.path(), &["report", "nowhere"]).0, 1);
}

/// The points of a sweep of `TWO` with one run folder beside it.
fn swept(vary: &[&str]) -> (TempDir, PathBuf) {
    let (folder, _) = ran(TWO, &[]);
    let vary: Vec<&str> = vary.iter().flat_map(|vary| ["--vary", vary]).collect();
    let all = [&["sweep", "s.toml", "-o", "sweep", "--progress", "none"], &vary[..]].concat();
    let (code, said) = guanxi(folder.path(), &all);
    assert_eq!(code, 0, "{said}");
    let out = folder.path().join("sweep");
    (folder, out)
}

#[test]
fn a_sweep_tells_what_matters_alone_and_beside_a_run() {
    let vary =
        ["arm.viral.sharing.reward_fen=0..3000:3", "arm.viral.outside_ads.budget_share=0..0.4:2"];
    let (keep, out) = swept(&vary);
    let (alone, html) = page(&out);
    assert!(html.contains("id=\"fig-tornado\"") && html.contains("budget_share"), "the tornado");
    assert_harmless(&html);
    // An arm knows nothing of another's parameters.
    let tornado = alone.figures().find(|figure| figure.id == "tornado").expect("a tornado");
    assert!(tornado.table.rows.iter().all(|row| row[1].text.en == "viral"));
    assert!(!tornado.sheets.is_empty() && tornado.table.rows.len() >= 6);
    // The headline names a parameter only where one is separated from chance.
    let ends = |row: &[report::page::Cell]| Some((row[6].raw?, row[7].raw?));
    let separated = tornado
        .table
        .rows
        .iter()
        .filter(|row| row[0].text.en == "GMV")
        .any(|row| ends(row).is_some_and(|(low, high)| low > 0.0 || high < 0.0));
    let begins = if separated { "GMV depends most on " } else { "No swept parameter changes GMV " };
    assert!(alone.headline[0].en.starts_with(begins), "{}", alone.headline[0].en);
    // The change of a grid with two levels is the difference of their means.
    let metrics = read::table(&out, "metrics").expect("a table");
    let plan = read_plan(&out);
    let mean = |level: &str| {
        let at = |name: &str| metrics.column(name).expect("a column");
        let of = metrics.rows.iter().filter(|row| {
            let point: usize = row[at("point")].parse().expect("a number");
            row[at("arm")] == "viral" && row[at("metric")] == "gmv_fen" && plan[point] == level
        });
        let values: Vec<f64> = of.map(|row| row[at("value")].parse().expect("a number")).collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    let change = mean("0.4") - mean("0");
    let row = tornado.table.rows.iter().find(|row| {
        row[0].text.en == "GMV" && row[2].text.en.ends_with("outside_ads.budget_share")
    });
    let told = row.expect("a row")[5].raw.expect("a number");
    assert!((told - change).abs() < 1e-6 * change.abs().max(1.0), "{told} for {change}");
    let (code, said) = guanxi(keep.path(), &["report", "out", "sweep", "-o", "both.html"]);
    assert_eq!(code, 0, "{said}");
    let html = std::fs::read_to_string(keep.path().join("both.html")).expect("a report");
    for id in ["fig-differences", "fig-tornado", "again-sweep"] {
        assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
    }
}

/// The second value of each point of a sweep.
fn read_plan(out: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(out.join("sweep.json")).expect("a plan");
    let json: serde_json::Value = serde_json::from_str(&text).expect("a plan");
    let points = json["points"].as_array().expect("points");
    points.iter().map(|point| point["values"][1].as_str().expect("a value").to_owned()).collect()
}

#[test]
fn a_sweep_without_tables_is_told_as_such() {
    let (keep, out) = swept(&["arm.viral.sharing.reward_fen=0,3000"]);
    std::fs::remove_dir_all(out.join("tables")).expect("removed");
    let (code, said) = guanxi(keep.path(), &["report", "sweep"]);
    assert!(code == 1 && said.contains("the sweep has no tables yet"), "{code}: {said}");
    // Words are no numbers: the page says so and stands.
    let (_keep, out) = swept(&["network.kind=erdos_renyi,complete"]);
    let (page, _) = page(&out);
    assert!(page.headline[0].en.starts_with("The sweep does not tell"), "{:?}", page.headline);
}

#[test]
fn the_largest_cascade_is_drawn_as_the_table_has_it() {
    let (_keep, out) = ran(&TWO.replace("consumers = 600", "consumers = 3000"), &[]);
    let (page, _) = page(&out);
    let table = read::table(&out, "largest_cascade").expect("a table");
    let at = |name: &str| table.column(name).expect("a column");
    let size = |row: &Vec<String>| row[at("size_count")].parse::<usize>().expect("a number");
    let largest = table.rows.iter().map(size).max().expect("a cascade");
    let figure = page.figures().find(|figure| figure.id == "cascades").expect("a figure");
    let tree = &figure.sheets[1];
    assert!(tree.title.en.ends_with(&format!("{largest} consumers")), "{}", tree.title.en);
    assert_eq!(tree.body.matches("<circle").count(), largest, "a disc a consumer");
}

#[test]
fn equal_arms_cannot_be_separated() {
    let text =
        TWO.replace("[arm.viral]\npreset = \"viral\"", "[arm.copy]\npreset = \"traditional\"");
    let (_keep, out) = ran(&text, &[]);
    let (page, _) = page(&out);
    let first = &page.headline[0];
    assert!(first.en.starts_with("In GMV the arms cannot be separated: "), "{}", first.en);
    assert!(first.zh.contains("无法区分"), "{}", first.zh);
    assert!(page.headline.iter().all(|one| !one.en.contains("wins")), "{:?}", page.headline);
    // No chart's title names one of the two.
    for figure in page.figures() {
        let title = &figure.finding.en;
        let superlative = ["highest", "most", "fewest", "slowest", "closest", "furthest"];
        assert!(!superlative.iter().any(|word| title.contains(word)), "{title}");
    }
    // Nor does one replicate of the same.
    let (_keep, alone) = ran(&text, &["--replicates", "1"]);
    let first = self::page(&alone).0.headline[0].clone();
    assert!(first.en.contains("cannot be separated: copy and traditional have"), "{}", first.en);
    assert!(first.zh.contains("无法区分"), "{}", first.zh);
    let course = page.figures().find(|figure| figure.id == "course").expect("a figure");
    assert_eq!(
        course.finding.en,
        "copy and traditional cannot be separated in GMV a day in the end"
    );
    assert_eq!(course.finding.zh, "copy 与 traditional 在期末日成交额上无法区分");
}

#[test]
fn the_winner_is_named_with_its_size_and_interval() {
    let (_keep, out) = made(&["high", "low"], 4, |arm, _| if arm == "high" { 2e8 } else { 1e8 });
    let (page, _) = page(&out);
    let first = &page.headline[0];
    assert!(
        first.en.starts_with("high wins in GMV: highest, with 2.00 million yuan"),
        "{}",
        first.en
    );
    assert!(
        first.en.contains("95\u{a0}% interval") && first.en.contains("than low"),
        "{}",
        first.en
    );
}

/// Of more arms than charts hold, the best and the baseline are drawn, and titles go by all.
#[test]
fn the_last_of_many_arms_can_win() {
    let poor: String = (1..9).map(|k| format!("[arm.a{k}]\npreset = \"traditional\"\n")).collect();
    let text = "name = \"many\"\ndays = 90\nreplicates = 4\nbaseline = \"z\"\n[population]\n\
                consumers = 600\n[start]\nregistered_share = 0.02\n[arm.z]\npreset = \"viral\"\n";
    let (_keep, out) = ran(&format!("{text}{poor}"), &[]);
    let (page, html) = page(&out);
    assert!(page.headline[0].en.starts_with("z wins in GMV"), "{}", page.headline[0].en);
    let course = page.figures().find(|figure| figure.id == "course").expect("a figure");
    assert!(course.finding.en.starts_with("z ends highest in GMV"), "{}", course.finding.en);
    let funnel = page.figures().find(|figure| figure.id == "funnel").expect("a figure");
    assert_eq!(funnel.sheets.len(), 8);
    assert!(funnel.file(Lang::En).contains(">z<"), "the best is drawn");
    assert!(html.contains("Charts draw 8 of 9 arms"));
}

#[test]
fn where_nothing_is_sold_the_page_says_so() {
    let text = TWO.replace(
        "[arm.viral]",
        "[market]\nmarketing_budget_fen_per_consumer_day = 0\n\
                            [start]\nregistered_share = 0.0\n[arm.viral]",
    );
    let (_keep, out) = ran(&text, &[]);
    let (page, html) = page(&out);
    assert!(page.headline[0].en.starts_with("Nothing was sold"), "{:?}", page.headline);
    assert!(page.figures().all(|figure| !figure.sheets.is_empty()), "a figure without a chart");
    assert!(!html.contains("one pair each"));
}

#[test]
fn what_was_changed_after_the_run_and_other_worlds_are_told() {
    let (keep, out) = ran(TWO, &[]);
    let path = out.join("tables/ledger.csv");
    let text = std::fs::read_to_string(&path).expect("a table");
    let lines: Vec<&str> = text.lines().collect();
    std::fs::write(&path, lines[..lines.len() / 2].join("\n") + "\n").expect("written");
    let (_, html) = page(&out);
    assert!(html.contains("tables/ledger.csv is not as it was written"));
    let line = ["run", "s.toml", "-o", "other", "-q", "--days", "30", "--seed", "20261122"];
    assert_eq!(guanxi(keep.path(), &line).0, 0);
    let both = report::page(&[out, keep.path().join("other")], Lang::En).expect("a page");
    let told = both.warnings.iter().any(|one| one.en.contains("different populations or days"));
    assert!(told, "{:?}", both.warnings);
}

#[test]
fn one_replicate_and_one_arm_are_told_as_such() {
    let text = TWO.replace("replicates = 3", "replicates = 1");
    let (_keep, out) = ran(&text, &[]);
    let (one, _) = page(&out);
    assert!(one.warnings[0].en.starts_with("There is one replicate"), "{:?}", one.warnings);
    assert!(one.headline[0].en.contains("the order may be chance"), "{}", one.headline[0].en);
    let (_keep, out) = made(&["alone"], 3, |_, r| 1e8 + f64::from(r));
    let (alone, html) = page(&out);
    assert!(alone.headline[0].en.starts_with("GMV of alone: 1.00 million yuan"));
    assert!(!html.contains("id=\"fig-differences\""));
    assert!(alone.what.en.starts_with("1 arm, 3 complete replicates"), "{}", alone.what.en);
    for figure in alone.figures() {
        let title = &figure.finding.en;
        assert!(!title.contains("most") && !title.contains("highest"), "{title}");
    }
}

#[test]
fn rival_platforms_and_classical_diffusion_have_their_charts() {
    let rivals = "name = \"rivals\"\ndays = 35\nreplicates = 2\n[population]\nconsumers = 500\n\
                  [arm.city.platform.shelf]\npreset = \"traditional\"\n\
                  [arm.city.platform.friends]\npreset = \"viral\"\n";
    let (_keep, out) = ran(rivals, &[]);
    let (rivals, html) = page(&out);
    assert!(html.contains("id=\"fig-market\"") && html.contains("city / friends"));
    assert!(rivals.headline[0].en.contains("the market"), "{}", rivals.headline[0].en);
    let spreads = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/classical_diffusion.toml");
    let text = std::fs::read_to_string(spreads).expect("a scenario");
    let small = ["--set", "population.consumers=1000", "--replicates", "2", "--days", "20"];
    let (_keep, out) = ran(&text, &small);
    let (page, html) = page(&out);
    assert!(html.contains("id=\"fig-spread\"") && !html.contains("id=\"fig-money\""));
    assert!(page.headline[0].en.contains("final reach"), "{}", page.headline[0].en);
}

#[test]
fn hostile_names_are_text_everywhere() {
    let long = "长".repeat(3000) + &"x".repeat(2000);
    let text = format!(
        "name = \"s\"\nquestion = \"{HOSTILE} {long}\"\n\
         days = 5\nreplicates = 2\n[population]\nconsumers = 300\n\
         [[population.segment]]\nname = \"{HOSTILE}\"\n\
         [[population.segment]]\nname = \"=1+2|cmd\"\n[arm.a]\n[arm.b]\n"
    );
    let (keep, out) = ran(&text, &[]);
    let segments = std::fs::read_to_string(out.join("tables/segments.csv")).expect("a table");
    assert!(!segments.contains(",=1+2") && segments.contains("'=1+2|cmd"), "a formula in a cell");
    let (_, said) = guanxi(keep.path(), &["run", "s.toml", "-o", "again", "--progress", "plain"]);
    assert!(
        !said.contains('\u{202e}') && !said.contains("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
        "{said}"
    );
    let (_, html) = page(&out);
    assert_harmless(&html);
    assert!(html.contains("&lt;/script&gt;") || html.contains("&#60;/script&#62;"));
    assert!(!html.contains(&"x".repeat(1000)), "a long text is shown short");
    // A folder that somebody else wrote may call its arms anything.
    let hostile = HOSTILE.replace("\\u202E", "\u{202e}").replace("\\\"", "\"");
    let arms = [hostile.as_str(), "=cmd|' /C calc'!A0", long.as_str(), "שלום"];
    let (_keep, out) = made(&arms, 3, |arm, r| 1e8 + arm.len() as f64 * 1e5 + f64::from(r));
    let (page, html) = page(&out);
    assert_harmless(&html);
    assert!(html.contains("\u{2068}שלום\u{2069}"), "right to left is set apart");
    for figure in page.figures() {
        let file = figure.file(Lang::Zh);
        assert!(!file.contains("<script") && !file.contains("<img"), "{}", figure.id);
    }
}

/// A run folder written by hand: every table of the registry with rows that vary.
fn made(arms: &[&str], replicates: u32, gmv: impl Fn(&str, u32) -> f64) -> (TempDir, PathBuf) {
    synthetic(arms, replicates, 30, gmv)
}

fn synthetic(
    arms: &[&str],
    replicates: u32,
    days: u16,
    gmv: impl Fn(&str, u32) -> f64,
) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = |arm: &&str, replicate| RunKey {
        arm: (*arm).to_owned(),
        platform: (*arm).to_owned(),
        replicate,
    };
    let runs = (0..replicates).flat_map(|r| arms.iter().map(move |arm| key(arm, r)));
    let meta = Meta {
        scenario: "made".to_owned(),
        scenario_bytes: b"name = \"made\"\n".to_vec(),
        resolved: "name = \"made\" # no unit; scenario; given; the default is \"scenario\"\n"
            .to_owned(),
        digest: "0".repeat(64),
        seed: 1,
        engine_version: "0.1.0".to_owned(),
        command: None,
        threads: 1,
        cores: 1,
        baseline: arms[0].to_owned(),
        runs: runs.clone().collect(),
        days,
        origin: None,
    };
    let path = folder.path().join("out");
    let mut out = RunFolder::create(&path, false, meta).expect("a folder");
    for run in runs {
        let (arm, replicate) = (run.arm.clone(), run.replicate);
        let value = |k: usize| gmv(&arm, replicate) / (k as f64 * k as f64 * 100.0 + 1.0);
        let metrics = METRICS.iter().enumerate().map(|(k, _)| Some(value(k))).collect();
        let tables = observers::TABLES.iter().map(|schema| rows(schema, days, replicate)).collect();
        let record = RunRecord {
            arm: run.arm,
            platform: run.platform,
            replicate,
            days_done: days,
            tables,
            metrics,
        };
        out.add(&record, None).expect("added");
    }
    let path = out.finish(Status::Complete, None).expect("finished");
    (folder, path)
}

/// A row a day, five where rows have a text; numbers that grow and shake.
fn rows(schema: &'static guanxi::table::Schema, days: u16, replicate: u32) -> Rows {
    let mut rows = Rows::new(schema);
    let texts = schema.columns.iter().any(|column| column.kind == CellKind::Text);
    for day in 1..=u64::from(days) {
        for k in 0..if texts { 5 } else { 1_u64 } {
            let cell = |(j, column): (usize, &guanxi::table::Column)| match column.kind {
                CellKind::Text => Cell::from(format!("text{k}").as_str()),
                _ if j == 0 => Cell::from(day),
                CellKind::Integer => {
                    Cell::from(day * 1000 + (day * 7919 + u64::from(replicate) * 104_729) % 997)
                }
                CellKind::Number => Cell::number(0.5 + (day % 7) as f64 / 31.0),
            };
            rows.push(schema.columns.iter().enumerate().map(cell).collect::<Vec<_>>());
        }
    }
    rows
}

#[test]
fn a_large_run_makes_a_page_below_three_megabytes() {
    let arms = ["community", "kol", "traditional", "viral"];
    let (_keep, out) =
        synthetic(&arms, 30, 365, |arm, r| 1e8 + arm.len() as f64 * 1e6 + f64::from(r) * 1e5);
    let (page, html) = page(&out);
    assert!(html.len() <= 3_000_000, "{} bytes", html.len());
    assert!(page.figures().count() >= 7, "{} figures", page.figures().count());
}

/// A browser, where there is one.
fn browser() -> Option<&'static str> {
    let known = |name: &&str| {
        let said = std::process::Command::new(name).arg("--version").output();
        said.is_ok_and(|output| output.status.success())
    };
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(known)
}

#[test]
fn a_browser_draws_the_page_without_a_request_or_an_error() {
    let Some(browser) = browser() else {
        return eprintln!("skipped: there is no chromium on this machine");
    };
    let (keep, out) = ran(TWO, &["--report"]);
    let page = out.join("report.html");
    let log = keep.path().join("net.json");
    let flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
                 --disable-background-networking --disable-component-update --disable-sync \
                 --disable-features=NetworkTimeServiceQuerying \
                 --enable-logging=stderr --virtual-time-budget=2000 --dump-dom";
    let output = std::process::Command::new(browser)
        .args(flags.split_whitespace())
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .arg(format!("--user-data-dir={}", keep.path().join("profile").display()))
        .arg(format!("--log-net-log={}", log.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("the browser starts");
    let (dom, said) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains("CONSOLE"), "the console says something:\n{said}");
    let own = std::fs::read_to_string(&page).expect("the page");
    let panels = |text: &str| text.matches("<svg class=\"panel\"").count();
    assert_eq!(panels(&dom), panels(&own), "every chart is in the document");
    assert!(panels(&own) > 15 && dom.contains("aria-pressed=\"true\""));
    let net = std::fs::read_to_string(&log).unwrap_or_default();
    let asked = net.split("\"url\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    // The browser asks its maker for the time and for updates, whatever page it shows.
    let is_its_own = |url: &&str| url.contains(".google.com/") || url.contains(".googleapis.com/");
    let http = asked.filter(|url| url.starts_with("http"));
    let asked: Vec<&str> = http.filter(|url| !is_its_own(url)).collect();
    assert!(asked.is_empty(), "requests: {asked:?}");
}
