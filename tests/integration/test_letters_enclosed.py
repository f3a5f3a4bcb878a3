"""A county's mail encloses the forms that it is reminded of, and goes out once all the same: a real SMTP server."""

from __future__ import annotations

import io
import logging
from typing import Any

import openpyxl
import pytest

from qiangji import letters
from qiangji.feedback import templates
from qiangji.feedback.templates.units import Line
from qiangji.letters import enclosures, mail
from tests.integration.test_letters import (
    Handler,
    address,
    handler,
    place,
    post_office,
    rows,
    said,
    statuses,
)
from tests.unit.letters.made import A, C, row, situation

__all__ = ["handler", "place"]
CITY_ADDRESS, COUNTY = "QIANGJI_CONN_LETTER_CITY", f"QIANGJI_CONN_LETTER_{A}"
TITLE = "附件：空表"


def reminded(monkeypatch: pytest.MonkeyPatch, *forms: str, county: str = A) -> None:
    """A morning on which a county is reminded of these forms."""
    found = situation(*(row(county, form, "awaited") for form in forms))
    monkeypatch.setattr(letters, "look", lambda p, at=None: found)


def files_of(message: Any) -> dict[str, bytes]:
    return {part.get_filename(): part.get_content() for part in message.iter_attachments()}


def text_of(message: Any) -> str:
    return str(message.get_body(["plain"]).get_content())


def test_the_forms_of_the_reminder_go_with_the_mail_and_are_the_countys_own(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminded(monkeypatch, "village", "community")
    with post_office(handler) as port:
        monkeypatch.setenv(COUNTY, address(port))
        (planned,) = (o for o in letters.plan(place) if o.reader == A)
        (first,) = (o for o in letters.send(place) if o.reader == A)
        (second,) = (o for o in letters.send(place) if o.reader == A)
    assert (planned.status, first.status, second.status) == ("planned", "sent", "known")
    (message,) = handler.taken
    files = files_of(message)
    assert list(files) == [file.name for file in planned.letter.enclosures]
    assert {part.get_content_type() for part in message.iter_attachments()} == {
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    }
    assert message.get_body(["html"]) is not None
    for form, (name, content) in zip(("village", "community"), files.items(), strict=True):
        assert form in name
        assert f"：{name}" in text_of(message)
        book = openpyxl.load_workbook(io.BytesIO(content))
        codes = {str(cell.value) for ws in book for line in ws.iter_rows() for cell in line}
        units = {u.code for u in place.catalogue.org.expected([form], planned_period(), A)}
        assert units
        assert units <= codes
    assert TITLE in text_of(message)


def planned_period() -> Any:
    from qiangji.periods import Period

    return Period.parse("2026-10")


def test_who_is_reminded_of_nothing_gets_no_file_and_neither_does_the_city(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = situation(row(A, "village", "late"))
    monkeypatch.setattr(letters, "look", lambda p, at=None: found)
    with post_office(handler) as port:
        monkeypatch.setenv(COUNTY, address(port))
        monkeypatch.setenv(CITY_ADDRESS, address(port))
        letters.send(place)
    assert len(handler.taken) == 2
    assert [files_of(message) for message in handler.taken] == [{}, {}]
    assert not any(TITLE in text_of(message) for message in handler.taken)


def test_a_form_that_cannot_be_made_stops_no_letter_and_is_named(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    reminded(monkeypatch, "village", "community")
    make = templates.make

    def broken(catalogue: Any, form: Any, *more: Any) -> Any:
        if form.form == "village":
            raise ValueError("88888888")
        return make(catalogue, form, *more)

    monkeypatch.setattr(templates, "make", broken)
    with post_office(handler) as port, caplog.at_level(logging.INFO):
        monkeypatch.setenv(COUNTY, address(port))
        letters.send(place)
    (message,) = handler.taken
    (name,) = files_of(message)
    assert "community" in name
    assert "行政村党建月报表 2026-10" in text_of(message)
    assert "空表未能附上" in text_of(message)
    assert "the form village of 2026-10 is not enclosed (ValueError)" in said(caplog)
    assert "88888888" not in said(caplog) + text_of(message)


def test_what_would_be_too_much_stays_out_and_is_named(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminded(monkeypatch, "village", "community")
    monkeypatch.setattr(enclosures, "MOST_FILES", 1)
    with post_office(handler) as port:
        monkeypatch.setenv(COUNTY, address(port))
        letters.send(place)
        monkeypatch.setattr(enclosures, "MOST_BYTES", 100)
        letters.send(place, again=True)
    first, second = handler.taken
    assert (len(files_of(first)), text_of(first).count("空表未能附上")) == (1, 1)
    assert (len(files_of(second)), text_of(second).count("空表未能附上")) == (0, 2)


@pytest.mark.parametrize("refused", ["at its size", "when it was handed over"])
def test_a_server_that_refuses_it_with_its_files_gets_it_once_without_them(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    reminded(monkeypatch, "village")
    take = handler.handle_DATA
    seen = []

    async def strict(server: Any, session: Any, envelope: Any) -> str:
        seen.append(len(envelope.content))
        if b"spreadsheetml" in envelope.content:
            return "554 no such attachment here"
        return await take(server, session, envelope)

    monkeypatch.setattr(handler, "handle_DATA", strict)
    options = {"data_size_limit": 20_000} if refused == "at its size" else {}
    with post_office(handler, **options) as port:
        monkeypatch.setenv(COUNTY, address(port))
        assert statuses(letters.send(place, [A])) == {f"letter_{A}": "sent"}
        assert statuses(letters.send(place, [A])) == {f"letter_{A}": "known"}
    (message,) = handler.taken
    assert len(seen) == (1 if refused == "at its size" else 2), "a size that is declared is not tried"
    assert files_of(message) == {}
    assert "空表未能附上" in text_of(message)
    assert [(r["status"], r["tries"]) for r in rows(place)] == [("sent", 1)]


def test_silence_after_a_letter_with_files_sends_nothing_again(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a server that said no is asked again without them."""
    reminded(monkeypatch, "village")
    handler.silent = True
    with post_office(handler) as port:
        monkeypatch.setenv(COUNTY, address(port))
        assert statuses(letters.send(place, [A])) == {f"letter_{A}": "unsure"}
        assert statuses(letters.send(place, [A])) == {f"letter_{A}": "unsure"}
    assert len(handler.taken) == 1


def test_a_run_that_is_killed_over_a_form_has_taken_no_letter(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*args: Any, **said: Any) -> Any:
        raise KeyboardInterrupt

    reminded(monkeypatch, "village")
    with post_office(handler) as port:
        monkeypatch.setenv(COUNTY, address(port))
        with monkeypatch.context() as patch:
            patch.setattr(templates, "make", die)
            with pytest.raises(KeyboardInterrupt):
                letters.send(place, [A])
        assert statuses(letters.send(place, [A])) == {f"letter_{A}": "sent"}
    assert len(handler.taken) == 1


def test_a_letter_that_was_sent_makes_no_form_again(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    reminded(monkeypatch, "village")
    with post_office(handler) as port:
        monkeypatch.setenv(COUNTY, address(port))
        letters.send(place, [A])
        monkeypatch.setattr(templates, "make", lambda *_: pytest.fail("nobody is sent it"))
        assert statuses(letters.send(place, [A])) == {f"letter_{A}": "known"}


def test_one_workbook_of_all_forms_is_enclosed_once(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = next(c for c, one in place.catalogue.counties.items() if one.files and "{form}" not in one.files)
    reminded(monkeypatch, "village", "community")
    whole = situation(*(row(A, form, "awaited") | {"county_code": book} for form in ("village", "community")))
    monkeypatch.setattr(letters, "look", lambda p, at=None: whole)
    with post_office(handler) as port:
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{book}", address(port))
        letters.send(place, [book])
    (message,) = handler.taken
    assert len(files_of(message)) == 1
    assert "空表未能附上" not in text_of(message)


def test_rows_beneath_the_tree_go_by_their_codes_alone(
    place: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The names that a county gave its groups are text of its file: servers of others do not see them."""
    asked = []

    def known(ledger: Any, catalogue: Any, form: Any, counties: Any, until: Any, *, with_names: bool) -> Any:
        asked.append(with_names)
        return {C: [Line(f"{village}01", "第一组" if with_names else "")]}

    reminded(monkeypatch, "village_group", county=C)
    village = next(u.code for u in place.catalogue.org.expected(["village"], planned_period(), C))
    monkeypatch.setattr(templates.units, "last_reported", known)
    with post_office(handler) as port:
        monkeypatch.setenv(f"QIANGJI_CONN_LETTER_{C}", address(port))
        letters.send(place, [C])
    (content,) = files_of(handler.taken[0]).values()
    book = openpyxl.load_workbook(io.BytesIO(content))
    cells = {str(cell.value) for ws in book for line in ws.iter_rows() for cell in line}
    assert f"{village}01" in cells
    assert "第一组" not in cells
    assert asked == [False]


def test_a_file_name_in_chinese_arrives_as_it_is() -> None:
    from qiangji.letters.addresses import channel
    from qiangji.letters.document import Enclosure, Letter
    from tests.unit.letters.made import TODAY

    letter = Letter(A, TODAY, "zh", "x", (), (), enclosures=(Enclosure("行政村_2026-10.xlsx", b"PK"),))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QIANGJI_LETTER_HOSTS", "127.0.0.1")
        made = mail.message(channel("letter_x", address(25)), letter, "<x@y>")
    assert list(files_of(made)) == ["行政村_2026-10.xlsx"]
