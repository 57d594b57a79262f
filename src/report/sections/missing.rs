//! What the run folder does not hold, said rather than passed over.

use crate::report::data::Data;
use crate::report::page::Section;
use crate::report::say::both;

/// The section.
#[must_use]
pub fn section(data: &Data) -> Section {
    let mut text = vec![
        both(
            "Who gains (Lorenz curve, Gini): the tables hold merchants, influencers and leaders as sums, not \
             one by one, so how evenly money is spread among them cannot be told.",
            "谁受益（洛伦兹曲线、基尼系数）：数据表只有商家、达人与团长的合计，没有逐个记录，无法判断收益分布是否均匀。",
        ),
        both(
            "What matters (tornado, break-even): a run holds one value of each parameter; a sweep would be \
             needed.",
            "何者重要（龙卷风图、盈亏平衡点）：一次运行中每个参数只有一个取值，需另做参数扫描。",
        ),
    ];
    if data.of.iter().all(|of| of.cascades.is_empty()) {
        text.push(both(
            "Cascades: nobody shared, or the folder has no such table.",
            "分享级联：无人分享，或文件夹中没有该表。",
        ));
    }
    Section {
        id: "missing",
        title: both("What is not here", "未包含的内容"),
        text,
        ..Section::default()
    }
}
