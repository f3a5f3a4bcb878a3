"""Templates: every form of every county, filled in by the simulator, is read back without a finding.

A spreadsheet program's part (its sums) is done here by hand.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from qiangji import checking, landing
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Layout
from qiangji.checking import Checked, signing
from qiangji.errors import UsageError
from qiangji.feedback import problems_of, templates
from qiangji.feedback.templates.sheet import Plan
from qiangji.feedback.templates.units import Line
from qiangji.lake import Lake
from qiangji.ledger import Pending
from qiangji.parsing.returned import GUIDE_SHEET
from qiangji.periods import Period
from qiangji.sources import Fetched, Item
from simulator.drawing import draw
from simulator.periods import served_months
from simulator.population import Population
from simulator.submissions import Submission
from simulator.systems import ALL_COUNTIES
from simulator.tree import Tree
from tests.frozen import paths as frozen

TODAY = date(2026, 11, 24)
AT = datetime(2026, 11, 2, tzinfo=UTC)
MONTH, QUARTER = "2026-10", "2026Q3"
GROUPS = "village_group"
TITLED, BOOK, DIRECT, API = "440705", "440784", "440799", "440703"
Known = Mapping[tuple[str, str], list[Line]]


@pytest.fixture(scope="module")
def drawn() -> dict[tuple[str, str, str], Submission]:
    """What the city reports; nothing is planted. Of villager groups a county reports the first thirty."""
    tree = Tree()
    population = Population(tree, 1, tree.thinned(1.0, 1))
    found = draw(population, served_months(TODAY, 2), sorted(ALL_COUNTIES), TODAY).submissions
    return {
        at: replace(one, rows=one.rows[:30] if at[1] == GROUPS else one.rows) for at, one in found.items()
    }


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load(frozen.CATALOGUE, frozen.EXPECTATIONS)


@pytest.fixture(scope="module")
def known(drawn: Any) -> Known:
    """Groups and tasks as they were reported last."""
    return {
        (form, county): [Line(row.code, row.name) for row in one.rows]
        for (county, form, period), one in drawn.items()
        if form in (GROUPS, "county_milestones") and period in (MONTH, QUARTER)
    }


def period_of(catalogue: Catalogue, form: str) -> str:
    return MONTH if catalogue.forms[form].period_type == "month" else QUARTER


def made(catalogue: Catalogue, known: Known, form: str, county: str) -> templates.Template:
    period = Period.parse(period_of(catalogue, form))
    return templates.make(catalogue, catalogue.forms[form], county, period, known)


def places(ws: Any) -> dict[str, tuple[int, int]]:
    """Header -> (row, column)."""
    return {c.value: (c.row, c.column) for row in ws.iter_rows(max_row=3) for c in reversed(row) if c.value}


def headers_of(catalogue: Catalogue, form: str, county: str, period: str) -> dict[str, str]:
    declared = catalogue.forms[form]
    plan = Plan(
        declared, catalogue.suites[form], catalogue.counties[county], "", Period.parse(period), [], TODAY
    )
    return {name: plan.header_of(name) for name in plan.columns}


def fill(catalogue: Catalogue, template: templates.Template, drawn: Any) -> bytes:
    """The workbook with the simulator's values typed into it, row by row as the codes say."""
    book = openpyxl.load_workbook(io.BytesIO(template.content))
    county = template.county_code
    for form in template.forms:
        one = drawn[county, form, template.period]
        headers = headers_of(catalogue, form, county, template.period)
        titles = catalogue.counties[county].sheets.get(form) or catalogue.forms[form].title.zh
        fill_sheet(book[titles], one, headers, catalogue, county)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def fill_sheet(
    ws: Any, one: Submission, headers: Mapping[str, str], catalogue: Catalogue, county: str
) -> None:
    """Units that leave something out in the simulator, or report nothing, report what one that is not beside them
    does: rows beside each other that are alike were filled down.
    """
    at = places(ws)
    top, key = at[headers[catalogue.forms[one.form.code].key]]
    cells = ((str(ws.cell(r, key).value), r) for r in range(top + 1, ws.max_row + 1))
    rows = {code: r for code, r in cells if (code[:2] in ("44", "SZ") and code[-1].isdigit()) or code == "SZ"}
    own = templates.units.own_codes(catalogue, county)
    said = [i for i, f in enumerate(one.form.fields) if f.type not in ("text", "date")]
    numbers = [i for i in said if one.form.fields[i].type in ("integer", "decimal")]
    whole = {own.get(r.code, r.code): r for r in one.rows if all(r.values[i] is not None for i in said)}
    fewest = sorted(whole.values(), key=lambda r: [r.values[i] for i in numbers[:1]])
    totals: dict[int, Any] = {}
    above: Any = None
    for (code, line), (below, _) in zip(rows.items(), [*list(rows.items())[1:], ("", 0)], strict=True):
        others = (r for r in fewest if r is not above and r is not whole.get(below))
        above = whole.get(code) or next(others, fewest[0])
        for field, value in zip(one.form.fields, above.values, strict=True):
            column = at[headers[field.name]][1]
            cell = ws.cell(line, column)
            assert not cell.protection.locked, (one.form.code, cell.coordinate)
            cell.value = typed(field.type, value)
            if field.type in ("integer", "decimal") and value is not None:
                totals[column] = totals.get(column, 0) + cell.value
    for label in ("填表人：", "审核人："):
        for cell in (c for c in ws["B"] if c.value == label):
            ws.cell(cell.row, cell.column + 1).value = "林佩仪"  # fictitious
    for cells in ws.iter_rows():  # as a spreadsheet program computes them
        for cell in cells:
            if isinstance(cell.value, str) and cell.value.startswith("="):
                assert cell.protection.locked
                cell.value = totals.get(cell.column, 0)


def typed(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "boolean":
        return "是" if value else "否"
    if kind == "decimal":
        return float(value)
    return date.fromisoformat(value) if kind == "date" else value


def read(catalogue: Catalogue, lake: Lake, name: str, content: bytes, county: str, targets: Any) -> list[Any]:
    """The parts of a delivery, screened as `qiangji check` does."""
    fetched = Fetched(Item(name, tuple((f, Period.parse(p)) for f, p in targets)), content, "xlsx")
    parts = landing.screen(catalogue, lake, catalogue.counties[county], fetched)
    return [Pending(**vars(p), delivery_id="trial", county_code=county, received_at=AT) for p in parts]


def said(catalogue: Catalogue, one: Checked) -> list[str]:
    return [f"{p.rule}: {p.message_zh} {p.address}" for p in problems_of(one, catalogue.forms[one.part.form])]


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first rows alone: a county's two hundred villages are written and read as its first four are."""
    every = templates.units.lines_of
    monkeypatch.setattr(templates.units, "lines_of", lambda *given: every(*given)[:4])


@pytest.mark.usefixtures("few_rows", "servers")  # for its time: it starts nothing
def test_a_template_of_each_form_and_layout_filled_in_is_read_without_a_finding(
    catalogue: Catalogue, known: Known, drawn: Any, tmp_path: Path
) -> None:
    read_back(catalogue, known, drawn, tmp_path, (API, TITLED, BOOK, DIRECT))


@pytest.mark.usefixtures("few_rows", "servers")  # for its time: it starts nothing
def test_a_template_of_each_form_and_county_filled_in_is_read_without_a_finding(
    catalogue: Catalogue, known: Known, drawn: Any, tmp_path: Path
) -> None:
    read_back(catalogue, known, drawn, tmp_path, tuple(ALL_COUNTIES))


def read_back(
    catalogue: Catalogue, known: Known, drawn: Any, tmp_path: Path, chosen: tuple[str, ...]
) -> None:
    lake, parts, empty = Lake(tmp_path / "lake"), [], []
    told: set[tuple[str, str]] = set()
    expected: dict[tuple[str, str], int] = {}
    for form in catalogue.forms.values():
        period, counties = templates.ask(catalogue, form.form, [], None, TODAY)
        assert str(period) == period_of(catalogue, form.form)
        for county in counties:
            if county not in chosen or (form.form, county) in told:
                continue  # in the workbook of all its forms
            one = made(catalogue, known, form.form, county)
            targets = [(f, one.period) for f in one.forms]
            told |= {(f, county) for f in one.forms}
            expected |= {(f, county): n for f, n in zip(one.forms, one.rows, strict=True)}
            parts += read(catalogue, lake, one.name, fill(catalogue, one, drawn), county, targets)
            if county in (TITLED, DIRECT):
                empty += read(catalogue, lake, one.name, one.content, county, targets)
    assert told == {(f.form, c) for c in chosen for f in catalogue.forms_of(c)}
    assert len(told) >= 35
    checked = checking.examine(catalogue, lake, parts)
    assert len(checked) == len(told)
    wrong = {(c.part.form, c.part.county_code): said(catalogue, c) for c in checked if said(catalogue, c)}
    assert wrong == {}
    assert {c.verdict for c in checked} == {"accepted"}
    rows = {(c.part.form, c.part.county_code): c.accepted.num_rows for c in checked if c.accepted is not None}
    assert rows == expected
    agree = [c.parsed.totals_agree for c in checked if c.part.county_code == TITLED and c.parsed]
    assert (set(agree), agree.count(None)) == ({True, None}, 1)  # a list of tasks has nothing to add up
    # not filled in, none is taken for zeros
    back = checking.examine(catalogue, lake, empty)
    assert len(back) == len(empty) == 13
    assert {(c.verdict, c.reason_code) for c in back} == {("returned", "nothing_filled")}


@pytest.mark.usefixtures("few_rows", "servers")  # for its time: it starts nothing
@pytest.mark.parametrize(("county", "form"), [(BOOK, "town_training"), (DIRECT, "county_traditional")])
def test_sums_and_signatures_are_there_once_the_layout_declares_them(
    catalogue: Catalogue, known: Known, drawn: Any, tmp_path: Path, county: str, form: str
) -> None:
    """A line in the county's entry: the next template has both, and its reader takes them."""
    plain = openpyxl.load_workbook(io.BytesIO(made(catalogue, known, form, county).content))
    words = {"合计", "填表人：", "审核人："}
    assert not words & {c.value for ws in plain for row in ws.iter_rows() for c in row}
    entry = catalogue.counties[county]
    layout = entry.layout.model_copy(update={"totals": ("合计",), "sign_off": ("填表人", "审核人")})
    counties = {**catalogue.counties, county: entry.model_copy(update={"layout": layout})}
    declared = replace(catalogue, counties=counties)
    one = made(declared, known, form, county)
    filled = fill(declared, one, drawn)
    book = openpyxl.load_workbook(io.BytesIO(filled))
    assert words <= {c.value for row in book[book.sheetnames[1]].iter_rows() for c in row}
    targets = [(f, one.period) for f in one.forms]
    checked = checking.examine(
        declared,
        Lake(tmp_path / "lake"),
        read(declared, Lake(tmp_path / "lake"), one.name, filled, county, targets),
    )
    assert {(c.part.form, c.verdict): said(declared, c) for c in checked} == {
        (f, "accepted"): [] for f in one.forms
    }
    assert any(c.parsed.totals_agree for c in checked if c.parsed)


@pytest.mark.usefixtures("few_rows", "servers")  # for its time: it starts nothing
def test_who_has_to_sign_is_asked_for_where_there_is_a_zone(
    catalogue: Catalogue, known: Known, drawn: Any, tmp_path: Path
) -> None:
    """As the form says, from its month on. Only that somebody signed is kept; the sign-off zone is in no finding."""
    lake = Lake(tmp_path / "lake")
    name, period = "林佩仪", Period.parse(MONTH)
    cases = {"both": (name, name), "one": (name, None), "none": (None, None)}
    found = {}
    for case, (first, second) in cases.items():
        one = made(catalogue, known, "community", TITLED)
        book = openpyxl.load_workbook(io.BytesIO(fill(catalogue, one, drawn)))
        ws = book.worksheets[1]
        rows = {c.value: c.row for c in ws["B"] if c.value in ("填表人：", "审核人：")}
        ws.cell(rows["填表人："], 3).value, ws.cell(rows["审核人："], 3).value = first, second
        sink = io.BytesIO()
        book.save(sink)
        parts = read(catalogue, lake, one.name, sink.getvalue(), TITLED, [("community", MONTH)])
        (checked,) = checking.examine(catalogue, lake, parts)
        assert checked.verdict == "accepted"
        assert name not in repr(checked.parsed) + repr(checked.findings)
        assert checked.parsed is not None
        found[case] = [f for f in checked.findings if f.rule == "community.community_code.not_signed"]
        assert found[case] == [n for n in checked.notes if n.rule.endswith(".not_signed")]
    assert found["both"] == []
    assert [f.words.message_zh for f in found["one"]] == ["签章栏缺少审核人"]
    assert [f.words.message_zh for f in found["none"]] == ["签章栏缺少填表人、审核人"]
    # before its month, of a form that does not ask, and where a county has no such zone, nothing is asked
    form, layout = catalogue.forms["community"], catalogue.counties[TITLED].layout
    assert form.sign_off is not None
    later = form.model_copy(update={"sign_off": form.sign_off.model_copy(update={"since": str(period + 1)})})
    assert list(signing.findings(checked, later, layout)) == []
    assert list(signing.findings(checked, form.model_copy(update={"sign_off": None}), layout)) == []
    assert list(signing.findings(checked, form, Layout())) == []


# ---- what the workbook is


@pytest.fixture(scope="module")
def village(catalogue: Catalogue) -> templates.Template:
    return made(catalogue, {}, "village", TITLED)


@pytest.fixture(scope="module")
def sheet(village: templates.Template) -> Any:
    book = openpyxl.load_workbook(io.BytesIO(village.content))
    assert book.sheetnames == [GUIDE_SHEET, "行政村党建月报表"]
    return book["行政村党建月报表"]


def rules_of(ws: Any) -> dict[str, Any]:
    """Column letter -> the rule of its cells."""
    return {str(r.sqref).split(":")[0].rstrip("0123456789"): r for r in ws.data_validations.dataValidation}


def test_it_begins_with_the_county_s_units_of_the_period(
    catalogue: Catalogue, village: templates.Template, sheet: Any
) -> None:
    expected = catalogue.org.expected(["village"], Period.parse(MONTH), TITLED)
    assert (village.name, village.rows, str(village.due)) == (
        "village_2026-10.xlsx", (len(expected),), "2026-11-06",
    )  # fmt: skip
    at = places(sheet)
    top, key = at["村编码"]
    given = [(sheet.cell(r, key).value, sheet.cell(r, key + 1).value) for r in range(4, 4 + len(expected))]
    assert (top, given) == (2, [(u.code, u.name) for u in expected])
    assert sheet.cell(4 + len(expected), key).value == "合计"


def test_headers_codes_and_sums_are_protected_and_values_are_not(sheet: Any) -> None:
    assert (sheet.protection.sheet, sheet.protection.password) == (True, None)
    assert {c.protection.locked for row in sheet["A1:X3"] for c in row} == {True}
    assert {c.protection.locked for row in sheet["A4:C20"] for c in row} == {True}
    assert {c.protection.locked for row in sheet["D4:X202"] for c in row} == {False}
    assert sheet["D203"].value == "=SUM(D4:D202)"
    assert {c.protection.locked for c in sheet["203"]} == {True}
    assert [sheet.cell(r, 2).value for r in (204, 205, 206)] == ["填表人：", "审核人：", "联系电话："]
    assert {sheet.cell(r, 3).protection.locked for r in (204, 205, 206)} == {False}


def test_rules_and_words_are_those_of_the_suite(sheet: Any) -> None:
    at, rules = {h: c for h, (_, c) in places(sheet).items()}, rules_of(sheet)

    def rule(header: str) -> Any:
        return rules[openpyxl.utils.get_column_letter(at[header])]

    members = rule("党员人数")
    assert members.type == "custom"
    assert members.formula1.startswith(
        'AND(ISNUMBER(D4),D4=INT(D4),D4>=0,D4<=200000,OR(E4="",D4>=E4),OR(F4="",D4>=F4)'
    )
    assert "不小于0、不大于200000" in members.error
    assert "不小于“预备党员”" in members.error
    assert members.prompt.startswith("必填。")
    assert rule("书记档次").formula1 == '"一档,二档,三档"'
    assert rule("一肩挑").formula1 == '"是,否"'
    trees = rule("植树株数")
    assert (trees.type, trees.formula1, trees.formula2, trees.errorStyle) == (
        "whole",
        "0",
        "10000000",
        "stop",
    )
    assert all(len(r.formula1) <= 255 and len(r.error) <= 225 for r in rules.values())
    note = sheet.cell(2, at["党员人数"]).comment.text
    assert note == "【必填】期末组织关系在本村党组织的党员，含预备党员。"
    assert sheet.cell(2, at["经营性收入（万元）"]).value


def test_the_guide_says_when_how_and_what_not(village: templates.Template) -> None:
    ws = openpyxl.load_workbook(io.BytesIO(village.content))[GUIDE_SHEET]
    text = "\n".join(str(c) for row in ws.iter_rows(values_only=True) for c in row if c)
    for words in (
        "2026-11-06", "village_2026-10.xlsx", "没有的填0", "留空按缺报处理", "不得填写个人信息", "合计行自动计算",
        "强基02表", "SFTP", "期末组织关系在本村党组织的党员，含预备党员。",
    ):  # fmt: skip
        assert words in text
    assert ws.protection.sheet


def test_one_workbook_of_all_forms_stays_one(catalogue: Catalogue, known: Known) -> None:
    one = made(catalogue, known, "village", BOOK)
    book = openpyxl.load_workbook(io.BytesIO(one.content))
    assert one.name == "2026-10.xlsx"
    assert set(one.forms) == {"village_group", "village", "community", "town_service"}
    assert set(book.sheetnames) == {GUIDE_SHEET, "村民小组", "行政村", "社区", "镇街联系服务"}
    assert book.active.title == "行政村"
    assert book["村民小组"].max_row > 30


def test_a_county_with_codes_of_its_own_finds_its_own(catalogue: Catalogue, known: Known) -> None:
    one = made(catalogue, known, "county_milestones", DIRECT)
    ws = openpyxl.load_workbook(io.BytesIO(one.content))["任务清单季报表"]
    assert str(ws["A2"].value).startswith("SZ-")
    assert not ws["A2"].protection.locked  # tasks come and go


def test_tasks_are_all_those_of_the_list_under_its_names_whatever_was_reported(catalogue: Catalogue) -> None:
    """A name that stood beside another code in a report would go back to the county as its own mistake."""
    known = {
        ("county_milestones", API): [
            Line(f"{API}-02", catalogue.forms["county_milestones"].serials["01"].name.zh)
        ]
    }
    for one in (
        made(catalogue, known, "county_milestones", API),
        made(catalogue, {}, "county_milestones", API),
    ):
        book = openpyxl.load_workbook(io.BytesIO(one.content))
        ws = book["任务清单季报表"]
        serials = catalogue.forms["county_milestones"].serials
        at = places(ws)
        (top, code), name = at["任务编码"], at["任务名称"][1]
        rows = {
            str(ws.cell(r, code).value): ws.cell(r, name).value
            for r in range(top + 1, top + 1 + len(serials))
        }
        assert rows == {f"{API}-{serial}": task.name.zh for serial, task in serials.items()}
        assert one.rows == (len(serials),)
        guide = [str(c.value) for row in book[GUIDE_SHEET].iter_rows() for c in row if c.value]
        assert any("不属于本县（市、区）的任务清空整行" in text for text in guide)


def test_groups_of_which_none_is_known_are_typed_in(catalogue: Catalogue) -> None:
    one = made(catalogue, {}, "village_group", API)
    assert (one.rows, one.has_unknown_rows) == ((0,), True)
    ws = openpyxl.load_workbook(io.BytesIO(one.content)).worksheets[1]
    assert rules_of(ws)["A"].formula1 == "AND(LEN(A2)=14,COUNTIF($A$2:$A$51,A2)=1)"


@pytest.mark.parametrize(
    ("form", "period", "code", "words"),
    [
        ("county_emerging", "2026-10", "wrong_period", "2026Q3（2026-10-20截止）、2026Q4（2027-01-14截止）"),
        ("village", "2026Q3", "wrong_period", "2026-09"),
        ("village", "2023-12", "before_plan", "2024-01"),
        ("village", "10月", "bad_period", "2026-10"),
        ("vilage", "2026-10", "unknown_form", "village"),
    ],
)
def test_what_is_not_reported_says_so_with_the_nearest(
    catalogue: Catalogue, form: str, period: str, code: str, words: str
) -> None:
    with pytest.raises(UsageError) as e:
        templates.ask(catalogue, form, [], period, TODAY)
    assert e.value.code == code
    assert words in e.value.zh


def test_a_form_that_begins_or_ends_has_its_own_first_and_last_period(catalogue: Catalogue) -> None:
    form = catalogue.forms["village"]
    begins, ended = (form.model_copy(update=u) for u in ({"since": "2027-01"}, {"until": "2026-03"}))
    for one, last, asked in ((begins, "2027-01", "2026-12"), (ended, "2026-03", "2026-05")):
        new = replace(catalogue, forms=catalogue.forms | {"village": one})
        assert str(templates.ask(new, "village", [], None, TODAY)[0]) == last
        with pytest.raises(UsageError, match=last):
            templates.ask(new, "village", [], asked, TODAY)


@pytest.mark.usefixtures("servers")  # for its time: it starts nothing
@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed (apt: libreoffice-calc)"
)
def test_an_office_program_opens_it_and_adds_up(
    catalogue: Catalogue, village: templates.Template, sheet: Any, tmp_path: Path
) -> None:
    book = openpyxl.load_workbook(io.BytesIO(village.content))
    ws = book[sheet.title]
    ws["D4"], ws["D5"], ws["J4"] = 3, 4, "是"
    (tmp_path / "in").mkdir()
    book.save(tmp_path / "in" / village.name)
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path)]
    subprocess.run(
        [*command, str(tmp_path / "in" / village.name)], check=True, capture_output=True, timeout=120
    )
    saved = openpyxl.load_workbook(tmp_path / village.name, data_only=True)[sheet.title]
    assert (saved["D203"].value, saved["E203"].value) == (7, 0)
    kept = openpyxl.load_workbook(tmp_path / village.name)[sheet.title]
    assert kept.protection.sheet
    assert len(kept.data_validations.dataValidation) == len(ws.data_validations.dataValidation)
