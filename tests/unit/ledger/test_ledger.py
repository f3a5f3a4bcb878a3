"""The ledger on a real database: publishing, decisions and the journal."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from qiangji.errors import UsageError
from qiangji.figures import editions
from qiangji.ledger import Delivery, Ledger, Part, Reading, Submission, dispositions, events, locks
from qiangji.periods import Period
from qiangji.settings import settings
from tests.unit.ledger.verdicts import COUNTY, FORM, PERIOD, START, verdict


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, postgres: Any) -> Iterator[Ledger]:
    from qiangji import pipeline
    from tests.conftest import make_workplace

    with (
        pytest.MonkeyPatch.context() as patch,
        make_workplace(tmp_path_factory.mktemp("ledger"), postgres, patch.setenv),
        pipeline.open_pipeline() as p,
    ):
        yield p.ledger


@pytest.fixture
def ledger(shared: Ledger, tmp_path: Path) -> Ledger:
    """An empty ledger with a lake of its own."""
    from qiangji.lake import Lake

    tables = "delivery, delivery_part, submission, decision, rejection, finding, source_item, collection"
    with shared.engine.begin() as c:
        c.execute(
            sa.text("TRUNCATE " + ", ".join(f"ops.{t.strip()}" for t in tables.split(",")) + " CASCADE")
        )
    return Ledger(shared.engine, Lake(tmp_path / "lake"), 0.5)


def deliver(ledger: Ledger, hour: int, content: str, parts: tuple[Part, ...] = ()) -> Delivery:
    delivery = Delivery(
        county_code=COUNTY,
        name="village_2026-10.csv",
        kind="csv",
        sha256=content * 64,
        bytes=10,
        received_at=START + timedelta(hours=hour),
        run_id="r",
        parts=parts or (Part(FORM, PERIOD, "csv", content * 64),),
    )
    ledger.add_collected([(delivery, f"v{hour}")], [], lambda _: [])
    return delivery


def publish(
    ledger: Ledger, delivery: Delivery, content: str | None, rows: int = 100, **changes: Any
) -> Submission:
    one = verdict(
        0, content, rows, delivery_id=delivery.delivery_id, received_at=delivery.received_at, **changes
    )
    return ledger.publish([Reading(one)])[0]


def dump(ledger: Ledger, table: str) -> list[Any]:
    with ledger.engine.connect() as c:
        return sorted(tuple(r) for r in c.execute(sa.text(f"SELECT * FROM ops.{table}")))


def standing(ledger: Ledger) -> list[tuple[str, str, int | None, bool]]:
    with ledger.engine.connect() as c:
        found = c.execute(
            sa.text("SELECT rows_hash, status, revision, is_current FROM ops.submission ORDER BY received_at")
        )
        return [tuple(r) for r in found]


def test_publishing_twice_is_publishing_once(ledger: Ledger) -> None:
    delivery = deliver(ledger, 1, "a")
    rejection = {
        "delivery_id": delivery.delivery_id, "form": FORM, "period": PERIOD, "county_code": COUNTY, "rule": "r.x",
        "rows": 1, "example": "village!A2", "message_zh": "错", "message_en": "wrong",
    }  # fmt: skip
    one = verdict(0, "A", delivery_id=delivery.delivery_id, received_at=delivery.received_at)
    (first,) = ledger.publish([Reading(one, [rejection])])
    before = dump(ledger, "submission"), dump(ledger, "rejection"), sorted(journal(ledger))
    assert ledger.publish([Reading(one, [rejection])]) == [first]
    assert (dump(ledger, "submission"), dump(ledger, "rejection"), sorted(journal(ledger))) == before


def test_many_readings_are_published_as_one_after_the_other(ledger: Ledger) -> None:
    """Of two forms, three of one submission among them; and their events are in one file."""
    deliveries = [deliver(ledger, h, c) for h, c in ((1, "a"), (2, "b"), (3, "c"))]
    readings = [
        Reading(verdict(0, content, rows, delivery_id=d.delivery_id, received_at=d.received_at, **other))
        for d, content, rows, other in (
            (deliveries[1], "B", 90, {}),
            (deliveries[0], "A", 100, {}),
            (deliveries[0], "C", 100, {"form": "village_group"}),
            (deliveries[2], "D", 10, {}),
        )
    ]
    together = ledger.publish(readings)
    assert [(s.rows_hash, s.status, s.revision, s.is_current) for s in together] == [
        ("B", "accepted", 2, True), ("A", "accepted", 1, False), ("C", "accepted", 1, True), ("D", "held", None, False),
    ]  # fmt: skip
    (events,) = (told for told in journal(ledger).values() if isinstance(told, list))
    assert [e["rows_hash"] for e in events] == ["B", "A", "C", "D"]
    found = dump(ledger, "submission")
    assert ledger.publish(readings) == together
    assert dump(ledger, "submission") == found
    assert len(journal(ledger)) == 4, "three deliveries, and the same verdicts once"
    with ledger.engine.begin() as c:
        c.execute(sa.text("DELETE FROM ops.submission"))
    for one in readings:
        ledger.publish([one])
    assert dump(ledger, "submission") == found, "the same as one by one"


def test_as_many_are_published_at_once_as_the_server_has_locks_for(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qiangji.ledger.TOGETHER", 2)
    found = [deliver(ledger, n, "abcde"[n]) for n in range(5)]
    readings = [
        Reading(verdict(0, "ABCDE"[n], delivery_id=d.delivery_id, received_at=d.received_at))
        for n, d in enumerate(found)
    ]
    assert [s.rows_hash for s in ledger.publish(readings)] == [*"ABCDE"]
    assert [s.revision for s in ledger.publish(readings)] == [1, 2, 3, 4, 5]
    assert [s[2:] for s in standing(ledger)] == [(n, n == 5) for n in range(1, 6)]


def journal(ledger: Ledger) -> dict[str, Any]:
    return {
        p.name: json.loads(p.read_text(encoding="utf-8")) for p in ledger.lake.root.glob("journal/*/*.json")
    }


def test_recording_a_delivery_twice_is_recording_it_once(ledger: Ledger) -> None:
    deliver(ledger, 1, "a")
    before = dump(ledger, "delivery"), dump(ledger, "delivery_part"), journal(ledger)
    deliver(ledger, 1, "a")
    assert (dump(ledger, "delivery"), dump(ledger, "delivery_part"), journal(ledger)) == before


def test_any_order_of_publishing_ends_the_same(ledger: Ledger) -> None:
    deliveries = [deliver(ledger, h, c) for h, c in ((1, "a"), (2, "b"), (3, "c"))]
    for i in (2, 0, 1):
        publish(ledger, deliveries[i], "ABA"[i])
    assert standing(ledger) == [
        ("A", "accepted", 1, False),
        ("B", "accepted", 2, False),
        ("A", "accepted", 3, True),
    ]


def test_unchecked_lists_what_no_check_has_seen_in_received_order(ledger: Ledger) -> None:
    second, first = deliver(ledger, 2, "b"), deliver(ledger, 1, "a")
    assert [p.delivery_id for p in ledger.unchecked()] == [first.delivery_id, second.delivery_id]
    assert ledger.unchecked(["440704"]) == []
    publish(ledger, first, "A")
    assert [p.delivery_id for p in ledger.unchecked([COUNTY])] == [second.delivery_id]


def test_leading_is_the_latest_that_is_not_void(ledger: Ledger) -> None:
    first, second = deliver(ledger, 1, "a"), deliver(ledger, 2, "b")
    publish(ledger, first, "A")
    publish(ledger, second, "B")
    assert [p.delivery_id for p in ledger.leading([], [])] == [second.delivery_id]
    ledger.decide(second.delivery_id, "void", "wrong county")
    assert [p.delivery_id for p in ledger.leading([FORM], [PERIOD])] == [first.delivery_id]
    assert ledger.leading(["village_group"], []) == []


def test_release_and_void_decide_and_the_last_decision_counts(ledger: Ledger) -> None:
    first, second = deliver(ledger, 1, "a"), deliver(ledger, 2, "b")
    publish(ledger, first, "A")
    assert publish(ledger, second, "B", 10).status == "held"
    assert [
        (s.status, s.is_current) for s in ledger.decide(second.delivery_id, "release", "villages merged")
    ] == [("accepted", True)]
    assert [s.status for s in ledger.decide(second.delivery_id, "void", "they did not")] == ["void"]
    assert standing(ledger) == [("A", "accepted", 1, True), ("B", "void", None, False)]
    with ledger.engine.connect() as c:
        decided = c.execute(
            sa.text("SELECT action, reason, decided_by, decided_at FROM ops.decision ORDER BY decided_at")
        )
        rows = decided.all()
    assert [(r.action, r.reason) for r in rows] == [("release", "villages merged"), ("void", "they did not")]
    assert all(r.decided_by and r.decided_at for r in rows)


def test_a_decision_on_one_form_leaves_the_delivery_s_others(ledger: Ledger) -> None:
    parts = (Part(FORM, PERIOD, "csv", "a" * 64), Part("community", PERIOD, "csv", "a" * 64))
    delivery = deliver(ledger, 1, "a", parts)
    publish(ledger, delivery, "A")
    publish(ledger, delivery, "C", form="community")
    touched = ledger.decide(delivery.delivery_id, "void", "wrong sheet", form="community")
    assert [(s.form, s.status) for s in touched] == [("community", "void")]
    assert {s[1] for s in standing(ledger)} == {"accepted", "void"}


def of_three_forms(ledger: Ledger) -> Delivery:
    """A workbook of which two forms are held for different questions, and the third one is accepted."""
    forms = (FORM, "community", "village_group")
    publish(ledger, deliver(ledger, 1, "a"), "A")
    delivery = deliver(ledger, 2, "b", tuple(Part(f, PERIOD, "csv", "b" * 64) for f in forms))
    publish(ledger, delivery, "B", 10)
    doubt: dict[str, Any] = {"doubt": "odd", "doubt_zh": "是否以元填报？", "doubt_en": "in yuan?"}
    publish(ledger, delivery, "C", form="community", **doubt)
    publish(ledger, delivery, "D", form="village_group")
    return delivery


def recorded(ledger: Ledger) -> list[tuple[str, str, str]]:
    """Decisions on reports as everybody reads them."""
    statement = "SELECT action, form, status_before FROM mart.report_decision ORDER BY decided_at, form"
    with ledger.engine.connect() as c:
        return [(r.action, r.form, r.status_before) for r in c.execute(sa.text(statement))]


def test_a_release_answers_no_question_that_was_not_asked(ledger: Ledger) -> None:
    delivery = of_three_forms(ledger)
    with pytest.raises(UsageError) as told:
        ledger.decide(delivery.delivery_id, "release", "so it is")
    assert told.value.code == "several_held"
    for form, asks in ((FORM, "远少于此前版本"), ("community", "是否以元填报？")):
        assert f"release {delivery.delivery_id} --form {form} --period {PERIOD} --reason" in told.value.zh
        assert asks in told.value.zh
    assert "village_group" not in str(told.value)
    assert recorded(ledger) == []
    touched = ledger.decide(delivery.delivery_id, "release", "so it is", form="community")
    assert [(s.form, s.status) for s in touched] == [("community", "accepted")]
    touched = ledger.decide(delivery.delivery_id, "release", "so it is")  # one waits, and no other is meant
    assert [(s.form, s.status) for s in touched] == [(FORM, "accepted")]
    assert recorded(ledger) == [("release", "community", "held"), ("release", FORM, "held")]


def test_all_that_waits_is_released_where_that_is_said(ledger: Ledger) -> None:
    delivery = of_three_forms(ledger)
    ledger.decide(delivery.delivery_id, "void", "wrong sheet", form=FORM)
    touched = ledger.decide(delivery.delivery_id, "release", "so it is", is_all=True)
    assert {(s.form, s.status) for s in touched} == {(FORM, "accepted"), ("community", "accepted")}
    assert recorded(ledger) == [
        ("void", FORM, "held"), ("release", "community", "held"), ("release", FORM, "void"),
    ]  # fmt: skip
    ledger.decide(delivery.delivery_id, "void", "all of it")
    assert [r[1] for r in recorded(ledger)[3:]] == ["community", FORM, "village_group"]


def test_a_decision_that_changes_nothing_is_not_recorded(ledger: Ledger) -> None:
    delivery = deliver(ledger, 1, "a")
    publish(ledger, delivery, "A")
    with pytest.raises(UsageError, match="没有待审") as told:
        ledger.decide(delivery.delivery_id, "release", "once more")
    assert told.value.code == "nothing_held"
    ledger.decide(delivery.delivery_id, "void", "wrong")
    with pytest.raises(UsageError, match="已经作废") as told:
        ledger.decide(delivery.delivery_id, "void", "once more")
    assert told.value.code == "void_already"
    assert len(dump(ledger, "decision")) == 1
    assert [e["event"] for e in journal(ledger).values()].count("decision") == 1


def test_an_id_may_be_shortened_where_no_other_begins_so(ledger: Ledger) -> None:
    ids = sorted(
        deliver(ledger, hour, "ab"[hour % 2]).delivery_id for hour in range(17)
    )  # two share a first digit
    one, other = next((a, b) for a, b in itertools.pairwise(ids) if a[0] == b[0])
    with pytest.raises(UsageError) as told:
        ledger.decide(one[0], "void", "wrong")
    assert told.value.code == "ambiguous_delivery"
    assert one in told.value.zh
    assert dump(ledger, "decision") == []
    with pytest.raises(UsageError, match="no delivery"):
        ledger.decide("", "void", "wrong")
    ledger.decide(other[:12], "void", "wrong")
    (decision,) = (e for e in journal(ledger).values() if e["event"] == "decision")
    assert decision["delivery_id"] == other


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_decision_needs_a_reason(ledger: Ledger, reason: str) -> None:
    delivery = deliver(ledger, 1, "a")
    with pytest.raises(UsageError, match="reason"):
        ledger.decide(delivery.delivery_id, "void", reason)
    assert dump(ledger, "decision") == []


@pytest.mark.parametrize("reason", ["请拨13800138000核实", "身份证11010519491231002X有误"])
def test_a_reason_with_personal_data_is_refused(ledger: Ledger, reason: str) -> None:
    delivery = deliver(ledger, 1, "a")
    with pytest.raises(UsageError) as told:
        ledger.decide(delivery.delivery_id, "void", reason)
    assert told.value.code == "personal_reason"
    assert not re.search("1380|1101", str(told.value) + told.value.zh)
    with pytest.raises(UsageError, match="personal data"):
        locks.decide(ledger, Period.parse("2026-01"), "lock", reason)
    assert dump(ledger, "decision") == dump(ledger, "period_lock") == []


@pytest.mark.parametrize("name", ["13800138000", "陈小明11010519491231002X"])
def test_a_name_with_personal_data_is_refused(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Of who decides, by option or environment, and of an edition."""
    delivery = deliver(ledger, 1, "a")
    month = Period.parse("2026-01")
    with pytest.raises(UsageError) as told:
        ledger.decide(delivery.delivery_id, "void", "核实过", by=name)
    assert told.value.code == "personal_name"
    assert not re.search("1380|1101", str(told.value) + told.value.zh)
    with pytest.raises(UsageError, match="personal data"):
        locks.decide(ledger, month, "lock", "核实过", name)
    with pytest.raises(UsageError, match="personal data"):
        editions.publish(ledger, month, f"审定版{name}", "li.lei")
    monkeypatch.setattr(events, "settings", lambda: settings().model_copy(update={"by": name}))
    with pytest.raises(UsageError, match="personal data"):
        locks.decide(ledger, month, "lock", "核实过")
    assert dump(ledger, "decision") == dump(ledger, "period_lock") == dump(ledger, "edition") == []


@pytest.mark.parametrize("odd", ["a\0b", "a\x1bb", "a\u202eb", "a\udc80b"])
def test_a_text_that_cannot_be_kept_is_in_no_journal(ledger: Ledger, odd: str) -> None:
    delivery, month = deliver(ledger, 1, "a"), Period.parse("2026-01")
    for refused in (
        lambda: ledger.decide(delivery.delivery_id, "void", odd),
        lambda: ledger.decide(delivery.delivery_id, "void", "why", by=odd),
        lambda: ledger.decide(odd, "void", "why"),
        lambda: locks.decide(ledger, month, "lock", odd),
        lambda: locks.decide(ledger, month, "lock", "why", odd),
        lambda: editions.publish(ledger, month, odd, "li.lei"),
        lambda: dispositions.dispose(ledger, ["x"], "confirmed", odd),
        lambda: dispositions.dispose(ledger, [odd], "confirmed", "why"),
    ):
        with pytest.raises(UsageError, match="cannot be kept") as told:
            refused()
        assert told.value.code.startswith("control_")
    assert [e["event"] for e in journal(ledger).values()] == ["delivery"]


def test_what_the_ledger_does_not_take_is_in_no_journal(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A decision is in the journal before it is committed, and not before the ledger has it."""
    delivery = deliver(ledger, 1, "a")
    monkeypatch.setattr(events, "require_plain", lambda *_: None)
    for refused in (
        lambda: ledger.decide(delivery.delivery_id, "void", "a\0b"),
        lambda: locks.decide(ledger, Period.parse("2026-01"), "lock", "a\0b"),
    ):
        with pytest.raises(sa.exc.DataError):
            refused()
    assert [e["event"] for e in journal(ledger).values()] == ["delivery"]


def test_a_decision_on_nothing_is_refused(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="no delivery"):
        ledger.decide("ffffffffffffffff", "void", "why not")


def test_the_database_keeps_one_current_a_submission(ledger: Ledger) -> None:
    first, second = deliver(ledger, 1, "a"), deliver(ledger, 2, "b")
    publish(ledger, first, "A")
    publish(ledger, second, "B")
    with pytest.raises(sa.exc.IntegrityError, match="submission_current"), ledger.engine.begin() as c:
        c.execute(sa.text("UPDATE ops.submission SET is_current = true"))


def test_the_database_refuses_rows_that_do_not_add_up(ledger: Ledger) -> None:
    delivery = deliver(ledger, 1, "a")
    with pytest.raises(sa.exc.IntegrityError, match="check"):
        publish(ledger, delivery, "A", rows_rejected=1)


def test_the_journal_is_written_before_the_commit(ledger: Ledger) -> None:
    """A transaction that fails leaves its event: what is in the database is always in the journal too."""
    delivery = deliver(ledger, 1, "a")
    with pytest.raises(sa.exc.IntegrityError):
        publish(ledger, delivery, "A", rows_rejected=1)
    assert dump(ledger, "submission") == []
    assert [e["event"] for e in journal(ledger).values()].count("submission") == 1


def test_without_a_journal_nothing_is_committed(ledger: Ledger, tmp_path: Path) -> None:
    from qiangji.lake import Lake

    delivery = deliver(ledger, 1, "a")
    (tmp_path / "blocked").write_text("no folder")
    broken = Ledger(ledger.engine, Lake(tmp_path / "blocked"), 0.5)
    with pytest.raises(OSError, match="blocked"):
        publish(broken, delivery, "A")
    with pytest.raises(OSError, match="blocked"):
        broken.decide(delivery.delivery_id, "void", "why")
    assert dump(ledger, "submission") == []
    assert dump(ledger, "decision") == []


def test_every_event_is_in_the_journal_with_what_it_takes_to_tell_it_again(ledger: Ledger) -> None:
    delivery = deliver(ledger, 1, "a")
    publish(ledger, delivery, "A")
    ledger.decide(delivery.delivery_id, "void", "why")
    events = {e["event"]: e for e in journal(ledger).values()}
    assert set(events) == {"delivery", "submission", "decision"}
    assert events["delivery"]["parts"][0]["form"] == FORM
    assert events["submission"]["rows_hash"] == "A"
    assert (events["decision"]["action"], events["decision"]["delivery_id"]) == ("void", delivery.delivery_id)


def test_findings_of_a_reading_are_replaced_not_added(ledger: Ledger) -> None:
    delivery = deliver(ledger, 1, "a")
    found = {
        "finding_id": "f1", "county_code": COUNTY, "form": FORM, "period": PERIOD, "unit_code": "440703001001",
        "org_code": "440703001001", "rule": "r.x", "severity": "warning", "fields": ["party_members"], "value": "1",
        "expected_zh": "应", "expected_en": "should", "message_zh": "疑", "message_en": "odd",
    }  # fmt: skip
    one = verdict(0, "A", delivery_id=delivery.delivery_id, received_at=delivery.received_at)
    ledger.publish([Reading(one, findings=[found, found | {"finding_id": "f2"}])])
    ledger.publish([Reading(one, findings=[found])])
    with ledger.engine.connect() as c:
        assert list(c.scalars(sa.text("SELECT finding_id FROM ops.current_finding"))) == ["f1"]
    ledger.decide(delivery.delivery_id, "void", "why")
    with ledger.engine.connect() as c:
        assert list(c.scalars(sa.text("SELECT finding_id FROM ops.current_finding"))) == []


def test_a_collection_of_a_run_is_one_row_a_county_and_item(ledger: Ledger) -> None:
    row = {
        "run_id": "r", "county_code": COUNTY, "form": None, "period": None, "first_month": PERIOD, "last_month": PERIOD,
        "status": "failed", "reason_code": "unreachable", "message": "m", "deliveries": 1, "bytes": 5,
        "started_at": START, "ended_at": START,
    }  # fmt: skip
    ledger.add_collected([], [], lambda _: [row])
    assert [f.reason_code for f in ledger.failures("r")] == ["unreachable"]
    ledger.add_collected([], [], lambda _: [row | {"status": "done", "reason_code": None, "message": None}])
    assert ledger.failures("r") == []
    with ledger.engine.connect() as c:
        assert c.execute(sa.text("SELECT deliveries, bytes FROM ops.collection")).all() == [(2, 10)]
