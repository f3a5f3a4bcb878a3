"""The page that offers workbooks for counties that have no place to write to (`writing.place_of`: kept).

In: the files in QIANGJI_HOME/feedback/<county>/, the catalogue. Out: a list, and the bytes of one entry by its key. A
key is looked up in the list and is never a path. The list has only whole files of counties of the catalogue, no links.
Below it the same counties' forms to fill in are offered (`Blank`). `airflow_glue` lets nobody through to this page
without Airflow's login.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from html import escape
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

from qiangji.catalogue.load import Catalogue
from qiangji.feedback.asked import last_ended
from qiangji.feedback.writing import FOLDER, place_of

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Sent with every answer: it may show names and telephone numbers, so no cache keeps it."""
_HEADS = ("县（市、区） County", "文件 File", "写出时间 Written", "大小 Size", "")
_BLANK_HEADS = ("县（市、区） County", "报表 Form", "报告期 Period", "截止 Due", "")
_STYLE = """<style>
  :root { color-scheme: light dark }
  body { font: 15px/1.6 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif }
  body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
  table { border-collapse: collapse; width: 100% }
  th, td { text-align: left; padding: .45rem .8rem; border-bottom: 1px solid #8884 }
  td.n { text-align: right; font-variant-numeric: tabular-nums }
  td:nth-child(2) { overflow-wrap: anywhere }
  td:last-child { white-space: nowrap; overflow-wrap: normal }
  @media (max-width: 720px) { th, td { padding-inline: .25rem; font-size: .86rem } }
</style>"""
_BLANKS = """<h2>空白报表 Forms to fill in</h2>
<p>本单位编码和名称已填好，附下拉列表、取值范围和填表说明；下载时生成，不留存。<br>
With the county's units, drop-downs, limits and notes; made when it is downloaded, and kept nowhere.</p>"""
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>退回工作簿 Returned workbooks</title>
{style}</head><body>
<p><a href="../board/">看板 Board</a></p>
<h1>退回工作簿 Returned workbooks</h1>
<p>以下县（市、区）通过接口或数据库报送，无处写回，请代为转交。工作簿含填表人姓名和联系电话，只交给该县（市、区）。<br>
These counties report by an API or a database, where nothing can be written: please hand the workbooks over. They show
names and telephone numbers of those who filled in the form, so each is for its own county only.</p>
{body}
{blank}
</body></html>
"""
_PROBLEM = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
{style}</head><body>
<h1>{title}</h1>
{body}
<p><a href="{board}">看板 Board</a> · <a href="{airflow}">Airflow</a></p>
</body></html>
"""
PROBLEMS = {
    401: (
        "请先登录 Please log in",
        "退回工作簿在Airflow的登录之后：请先登录，再打开本页。<br>"
        "Returned workbooks are behind Airflow's login: log in, then open this page.",
    ),
    403: (
        "无权查看 Not for this account",
        "工作簿含填表人姓名和联系电话；确需查看的，请管理员授予值班员角色。<br>Workbooks show names and telephone"
        " numbers. Who has to open them asks an administrator for the role of a duty operator.",
    ),
    404: (
        "没有该文件 There is no such file",
        "可能已被更新或已转交：请从列表重新打开。<br>It may have been replaced since: open it from the list anew.",
    ),
    503: ("暂时无法生成 It cannot be made now", "请稍后再试。<br>Please try again in a minute."),
}
"""Status -> the heading of its page, and what to do."""


@dataclass(frozen=True)
class Kept:
    """One workbook that waits to be handed over."""

    key: str
    county_code: str
    name: str
    size: int
    written_at: datetime


def kept(home: Path, catalogue: Catalogue, timezone: str) -> list[Kept]:
    """The workbooks that wait, by county, the latest first."""
    found = [
        Kept(_key(county, name), county, name, status.st_size, _when(status.st_mtime, timezone))
        for county in catalogue.counties
        for name, status in _files(home / FOLDER / county)
    ]
    return sorted(found, key=lambda k: (k.county_code, -k.written_at.timestamp(), k.name))


def content(home: Path, one: Kept) -> bytes | None:
    """The bytes of a workbook in the list; None where it has gone meanwhile."""
    try:
        folder = os.open(home / FOLDER / one.county_code, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        with os.fdopen(os.open(one.name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as file:
            return file.read()
    except OSError:
        return None
    finally:
        os.close(folder)


def attachment(one: Kept) -> str:
    """The Content-Disposition header: the file is saved, not shown, under the county's code and its own name."""
    return _saved_as(one.key, f"{one.county_code}_{one.name}")


def as_template(name: str) -> str:
    """The same for a form to fill in, under the name by which the county sends it."""
    return _saved_as("template", name)


def _saved_as(plain: str, name: str) -> str:
    return f"attachment; filename=\"{plain}.xlsx\"; filename*=UTF-8''{quote(name, safe='')}"


@dataclass(frozen=True)
class Blank:
    """A form that a county which cannot be written to may be handed to fill in: made when it is asked for."""

    county_code: str
    form: str
    title: str
    period: str
    due: str


def blanks(catalogue: Catalogue, today: date) -> list[Blank]:
    """The forms of the last period that has ended, of each county that has no place to write to."""
    return [
        Blank(
            county.county,
            form.form,
            f"{form.title.zh} {form.title.en}",
            str(period := last_ended(catalogue, form, today)),
            f"{catalogue.calendar.due_date(period, form.due_working_day):%Y-%m-%d}",
        )
        for county in catalogue.counties.values()
        if place_of(county) == "kept"
        for form in catalogue.forms_of(county.county)
    ]


def problem(status: int, said: str, depth: int) -> str:
    """A page for a person in the place of what cannot be given. `depth`: folders below the pages of its address."""
    up = "../" * depth
    title, text = PROBLEMS.get(status, ("无法打开 This cannot be opened", ""))
    body = "".join(f"<p>{line}</p>" for line in (escape(said), text) if line)
    return _PROBLEM.format(style=_STYLE, title=title, body=body, board=f"{up}board/", airflow=f"{up}../")


def html(found: Sequence[Kept], catalogue: Catalogue, blank: Sequence[Blank] = ()) -> str:
    """The lists as a page."""
    body = "<p><strong>目前没有待转交的工作簿。 Nothing waits to be handed over.</strong></p>"
    if found:
        body = _table(_HEADS, "".join(_row(k, catalogue.name_of(k.county_code)) for k in found))
    forms = ""
    if blank:
        rows = "".join(_row_of_blank(b, catalogue.name_of(b.county_code)) for b in blank)
        forms = _BLANKS + _table(_BLANK_HEADS, rows)
    return _PAGE.format(style=_STYLE, body=body, blank=forms)


def _table(heads: Sequence[str], rows: str) -> str:
    head = "".join(f"<th>{text}</th>" for text in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row_of_blank(one: Blank, county: str) -> str:
    cells = (f"{one.county_code} {county}", one.title, one.period, one.due)
    link = f'<td><a href="template/{one.county_code}/{one.form}" download>下载 Download</a></td>'
    return "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in cells) + link + "</tr>"


def _row(one: Kept, county: str) -> str:
    cells = (
        f"{one.county_code} {county}",
        one.name,
        f"{one.written_at:%Y-%m-%d %H:%M}",
    )
    size = f'<td class="n">{-(-one.size // 1024):,} KB</td>'
    link = f'<td><a href="{one.key}" download>下载 Download</a></td>'
    return "<tr>" + "".join(f"<td>{escape(text)}</td>" for text in cells) + size + link + "</tr>"


def _files(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Whole files of a folder with their status; none where the folder is a link or missing."""
    if folder.is_symlink() or not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISREG(status.st_mode) and not entry.name.startswith("."):
                yield entry.name, status


def _key(county: str, name: str) -> str:
    return hashlib.sha256(f"{county}/{name}".encode()).hexdigest()[:32]


def _when(seconds: float, timezone: str) -> datetime:
    return datetime.fromtimestamp(seconds, ZoneInfo(timezone))
