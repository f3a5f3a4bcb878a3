"""`qiangji release`, `void`, `publish`, `lock` and `unlock`: what people decide."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from qiangji.cli.common import By, Json, Reason, as_period, console, exit_on, progress
from qiangji.periods import Period

if TYPE_CHECKING:
    from qiangji.figures import Row

Delivery = Annotated[
    str,
    typer.Argument(help="id as `qiangji status --county CODE --period P` prints it, or its beginning"),
]
PeriodArgument = Annotated[str, typer.Argument(help="2026-10, 2026Q3, 2026H1 or 2026")]
PeriodOption = Annotated[str | None, typer.Option("--period", help="only this period of the delivery")]
FormOption = Annotated[str | None, typer.Option("--form", help="only this form of the delivery")]


def release(
    delivery: Delivery,
    reason: Reason,
    form: FormOption = None,
    period: PeriodOption = None,
    is_all: Annotated[
        bool, typer.Option("--all", help="each of its reports that waits, whatever is asked about it")
    ] = False,
    by: By = None,
    json: Json = False,
) -> None:
    """Accept a report that a guard holds, or take a void back.

    Exit code 2: nothing of the delivery waits, or several reports do; they are listed, each with its command.
    """
    _decide("release", (delivery, form, period, is_all), reason, by, json)


def void(
    delivery: Delivery,
    reason: Reason,
    form: FormOption = None,
    period: PeriodOption = None,
    by: By = None,
    json: Json = False,
) -> None:
    """Withdraw a delivery that is wrong: the revision before it counts again, if there is one."""
    _decide("void", (delivery, form, period, True), reason, by, json)


def publish(
    period: PeriodArgument,
    name: Annotated[str, typer.Option("--name", help="the edition's name, such as 审定版")],
    by: By = None,
    json: Json = False,
) -> None:
    """Freeze the figures of PERIOD (a month with its year to date, a quarter or a year) under a name.

    Exit code 3: the edition is published, although something was not complete.
    """
    from qiangji import pipeline, stages
    from qiangji.cli import printing, words
    from qiangji.figures import editions, reading

    wanted = Period.parse(period)
    with progress("publishing"), pipeline.open_pipeline() as p:
        p.catalogue.require_reportable([wanted], stages.local_today())
        edition = asdict(editions.publish(p.ledger, wanted, name, by))
        open_ = [r for r in reading.status(p.ledger.engine, str(wanted)) if r["status"] != "accepted"]
        names = words.names(p.catalogue)
    if json:
        print(printing.as_json(edition))
    else:
        reservations = editions.reservations_in_words(edition["reservations"])
        printing.print_edition(console, edition, reservations, open_ if reservations else (), names)
    exit_on(edition["reservations"])


def lock(
    period: PeriodArgument,
    reason: Annotated[str, typer.Option("--reason", help="why; recorded with who and when")] = "",
    by: By = None,
    json: Json = False,
) -> None:
    """Hold reports that arrive for PERIOD from now on until they are released.

    That is every form whose own period ends within PERIOD.
    """
    _lock(period, "lock", reason, by, json)


def unlock(period: PeriodArgument, reason: Reason, by: By = None, json: Json = False) -> None:
    """Accept reports that arrive for PERIOD from now on. Those that are held stay held until they are released."""
    _lock(period, "unlock", reason, by, json)


def _decide(
    action: str, part: tuple[str, str | None, str | None, bool], reason: str, by: str | None, json: bool
) -> None:
    from qiangji import pipeline
    from qiangji.cli import printing, words
    from qiangji.figures import in_force
    from qiangji.figures.decisions import ACTIONS
    from qiangji.ledger import decisions, events

    given, form, period, is_all = part
    of = decisions.Of(given, form, as_period(period), is_all)
    with pipeline.open_pipeline() as p:
        touched = decisions.decide(p.ledger, of, action, reason, by)
        names = words.names(p.catalogue)
        county = touched[0].county_code if touched else ""
        now = {
            (r["form"], r["period"]): r
            for r in in_force.of_reports(p.ledger.engine, county, {s.period for s in touched})
        }
    who = events.decided_by(by)
    if json:
        shown = ("county_code", "form", "period", "status", "revision", "is_current", "held_reason")
        told = {
            "delivery_id": touched[0].delivery_id if touched else given,
            "action": action,
            "decided_by": who,
            "reason": reason,
        }
        each = [{n: getattr(s, n) for n in shown} | _standing(now.get((s.form, s.period))) for s in touched]
        print(printing.as_json(told | {"submissions": each}))
        return
    for s in touched:
        revision = f" v{s.revision}" if s.revision else ""
        console.print(f"{names.report(s.county_code, s.form, s.period)}：{words.status(s.status)}{revision}")
    for form, period in dict.fromkeys((s.form, s.period) for s in touched):
        if row := now.get((form, period)):  # none of a form that the catalogue no longer has
            zh, en = in_force.stands(row)
            console.print(f"此后 afterwards {names.report(county, form, period)}：{zh}。 {en}.")
    console.print(f"已由 {who} 决定 decided by {who}: {ACTIONS[action]} {action}.", markup=False)
    console.print("请运行 qiangji build 更新指标。 Run `qiangji build` to bring the figures up to date.")


def _lock(period: str, action: str, reason: str, by: str | None, json: bool) -> None:
    from qiangji import pipeline
    from qiangji.cli import printing
    from qiangji.ledger import locks

    wanted = Period.parse(period)
    with pipeline.open_pipeline() as p:
        decided = locks.decide(p.ledger, wanted, action, reason, by)
    if json:
        print(printing.as_json(asdict(decided)))
    elif action == "lock":
        console.print(
            f"{wanted} 已锁定，此后收到的报送待审 locked by {decided.decided_by}: what arrives from now on is held"
            " until `qiangji release`.",
            markup=False,
        )
    else:
        console.print(
            f"{wanted} 已解锁，已待审的仍待审 unlocked by {decided.decided_by}: what is held stays held.",
            markup=False,
        )


def _standing(row: Row | None) -> Row:
    """How the report stands in the grid: its status, and the revision that counts if one does."""
    return {"report_status": row and row["status"], "revision_in_force": row and row["revision"]}
