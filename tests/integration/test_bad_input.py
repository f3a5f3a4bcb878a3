"""What bad input gets: a named reason, a status or a rejected row, a message; and everything else goes on.

In September every county has reported. Then something is wrong with one of them: the others' October arrives, and
no figure of September moves. 440704 hands its reports in as files in a folder, so that a test can write them.
"""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import yaml

from qiangji.errors import UsageError
from qiangji.settings import settings
from tests.frozen import paths as frozen
from tests.integration.nights import FORMS, Night, clone, forget, night

COUNTIES = ["440703", "440704", "440781", "440784", "440785"]
BY_HAND = "440704"
SEPTEMBER, OCTOBER = "2026-09", "2026-10"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """September collected from everybody and built; October is there to be fetched."""
    folder = tmp_path_factory.mktemp("bad input")

    def by_hand(catalogue: Path) -> None:
        path = catalogue / "counties.yaml"
        counties = yaml.safe_load(path.read_text(encoding="utf-8"))
        mine = {"county": BY_HAND, "transport": "folder", "path": str(folder / "in")} | {
            "files": "{form}_{period}.csv",
            "encoding": "utf-8",
        }
        changed = [mine if c["county"] == BY_HAND else c for c in counties]
        path.write_text(yaml.safe_dump(changed, allow_unicode=True), encoding="utf-8")

    options: dict[str, Any] = {"scale": 0.04, "months": 2, "faults": "none", "counties": COUNTIES}
    with night(folder, postgres, edit=by_hand, **options) as one:
        (folder / "in").mkdir()
        for form in FORMS:
            for month in one.months:
                (folder / "in" / f"{form}_{month}.csv").write_bytes(good_file(one, form, month))
        result = one.collect(months=[SEPTEMBER])
        assert result.failures == []
        assert {(s.status, s.doubt_zh) for s in result.submissions} == {("accepted", None)}
        one.build()
        yield one


@pytest.fixture
def copied(base: Night, tmp_path: Path, postgres: Any) -> Iterator[Night]:
    with clone(base, tmp_path / "home", postgres) as one:
        yield one


@pytest.fixture(scope="module")
def going_on(base: Night, tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Night]:
    """One copy for all reports that 440704 hands in wrongly, one after the other. With the first, its October comes."""
    with clone(base, tmp_path_factory.mktemp("going on") / "home", postgres) as one:
        yield one


def key_of(form: str) -> str:
    key: str = yaml.safe_load((frozen.CATALOGUE / f"forms/{form}.yaml").read_text(encoding="utf-8"))["key"]
    return key


def good_rows(one: Night, form: str, month: str) -> list[dict[str, Any]]:
    """What 440704 would hand in: columns by the names of fields."""
    passed = ("unit", "name", "town", "village", "accepted", "fault")
    return [
        {key_of(form): row["unit"]} | {k: v for k, v in row.items() if k not in passed}
        for row in one.systems.truth(BY_HAND, form, month)
    ]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    sink = io.StringIO()
    writer = csv.DictWriter(sink, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {k: {True: "是", False: "否"}[v] if isinstance(v, bool) else v for k, v in row.items()}
        )
    return sink.getvalue().encode()


def good_file(one: Night, form: str, month: str) -> bytes:
    return as_csv(good_rows(one, form, month))


@contextmanager
def handed_in(one: Night, form: str, month: str, content: bytes) -> Iterator[None]:
    """The file in the folder is this for as long as the block runs."""
    path = Path(one.pipeline.catalogue.counties[BY_HAND].path) / f"{form}_{month}.csv"
    before = path.read_bytes()
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def assert_others_arrived(one: Night, county: str) -> None:
    for (code, form, period), status in one.statuses().items():
        # only the monthly forms are written by hand
        if code != county and code in COUNTIES and (code != BY_HAND or form in FORMS):
            assert status == "accepted", (code, form, period)


def assert_good_figures_stand(one: Night, before: dict[Any, Any]) -> None:
    """What was shown of September (its month, its year to date) is what is shown now."""
    after = one.figures()
    september = {key: figure for key, figure in before.items() if key[3] != OCTOBER}
    assert september
    for key, figure in september.items():
        assert after[key] == figure, key


# --- county systems that cannot be collected ----------------------------------------------------------


@pytest.mark.parametrize("county", ["440703", "440781"])
def test_a_county_that_is_down(
    county: str, base: Night, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIANGJI_COUNTY_TIMEOUT", "5")
    with clone(base, tmp_path / "home", postgres) as one:
        one.systems.apply("down", county=county)
        try:
            result = one.pull()
        finally:
            one.systems.apply("up", county=county)
        assert_failed(one, result, county, "unreachable")
        assert_others_were_fetched(one, county)
        assert one.pull([county]).failures == []  # and the next run brings what is missing
        assert len(received(one, county)) == len(FORMS)
    forget()


def test_a_county_that_hangs_takes_no_more_than_its_time(
    base: Night, tmp_path: Path, postgres: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QIANGJI_COUNTY_TIMEOUT", "6")
    with clone(base, tmp_path / "home", postgres) as one:
        before = one.figures()
        one.systems.apply("hang", county="440785")
        start = time.monotonic()
        try:
            pulled = one.pull()
        finally:
            took = time.monotonic() - start
            one.systems.apply("up", county="440785")
        assert took < 20
        from qiangji import stages

        stages.check(one.pipeline)
        one.build()
        assert_failed(one, pulled, "440785", "timeout")
        assert_others_arrived_and_september_stands(one, "440785", before)
        rows = one.query(
            "SELECT county_code, extract(epoch FROM ended_at - started_at) AS took FROM ops.collection"
            " WHERE run_id = :r",
            r=pulled.run_id,
        )
        seconds = {r["county_code"]: float(r["took"]) for r in rows}
        assert all(seconds[c] < seconds["440785"] for c in COUNTIES if c != "440785"), seconds
    forget()


def _other_password(uri: str) -> str:
    return re.sub(r"(://[^:@/]+):[^@]+@", r"\1:not-the-password@", uri)


def _other_key(uri: str) -> str:
    import asyncssh

    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    key = quote(" ".join(other.split()[:2]), safe="")
    return re.sub(r"host_key=[^&]+", f"host_key={key}", uri)


def _no_key(uri: str) -> str:
    return re.sub(r"\?host_key=[^&]+", "", uri)


@pytest.mark.parametrize(
    ("county", "change", "code"),
    [
        ("440703", _other_password, "login_refused"),
        ("440785", _other_password, "login_refused"),
        ("440781", _other_password, "login_refused"),
        ("440781", _other_key, "unknown_host_key"),
        ("440784", _no_key, "unknown_host_key"),
    ],
    ids=["wrong_token", "wrong_basic", "wrong_sftp_password", "changed_host_key", "unknown_host_key"],
)
def test_credentials_or_keys_that_do_not_fit(
    county: str, change: Callable[[str], str], code: str, copied: Night, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = copied.systems.connections[county]
    assert change(uri) != uri
    monkeypatch.setenv(f"QIANGJI_CONN_COUNTY_{county}", change(uri))
    result = copied.pull()
    assert_failed(copied, result, county, code)
    assert_others_were_fetched(copied, county)
    told = " ".join(str(e) for *_, e in result.failures)
    assert "not-the-password" not in told
    assert uri.split(":")[2].split("@")[0] not in told


def test_an_answer_that_breaks_off_cannot_be_fetched(copied: Night) -> None:
    at = {"county": "440703", "form": "village", "period": OCTOBER}
    copied.systems.apply("truncate", **at)
    try:
        result = copied.pull()
    finally:
        copied.systems.apply("restore", **at)
    ((county, form, period, error),) = [f for f in result.failures if f[1] == "village"]
    assert (county, form, period) == ("440703", "village", OCTOBER)
    status = copied.status("440703", "village", OCTOBER)
    assert (status["status"], status["reason_code"]) == ("failed", error.code)
    assert error.code in ("short_body", "bad_response", "unreachable")
    assert_others_were_fetched(copied, "440703")
    assert {form for form, _ in received(copied, "440703")} == set(FORMS) - {"village"}


def assert_failed(one: Night, result: Any, county: str, code: str) -> None:
    assert {(c, e.code) for c, *_, e in result.failures} == {(county, code)}
    for form in FORMS:
        status = one.status(county, form, OCTOBER)
        assert (status["status"], status["reason_code"]) == ("failed", code), form
        assert re.search(rf"{county}.*: .+", status["message_en"])
        assert one.status(county, form, SEPTEMBER)["status"] == "accepted"
        assert one.status(county, form, SEPTEMBER)["last_attempt_failed"]


def received(one: Night, county: str) -> set[tuple[str, str]]:
    """(form, period) of what was received for October."""
    rows = one.query(
        "SELECT form, period FROM ops.delivery_part JOIN ops.delivery USING (delivery_id)"
        " WHERE county_code = :c AND period = :p",
        c=county, p=OCTOBER,
    )  # fmt: skip
    return {(r["form"], r["period"]) for r in rows}


def assert_others_were_fetched(one: Night, county: str) -> None:
    for other in COUNTIES:
        if other != county:
            assert len(received(one, other)) == len(FORMS), other
    assert SEPTEMBER not in map(
        str, one.build(SEPTEMBER).months
    )  # nothing that its figures come from has changed


def assert_others_arrived_and_september_stands(one: Night, county: str, before: dict[Any, Any]) -> None:
    assert_others_arrived(one, county)
    assert_good_figures_stand(one, before)
    shown = {
        unit
        for (_, unit, type_, at), f in one.figures().items()
        if (type_, at) == ("month", OCTOBER) and f[4]
    }
    assert {c for c in COUNTIES if c != county} <= shown  # the others' October is built


# --- reports that go back as a whole ------------------------------------------------------------------


def _cut(rows: list[dict[str, Any]]) -> bytes:
    whole = as_csv(rows)
    return whole[: len(whole) * 6 // 10]


def _renamed(rows: list[dict[str, Any]]) -> bytes:
    return as_csv([{("members!!" if k == "party_members" else k): v for k, v in row.items()} for row in rows])


def _with_column(name: str, value: str) -> Callable[[list[dict[str, Any]]], bytes]:
    return lambda rows: as_csv([row | {name: value} for row in rows])


def _without(name: str) -> Callable[[list[dict[str, Any]]], bytes]:
    return lambda rows: as_csv([{k: v for k, v in row.items() if k != name} for row in rows])


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_cut, "truncated_or_ragged"),
        (lambda rows: b"", "empty_file"),
        (lambda rows: as_csv(rows).splitlines(keepends=True)[0], "no_rows"),
        (_with_column("是否示范村", "是"), "unknown_header"),
        (_renamed, "unknown_header"),
        (_without("collective_income"), "missing_column"),
        (_with_column("报告期", "2026-11"), "wrong_period"),
        (_with_column("报告期", "2026-08"), "wrong_period"),
        (lambda rows: as_csv(rows).replace("是".encode(), "是".encode("gb18030")), "bad_encoding"),
    ],
    ids=[
        "truncated", "empty_file", "empty_package", "unknown_header", "renamed", "missing_column",
        "period_not_due", "period_past", "encoding",
    ],
)  # fmt: skip
def test_a_report_that_goes_back(make: Callable[[Any], bytes], code: str, going_on: Night) -> None:
    with handed_in(going_on, "village", SEPTEMBER, make(good_rows(going_on, "village", SEPTEMBER))):
        result = going_on.collect([BY_HAND])
    assert result.failures == []
    assert result.deliveries >= 1
    status = going_on.status(BY_HAND, "village", SEPTEMBER)
    assert status["status"] == "returned"
    if code == "truncated_or_ragged":
        assert status["reason_code"] in ("truncated", "ragged_rows")
    else:
        assert status["reason_code"] == code
    assert re.match(rf"{BY_HAND} village {SEPTEMBER}: .+ \(expected .+\)\. .+", status["message_en"]), status[
        "message_en"
    ]
    assert re.search("[一-鿿]{4}", status["message_zh"])
    assert status["revision"] == 1  # the last good one still counts
    assert going_on.status(BY_HAND, "village", OCTOBER)["status"] == "accepted"
    assert SEPTEMBER not in map(
        str, going_on.build(SEPTEMBER).months
    )  # nothing that its figures come from has changed


def test_a_workbook_that_was_cut_goes_back_with_all_its_forms(copied: Night) -> None:
    before = copied.figures()
    at = {"county": "440784", "form": "village", "period": OCTOBER}
    copied.systems.apply("truncate", **at)
    try:
        assert copied.run().failures == []
    finally:
        copied.systems.apply("restore", **at)
    for form in FORMS:
        status = copied.status("440784", form, OCTOBER)
        assert (status["status"], status["reason_code"]) == ("returned", "unreadable_file")
    assert_others_arrived(copied, "440784")
    assert_good_figures_stand(copied, before)


# --- periods that are not due -------------------------------------------------------------------------


def test_a_file_for_a_month_that_has_not_ended_is_not_fetched(copied: Night) -> None:
    from qiangji import stages
    from qiangji.periods import Period

    # by the clock, as the warehouse sees it: what is collected here goes by the simulator's day
    running = Period.of(datetime.now(ZoneInfo(settings().timezone)).date())
    folder = Path(copied.pipeline.catalogue.counties[BY_HAND].path)
    path = folder / f"village_{running}.csv"
    path.write_bytes(good_file(copied, "village", OCTOBER))
    try:
        result = stages.collect(copied.pipeline, [BY_HAND])
        assert str(running) not in {s.period for s in result.submissions}
        assert copied.status(BY_HAND, "village", str(running))["status"] == "not_due"
        with pytest.raises(UsageError, match="has not ended") as refused:
            stages.collect(copied.pipeline, [BY_HAND], [Period.parse(str(running))])
        assert refused.value.code == "not_due"
    finally:
        path.unlink()


# --- rows that go back --------------------------------------------------------------------------------


def _set(name: str, value: Any) -> Callable[[list[dict[str, Any]]], None]:
    def change(rows: list[dict[str, Any]]) -> None:
        rows[0][name] = value

    return change


def _twice(rows: list[dict[str, Any]]) -> None:
    rows.insert(1, dict(rows[0]))


@pytest.mark.parametrize(
    ("change", "rule", "rejected"),
    [
        (_set("village_code", "440704999299"), "village.village_code.known", 1),
        (_set("village_code", "440703101201"), "village.village_code.known", 1),
        (_twice, "village.village_code.unique", 2),
        (_set("party_members", "约30"), "village.party_members.type", 1),
        (_set("party_members", "3O"), "village.party_members.type", 1),
        (_set("party_members", "1e3"), "village.party_members.type", 1),
    ],
    ids=["unit_unknown", "unit_of_another_county", "duplicate_key", "text_in_number", "letter_o", "exponent"],
)
def test_a_row_that_goes_back(
    change: Callable[[list[dict[str, Any]]], None], rule: str, rejected: int, going_on: Night
) -> None:
    rows = good_rows(going_on, "village", OCTOBER)
    change(rows)
    with handed_in(going_on, "village", OCTOBER, as_csv(rows)):
        result = going_on.collect([BY_HAND])
    assert result.failures == []
    assert result.deliveries >= 1
    status = going_on.status(BY_HAND, "village", OCTOBER)
    assert (status["status"], status["reason_code"]) == ("partial", "rows_rejected")
    assert (status["rows_received"], status["rows_rejected"]) == (len(rows), rejected)
    assert "village!" in status["message_en"]
    (found,) = going_on.query(
        "SELECT * FROM ops.rejection WHERE (rule, delivery_id) = (:r, :d)", r=rule, d=status["delivery_id"]
    )
    assert found["rows"] == rejected
    assert re.match(r"village![A-Z]+\d+$", found["example"])
    assert "expected" in found["message_en"]
    assert "应为" in found["message_zh"]
    assert SEPTEMBER not in map(str, going_on.build(SEPTEMBER).months)
