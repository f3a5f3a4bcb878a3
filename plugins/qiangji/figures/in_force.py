"""What counts of a report: a revision, or nothing. It is told before and after somebody decides on a delivery of it.

In: a row of the reporting grid, of which `revision` is the one that counts. Out: a few words in Chinese and English,
without a stop.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.engine import Engine

from qiangji.figures import Row, Rows, read
from qiangji.figures.reading import COUNTED

Said = tuple[str, str]
"""In Chinese, in English."""
_NOTHING = "目前没有可用的报送", "nothing counts at present"


def counts(row: Row) -> Said:
    """What counts."""
    if (revision := row["revision"]) is None:
        return _NOTHING
    return f"第{revision}版有效", f"revision {revision} counts"


def stands(row: Row) -> Said:
    """What counts, and what came last or is to be done where that is not all there is to say."""
    zh, en = counts(row)
    status_zh, status_en = row["status_zh"], row["status_en"]
    if row["revision"] is not None:
        if row["status"] in COUNTED:
            return zh, en
        return f"{zh}；最近一件：{status_zh}", f"{en}; the latest delivery: {status_en}"
    if row["status"] == "held":
        return f"{zh}，另有一件待审", f"{en}; another delivery of it is held"
    return f"{zh}（{status_zh}），请县（市、区）重报", f"{en} ({status_en}): ask the county to send it again"


def of_reports(engine: Engine, county: str, periods: Iterable[str]) -> Rows:
    """The grid's rows of a county in these periods, by form and period."""
    return read(
        engine,
        "SELECT * FROM mart.reporting_status WHERE county_code = :county AND period = ANY(:periods)"
        " ORDER BY form, period",
        {"county": county, "periods": list(periods)},
    )
