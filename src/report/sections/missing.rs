//! What the folders do not hold, said rather than passed over.

use crate::report::data::Data;
use crate::report::page::Section;
use crate::report::say::both;
use crate::report::sweeps::Sweep;

/// The section; none where nothing is missing.
#[must_use]
pub fn section(data: &Data, sweeps: &[Sweep]) -> Option<Section> {
    let mut text = Vec::new();
    if data.of.iter().all(|of| of.gini.is_empty()) {
        text.push(both(
            "Who gains (Lorenz curve, Gini): nobody sold anything, or the folder is older than the table \
             concentration.",
            "谁受益（洛伦兹曲线、基尼系数）：没有成交，或文件夹早于 concentration 表。",
        ));
    }
    if sweeps.is_empty() {
        text.push(both(
            "What matters (tornado, break-even): a run holds one value of each parameter. “guanxi sweep” \
             runs a scenario at many values; “guanxi report RUN SWEEP” puts both on one page.",
            "何者重要（龙卷风图、盈亏平衡点）：一次运行中每个参数只有一个取值。“guanxi sweep” 以多组取值运行情景，\
             “guanxi report 运行文件夹 扫描文件夹” 可将两者合为一页。",
        ));
    }
    if data.of.iter().all(|of| of.cascades.is_empty()) {
        text.push(both(
            "Cascades: nobody shared, or the folder has no such table.",
            "分享级联：无人分享，或文件夹中没有该表。",
        ));
    }
    (!text.is_empty()).then(|| Section {
        id: "missing",
        title: both("What is not here", "未包含的内容"),
        text,
        ..Section::default()
    })
}
