"""`qiangji check-catalogue`: whether a changed catalogue holds together. It needs no warehouse and no county system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import typer

from qiangji.catalogue.load import Catalogue
from qiangji.catalogue.shapes import read_yaml
from qiangji.cli.common import Json, console
from qiangji.errors import CatalogueError

_NAMED = 5


@dataclass(frozen=True)
class Said:
    """One thing that was found: an error that every command would end with, or a warning."""

    is_error: bool
    code: str
    what: str


def check_catalogue(json: Json = False) -> None:
    """Hold the catalogue's files against each other, in seconds: after a change, before a commit.

    Each error names file, line and key, what was found, what was expected and what to do.

    Exit code 1: something does not hold. Warnings alone end in 0.
    """
    from qiangji import stages
    from qiangji.cli import printing
    from qiangji.pipeline import read_catalogue

    try:
        catalogue = read_catalogue()
        said = list(_warnings(catalogue, stages.local_today()))
    except CatalogueError as e:
        said = [Said(True, p.code, str(p)) for p in e.problems]
    if json:
        print(printing.as_json([vars(s) for s in said]))
    else:
        for s in said:
            mark = "[red]bad[/red] " if s.is_error else "[yellow]warn[/yellow]"
            console.print(mark, end=" ")
            console.print(f"{s.code}: {s.what}", markup=False, soft_wrap=True)
    if any(s.is_error for s in said):
        raise typer.Exit(1)
    if not json:
        console.print(f"[green]ok[/green]   {counted(catalogue)}")


def counted(catalogue: Catalogue) -> str:
    """What a catalogue holds, in numbers."""
    return (
        f"{len(catalogue.forms)} 张报表 forms, {len(catalogue.indicators)} 项指标 indicators,"
        f" {len(catalogue.counties)} 个县 counties, {len(catalogue.org.units):,} 个单位 org units"
    )


def _warnings(catalogue: Catalogue, today: date) -> Iterator[Said]:
    from qiangji.workdays import unknown_words

    for year in catalogue.calendar.unknown(today):
        yield Said(False, "unknown_year", "; ".join(unknown_words(year)))
    if differing := catalogue.calendar.differing():
        days = ", ".join(map(str, differing))
        yield Said(
            False,
            "calendar_differs",
            f"catalogue/holidays says otherwise than chinesecalendar of {days}: the file counts. Compare it"
            " with the notice",
        )
    for code in catalogue.counties:
        if not catalogue.forms_of(code):
            yield Said(
                False,
                "reports_nothing",
                f"{code} {catalogue.name_of(code)} reports no form: no unit of its own fills one in (org_units.csv), or"
                " `forms` in counties.yaml leaves them out",
            )
    yield from _unnamed_sheets(catalogue)
    for form in catalogue.forms.values():
        yield from _new_and_required(form.form, form.since, form.optional_until, "form", today)
        for name, field in form.fields.items():
            yield from _new_and_required(
                f"{form.form}.{name}", field.since, field.optional_until, "field", today
            )
    yield from _rules_without_a_case(catalogue)
    yield from _old_page(catalogue)


def _unnamed_sheets(catalogue: Catalogue) -> Iterator[Said]:
    """Forms for which a county's workbook of all forms has no sheet that is named."""
    for code, county in catalogue.counties.items():
        if not county.sheets:
            continue
        if unnamed := [f.form for f in catalogue.forms_of(code) if f.form not in county.sheets]:
            yield Said(
                False,
                "unnamed_sheet",
                f"{code} {catalogue.name_of(code)} sends one workbook, and counties.yaml names no sheet in it for"
                f" {', '.join(unnamed)}: add it to `sheets`, or list the county's `forms` without it",
            )


def _new_and_required(
    name: str, since: str | None, optional_until: str | None, what: str, today: date
) -> Iterator[Said]:
    """A field or form that is asked for since lately, or from a coming month on, and required at once."""
    if since is None or optional_until is not None or since < f"{today.year - 1}-{today.month:02d}":
        return
    happens = "reports without its column go back" if what == "field" else "counties without it are late"
    yield Said(
        False,
        "required_at_once",
        f"{name} is new since {since} and required at once: {happens}. `optional_until` gives counties time;"
        " `qiangji reprocess --dry-run` says what would change. See docs/runbooks/roll-out-a-field-or-a-form.md",
    )


def _rules_without_a_case(catalogue: Catalogue) -> Iterator[Said]:
    """Rules that no golden case breaks, and cases of rules that are gone, where the cases lie beside the catalogue."""
    folder = catalogue.path.parent / "tests" / "golden" / "suites"
    if not folder.is_dir():
        return
    for form, suite in catalogue.suites.items():
        path, rules = folder / f"{form}.yaml", {rule.id for rule in suite.rules}
        cases = set((read_yaml(path) or {}).get("breaks") or {}) if path.is_file() else set()
        if lacking := sorted(rules - cases):
            yield Said(
                False,
                "no_golden_case",
                f"{_few(lacking)}: expectations/{form}.json has the rule, and no case makes it fail: `make check` goes"
                f" red. Add one under `breaks` in tests/golden/suites/{form}.yaml, as its README.md says"
                f" 规则缺少使其失败的样例，请在tests/golden/suites/{form}.yaml的breaks中补上",
            )
        if left := sorted(cases - rules):
            yield Said(
                False,
                "case_left_over",
                f"{_few(left)}: tests/golden/suites/{form}.yaml has a case of a rule that expectations/{form}.json has"
                " not: remove it 样例所对应的规则已不存在，请删去",
            )


def _few(names: Sequence[str]) -> str:
    more = f" … {len(names)}" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _old_page(catalogue: Catalogue) -> Iterator[Said]:
    from qiangji.settings import PROJECT
    from qiangji.warehouse import dictionary

    page = PROJECT / dictionary.PAGE
    if catalogue.path.parent == PROJECT and _is_old(page, catalogue):
        yield Said(False, "old_page", f"{dictionary.PAGE} is older than the catalogue. Run `make docs`")


def _is_old(page: Path, catalogue: Catalogue) -> bool:
    from qiangji.warehouse import dictionary

    if not page.is_file():
        return False
    return dictionary.of_catalogue(catalogue) not in page.read_text(encoding="utf-8")
