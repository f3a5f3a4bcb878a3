"""The dictionary as a page: what is collected, what is measured, and what the warehouse holds, in both languages.

In: the catalogue, and columns and comments of a warehouse that was brought in line with it. Out: docs/dictionary.md.
`make docs`, or `python -m qiangji.warehouse.dictionary`, writes it from a temporary warehouse; a test holds it current.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from qiangji import indicators
from qiangji.catalogue.indicators import Indicator
from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import Form
from qiangji.catalogue.shapes import read_yaml
from qiangji.periods import TYPES_ZH
from qiangji.settings import settings
from qiangji.warehouse.queries import query
from qiangji.warehouse.temporary import temporary_warehouse

PAGE = Path("docs/dictionary.md")
LANGUAGES = ("zh", "en")
UNITS = {
    "person": "人", "household": "户", "group": "个小组", "village": "个村", "community": "个社区", "unit": "个单位",
    "item": "项(件)", "time": "次", "tree": "株", "ten_thousand_yuan": "万元", "percent": "%", "per_1000": "每千名",
    "per_100": "每百", "ratio": "比值", "code": "代码", "none": "—",
}  # fmt: skip
KINDS = {"stock": "期末数", "flow": "本期数", "ytd": "本年累计", "distinct": "本期去重数"}
TYPES = {
    "integer": "整数", "decimal": "小数", "boolean": "是/否", "code": "代码", "text": "文字", "enum": "选项",
    "date": "日期",
}  # fmt: skip
GRAINS = {
    "group": "村民小组", "village": "村", "community": "社区", "town": "镇街", "county": "县(市、区)", "task": "任务",
}  # fmt: skip
PERIODS = TYPES_ZH | {"ytd": "年初至今"}
DIRECTIONS = {"up": "越高越好", "down": "越低越好", "none": "无优劣方向"}
MISSING = {
    "matched": ("只计分子分母齐全的单位", "only units that have both sides count"),
    "any": ("缺任一项则该单位为空", "a unit that lacks any operand has none"),
    "all": ("缺项按0，全缺为空", "a missing operand is 0 unless all are missing"),
    "zero": ("缺项按0", "a missing operand is 0"),
}


def words_of(kind: Literal["tables", "columns"]) -> dict[str, str]:
    """Name -> `zh / en`, as sql/dictionary.yaml has them."""
    return dict(_written(settings().sql / "dictionary.yaml")[kind])


@cache
def _written(path: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = read_yaml(path)
    return found


def of_catalogue(catalogue: Catalogue) -> str:
    """The part of the page that follows from the catalogue alone."""
    parts = [
        "## 指标 Indicators",
        *_indicators(catalogue),
        "## 报表 Forms",
        *(part for form in catalogue.forms.values() for part in _form(form)),
    ]
    return "\n\n".join(parts)


def page(catalogue: Catalogue, connection: Connection) -> str:
    """The whole page; `connection`: a warehouse that is synchronised with the catalogue."""
    parts = [
        "<!-- Written by `make docs` from catalogue/ and sql/: change those, not this page. -->",
        "# 数据字典 Dictionary",
        "采集什么、衡量什么、数据仓库里有什么。由目录生成，请勿手改。目标值均为示意：原方案未公布数字。\n\n"
        "What is collected, what is measured, what the warehouse holds. Generated from the catalogue. Targets are"
        " illustrative: the plan publishes no figures.",
        "[指标 Indicators](#指标-indicators) · [报表 Forms](#报表-forms) · [数据仓库 Warehouse](#数据仓库-warehouse)",
        of_catalogue(catalogue),
        "## 数据仓库 Warehouse",
        *_objects(connection, catalogue),
    ]
    return "\n\n".join(parts) + "\n"


def write(path: Path = PAGE) -> None:
    """Write the page from a temporary warehouse."""
    with temporary_warehouse() as (catalogue, connection):
        path.write_text(page(catalogue, connection), encoding="utf-8")


def _indicators(catalogue: Catalogue) -> Iterator[str]:
    measured: dict[str, list[Indicator]] = {}
    for indicator in catalogue.indicators.values():
        measured.setdefault(indicator.initiative, []).append(indicator)
    for aspect in catalogue.plan.aspects:
        yield f"### {aspect.name.zh} {aspect.name.en} (`{aspect.code}`)"
        for initiative in aspect.initiatives:
            yield f"#### {initiative.name.zh} {initiative.name.en} (`{initiative.code}`)"
            for indicator in measured.get(initiative.code, ()):
                yield _indicator(indicator, catalogue)


def _indicator(x: Indicator, catalogue: Catalogue) -> str:
    formula = {lang: _formula(x, catalogue, lang) for lang in LANGUAGES}
    forms = [catalogue.forms[f] for f in x.forms]
    zh, en = MISSING[x.missing]
    targets = ", ".join(f"{year}: {value}" for year, value in sorted(x.target.items()))
    rows = [
        ("定义 definition", x.definition.zh, x.definition.en),
        ("公式 formula", formula["zh"], formula["en"]),
        ("单位 unit", UNITS[x.unit], x.unit),
        ("方向 direction", DIRECTIONS[x.direction], x.direction),
        ("主要报告期 headline", PERIODS[x.headline], x.headline),
        ("缺数规则 missing", zh, f"{x.missing}: {en}"),
        ("来源 forms", "、".join(f.title.zh for f in forms), ", ".join(f.form for f in forms)),
        ("目标（示意） target, illustrative", targets or "无", targets or "none"),
    ]
    for d in x.definitions[:-1]:
        earlier = {lang: _formula(d.indicator, catalogue, lang) for lang in LANGUAGES}
        meant = d.indicator.definition
        rows.append((f"至 until {d.until}", f"{meant.zh} {earlier['zh']}", f"{meant.en} {earlier['en']}"))
    if x.persons:
        rows.append(
            (
                "个人身份 persons",
                "涉及个人身份计数；村级小数字隐去",
                "counts persons by status; small numbers at villages are hidden",
            )
        )
    if catalogue.is_restricted(x):
        rows.append(("公开范围 restricted", "仅限县级以上", "shown from county up only"))
    return f"**{_cell(x.name.zh)}** {_cell(x.name.en)} (`{x.code}`)\n\n" + _table(
        ("", "中文", "English"), rows
    )


def _formula(x: Indicator, catalogue: Catalogue, language: str) -> str:
    sides = (indicators.in_words(side, catalogue, language) for side in (x.numerator, x.denominator))
    return " ÷ ".join(f"({side})" for side in sides) + ("" if x.factor == 1 else f" × {x.factor}")


def _form(form: Form) -> Iterator[str]:
    yield f"### {form.number} {form.title.zh} {form.title.en} (`{form.form}`)"
    due = form.due_working_day
    yield (
        f"填报粒度 grain: {GRAINS[form.grain]} {form.grain} · 报告期 period: {PERIODS[form.period_type]}"
        f" {form.period_type} · 期后第{due}个工作日截止 due on working day {due} after it"
        f" · 单位编码 key: `{form.key}` ({'、'.join(form.key_headers)})"
    )
    rows = []
    for name, field in form.fields.items():
        words = [field.note.zh if field.note else "", *_time(field.since, field.until, field.optional_until)]
        notes = [field.note.en if field.note else ""]
        if field.values:
            words.append("选项 one of: " + ", ".join(field.values))
        if field.restricted:
            words.append("限县级以上 county up only")
        rows.append(
            (
                f"`{name}`", field.label.zh, field.label.en, f"{TYPES[field.type]} {field.type}",
                f"{KINDS[field.kind]} {field.kind}", f"{UNITS[field.unit]} {field.unit}",
                "；".join(filter(None, words)), *notes, "、".join(field.headers),
            )
        )  # fmt: skip
    headings = (
        "code",
        "填报项",
        "field",
        "数据类型 type",
        "类别 kind",
        "单位 unit",
        "解释",
        "note",
        "表头 headers",
    )
    yield _table(headings, rows)


def _time(since: str | None, until: str | None, optional: str | None = None) -> list[str]:
    said = (("自 since", since), ("至 until", until), ("选报至 optional until", optional))
    return [f"{word} {month}" for word, month in said if month]


def _objects(connection: Connection, catalogue: Catalogue) -> Iterator[str]:
    """A Markdown table for each view and table; the indicator columns of wide views as lists."""
    yield (
        "`mart_zh` 为同一批视图，列名用中文（下表“中文列名”）；宽表的指标列以指标名称为列名。"
        " `mart_zh` has the same views under Chinese headings."
    )
    objects: dict[tuple[str, str], list[sa.Row[tuple[str, ...]]]] = {}
    for row in connection.execute(query("warehouse/dictionary")):
        objects.setdefault((row.schema, row.name), []).append(row)
    for (schema, name), columns in objects.items():
        yield f"### `{schema}.{name}`"
        yield columns[0].about
        measured = [c for c in columns if schema == "mart" and c.column_name in catalogue.indicators]
        rest = [c for c in columns if c not in measured]
        has_twin = schema == "mart"
        heading = ["中文列名 heading in mart_zh"] if has_twin else []
        yield _table(
            ("column", *heading, "type", "说明", "what"),
            [
                (f"`{c.column_name}`", *([c.heading] if has_twin else []), c.type, *_split(c.words))
                for c in rest
            ],
        )
        if measured:
            yield "指标列 a column an indicator: " + ", ".join(f"`{c.column_name}`" for c in measured)


def _split(words: str) -> tuple[str, str]:
    zh, _, en = words.partition(" / ")
    return zh, en


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(headings)
    lines = [heads, ["---"] * len(heads), *([_cell(c) for c in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(text: str) -> str:
    """The text on one line, bars escaped: a bar would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    write()
    print(PAGE)
