"""A county's clerk tries a file before sending it: the page that would come back, with nothing recorded or kept.

In: a file, and the county, form and period that it reports. Out: the `Page` that the county would get back. The file is
screened and read like a delivery of that county. Two checks are not tried here: rules that look beyond the report (they
run when the month is built), and the guard against far fewer rows than before.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.models import County, FileKind
from qiangji.errors import UsageError
from qiangji.feedback import Cover, Page, Problem, asked, page_of, render
from qiangji.landing.other_names import CODE as OTHER_NAME
from qiangji.periods import Period
from qiangji.personal_data import masked
from qiangji.sources.files import names_in_a_folder
from qiangji.stages import local_today

_KINDS: dict[str, FileKind] = {".csv": "csv", ".xlsx": "xlsx", ".ndjson": "ndjson", ".jsonl": "ndjson"}


def try_file(catalogue: Catalogue, path: Path, form: str, county: str, period: str, max_bytes: int) -> Page:
    """The page for the file as this county's report of the period.

    Raises UsageError: unknown_county, unknown_form, before_plan, not_due (it has not ended), wrong_period, no_file,
    too_large, unknown_kind.
    """
    from qiangji import checking, landing
    from qiangji.lake import Lake
    from qiangji.ledger import Pending
    from qiangji.sources import Fetched, Item

    due = _asked(catalogue, form, county, period)
    content, kind = _content(path, max_bytes)
    with tempfile.TemporaryDirectory(prefix="qiangji-") as folder:
        lake = Lake(Path(folder))
        item = Item(path.name, ((form, due),))
        (part,) = landing.screen(catalogue, lake, catalogue.counties[county], Fetched(item, content, kind))
        pending = Pending(
            **vars(part), delivery_id="trial", county_code=county, received_at=datetime.now(UTC)
        )
        (checked,) = checking.examine(catalogue, lake, [pending])
        page = page_of(catalogue, lake, checked)
    return replace(
        page, problems=[*page.problems, *_of_name(path.name, catalogue.counties[county], form, due)]
    )


def _of_name(name: str, county: County, form: str, period: Period) -> list[Problem]:
    """What the county should know of the file's name: under another one it is not collected."""
    names = list(names_in_a_folder(county.files, [(form, period)])) if county.files else []
    if not names or name in names:
        return []
    zh = f"文件名为 {masked(name)}，应为 {'或 '.join(names)}：放入报送目录时须用该文件名，否则不会被采集"
    en = f"the file is called {masked(name)}, expected {' or '.join(names)}: under another name it is not collected"
    return [Problem(OTHER_NAME, "warning", zh, en)]


def annotated(catalogue: Catalogue, path: Path, county: str, page: Page) -> bytes:
    """The workbook that would go back to the county."""
    return render(Cover(county, catalogue.name_of(county), path.name), [page])


def _asked(catalogue: Catalogue, form: str, county: str, period: str) -> Period:
    asked.require_reported(catalogue, form, county)
    due = asked.own_period(catalogue, catalogue.forms[form], period)
    catalogue.require_reportable([due], local_today())
    return due


def _content(path: Path, max_bytes: int) -> tuple[bytes, FileKind]:
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        is_sheet = path.suffix.lower() in (".xls", ".et", ".ods", ".xlsm", ".xlsb", ".numbers")
        raise UsageError(
            f"{path.name} is of no kind that is read",
            expected=", ".join(_KINDS),
            do="Open it in a spreadsheet program (WPS, Excel) and save it as .xlsx." if is_sheet else "",
            zh=f"{path.name}不是可读的文件类型，应为{'、'.join(_KINDS)}。"
            + ("请用WPS表格或Excel另存为.xlsx。" if is_sheet else ""),
            code="unknown_kind",
        )
    if not path.is_file():
        raise UsageError(
            f"no file {path}",
            expected="the file to try",
            zh=f"没有文件{path}，请给出要试核的文件。",
            code="no_file",
        )
    if path.stat().st_size > max_bytes:
        raise UsageError(
            f"{path.name} has more than {max_bytes:,} bytes",
            expected="a smaller file",
            zh=f"{path.name}超过{max_bytes:,}字节，请只保留报表内容。",
            code="too_large",
        )
    return path.read_bytes(), kind
