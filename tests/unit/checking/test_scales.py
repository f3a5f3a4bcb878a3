"""Reports that repeat the last one in most rows, and reports in another scale than the last."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from qiangji.catalogue.models import Form
from qiangji.checking import repeats, scales
from qiangji.checking.beside import Pairs
from qiangji.ledger.findings import Finding
from qiangji.parsing.normalise import TYPES
from qiangji.periods import Period

FORM = Form.model_validate(
    {
        "form": "v", "title": {"zh": "村", "en": "Villages"}, "grain": "village", "period_type": "month",
        "due_working_day": 5, "key": "code", "key_pattern": "[0-9]{3}", "key_headers": ["编码"],
        "fields": {
            "members": {"label": {"zh": "党员", "en": "Members"}, "type": "integer", "unit": "person"},
            "income": {"label": {"zh": "收入", "en": "Income"}, "type": "decimal", "kind": "ytd",
                       "unit": "ten_thousand_yuan"},
            "note": {"label": {"zh": "说明", "en": "Note"}, "type": "text"},
        },
    }
)  # fmt: skip
SEPTEMBER, OCTOBER, JANUARY = (Period.parse(p) for p in ("2026-09", "2026-10", "2026-01"))


def table(members: list[Any], income: list[Any] | None = None) -> pa.Table:
    n = len(members)
    return pa.table(
        {
            "code": [f"{i:03}" for i in range(n)],
            "members": pa.array(members, pa.int64()),
            "income": pa.array([_exact(v) for v in income or [5] * n], TYPES["decimal"]),
            "note": pa.array([None] * n, pa.string()),
        }
    )


def _exact(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(round(value, 4) if isinstance(value, float) else value))


def changed(rows: int, of: int) -> tuple[pa.Table, pa.Table]:
    """A report of which so many rows differ from the one before, and the one before."""
    return table([10 + i + (i < rows) for i in range(of)]), table([10 + i for i in range(of)])


def repeated(now: pa.Table, before: pa.Table) -> tuple[int, int] | None:
    return by_rows({"440705": (now, before)}).get("440705")


def by_rows(reports: dict[str, tuple[pa.Table, pa.Table]]) -> dict[str, tuple[int, int]]:
    found = repeats.repeated(FORM, Pairs(FORM.key, reports))
    assert not any(again.is_of_numbers for again in found.values())
    return {county: (again.same, again.of) for county, again in found.items()}


def in_scale(period: Period, now: pa.Table, before: pa.Table, last: Period | None = None) -> list[Finding]:
    return scales.findings(
        FORM, (last or period - 1, period), Pairs(FORM.key, {"440705": (now, before)})
    ).get("440705", [])


@pytest.mark.parametrize(
    ("rows", "of", "found"),
    [
        (0, 30, (30, 30)), (3, 30, (27, 30)), (4, 30, None), (2, 100, (98, 100)), (2, 20, (18, 20)), (3, 20, None),
        (1, 19, None), (0, 19, (19, 19)), (0, 6, (6, 6)), (1, 6, None), (0, 4, None),
    ],
)  # fmt: skip
def test_nine_rows_in_ten_that_are_the_same(rows: int, of: int, found: tuple[int, int] | None) -> None:
    assert repeated(*changed(rows, of)) == found


def test_what_repeats_is_counted_in_the_message() -> None:
    pairs = Pairs(
        FORM.key, {"440705": changed(2, 100), "440781": changed(0, 100), "440783": changed(50, 100)}
    )
    said = repeats.findings(FORM, (SEPTEMBER, OCTOBER), pairs)
    assert said.keys() == {"440705", "440781"}
    assert "100条记录中有98条与2026-09的报送逐项相同" in said["440705"].words.message_zh
    assert "98 of 100 rows are the same" in said["440705"].words.message_en
    assert "100条记录与2026-09的报送逐项相同" in said["440781"].words.message_zh


def test_a_blank_that_stays_blank_is_the_same_and_one_filled_in_is_not() -> None:
    before = table([10 + i for i in range(30)], [None] * 30)
    assert repeated(before, before) == (30, 30)
    assert repeated(table([10 + i for i in range(30)]), before) is None


def test_rows_of_zeros_tell_nothing() -> None:
    none = table([0] * 50, [0] * 50)
    assert repeated(none, none) is None


def scaled(
    period: Period, now: list[Any], before: list[Any], last: Period | None = None
) -> list[tuple[str, str | None]]:
    return [
        (f.rule, f.words.value)
        for f in in_scale(period, table([9] * len(now), now), table([9] * len(now), before), last)
    ]


@pytest.mark.parametrize(
    ("now", "value"),
    [
        (["0.0100", "0.0202", "0.0310", "0.0409"], "1/10,000"),
        ([1_010_000, 2_020_000, 3_100_000, 4_090_000], "x10,000"),
        (["0.1", "0.2", "0.3", "0.4"], "1/1,000"),
        ([1, 2, 310, 409], None),
        (["0.01", "0.02", "0.03", 409], "1/10,000"),
        ([10, 20, 31, 40], None),
        (["0.01", "0.02", 31_000, 40_900_000], None),
        ([0, 0, 0, 0], None),
    ],
)
def test_most_rows_in_another_scale(now: list[Any], value: str | None) -> None:
    found = scaled(OCTOBER, now, [100, 200, 300, 400])
    assert found == ([("v.income.another_scale", value)] if value else [])


def test_a_new_year_begins_small() -> None:
    before = [1200, 2400, 3600, 4800]
    assert scaled(JANUARY, [20, 30, 40, 50], before) == []  # a sixtieth and less
    assert scaled(JANUARY, ["0.01", "0.02", "0.03", "0.04"], before) == [
        ("v.income.another_scale", "1/100,000")
    ]


def test_few_rows_say_nothing_and_the_message_asks_for_the_unit() -> None:
    assert scaled(OCTOBER, ["0.01", "0.02"], [100, 200]) == []
    (small,) = in_scale(OCTOBER, table([9] * 3, ["0.01"] * 3), table([9] * 3, [100] * 3))
    (large,) = in_scale(OCTOBER, table([9] * 3, [10**6] * 3), table([9] * 3, [100] * 3))
    assert small.words.message_zh == "“收入”：3条中3条约为2026-09的1/10,000，是否以亿元填报"
    assert "是否以元填报" in large.words.message_zh
    (people,) = in_scale(OCTOBER, table([900] * 3), table([9] * 3))
    assert "单位或列是否有误" in people.words.message_zh
    assert people.fields == ("members",)


def test_counties_are_looked_at_together_and_each_by_itself() -> None:
    """Of units in another order, of units that only one report has, and of reports without a field."""
    now, before = changed(0, 30)
    turned = before.take(list(range(29, -1, -1)))
    few = before.slice(0, 20)
    without = before.drop_columns(["income"])
    reports = {
        "1": (now, before),
        "2": (now, turned),
        "3": (now, few),
        "4": (now, without),
        "5": (few, before),
    }
    assert by_rows(reports) == {"1": (30, 30), "2": (30, 30), "4": (30, 30)}
    larger = table([1000 * (10 + i) for i in range(30)])
    reports = {"1": (now, before), "2": (larger, turned), "3": (larger, few), "4": (without, larger)}
    found = scales.findings(FORM, (SEPTEMBER, OCTOBER), Pairs(FORM.key, reports))
    assert {c: [f.words.value for f in said] for c, said in found.items()} == {
        "2": ["x1,000"], "3": ["x1,000"], "4": ["1/1,000"],
    }  # fmt: skip


def test_nearly_all_amounts_ten_times_what_they_were_are_asked_about() -> None:
    """千元 in a column of 万元: each row is about ten times what its months make, and not thirty times."""
    before = [100 + 3 * i for i in range(20)]
    now = [v * (10.2 + i / 10) for i, v in enumerate(before)]
    assert scaled(OCTOBER, now, before) == [("v.income.another_scale", "x10")]
    assert scaled(OCTOBER, [v / 10 for v in now], before) == []
    assert scaled(OCTOBER, [v / 100 for v in now], before) == [("v.income.another_scale", "1/9")]
    (said,) = in_scale(OCTOBER, table([9] * 20, now), table([9] * 20, before))
    assert "是否以千元填报" in said.words.message_zh
    assert scaled(OCTOBER, [*now[:18], *before[18:]], before) == []  # nine in ten are not nearly all
    assert scaled(OCTOBER, now[:9], before[:9]) == []


def test_an_amount_of_the_year_grows_with_its_months() -> None:
    """From January to December it is twelve times what it was; from one year to the next it begins anew."""
    january, december = Period.parse("2026-01"), Period.parse("2026-12")
    before = [100 + 3 * i for i in range(20)]
    assert scaled(december, [12 * v for v in before], before, january) == []
    assert scaled(december, [120 * v for v in before], before, january) != []
    assert scaled(JANUARY, [v / 12 for v in before], before) == []
