"""The letter to a county: what it has to do, and where its reports stand. It holds that county's things alone.

In: a `Situation` and the county's `Todo`. Out: a `Letter`, or None where there is nothing to do.
"""

from __future__ import annotations

from collections.abc import Iterator

from qiangji.catalogue.load import Catalogue
from qiangji.figures import Row, Rows, reading
from qiangji.letters.document import Block, Cell, Grid, Letter, Paragraph, Point, Points, Tone
from qiangji.letters.reasons import reason
from qiangji.letters.situation import Situation, Todo, coming_in, lacking, todo, working_days
from qiangji.letters.words import Words

REASONS_SHOWN = 12
"""Reasons for which rows went back, at most; the workbook has them all."""
TONES: dict[str, Tone] = {
    "accepted": "good", "partial": "warn", "late": "bad", "failed": "bad", "returned": "bad", "withheld": "bad",
    "held": "warn", "awaited": "dim", "optional": "dim",
}  # fmt: skip


def county(s: Situation, catalogue: Catalogue, code: str, days: int, w: Words) -> Letter | None:
    """The county's letter of the day. `days`: working days before a due day from which it is reminded."""
    found = todo(s, catalogue.calendar, code, days)
    if found.is_nothing:
        return None
    name = catalogue.name_of(code)
    counts = _counts(found, w)
    said = w.joined(counts)
    subject = w(f"强基报送 {name} {s.today}：{said}", f"Qiangji {code} {name} {s.today}: {said}")
    blocks = [b for b in _blocks(s, catalogue, code, found, w) if b is not None]
    return Letter(
        code,
        s.today,
        w.language,
        _kind(found, w) + subject,
        _short(found, catalogue, w),
        tuple(blocks),
        tuple((r["form"], r["period"]) for r in found.due),
    )


def _kind(found: Todo, w: Words) -> str:
    """A reminder where nothing but due days lies ahead, a notice where one has passed."""
    if found.overdue:
        return w("【逾期告知】", "[Notice] ")
    others = (found.late, found.back, found.partial, found.short, found.workbooks)
    return w("【到期提醒】", "[Reminder] ") if found.due and not any(others) else ""


def _counts(found: Todo, w: Words) -> list[str]:
    back = {
        status: [r for r in found.back if r["status"] == status]
        for status in ("returned", "withheld", "held")
    }
    rows = sum(r["rows_rejected"] or 0 for r in found.partial)
    said = (
        (len(found.overdue) + len(found.late), "逾期", "late"),
        (len(back["returned"]), "退回", "returned"),
        (len(back["withheld"]), "扣留", "withheld"),
        (len(back["held"]), "待核实", "with a question"),
        (rows, "退回记录", "row sent back" if rows == 1 else "rows sent back"),
        (len(found.short), "待补", "incomplete"),
        (len(found.due), "即将到期", "due soon"),
        (len(found.workbooks), "退回工作簿", "workbook" if len(found.workbooks) == 1 else "workbooks"),
    )
    return [w(f"{zh}{n:,}", f"{n:,} {en}") for n, zh, en in said if n]


def _blocks(s: Situation, catalogue: Catalogue, code: str, found: Todo, w: Words) -> Iterator[Block | None]:
    if s.is_simulated:
        yield Paragraph(w.simulated, "warn")
    yield Paragraph(
        w(
            f"{catalogue.name_of(code)}：截至{w.moment(s.morning.at)}，以下事项请处理。",
            f"{catalogue.name_of(code)} ({code}): please see to the following, as of {w.moment(s.morning.at)}.",
        )
    )
    yield _overdue(found, catalogue, s, w)
    yield _due(found, catalogue, s, w)
    yield _back(found, catalogue, w)
    whole = {(r["form"], r["period"]) for r in found.back}
    yield _reasons(s.rejections_of.get(code, []), whole, catalogue, w)
    yield _workbooks(found.workbooks, w)
    yield _standing(s.reports_of.get(code, []), catalogue, w)


def _overdue(found: Todo, catalogue: Catalogue, s: Situation, w: Words) -> Grid | None:
    rows = sorted([*found.overdue, *found.late], key=lambda r: (r["due_date"], r["form"]), reverse=True)
    if not rows:
        return None
    return Grid(
        w("逾期未报，请尽快报送", "Late: please send them"),
        w.headings("报表 form", "报告期 period", "截止 due", "已逾期（天） days late", "备注 note"),
        tuple(
            (
                Cell(w.form(catalogue, r["form"])),
                Cell(r["period"]),
                Cell(str(r["due_date"])),
                Cell(str((s.today - r["due_date"]).days), "bad"),
                Cell(w.joined(_notes(r, found, w))),
            )
            for r in rows
        ),
        numbers=(3,),
    )


def _notes(row: Row, found: Todo, w: Words) -> list[str]:
    seen = row["reason_code"] or row["last_attempt_reason"]
    return [
        *([w("本次新增", "new today")] if row in found.overdue else ()),
        *(
            [w("有文件名称不符或曾作废，未采用", "a file there was not taken")]
            if seen in reading.NOTED
            else ()
        ),
    ]


def _rows_back(row: Row, w: Words) -> str:
    n = row["rows_rejected"] or 0
    return w(f"{n:,}条", f"{n:,} {'row' if n == 1 else 'rows'}")


def _due(found: Todo, catalogue: Catalogue, s: Situation, w: Words) -> Grid | None:
    if not found.due:
        return None
    left = {r["due_date"]: working_days(catalogue.calendar, s.today, r["due_date"]) for r in found.due}
    return Grid(
        w("即将到期，尚未收到", "Due soon, and not here yet"),
        w.headings("报表 form", "报告期 period", "截止 due", "还有（工作日） working days left"),
        tuple(
            (
                Cell(w.form(catalogue, r["form"])),
                Cell(r["period"]),
                Cell(str(r["due_date"])),
                Cell(str(left[r["due_date"]]) if left[r["due_date"]] else w("今天", "today"), "warn"),
            )
            for r in sorted(found.due, key=lambda r: (r["due_date"], r["form"]))
        ),
        numbers=(3,),
    )


def _back(found: Todo, catalogue: Catalogue, w: Words) -> Points | None:
    rows = [*found.back, *found.short]
    points = [Point(f"{_place(r, catalogue, w)} — {w.status(r)}", _said(r, catalogue, w)) for r in rows]
    if found.partial:
        reports = [f"{_place(r, catalogue, w)} {_rows_back(r, w)}" for r in found.partial]
        said = w("部分记录退回，原因见下表", "Some rows were sent back: see below why")
        points.append(Point(said, (w("；", "; ").join(reports),)))
    if not points:
        return None
    return Points(w("退回、待核实、待补的报送", "Returned, to be confirmed, or incomplete"), tuple(points))


def _place(row: Row, catalogue: Catalogue, w: Words) -> str:
    return f"{w.form(catalogue, row['form'])} {row['period']}"


def _said(row: Row, catalogue: Catalogue, w: Words) -> tuple[str, ...]:
    """What is said of a report, without what a held one tells the person who decides, and without a value.

    The messages of mart that quote one are those of a report in which no row holds, and of a suite's rule.
    """
    code, rule = row["reason_code"], f"{row['form']}.{row['reason_code']}"
    if code == "no_row_accepted":
        return (
            w(
                "所有记录均未通过核查，原因见下表：请改正后重报整表。",
                "no row holds, see below why: please correct them and send the whole report again.",
            ),
        )
    if code == "few_units":
        n, asked, lack = row["rows_accepted"], row["expected_units"], lacking(row)
        return (
            w(
                f"应报{asked:,}个单位，计入{n:,}，缺{lack:,}：请补报。",
                f"{n:,} of {asked:,} units count, {lack:,} lack: please send them.",
            ),
        )
    if row["form"] in catalogue.suites and any(r.id == rule for r in catalogue.suites[row["form"]].rules):
        again = w("。请改正后重报。", ". Please correct it and send the report again.")
        return (reason(row | {"rule": rule}, catalogue, w) + again,)
    if row["reason_code"] in reading.NOTED:
        return (
            w("请核对文件名和内容后重新放置。", "Please check its name and content, and put it there again."),
        )
    message = w.one_of_both(row["message_zh"] or "", row["message_en"] or "")
    if row["status"] == "held":
        message = message.partition("暂未采用")[0].partition("Nothing was replaced")[0].strip()
        message += w(
            "请核实后回复市里，或改正后重新报送。",
            " Please answer the city, or correct it and send it again.",
        )
    return (message,) if message else ()


def _reasons(rejections: Rows, whole: set[tuple[str, str]], catalogue: Catalogue, w: Words) -> Grid | None:
    """Why rows went back: each rule with its number of rows, and no value. `whole`: reports told first."""
    if not rejections:
        return None
    shown = sorted(rejections, key=lambda r: ((r["form"], r["period"]) not in whole, -r["rows"]))
    more = len(shown) - REASONS_SHOWN
    return Grid(
        w("退回记录的原因", "Why rows were sent back"),
        w.headings("报表 form", "报告期 period", "记录数 rows", "原因 reason"),
        tuple(
            (
                Cell(w.form(catalogue, r["form"])),
                Cell(r["period"]),
                Cell(f"{r['rows']:,}"),
                Cell(reason(r, catalogue, w)),
            )
            for r in shown[:REASONS_SHOWN]
        ),
        numbers=(2,),
        note=w(f"另有{more}项，见退回工作簿。", f"{more} more: see the workbooks.") if more > 0 else "",
    )


def _workbooks(workbooks: Rows, w: Words) -> Points | None:
    if not workbooks:
        return None
    kept = w("贵处系统无处写回，由市里另行转交", "your system takes no file: the city hands it over")
    laid = w("已放入贵处报送目录下的feedback文件夹", "lies in the folder `feedback` beside your reports")
    return Points(
        w(
            "退回工作簿：请在其中改正后照原文件名重新报送",
            "Workbooks that came back: correct them and send them again",
        ),
        tuple(Point(b["file_name"], (kept if b["transport"] == "kept" else laid,)) for b in workbooks),
    )


def _standing(rows: Rows, catalogue: Catalogue, w: Words) -> Grid:
    counted, asked = coming_in(rows)
    latest: dict[str, Row] = {}
    for row in rows:  # by period: the last one of each form stays
        latest[row["form"]] = row
    return Grid(
        w(
            f"本县（市、区）报送一览：应报{asked}，已收{counted}",
            f"Your reports: {counted} of {asked} are in",
        ),
        w.headings("报表 form", "报告期 period", "状态 status", "接收/应报 units in / expected", "截止 due"),
        tuple(
            (
                Cell(w.form(catalogue, r["form"])),
                Cell(r["period"]),
                Cell(w.status(r), TONES.get(r["status"], "")),
                _units(r, w),
                Cell(str(r["due_date"])),
            )
            for r in latest.values()
        ),
    )


def _units(row: Row, w: Words) -> Cell:
    expected, accepted = row["expected_units"], row["rows_accepted"]
    if row["is_unchanged"]:
        return Cell(w("无变动", "unchanged"), "dim")
    if not expected or accepted is None:
        return Cell(f"— / {expected:,}" if expected else "—", "dim")
    return Cell(f"{accepted:,} / {expected:,}", share=accepted / expected)


def _short(found: Todo, catalogue: Catalogue, w: Words) -> tuple[str, ...]:
    """For a group robot: each report in a line, what is late first."""
    late = [(r, w("逾期", "late")) for r in (*found.overdue, *found.late)]
    due = [(r, w(f"{r['due_date']:%m-%d}到期", f"due {r['due_date']:%m-%d}")) for r in found.due]
    back = [(r, w.status(r)) for r in (*found.back, *found.short, *found.partial)]
    return tuple(f"· {_place(r, catalogue, w)} {said}" for r, said in (*late, *back, *due))
