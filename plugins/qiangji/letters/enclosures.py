"""What a county's mail encloses: the forms that it is reminded of, as workbooks to fill in.

In: the pipeline, a county's letter. Out: the letter with its files, and a list that names them. A form that cannot be
made or would be too much is named too, and stops no letter. Rows beneath the tree have their codes alone: the names
that a county gave them are text of its file, and do not go through servers of others.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from qiangji.catalogue.load import Catalogue
from qiangji.feedback import templates
from qiangji.letters.document import Enclosure, Letter, Point, Points
from qiangji.letters.words import Words
from qiangji.periods import Period
from qiangji.pipeline import Pipeline

log = logging.getLogger(__name__)
MOST_BYTES = 5 * 1024 * 1024
"""Of all files of one letter: many mail servers take ten, and base64 adds a third."""
MOST_FILES = 12


def enclosed(p: Pipeline, letter: Letter) -> Letter:
    """The letter with a workbook for each report that it reminds of; as it is where it reminds of none."""
    if not letter.reminds:
        return letter
    files, points, used = list[Enclosure](), list[Point](), 0
    w = Words(letter.language, p.settings.timezone)
    for made in _made(p, letter):
        if isinstance(made, templates.Template):
            name, size = made.name, len(made.content)
            what = w.joined([w.form(p.catalogue, form) for form in made.forms]) + f" {made.period}"
            if used + size <= MOST_BYTES and len(files) < MOST_FILES:
                used += size
                files.append(Enclosure(name, made.content))
                points.append(Point(f"{what}：{name}" if w.language == "zh" else f"{what}: {name}"))
                continue
        else:
            what = _named(p.catalogue, made, w)
        points.append(Point(what, (_not_here(w),)))
    return replace(letter, blocks=(*letter.blocks, _list(points, w)), enclosures=tuple(files))


def without(p: Pipeline, letter: Letter) -> Letter:
    """The letter for a server that did not take it with its files: the same, and each is named as not enclosed."""
    w = Words(letter.language, p.settings.timezone)
    points = [Point(_named(p.catalogue, one, w), (_not_here(w),)) for one in letter.reminds]
    return replace(letter, blocks=(*letter.blocks, _list(points, w)), enclosures=())


def _made(p: Pipeline, letter: Letter) -> Iterator[templates.Template | tuple[str, str]]:
    """A workbook for each report of which it reminds, one for several where the county sends one for all; where it
    cannot be made, the report.
    """
    covered = set[tuple[str, str]]()
    for form, text in letter.reminds:
        if (form, text) in covered:
            continue
        try:
            declared, period, counties = p.catalogue.forms[form], Period.parse(text), [letter.reader]
            known = templates.known_rows(p.ledger, p.catalogue, declared, counties, period, with_names=False)
            made = templates.make(p.catalogue, declared, letter.reader, period, known)
        except Exception as e:  # the letter says so; the text may quote a cell
            log.warning(
                "letter to %s: the form %s of %s is not enclosed (%s); ask `qiangji template --form %s --county %s"
                " --period %s`",
                *(letter.reader, form, text, type(e).__name__, form, letter.reader, text),
            )
            yield form, text
            continue
        covered |= {(one, text) for one in made.forms}
        yield made


def _list(points: list[Point], w: Words) -> Points:
    title = w(
        "附件：空表，填好后照原文件名、按原方式报送（请勿回复本邮件）",
        "Enclosed: forms to fill in. Send them as always, under these names, and not in answer to this mail",
    )
    return Points(title, tuple(points))


def _named(catalogue: Catalogue, report: tuple[str, str], w: Words) -> str:
    form, period = report
    return f"{w.form(catalogue, form)} {period}"


def _not_here(w: Words) -> str:
    return w("空表未能附上，如有需要请向市里索取", "not enclosed: ask the city for it if you need it")
