"""Labels of those who sign a table, and the names behind them, however they are written."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from qiangji.personal_data import is_signature, quoted
from qiangji.personal_data.names import BEHIND, LABEL, MAY_ASK, asks_for_a_person, name_behind_a_word

SIGNED = [
    "联系人及电话：陈伟强",
    "联系人、电话：陈伟强 12",
    "填报人员：陈伟强",
    "经办人员：李雷",
    "制作人：陈伟强",
    "驻村干部：陈伟强",
    "更正人：李明",
    "录入员（代）：陈伟强",
    "经办人 李雷",
    "经办人\u3000李雷",
    "经办人：李雷",
    "经办人:李雷",
    "经办人（李雷）",
    "经办人【李雷】",
    "经手人 李 雷",
    "制表 王丽",
    "制表：王丽",
    "审核\u3000陈卓文",
    "复核(张三)",
    "校对：李 雷",
    "统计员 黄小明",
    "签发 林佩仪",
    "书记 王明",
    "村主任 赵六",
    "村党支部书记：李红",
    "联系人 欧阳娜娜",
    "联系人；李雷",
    "联系人、李雷",
    "联系人|李雷",
    "联系人-李雷",
    "填表人李雷",
    "村负责人李雷",
    "联系人：1.李雷",
    "李雷（经办人）",
    "李雷（党支部书记）",
    "李雷（村支书）",
    "李雷（村民小组长）",
    "李雷（第一书记）",
    "李雷（主要负责人）",
    "填表人 李雷  审核人 韩梅梅",
    "填报人：  林佩仪",
    "负责人(签字)：李雷",
    "负责人（签字） 李雷",
    "制表人：李雷 审核：王丽",
    "单位负责人 李雷（盖章）",
    "统计 钱明",
    "主任：李雷",
    "镇长 李雷",
    "驻村第一书记 李雷",
    "“填表人” 李雷",
    "填报：司徒美堂",
    "填 表 人：李雷",
    "经 办 人 李雷",
]
OTHERS = [
    "更换负责人万达",
    "负责人、经办人",
    "联系人/经办人",
    "户主应缴",
    "法人任命",
    "责任人单列",
    "带头人高中以上",
    "带头人队伍",
    "负责人常年外出",
    "何边（无书记）",
    "黄竹（暂缺组长）",
    "马山（更换书记）",
    "李屋（村民小组长）",
    "负责人：经核实，已到任",
    "更换负责人 经核实",
    "更换负责人（经确认）",
    "更换联系人 管理费",
    "户主：单身",
    "责任人：施工方",
    "当事人：何氏",
    "联络员：常设",
    "法人：农场",
    "党员：应到",
    "外来人员：单列",
    "工作人员：余缺",
    "户籍人员：符合",
    "干部：高配",
    "报送人员：见附件",
    "单位：人 金额：万元",
    "党员：高于上月",
    "书记档次",
    "党支部书记 安排工作",
    "统计 范围",
    "审核 通过",
    "填报单位：江海区",
    "填报 时间",
    "沙坑村委会",
    "注：本表由各镇街汇总",
    "统计 全县",
    "村书记 高度重视",
    "审核意见：同意",
    "书记 一肩挑",
    "年度统计 全市",
    "主任 职数",
    "填报 说明",
    "统计 口径：全部",
    "批准 文号",
    "编制 方案",
    "负责人 单位",
    "行政村党建月报表（2026年10月）",
    "报送 单位：新会区委组织部",
    "其中（书记）",
    "书记（主任）",
    "书记、主任 一肩挑",
    "组长（党员）",
    "村民小组组长 党员",
    "主管 部门",
    "统计 季度",
    "审批 程序",
]


@pytest.mark.parametrize("text", SIGNED)
def test_a_name_behind_a_label_is_found_with_a_colon_a_blank_or_brackets(text: str) -> None:
    assert name_behind_a_word(text)
    for quick in (BEHIND, MAY_ASK):
        assert pc.match_substring_regex(pa.array([text]), quick)[0].as_py()
    assert "李" not in quoted(text)
    assert quoted(text) == f"({len(text)} 字 characters)"


@pytest.mark.parametrize("text", OTHERS)
def test_words_behind_a_label_are_no_name(text: str) -> None:
    assert not name_behind_a_word(text)


@pytest.mark.parametrize(
    "label", ["制表", "审核：", "复 核", "经办人（签字）", "校对:", "统计员", "签发", "经手人　"]
)
def test_what_offices_write_before_a_signature_asks_for_a_person(label: str) -> None:
    assert asks_for_a_person(label)
    assert pc.match_substring_regex(pa.array([label]), LABEL)[0].as_py()
    assert is_signature(label)


@pytest.mark.parametrize("label", ["年度统计", "已审核", "审核情况", "填报单位", "统计口径"])
def test_a_verb_inside_another_word_asks_for_nobody(label: str) -> None:
    assert not asks_for_a_person(label)
    assert not is_signature(label)
