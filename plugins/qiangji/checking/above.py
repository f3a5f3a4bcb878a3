"""Cells above headers that say what nobody can hold against the fields beneath them: `转出`, `更正前`, `不含预备`.

In: each field's header and the cells merged above it, the form, the period. Out: the fields under a cell that may
change what they count, with what it says.

A cell above groups columns. It may say, piece by piece, and in any order:

| what | as |
| --- | --- |
| words of the form's title, or of the label or headers of a field beneath it | `党员`, `联营项目` |
| words of the note of the first field beneath it, and what it says is contained | `双培工程`, `含预备党员` |
| words that only group, of which there is a list | `基本情况`, `其中`, `一、组织建设` |
| a time, a unit, how to fill in | `本年累计`, `单位：个`; `spans` and `units` ask where they are not the field's |

It may not name another field than the first one beneath it: `预备党员` above 党员人数 leaves out most of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set

from qiangji.catalogue.models import Field, Form
from qiangji.checking.spans import OtherSpan, measure_in, time_in
from qiangji.parsing.facts import unit_in
from qiangji.parsing.how_to_fill import tells_how
from qiangji.periods import Period
from qiangji.personal_data import unnamed
from qiangji.text import squeezed

_APART = re.compile(r"[,，;；。:：/()\[\]【】〔〕]+")
_QUOTES = re.compile("[“”‘’\"'《》「」『』★☆*※▲△◆●]")
_OFFICE = re.compile(r"(?:填报|报送|填表|制表|统计)(?:单位|机关|部门|地区|人)[:：][^,，;；]*")
_NUMBER = re.compile(r"^(?:第?[一二三四五六七八九十]{1,3}(?:部分|、|\.)|[0-9]{1,2}[、.](?![0-9])|[A-Z][、.])")
_TIME = re.compile(
    r"(?:截[至止]到?|至|自|从)?(?:20\d\d年?度?|(?:0?[1-9]|1[0-2])月份?|\d{1,2}[日号]|第?[一二三四1-4]季度?|前[一二三四1-4]季度"
    r"|[上下]半年|年初|[本当全今](?:年度?|月份?|季度?|期)|(?:期|年|月|季度?)(?=[末底])|累计|截[至止])"
    r"(?:[-~—–至到]+|[末底止]|以来|至今|累计|数|额)*"
)
_GROUPS = frozenset(
    re.findall(
        r"\S+",
        """
    基本 主要 有关 相关 总体 其中 其他 其它 全部 所有 情况 信息 数据 数量 数额 金额 总数 总额 合计 人数 个数 户数
    人员 指标 项目 事项 内容 类别 名称 填报 填报项 上报 报送 统计 单位 部分 两项 两类 三类 四类 五类 两张 各项 各类
    类 项 数 表 报表 栏目 字段 完成 计划 任务 目标 新增 占比 比例 比重 面积 支出 党建 党务 党员 党组织 基层 组织
    建设 队伍 人才 干部 班子 头雁 书记 负责人 工作者 社工 制度 工作 工程 行动 活动 阵地 服务 群众 农户 诉求 应急
    教育 培训 轮训 学习 品牌 激励 保障 成长 管理 治理 作用 发挥 集体 经济 产业 收入 资产 资金 经营 乡村 农村 城市
    振兴 人居 环境 整治 提升 改善 绿化 绿美 生态 文明 美丽 家园 网格 物业 业主委员会 清单 联营 报告期 统计期 所属期
    日期 时间 增减 铸魂 联系 发动 抓 促 带 引领 两企三新 侨建 行业 社会 传统 领域 新兴 侨乡 侨务 经济发展 产业发展
    乡村发展 急难愁盼 双报到 双服务 民生 重点 重大 及 和 与 、 的 等 之
        """,
    )
)
"""Words that only group columns: topics of the plan, and words for any column."""
_ALONE = frozenset({"发展", "备注", "村", "组", "镇", "-", "—"})
"""Cells that group, and words that would say another thing beside another one (`发展党员`)."""
_LEVELS = frozenset({"社区"})
"""Units that say of whom: members of communities, above those of villages."""
_CONTAINED = re.compile("含|包括|除")
_MAX_SHOWN = 20


def other_above(headers: Mapping[str, tuple[str, str]], form: Form, period: Period) -> list[OtherSpan]:
    """The fields, in the form's order, of numbers. `headers`: field -> (the cells above it, its header)."""
    fields = form.fields
    beneath: dict[str, list[str]] = {}
    for name in (n for n in fields if n in headers):
        for piece in filter(None, _APART.split(_plain(headers[name][0]))):
            beneath.setdefault(piece, []).append(name)
    said = {piece: names for piece, names in beneath.items() if not _groups(piece, names, form, period)}
    return [
        OtherSpan(name, unnamed(piece[:_MAX_SHOWN]))
        for name in fields
        for piece in [next((p for p, names in said.items() if name in names), "")]
        if piece and fields[name].is_number
    ]


def _plain(text: str) -> str:
    """A text without white space and quotation marks, and without the office behind 填报单位."""
    return _OFFICE.sub("", _QUOTES.sub("", squeezed(text)))


def _groups(piece: str, names: Sequence[str], form: Form, period: Period) -> bool:
    """Whether a piece only groups the fields beneath it, or is asked about elsewhere."""
    fields = [form.fields[name] for name in names]
    if any(time_in(piece, field, period) or measure_in(piece, field) for field in fields):
        return True
    if (
        piece in _ALONE
        or (unit_in(piece) and piece not in _LEVELS)
        or any(tells_how(form, name, piece) for name in names)
    ):
        return True
    titled = re.sub(f"(?:.{{1,12}}[市县区镇道村])?{re.escape(_plain(form.title.zh))}", "表", piece)
    plain = _TIME.sub("、", _NUMBER.sub("", titled))
    first, others = fields[0], fields[1:]
    if any(plain in _names(field) for field in others) and plain not in _names(first):
        return False
    clauses = _clauses(first)
    if {piece, plain} & {*clauses}:
        return True
    words = [form.title.zh, *(text for field in fields for text in _names(field))]
    words += [clause for clause in clauses if not _CONTAINED.search(clause)]
    return _is_of(plain, map(_plain, words))


def _names(field: Field) -> Set[str]:
    return {_plain(text) for text in (field.label.zh, *field.headers)}


def _clauses(field: Field) -> list[str]:
    """The parts of a field's note."""
    return _APART.split(_plain(field.note.zh)) if field.note else []


def _is_of(text: str, own: Iterable[str]) -> bool:
    """Whether a text is made of words that group and of parts, two characters at least, of the texts that are its own.
    Letters and digits say nothing: they are a translation, or a number.
    """
    texts = "\n".join(own)
    plain = re.sub(r"[^\u4e00-\u9fff、]", "", text)
    reached = {0}
    for start in range(len(plain)):
        if start in reached:
            reached |= {
                end
                for end in range(start + 1, len(plain) + 1)
                if plain[start:end] in _GROUPS or (end > start + 1 and plain[start:end] in texts)
            }
    return len(plain) in reached
