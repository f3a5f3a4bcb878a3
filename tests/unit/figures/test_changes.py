"""Changes of figures as they are ordered, counted and printed."""

from __future__ import annotations

import io
import re
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from qiangji.cli.printing_figures import print_changes
from qiangji.figures import OVERVIEW, Choice
from qiangji.figures.explaining import CAUSES, by_causes, causes_in_words, largest_first


def obs(more: dict[str, Any]) -> str:
    return str(more.get("obs_status", "A"))


def change(org: str, before: str | None, after: str | None, *causes: str, **more: Any) -> dict[str, Any]:
    was, now = (None if x is None else Decimal(x) for x in (before, after))
    row: dict[str, Any] = {
        "name_zh": "比例", "indicator_code": "share", "org_name": org, "org_code": org, "period": "2026-01",
        "period_type": "month", "value_before": was, "value": now,
        "change": None if was is None or now is None else now - was,
        "numerator_before": Decimal(1), "numerator": Decimal(2), "denominator_before": Decimal(1),
        "denominator": Decimal(2), "obs_status_before": "A", "obs_status": "A", "is_first_shown": False,
        "causes": list(causes), "reported_units": 0 if obs(more) == "O" else 2,
    }  # fmt: skip
    return row | more


ROWS = [
    change("small", "10", "10.5", "revision"),
    change("same", "50", "50", "late_arrival"),
    change("large", "80", "20", "revision", "boundary"),
    change("unseen", "1.0001", "1.0002", "definition"),
    change("lost", "5", None, obs_status="O"),
    change("status", "5", "5", "late_arrival", obs_status="P"),
]


def printed(
    rows: list[dict[str, Any]], choice: Choice = OVERVIEW, limit: int = 40, width: int = 200, **beneath: int
) -> str:
    out = io.StringIO()
    print_changes(Console(file=out, width=width), rows, choice, beneath, limit)
    return out.getvalue()


def test_the_largest_change_comes_first_and_what_has_no_size_last() -> None:
    found = [r["org_code"] for r in largest_first(ROWS)]
    assert found == ["large", "small", "unseen", "same", "status", "lost"]


def test_what_reads_the_same_is_counted_and_not_listed() -> None:
    out = printed(ROWS)
    assert "+0.00" not in out
    assert [name for name in ("small", "large", "lost", "status", "same", "unseen") if f"│ {name} " in out] == [
        "small", "large", "lost", "status",
    ]  # fmt: skip
    assert "2 个数值不变" in out


def test_the_causes_come_first_with_how_many() -> None:
    first = printed(ROWS).splitlines()[0]
    assert "6 个指标值" in first
    assert first.endswith(
        " why: 逾期报送 late arrival 2 · 重报 revision 1 · 重报＋区划变化 revision + boundary 1"
        " · 口径变化 definition 1 · 原因未明 not known 1"
    )


@given(st.lists(st.tuples(st.sets(st.sampled_from(sorted(CAUSES))), st.booleans(), st.integers(0, 1))))
def test_the_counts_by_cause_add_up_to_the_figures(drawn: list[tuple[set[str], bool, int]]) -> None:
    rows = [
        change(str(i), "1", "2", *sorted(causes), is_first_shown=is_first, reported_units=reported)
        for i, (causes, is_first, reported) in enumerate(drawn)
    ]
    found = by_causes(rows)
    assert sum(found.values()) == len(rows)
    assert all(all(causes_in_words(key)) for key in found)
    heads = [
        line for line in printed(rows, width=5000).splitlines() if line.startswith(("变化 ", "首次显示 "))
    ]
    for line in heads:  # as they are printed, too
        said, counted = line.split(": ", 1)
        total = int(re.findall(r"[0-9]+", said)[0])
        assert sum(int(part.rsplit(" ", 1)[1]) for part in counted.split(" · ")) == total
    assert bool(heads) == bool(rows)


def test_figures_shown_for_the_first_time_are_counted_apart_and_come_last() -> None:
    """One of which nobody reported anything has no cause: it is counted as such, and not as one that is not known."""
    shown = {"is_first_shown": True, "obs_status_before": None}
    new = [change("new", None, "9", "arrival", **shown), change("empty", None, None, **shown, obs_status="O")]
    rows = largest_first([*new, *ROWS])
    assert [r["org_code"] for r in rows[-2:]] == ["new", "empty"]
    changed, first, *_ = printed(rows).splitlines()
    assert "变化 6 个指标值" in changed
    assert "arrival 1" not in changed
    assert first.endswith(
        "首次显示 2 个指标值 figures shown for the first time: 新报送 arrival 1 · 无人报送 nothing reported 1"
    )
    assert "not known" not in first
    assert "│ new " not in printed(rows, limit=4)
    assert "not known" not in printed(new)
    assert "for the first time: 无人报送 nothing reported 1" in printed(new[1:]).splitlines()[0]
    later = [change("built later", None, "9", **shown) | {"reported_units": 3}]
    assert "for the first time: 此前已报 reported before 1" in printed(later).splitlines()[0]


def test_a_limit_says_how_many_more() -> None:
    assert "另有 and 2 more" in printed(largest_first(ROWS), limit=2)
    assert "large" in printed(largest_first(ROWS), limit=1)
    assert "more" not in printed(ROWS, limit=4)


def test_it_says_where_it_looked_and_what_changed_elsewhere() -> None:
    assert "没有变化 Nothing changed: city, county." in printed([])
    assert "not looked at: town 3, village 1,200" in printed([], town=3, village=1200)
    assert "Looked at: town." in printed(ROWS, Choice(level="town", orgs=["440705"]))
    assert "Looked at: 440705." in printed(ROWS, Choice(orgs=["440705"]))
    assert "not looked at" not in printed(ROWS)
