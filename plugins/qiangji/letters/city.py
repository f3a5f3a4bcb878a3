"""The letter to the city: the night, each county, what waits, what moved, the city's figures, what comes next.

In: a `Situation`. Out: a `Letter`, or None before anything was collected.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from qiangji.catalogue.load import Catalogue
from qiangji.errors import failure_in_brief
from qiangji.figures import Row
from qiangji.figures.deciding import Open, Waiting, back_by_reason, late_by_county
from qiangji.figures.explaining import CAUSES, causes_in_words
from qiangji.figures.morning import CountyMorning, Moves, Night
from qiangji.letters.document import Block, Cell, Grid, Letter, Paragraph, Point, Points, Tone
from qiangji.letters.links import board, linked_once, page, page_of
from qiangji.letters.situation import Situation, coming_in
from qiangji.letters.words import Words
from qiangji.text import counted, ends_of, in_hundredths
from qiangji.warehouse.dictionary import UNITS

READER = "city"
WAITING_SHOWN = 12
OPEN_SHOWN, REPORTS_SHOWN = 10, 6
"""Counties with late reports, and reasons for which reports went back; and reports of each."""
FIGURES_SHOWN = 12
NONE = "·"
_OF_ONE = ("held", "not_taken", "few_units")
"""What waits that is one report of one county, which its English does not name."""
_MOVED = ("指标 indicator", "单位 unit", "期 period", "原值 before", "现值 now", "变化 change", "原因 why")
_ILLUSTRATIVE = (
    "目标值均为示意：原方案未公布数字。P 不完整，部分单位未报或留空。",
    "Targets are illustrative: the plan publishes no figures. P: some did not report.",
)


def city(
    s: Situation, catalogue: Catalogue, w: Words, url: str = "", untold: Mapping[str, str] | None = None
) -> Letter | None:
    """The city's letter of the day. `url`: of Airflow's pages. `untold`: county -> why no letter reaches it."""
    night = s.morning.night
    if night is None:
        return None
    ill = [c for c in s.morning.counties if not c.is_well]
    said = w.joined(_counts(s, w)) or w("各县（市、区）均正常", "every county is well")
    subject = w(f"强基晨报 {s.today}：{said}", f"Qiangji, the morning of {s.today}: {said}")
    blocks = [b for b in _blocks(s, night, catalogue, w, url, untold or {}) if b is not None]
    short = (
        _night(night, w),
        *(_county_line(c, w) for c in ill),
        *(f"· {w(x.zh, x.en)}" for x in s.morning.waiting),
    )
    return Letter(READER, s.today, w.language, subject, short, tuple(blocks))


def _counts(s: Situation, w: Words) -> list[str]:
    counties = s.morning.counties
    said = (
        (sum(c.is_reached is False for c in counties), "未采到", "not reached"),
        (sum(c.late for c in counties), "逾期", "late"),
        (sum(c.returned for c in counties), "退回", "returned"),
        (sum(c.withheld for c in counties), "扣留", "withheld"),
        (sum(c.held for c in counties), "待审", "held"),
    )
    missed = [w("夜间采集未运行", "no night ran")] if s.morning.night and s.morning.night.missed_at else []
    return missed + [w(f"{zh}{n:,}", f"{n:,} {en}") for n, zh, en in said if n]


def _blocks(
    s: Situation, night: Night, catalogue: Catalogue, w: Words, url: str, untold: Mapping[str, str]
) -> Iterator[Block | None]:
    if s.is_simulated:
        yield Paragraph(w.simulated, "warn")
    yield Paragraph(_night(night, w), "bad" if night.is_red else "")
    yield _counties(s, w)
    yield _open(s, w, url)
    yield _waiting(s, w, url)
    if untold:
        points = (Point(f"{catalogue.name_of(code)}: {why}") for code, why in untold.items())
        yield Points(w("信件送不到的县（市、区）", "Counties that no letter reaches"), tuple(points))
    if s.morning.moves:
        yield from _moves(s.morning.moves, w)
    yield _figures(s, w)
    yield _ahead(s, w)
    if url:
        links = (
            (w("看板", "the board"), board(w, "")),
            (w("今晨", "this morning"), board(w, "today")),
            (w("报送情况", "reporting"), board(w, "reporting")),
            (w("退回工作簿", "returned workbooks"), "qiangji/feedback/"),
            (w("Airflow首页", "Airflow's pages"), ""),
        )
        points = (Point(text, link=page(url, path)) for text, path in links)
        yield Points(w("查看", "Where to look"), tuple(points))


def _night(night: Night, w: Words) -> str:
    months = "–".join(dict.fromkeys((night.first_month, night.last_month)))
    reached = night.counties - len(night.lost)
    text = w(
        f"{w.moment(night.started_at)}起采集{months}：{night.counties}个县（市、区）采到{reached}个，新来件{night.deliveries:,}。",
        f"From {w.moment(night.started_at)} {months} was collected: {reached} of {night.counties} counties,"
        f" {counted(night.deliveries, 'new delivery', 'new deliveries')}.",
    )
    if night.missed_at:
        due = w.moment(night.missed_at)
        text += w(f"应于{due}开始的夜间采集没有运行。", f" The night that was due at {due} did not run.")
    for zh, en, counties in (
        ("未采到", "Not reached", night.lost),
        ("另一次采集失败", "Another run failed", night.lost_else),
    ):
        lost = w.joined(
            [
                f"{name}（{failure_in_brief(code)}）" if w.language == "zh" else f"{name} ({code})"
                for _, name, code in counties
            ]
        )
        text += w(f"{zh}：{lost}。", f" {en}: {lost}.") if lost else ""
    if night.later_runs:
        runs = counted(night.later_runs, "later collection", "later collections")
        brought = counted(night.later_deliveries, "new delivery", "new deliveries")
        text += w(
            f"此后又采集{night.later_runs}次，新来件{night.later_deliveries:,}。",
            f" {runs}, {brought}.",
        )
    if night.reached_since:
        since = w.joined(list(night.reached_since))
        text += w(f"此后已采到：{since}。", f" Reached since: {since}.")
    if night.built_at:
        text += w(f"指标截至{w.moment(night.built_at)}。", f" Figures as of {w.moment(night.built_at)}.")
    return text


def _counties(s: Situation, w: Words) -> Grid:
    columns = {
        w("采集", "reached"): [_reached(c) for c in s.morning.counties],
        w("已收/应报", "in / asked"): [_share(s, c) for c in s.morning.counties],
        w("逾期（天）", "late (days)"): [
            Cell(f"{c.late} ({c.late_days})", "bad") if c.late else _nothing() for c in s.morning.counties
        ],
        w("退回", "returned"): [_count(c.returned, "bad") for c in s.morning.counties],
        w("扣留", "withheld"): [_count(c.withheld, "bad") for c in s.morning.counties],
        w("待审", "held"): [_count(c.held, "warn") for c in s.morning.counties],
        w("退回记录", "rows back"): [_count(c.rows_sent_back, "warn") for c in s.morning.counties],
        w("待转交", "hand over"): [_count(c.to_hand_over, "warn") for c in s.morning.counties],
        w("最新有效期", "latest good"): [Cell(c.last_good or "—") for c in s.morning.counties],
    }
    columns = {name: cells for name, cells in columns.items() if any(c.text != NONE for c in cells)}
    headings = (w("县（市、区）", "county"), *columns)
    rows = tuple(
        (Cell(c.county_name), *(cells[i] for cells in columns.values()))
        for i, c in enumerate(s.morning.counties)
    )
    bar = w("已收/应报", "in / asked")
    numbers = tuple(i for i, h in enumerate(headings) if i and h not in (bar, w("采集", "reached")))
    contacts = [w(c.contact_zh, c.contact_en) for c in s.morning.counties if not c.is_well and c.contact_zh]
    note = w("联系：", "Contacts: ") + w("；", "; ").join(contacts) if contacts else ""
    return Grid(w("各县（市、区）", "Counties"), headings, rows, numbers, note)


def _reached(c: CountyMorning) -> Cell:
    if c.is_reached is None:
        return Cell("—", "dim")
    return Cell("✓", "good") if c.is_reached else Cell("✗", "bad")


def _share(s: Situation, c: CountyMorning) -> Cell:
    counted, asked = coming_in(s.reports_of.get(c.county_code, []))
    return Cell(f"{counted}/{asked}", share=counted / asked) if asked else Cell("—", "dim")


def _nothing() -> Cell:
    return Cell(NONE, "dim")


def _count(n: int, tone: Tone) -> Cell:
    return Cell(f"{n:,}", tone) if n else _nothing()


def _county_line(c: CountyMorning, w: Words) -> str:
    said = (
        (c.is_reached is False, "未采到", "not reached"), (c.late, f"逾期{c.late}", f"{c.late} late"),
        (c.returned, f"退回{c.returned}", f"{c.returned} returned"),
        (c.withheld, f"扣留{c.withheld}", f"{c.withheld} withheld"), (c.held, f"待审{c.held}", f"{c.held} held"),
    )  # fmt: skip
    return f"· {c.county_name} {w.joined([w(zh, en) for it, zh, en in said if it])}"


def _open(s: Situation, w: Words, url: str) -> Points | None:
    """Which reports are late, a point a county; and which went back and why, a point a reason."""
    late, back = late_by_county(s.morning.open_reports), back_by_reason(s.morning.open_reports)
    points = [
        Point(
            w(f"逾期 {own[0].county_name}：", f"late, {own[0].county_name}: ") + _reports(own, w),
            link=page(url, board(w, "county", county=own[0].county_code)),
        )
        for own in late[:OPEN_SHOWN]
    ]
    points += [
        Point(w(f"{own[0].brief_zh}：", f"{own[0].brief_en}: ") + _reports(own, w))
        for own in back[:OPEN_SHOWN]
    ]
    if more := sum(map(len, [*late[OPEN_SHOWN:], *back[OPEN_SHOWN:]])):
        points.append(Point(w(f"另有{more}份", f"{more} more"), command="qiangji today --all"))
    title = w("逾期的，退回、扣留的及原因", "What is late, what went back, and why")
    return Points(title, tuple(points)) if points else None


def _reports(own: Sequence[Open], w: Words) -> str:
    """Reports in a line, those of many with how many there are; the county stands before late ones already."""
    told = [
        f"{w(r.title_zh, r.title_en)} {r.period}" + _days(r, w)
        if r.status == "late"
        else f"{r.county_name} {w(r.title_zh, r.title_en)} {r.period}"
        for r in own[:REPORTS_SHOWN]
    ]
    more = w(f"等{len(own)}份", f" and {len(own) - REPORTS_SHOWN} more") if len(own) > REPORTS_SHOWN else ""
    return w("；", "; ").join(told) + more


def _days(r: Open, w: Words) -> str:
    zh, en = r.note
    return w(
        f"（{r.days}天，{zh}）" if zh else f"（{r.days}天）",
        f" ({counted(r.days, 'day')}, {en})" if en else f" ({counted(r.days, 'day')})",
    )


def _waiting(s: Situation, w: Words, url: str) -> Points:
    waiting = s.morning.waiting
    shown = list(linked_once(_point(x, w, url) for x in waiting[:WAITING_SHOWN]))
    if more := len(waiting) - len(shown):
        shown.append(Point(w(f"另有{more}项", f"{more} more"), command="qiangji today --all"))
    if not shown:
        shown = [Point(w("没有等待决定的事项。", "Nothing waits for a decision."))]
    return Points(w(f"等待处理：{len(waiting)}项", f"Waiting for somebody: {len(waiting)}"), tuple(shown))


def _point(x: Waiting, w: Words, url: str) -> Point:
    more = w.one_of_both(x.why_zh, x.why_en)
    if x.what == "not_taken":  # it names the file, and a file may be named after anybody
        more = w(
            "有文件名称不符或曾作废：请看命令所示",
            "a file of another name, or voided before: see the command",
        )
    where_seen = page_of(x, w)
    link = page(url, where_seen) if where_seen else ""
    where = (
        ""
        if w.language == "zh" or not x.county_code
        else f"{x.county_code} {x.form} {x.period}: ".replace("  ", " ")
    )
    return Point(
        w(x.zh, where + x.en if x.what in _OF_ONE else x.en), (more,) if more else (), x.command, link
    )


def _moves(moves: Moves, w: Words) -> Iterator[Block]:
    if not moves.figures:
        yield Paragraph(w("指标没有变化。", "No figure moved."))
        return
    most = max(moves.by_cause.values(), default=1)
    yield Grid(
        w(
            f"变化：{moves.figures:,}个指标值，其中首次{moves.first_shown:,}",
            f"Moved: {counted(moves.figures, 'figure')}, {moves.first_shown:,} of them new",
        ),
        w.headings("原因 cause", "指标值 figures"),
        tuple(
            (Cell(w(*causes_in_words(cause))), Cell(f"{n:,}", share=n / most))
            for cause, n in moves.by_cause.items()
        ),
    )
    for period, n in moves.closed.items():
        yield Paragraph(
            w(
                f"已锁定或审定的报告期{period}有{n:,}个指标值变化。",
                f"{counted(n, 'figure')} of {period}, locked or published, changed.",
            ),
            "bad",
        )
    if moves.largest:
        yield Grid(
            w("变化最大", "The largest"),
            w.headings(*_MOVED),
            tuple(
                (
                    Cell(str(w(r["name_zh"], r["name_en"]))), Cell(r["org_name"]), Cell(r["period"]),
                    *_ends(r),
                    Cell(in_hundredths(r["change"], "+") if r["change"] is not None else "—"),
                    Cell(w.joined([w(*CAUSES[c]) for c in r["causes"]])),
                )
                for r in moves.largest
            ),
            numbers=(3, 4, 5),
        )  # fmt: skip
    because = [
        Point(
            f"{w(r['name_zh'], r['name_en'])} {r['org_name']} {r['period']}: {w(r['because_zh'], r['because_en'])}"
        )
        for r in moves.largest
        if r["because_zh"]
    ]
    if because:
        yield Points(w("由何引起", "What made them move"), tuple(because))


def _ends(row: Row) -> tuple[Cell, Cell]:
    """A figure before and after: so that the change beside them can be seen in them."""
    before, after = row["value_before"], row["value"]
    shown = ends_of(before, after) if row["change"] is not None else ("", "")
    return _value(before, row["obs_status_before"], shown[0]), _value(after, row["obs_status"], shown[1])


def _value(value: Decimal | None, status: str | None, shown: str = "") -> Cell:
    """A figure, or that there is none to show, with its status where that is not A. `shown`: as it is written."""
    text = shown or ("—" if value is None else in_hundredths(value))
    return Cell(text if status in (None, "A") else f"{text} {status}")


def _figures(s: Situation, w: Words) -> Grid | None:
    rows = sorted(s.figures, key=lambda f: f["target"] is None)[:FIGURES_SHOWN]
    if not rows:
        return None
    is_of_many = len({f["org_name"] for f in s.figures}) > 1
    has_target = any(f["target"] is not None for f in rows)
    return Grid(
        w("全市指标", "Figures of the city"),
        w.headings("指标 indicator", "值 value", "单位 unit", "期 period", "目标（示意） target (illustrative)"),
        tuple(
            (
                Cell((f"{f['org_name']} " if is_of_many else "") + str(w(f["name_zh"], f["name_en"]))),
                _figure(f),
                Cell(w(UNITS.get(f["unit"], f["unit"]), f["unit"].replace("_", " "))),
                Cell(f["period"]),
                Cell("—" if f["target"] is None else in_hundredths(f["target"])),
            )
            for f in rows
        ),
        numbers=(4,),
        note=w(*_ILLUSTRATIVE) if has_target else "",
    )  # fmt: skip


def _figure(f: Row) -> Cell:
    """A figure of the city; of a percentage with its bar."""
    share = float(f["value"]) / 100 if f["unit"] == "percent" else None
    return Cell(_value(f["value"], f["obs_status"]).text, share=share)


def _ahead(s: Situation, w: Words) -> Block:
    ahead = s.morning.ahead or s.morning.then
    if not ahead:
        return Paragraph(w("近期没有到期的报表。", "Nothing is due soon."), "dim")
    locked = w.joined(s.morning.locked)
    return Grid(
        w("近五个工作日到期", "Due within five working days")
        if s.morning.ahead
        else w("近五个工作日没有到期的报表，下一批", "Nothing is due within five working days. Next"),
        w.headings("报表 form", "报告期 period", "截止 due", "已收齐的县（市、区） counties in"),
        tuple(
            (
                Cell(w(d.title_zh, d.title_en)), Cell(d.period), Cell(str(d.due_date)),
                Cell(f"{d.counties - d.missing}/{d.counties}", share=(d.counties - d.missing) / d.counties),
            )
            for d in ahead
        ),
        note=w(f"已锁定：{locked}", f"Locked: {locked}") if locked else "",
    )  # fmt: skip
