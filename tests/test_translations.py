"""Pages in two languages say the same: sections, commands, code, links, rows of tables and steps, in one order.

In: README.md and README.zh-CN.md, docs/runbooks/<name>.md and docs/runbooks/zh/<name>.md. What a sentence says no test
can hold; what it names one can, so that neither page changes without the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.test_docs import CODE, FENCE, LINK, PROJECT, text_of

RUNBOOKS = PROJECT / "docs" / "runbooks"
PAIRS = [
    (PROJECT / "README.md", PROJECT / "README.zh-CN.md"),
    *((RUNBOOKS / page.name, page) for page in sorted((RUNBOOKS / "zh").glob("*.md"))),
]
HEADING = re.compile(r"(?m)^(#+) (.+)$")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Section:
    """What a section of a page names, without its words."""

    level: int
    code: frozenset[str]
    blocks: tuple[str, ...]
    links: tuple[str, ...]
    rows: int
    steps: int
    bullets: int


def sections(page: Path, text: str | None = None) -> list[Section]:
    """The sections of a page in order; the first is what stands before its first heading."""
    text = text_of(page) if text is None else text
    blocks = FENCE.findall(text)
    parts = re.split(r"(?m)^(#+) .+$", FENCE.sub("\0", text))
    made, seen = [], 0
    for level, body in zip(["", *parts[1::2]], parts[::2], strict=True):
        mine = blocks[seen : seen + body.count("\0")]
        seen += len(mine)
        made.append(
            Section(
                len(level),
                frozenset(map(in_any_language, CODE.findall(body))),
                tuple(map(without_words, mine)),
                tuple(sorted(where(page, a or b) for a, b in LINK.findall(body))),
                len(re.findall(r"(?m)^\|", body)),
                len(re.findall(r"(?m)^\d+\. ", body)),
                len(re.findall(r"(?m)^- ", body)),
            )
        )
    return made


def in_any_language(snippet: str) -> str:
    """Code without what people type in their language: reasons in quotation marks."""
    return re.sub(r'"[^"=]*"', '""', snippet)


def without_words(block: str) -> str:
    """A code block without comments and quoted words; a drawing has words of its own and only has to be there."""
    if "->" in block:
        return "a drawing"
    lines = (re.sub(r"\s+#\s.*$", "", line).rstrip() for line in block.splitlines())
    return "\n".join(in_any_language(line) for line in lines)


def where(page: Path, target: str) -> str:
    """A link as a path of the project, a Chinese page as its English sister; of a heading only that it is one here."""
    if re.match(r"[a-z]+:", target):
        return target
    path, _, heading = target.partition("#")
    if not path:
        return "#"
    found = (page.parent / path).resolve().relative_to(PROJECT).as_posix()
    found = found.replace("docs/runbooks/zh/", "docs/runbooks/").replace("README.zh-CN.md", "README.md")
    return f"{found}#" if heading else found  # headings have their own words in each language


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda p: p.name)
def test_both_say_the_same(english: Path, chinese: Path) -> None:
    """Section by section, so that what differs is named; the lengths last."""
    ours, theirs = sections(english), sections(chinese)
    titles = ["", *(title for _, title in HEADING.findall(FENCE.sub("", text_of(english))))]
    for title, a, b in zip(titles, ours, theirs, strict=False):
        assert b == a, f"{chinese.name} differs from {english.name} below: {title or 'the first line'}"
    assert len(theirs) == len(ours)


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda p: p.name)
def test_each_leads_to_the_other(english: Path, chinese: Path) -> None:
    """Within the first lines."""
    for page, other in ((english, chinese), (chinese, english)):
        begin = "\n".join(text_of(page).splitlines()[:12])
        found = [(page.parent / (a or b)).resolve() for a, b in LINK.findall(begin)]
        assert other.resolve() in found, page


@pytest.mark.parametrize("chinese", [b for _, b in PAIRS], ids=lambda p: p.name)
def test_what_is_chinese_is_chinese(chinese: Path) -> None:
    """Each heading, step and row has Chinese words; a link to a page that is there in Chinese leads to it."""
    text = FENCE.sub("", text_of(chinese))
    lines = [line for line in text.splitlines() if re.match(r"#|\d+\. |- |\|(?! ---)", line)]
    assert [line for line in lines if not CHINESE.search(line)] == []
    there = {page.name for page in (RUNBOOKS / "zh").glob("*.md")}
    targets = [a or b for a, b in LINK.findall(re.sub(r"(?m)^English: .*$", "", text))]
    assert [t for t in targets if Path(t).name in there and "runbooks" in str((chinese.parent / t).resolve())
            and (chinese.parent / t).resolve().parent.name != "zh"] == []  # fmt: skip


def test_every_runbook_is_there_in_both_languages() -> None:
    english, chinese = ({page.name for page in folder.glob("*.md")} for folder in (RUNBOOKS, RUNBOOKS / "zh"))
    assert english == chinese


@pytest.mark.parametrize("page", [p for pair in PAIRS for p in pair], ids=lambda p: p.name)
def test_links_to_headings_lead_to_one(page: Path) -> None:
    """`#the-demonstration`, here or in another page."""
    for a, b in LINK.findall(FENCE.sub("", text_of(page))):
        path, _, heading = (a or b).partition("#")
        if heading and ":" not in path:
            there = text_of((page.parent / path) if path else page)
            titles = {_anchor(title) for _, title in HEADING.findall(FENCE.sub("", there))}
            assert heading in titles, (page.name, a or b)


def _anchor(title: str) -> str:
    """As GitHub and GitLab make it."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n## Two\n", "\n"),
        ("qiangji build\n```", "```"),
        ("`qiangji status`", "the status"),
        ("[a](accounts.md)", "a"),
        ("| 1 | 2 |\n", ""),
        ("2. then\n", ""),
        ("- all\n", ""),
    ],
)
def test_a_page_that_lacks_something_differs(before: str, after: str) -> None:
    text = "# One\n\n`qiangji status` [a](accounts.md)\n\n| 1 | 2 |\n\n1. first\n2. then\n- all\n\n## Two\n\n"
    text += "```sh\nqiangji build\n```\n"
    assert before in text
    page = RUNBOOKS / "backfill.md"
    assert sections(page, text.replace(before, after)) != sections(page, text)
