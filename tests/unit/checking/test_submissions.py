"""From bytes in the lake to a submission, and what of it is on the record.

Its counts, its reason where it cannot be read, what memory that does not suffice costs, and what another suite makes of
the same delivery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji import checking
from qiangji.catalogue.load import Catalogue, load
from qiangji.catalogue.models import Layout
from qiangji.checking import Checked, judging, verdict
from qiangji.checking.expectations import ValidationError
from qiangji.lake import Lake
from qiangji.ledger import Ledger, Pending
from qiangji.periods import Period
from qiangji.settings import settings
from qiangji.stopwatch import Stopwatch
from tests.golden import world
from tests.unit.checking.reports import PERIOD, as_csv, one, part_of, rejected

# ---- from bytes in the lake to a submission


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger of which only the lake is used: nothing is recorded."""
    return Ledger(None, Lake(tmp_path / "lake"))  # type: ignore[arg-type]


def checked(catalogue: Catalogue, ledger: Ledger, content: bytes, **changes: Any) -> Any:
    part = replace(part_of("990001"), sha256=ledger.lake.put_raw(content), **changes)
    (submission,) = checking.check(catalogue, ledger, [part], record=False)
    return submission


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        ([["V1", 1, 1, ""], ["V2", 2, 1, ""]], (2, 2, 0)),
        ([["V1", 1, 1, ""], ["V2", 200, 1, ""], ["X", 1, 1, ""]], (3, 1, 2)),
        ([["V1", 1, 1, ""], ["V1", 1, 1, ""], ["V2", "x", "y", "z"]], (3, 0, 3)),
        ([["V1", 1, 1, ""], ["", "", "", ""], ["V3", 1, 1, ""]], (2, 2, 0)),
    ],
)
def test_accepted_and_rejected_are_what_was_received(
    catalogue: Catalogue,
    small: world.World,
    ledger: Ledger,
    rows: list[list[Any]],
    counts: tuple[int, int, int],
) -> None:
    lines = [[small.codes.get(r[0], r[0]), *r[1:]] for r in rows]
    s = checked(catalogue, ledger, as_csv([["unit_code", "n", "part", "note"], *lines]))
    assert (s.rows_received, s.rows_accepted, s.rows_rejected) == counts


def test_a_submission_returned_whole_counts_all_its_rows_as_rejected(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    """The rows were received, and none of them counts."""
    layout = Layout(totals=("合计",))
    county = catalogue.counties["990001"].model_copy(update={"layout": layout})
    held = replace(catalogue, counties=catalogue.counties | {"990001": county})
    lines = [[small.codes["V1"], 1, 1, ""], [small.codes["V2"], 2, 1, ""], ["合计", 9, 2, ""]]
    s = checked(held, ledger, as_csv([["unit_code", "n", "part", "note"], *lines]))
    assert (s.verdict, s.rows_received, s.rows_accepted, s.rows_rejected) == ("returned", 2, 0, 2)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"unit_code,n,part,note\n", "no_rows"),
        (b"unit_code,n,part\n990001001001,1,1\n", "missing_column"),
        (b"unit_code,n,part,note,more\n990001001001,1,1,,1\n", "unknown_header"),
        (b"unit_code,n,part,note\n990001001001,1,1,\n990001001", "truncated"),
        ("单位编码,n,part,note\n990001001001,1,1,\n".encode("gb18030"), "bad_encoding"),
    ],
)
def test_what_cannot_be_read_is_returned_with_a_reason(
    catalogue: Catalogue, ledger: Ledger, content: bytes, code: str
) -> None:
    s = checked(catalogue, ledger, content)
    assert (s.verdict, s.reason_code) == ("returned", code)
    assert s.message_zh
    assert s.message_en
    assert (s.rows_received, s.rows_accepted, s.rows_rejected, s.rows_hash) == (0, 0, 0, None)


def test_one_that_cannot_be_read_costs_no_other_anything(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    good = as_csv([["unit_code", "n", "part", "note"], [small.codes["W1"], 1, 1, ""]])
    parts = [
        replace(part_of("990001"), sha256=ledger.lake.put_raw(b"nonsense\n1\n")),
        replace(part_of("990002"), sha256=ledger.lake.put_raw(good)),
    ]
    submissions = checking.check(catalogue, ledger, parts, record=False)
    assert {s.county_code: s.verdict for s in submissions} == {"990001": "returned", "990002": "accepted"}


def of_two_counties(small: world.World, ledger: Ledger) -> list[Pending]:
    """A good report of one county, and one of another with a number that is beyond what is plausible."""
    head = ["unit_code", "n", "part", "note"]
    rows = {"990001": [small.codes["V1"], 1, 1, ""], "990002": [small.codes["W1"], 60, 1, ""]}
    return [
        replace(part_of(county), sha256=ledger.lake.put_raw(as_csv([head, row])))
        for county, row in rows.items()
    ]


def test_where_memory_does_not_suffice_only_that_submission_goes_back(
    catalogue: Catalogue, small: world.World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judging.conclude

    def scarce(found: judging.Validated, *rest: Any) -> None:
        whole(found, *rest)
        if any(c.part.county_code == "990001" for c, _ in found.reports):
            raise MemoryError

    monkeypatch.setattr(judging, "conclude", scarce)
    parts = of_two_counties(small, ledger)
    found = checking.check(catalogue, ledger, parts, record=False)
    assert {s.county_code: (s.verdict, s.reason_code) for s in found} == {
        "990001": ("returned", "too_large"),
        "990002": ("accepted", None),
    }
    one, other = checking.examine(catalogue, ledger.lake, parts)
    assert (one.verdict, other.verdict) == ("returned", "accepted")
    assert len(other.findings) == 1  # of the second time, and not of both


def test_where_memory_does_not_suffice_for_the_suite_it_is_run_report_by_report(
    catalogue: Catalogue, small: world.World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = judging.validated

    def scarce(batch: Sequence[Checked], *rest: Any) -> list[judging.Validated]:
        if len(batch) > 1:
            raise MemoryError
        return whole(batch, *rest)

    monkeypatch.setattr(judging, "validated", scarce)
    parts = of_two_counties(small, ledger)
    found = checking.check(catalogue, ledger, parts, record=False)
    assert [s.verdict for s in found] == ["accepted", "accepted"]


def test_what_comes_one_after_the_other_is_published_with_the_rest(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    one, other = of_two_counties(small, ledger)
    watch = Stopwatch()
    with checking.checking(catalogue, ledger, record=False, watch=watch) as belt:
        belt.take([])
        for parts in ([one], [other], [replace(one, delivery_id="again")]):
            belt.take(parts)
    assert [(s.county_code, s.delivery_id, s.verdict) for s in belt.published] == [
        (one.county_code, one.delivery_id, "accepted"),
        (other.county_code, other.delivery_id, "accepted"),
        (one.county_code, "again", "accepted"),
    ]
    assert {"parse", "expectations", "verdicts"} <= watch.keys()


def test_an_error_of_ours_ends_the_belt_with_what_came_before_it(
    catalogue: Catalogue, small: world.World, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = of_two_counties(small, ledger)
    whole = judging.conclude

    def broken(found: judging.Validated, *rest: Any) -> None:
        if any(c.part.county_code == other.county_code for c, _ in found.reports):
            raise ValidationError("cannot be evaluated")
        whole(found, *rest)

    monkeypatch.setattr(judging, "conclude", broken)
    published = []

    def check() -> None:
        with checking.checking(catalogue, ledger, record=False) as belt:
            published.append(belt.published)
            belt.take([one])
            belt.take([other])

    with pytest.raises(ValidationError):
        check()
    assert [s.county_code for s in published[0]] == [one.county_code]


def test_more_faults_than_can_be_told_are_told_as_one(
    catalogue: Catalogue, small: world.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "MAX_BREACHES", 3)
    faulty = [["V1", 101, 0, ""], ["V2", 101, 0, ""]]
    checked = one(catalogue, small, faulty)
    assert (checked.verdict, checked.reason_code) == ("returned", "too_many_problems")
    assert "f!A2" in (checked.message_zh or "")
    assert checked.breaches == []
    assert one(catalogue, small, faulty[:1]).reason_code == "no_row_accepted"


def test_a_row_that_is_no_units_goes_back_once_and_the_others_are_taken(
    catalogue: Catalogue, small: world.World
) -> None:
    checked = one(catalogue, small, [["V1", 3, 2, ""], ["总计", 3, 2, ""], ["注：截至月底", "", "", ""]])
    assert (checked.verdict, checked.reason_code) == ("partial", "rows_rejected")
    assert [(r.rule, r.rows, r.example) for r in checked.rejections] == [
        ("f.unit_code.note", 1, "f!A4"),
        ("f.unit_code.total", 1, "f!A3"),
    ]
    note, total = checked.rejections
    assert "说明或签字" in note.message_zh
    assert "截至" not in note.message_zh + str(rejected(checked))
    assert "“总计”行是未登记的合计行" in total.message_zh
    assert "undeclared totals row" in total.message_en


def test_what_was_withheld_stays_withheld_and_is_not_read(catalogue: Catalogue, ledger: Ledger) -> None:
    part = replace(
        part_of("990001"),
        sha256=None,
        reason_code="personal_data",
        message_zh="个人信息",
        message_en="personal",
    )
    (s,) = checking.check(catalogue, ledger, [part], record=False)
    assert (s.verdict, s.reason_code, s.message_zh) == ("withheld", "personal_data", "个人信息")


def test_a_nil_report_is_told_from_an_empty_one(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    def report(n: Any, part: Any) -> Any:
        return checked(
            catalogue, ledger, as_csv([["unit_code", "n", "part", "note"], [small.codes["V1"], n, part, ""]])
        )

    assert report(0, 0).is_nil
    assert not report(1, 0).is_nil
    nothing = report("", "")
    assert not nothing.is_nil
    assert (nothing.verdict, nothing.reason_code) == ("returned", "nothing_filled")
    assert (report(1, "").rows_non_empty, report(1, "").cells_filled) == (1, 1)


def test_an_expectation_that_cannot_be_evaluated_stops_the_check(
    catalogue: Catalogue, small: world.World, ledger: Ledger
) -> None:
    """Nothing is published of a batch whose rules could not all be held: an error is never a pass."""
    from qiangji.checking.expectations import ValidationError

    suite = catalogue.suites["f"]
    bad = {
        "type": "expect_column_values_to_match_regex",
        "kwargs": {"column": "unit_code", "regex": "("},
        "severity": "critical",
        "meta": dict(suite.expectations[0]["meta"], rule="f.note.bad"),
    }
    suites = {"f": replace(suite, content={"expectations": [*suite.expectations, bad]})}
    content = as_csv([["unit_code", "n", "part", "note"], [small.codes["V1"], 1, 1, "是"]])
    with pytest.raises(ValidationError, match=r"f\.note\.bad"):
        checked(replace(catalogue, suites=suites), ledger, content)


# ---- and on the record


def test_what_was_decided_is_on_the_record(
    tmp_path: Path, workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in the lake, reasons and counts in the ledger; checking again by the same rules changes nothing."""
    from qiangji import stages

    form = {"fields": {"n": {"critical_max": 100, "warn_above": 50}, "note": {"type": "text"}}}
    indicator = {"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}
    made = world.make(tmp_path / "world", {"Z": {"A": {"T": ["V1", "V2", "V3"]}}}, {"f": form}, [indicator])
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    forget()
    made.put("f", PERIOD, "unit n note\nV1 60 ok\nV2 101 broken\nV3 7 ok\n")
    with workplace.pipeline() as p:
        (s,) = stages.collect(p, periods=[Period.parse(PERIOD)]).submissions
        assert (s.status, s.revision, s.is_current) == ("partial", 1, True)
        kept = p.ledger.lake.get_rows("reports", "f", PERIOD, "990001", s.rows_hash)
        assert kept.column("unit_code").to_pylist() == [made.codes["V1"], made.codes["V3"]]
        (back,) = p.ledger.lake.get_rows("rejected", "f", PERIOD, "990001", s.rejected_hash).to_pylist()
        assert (back["unit_code"], back["n"], back["note"]) == (made.codes["V2"], "101", "broken")
        assert (back["rules"], back["addresses"]) == ("f.n.critical_max", "f!B3")

        def record() -> list[Any]:
            with p.ledger.engine.connect() as c:
                return [
                    sorted(map(tuple, c.execute(sa.text(f"SELECT {columns} FROM ops.{table}"))))
                    for table, columns in (
                        ("rejection", "rule, rows, example"),
                        ("finding", "rule, unit_code, value"),
                        (
                            "submission",
                            "status, revision, rows_received, rows_accepted, rows_rejected, rows_hash",
                        ),
                    )
                ]

        before = record()
        assert before[0] == [("f.n.critical_max", 1, "f!B3")]
        assert before[1] == [("f.n.warn_above", made.codes["V1"], "60")]
        assert [(row[2], row[3], row[4]) for row in before[2]] == [(3, 2, 1)]
        files = sorted(f.name for f in p.ledger.lake.root.rglob("*.parquet"))
        assert [one.revision for one in stages.reprocess(p)] == [1]
        assert record() == before
        assert sorted(f.name for f in p.ledger.lake.root.rglob("*.parquet")) == files
        assert stages.collect(p, periods=[Period.parse(PERIOD)]).deliveries == 0


def test_a_looser_suite_makes_another_reading_and_revision_of_the_same_delivery(
    tmp_path: Path, workplace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qiangji import stages

    form: dict[str, Any] = {"fields": {"n": {"critical_max": 100}}}
    indicator = {"code": "x", "numerator": {"sum": "n"}, "denominator": {"count": "rows"}}
    tree = {"Z": {"A": {"T": ["V1", "V2"]}}}
    made = world.make(tmp_path / "strict", tree, {"f": form}, [indicator])
    loose = world.make(tmp_path / "loose", tree, {"f": {"fields": {"n": {}}}}, [indicator])
    made.put("f", PERIOD, "unit n\nV1 1\nV2 101\n")
    monkeypatch.setenv("QIANGJI_CATALOGUE", str(made.catalogue))
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(made.expectations))
    forget()
    with workplace.pipeline() as p:
        (first,) = stages.collect(p, periods=[Period.parse(PERIOD)]).submissions
    monkeypatch.setenv("QIANGJI_EXPECTATIONS", str(loose.expectations))
    forget()
    with workplace.pipeline() as p:
        (second,) = stages.reprocess(p)
        assert (first.status, first.revision) == ("partial", 1)
        assert (second.status, second.revision, second.is_current) == ("accepted", 2, True)
        assert second.delivery_id == first.delivery_id
        with p.ledger.engine.connect() as c:
            current = c.execute(
                sa.text("SELECT suite_hash, rows_accepted FROM ops.submission WHERE is_current")
            ).all()
        assert current == [(second.suite_hash, 2)]


def forget() -> None:
    """Settings and catalogues are cached for the process."""
    settings.cache_clear()
    load.look()
