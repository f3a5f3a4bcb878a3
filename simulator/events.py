"""Events that change what counties hold.

In: the submissions held and an event. Out: those that replace them. An event never changes a submission in place: it
makes another, so that `restore` can bring the first back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from simulator.periods import shift
from simulator.submissions import Key, Row, Status, Submission

LATE_COUNTY = "440785"
SHRINK_IS_HELD_BELOW = 0.5  # with a smaller share of its rows, a submission waits for a person's decision


class EventError(ValueError):
    """The event, or its county, form or period, does not exist; or an argument is wrong."""


Result = tuple[list[Submission], dict[str, Any]]
"""The submissions that replace held ones; the manifest's entry."""


class Events:
    """`held` is what counties publish now, `first` what they published at the start; both by key."""

    def __init__(self, held: dict[Key, Submission], months: list[str]) -> None:
        self.held, self.first = held, dict(held)
        self.last = months[-1]
        self._by_name: dict[str, Callable[..., Result]] = {
            "correction": self._correction,
            "withdrawal": self._withdrawal,
            "late_arrives": self._late_arrives,
            "duplicate_delivery": self._duplicate_delivery,
            "shrink": self._shrink,
            "restore": self._restore,
            "truncate": self._truncate,
            "empty": self._empty,
        }

    @property
    def names(self) -> list[str]:
        return sorted(self._by_name)

    def run(self, event: str, arguments: dict[str, Any]) -> Result:
        """The submissions that replace others, and the manifest's entry.

        Raises EventError for an event, county, form or period that does not exist, or for wrong arguments.
        """
        if event not in self._by_name:
            raise EventError(f"no event {event!r}; there are: {', '.join(self.names)}")
        try:
            return self._by_name[event](**arguments)
        except TypeError as error:
            raise EventError(f"{event} does not take these arguments {sorted(arguments)}: {error}") from error

    def _find(self, county: str, form: str, period: str) -> Submission:
        found = self.held.get((county, form, period))
        if found is None or not found.is_published:
            raise EventError(f"{county} has published no {form} for {period}")
        return found

    def _corrected(self) -> list[Submission]:
        month = shift(self.last, -1)
        found = [self.first.get((LATE_COUNTY, form, month)) for form in ("village_group", "village")]
        if None in found:
            raise EventError(f"{LATE_COUNTY} holds no report for {month}: serve it, and at least two months")
        return [submission for submission in found if submission]

    def _correction(self) -> Result:
        """Leaders recounted in one group of thirty, managers in one village of seventeen; nothing else."""
        groups, villages = self._corrected()
        changed: list[str] = []

        def correct(
            submission: Submission, change: Callable[[Submission, Row], bool], every: int
        ) -> Submission:
            rows = [row.copy() if row.fault is None else row for row in submission.rows]
            for row in rows[::every]:
                if row.fault is None and change(submission, row):
                    changed.append(row.code)
            return replace(submission, rows=rows)

        return (
            [correct(groups, _recount_leaders, 31), correct(villages, _one_more_manager, 17)],
            {"county": LATE_COUNTY, "period": groups.period, "changed_units": changed},
        )

    def _withdrawal(self) -> Result:
        originals = [replace(submission) for submission in self._corrected()]
        return originals, {"county": LATE_COUNTY, "period": originals[0].period}

    def _late_arrives(self, county: str = LATE_COUNTY) -> Result:
        late = [
            replace(each, is_published=True, problem=None, problem_status=None)
            for each in self.held.values()
            if each.problem == "late" and each.county == county
        ]
        if not late:
            raise EventError(f"{county} is not late with any report")
        return late, {"county": late[0].county, "period": late[0].period}

    def _duplicate_delivery(self, county: str, form: str, period: str) -> Result:
        return [replace(self._find(county, form, period))], {}

    def _shrink(self, county: str, form: str, period: str, share: float = 0.2) -> Result:
        found, share = self._find(county, form, period), float(share)
        if not 0 < share < 1:
            raise EventError(f"share={share}: a share above 0 and below 1")
        kept = replace(found, rows=found.rows[: max(1, int(len(found.rows) * share))])
        if share < SHRINK_IS_HELD_BELOW and not kept.problem:
            kept = replace(kept, problem="shrunk", problem_status="held")
        return [kept], {"rows_sent": len(kept.rows)}

    def _restore(self, county: str, form: str, period: str) -> Result:
        found = self.first.get((county, form, period))
        if found is None:
            raise EventError(f"{county} never had {form} for {period}")
        # a workbook of several forms was cut as a whole
        cut = [
            each for each in self._in_one_file(county, form, period) if each.is_cut and each.form.code != form
        ]
        return [replace(self.first[each.key]) for each in cut] + [replace(found)], {}

    def _in_one_file(self, county: str, form: str, period: str) -> list[Submission]:
        """The submissions that share a file with this one: all of the period in 440784, else only itself."""
        if county != "440784":
            return [self._find(county, form, period)]
        return [
            each
            for key, each in self.held.items()
            if key[0] == county and key[2] == period and each.is_published
        ]

    def _truncate(self, county: str, form: str, period: str) -> Result:
        self._find(county, form, period)
        if county == "440783":
            raise EventError("440783 is a database: nothing of it can be cut off")
        # an API's answer that breaks off cannot be fetched; a file that does can be, and cannot be read
        status: Status = "failed" if county in ("440703", "440704") else "returned"
        return [
            replace(each, is_cut=True, problem="truncated_upload", problem_status=status)
            for each in self._in_one_file(county, form, period)
        ], {}

    def _empty(self, county: str, form: str, period: str) -> Result:
        found = self._find(county, form, period)
        return [replace(found, is_header_only=True, problem="empty_package", problem_status="returned")], {}


def _recount_leaders(submission: Submission, row: Row) -> bool:
    leaders, party = submission.value(row, "leaders"), submission.value(row, "party_member_leaders")
    members = submission.value(row, "party_members")
    if not (isinstance(leaders, int) and isinstance(party, int) and isinstance(members, int)):
        return False
    if leaders == 0 or members < leaders:
        return False
    row.values[submission.position("party_member_leaders")] = (
        leaders - party if leaders != 2 * party else leaders
    )
    return True


def _one_more_manager(submission: Submission, row: Row) -> bool:
    managers = submission.value(row, "professional_managers")
    if not isinstance(managers, int):
        return False
    row.values[submission.position("professional_managers")] = managers + 1 if managers < 3 else 2
    return True
