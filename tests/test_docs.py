"""What the pages say exists: commands, options, make targets, paths, settings, links, reason codes.

In: every Markdown page at the top, under docs/ and beside the folders that it describes. A page that names something
that is not there fails, and so does a setting or a page of docs/ that no page names.
"""

from __future__ import annotations

import itertools
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")]
    + [PROJECT / name / "README.md" for name in ("catalogue", "simulator")]
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
FENCE = re.compile(r"(?ms)^```[a-z]*\n(.*?)^```")
TOP = {p.name for p in PROJECT.iterdir() if not p.name.startswith(".")} | {".ci", ".env.example"}
# made by those who run it, and so named without being there
MADE = {"connections.env", ".env", ".venv", ".qiangji", "docker-compose.override.yml", "sftp-keys"}


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def snippets(text: str) -> Iterator[str]:
    """Inline code, and the lines of code blocks without their comments and continued lines."""
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if command := re.split(r"\s#\s|\s{4,}", line.strip())[0]:
                yield command
    yield from CODE.findall(FENCE.sub("", text))


def commands(text: str, program: str) -> Iterator[list[str]]:
    """Each use of a program in the page, as words after its name."""
    for snippet in snippets(text):
        for part in re.split(r"&&|\|\|?|;", snippet):
            words = part.strip()
            words = re.sub(r"^(docker compose (exec|run --rm) \S+|\.venv/bin/(?=\S)) ?", "", words)
            if re.match(rf"{program}(\s|$)", words):
                yield shlex.split(words.replace("...", "").replace("…", ""))[1:]


# ---- checks: each yields what is wrong with a page


def unknown_commands(text: str) -> Iterator[str]:
    """`qiangji ...`: the command and its options, from typer's own tree."""
    for words in commands(text, "qiangji"):
        if not words or words[0].startswith("-"):
            continue
        if words[0] not in options():
            yield f"no command: qiangji {words[0]}"
            continue
        for option in (w.split("=")[0] for w in words[1:] if w.startswith("--")):
            if option not in options()[words[0]]:
                yield f"no option: qiangji {words[0]} {option}"


@cache
def options() -> dict[str, set[str]]:
    import typer

    from qiangji.cli import app

    tree: Any = typer.main.get_command(app)
    return {
        name: {option for p in command.params for option in p.opts} | {"--help"}
        for name, command in tree.commands.items()
    }


def unknown_targets(text: str) -> Iterator[str]:
    targets = set(re.findall(r"(?m)^([a-z-]+):", (PROJECT / "Makefile").read_text(encoding="utf-8")))
    for words in commands(text, "make"):
        for word in words:
            if re.fullmatch(r"[a-z-]+", word) and word not in targets:
                yield f"no target: make {word}"


def unknown_airflow(text: str) -> Iterator[str]:
    """`airflow ...`: the real parser reads it, and its DAG exists."""
    from airflow.cli.cli_parser import get_parser

    for words in commands(text, "airflow"):
        if len(words) < 2 or words[-1] in ("create", "trigger"):
            continue
        try:
            get_parser().parse_args(words)
        except SystemExit:
            yield f"not understood: airflow {' '.join(words)}"
        if "--dag-id" in words and not (PROJECT / f"dags/{words[words.index('--dag-id') + 1]}.py").is_file():
            yield f"no such DAG in: airflow {' '.join(words)}"


def unknown_paths(text: str) -> Iterator[str]:
    """Inline code that looks like a path of this repository."""
    for snippet in CODE.findall(FENCE.sub("", text)):
        first = snippet.split("/")[0]
        is_path = re.fullmatch(r"[\w.<>*-]+(/[\w.<>*-]*)+", snippet) and first in TOP
        is_file = re.fullmatch(r"[\w-]+\.(md|py|yml|toml|lock)|Makefile|Dockerfile", snippet)
        if is_path:
            pattern = re.sub(r"<[^>]*>", "*", snippet.rstrip("/"))
            if not any(PROJECT.glob(pattern)):
                yield f"no path: {snippet}"
        elif is_file and snippet not in MADE and not is_somewhere(snippet):
            yield f"no file: {snippet}"


def is_somewhere(name: str) -> bool:
    return (PROJECT / name).exists() or any(PROJECT.glob(f"[!.]*/**/{name}"))


def unknown_settings(text: str) -> Iterator[str]:
    from qiangji.settings import Settings

    known = {f"QIANGJI_{name.upper()}" for name in Settings.model_fields}
    known |= set(re.findall(r"(?m)^(\w+)=", (PROJECT / ".env.example").read_text(encoding="utf-8")))
    for name in re.findall(r"\bQIANGJI_[A-Z_]+\b", text):
        if name not in known and not name.startswith("QIANGJI_CONN"):
            yield f"no setting: {name}"


def names_what_is_elsewhere(text: str) -> Iterator[str]:
    """Pages speak of the project: no registry host, no folder of the machine that it was written on."""
    hosts = r"pypi\.org|pythonhosted\.org|registry\.npmjs\.org|deb\.debian\.org|docker\.io|ghcr\.io|quay\.io"
    for found in re.findall(rf"{hosts}|(?<![\w./])/(?:work|home|root|Users)/[\w./-]*", text):
        yield f"names {found}"


CHECKS = [
    unknown_commands, unknown_targets, unknown_airflow, unknown_paths, unknown_settings, names_what_is_elsewhere,
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(PROJECT)))
def test_what_a_page_names_is_there(page: Path) -> None:
    assert [problem for check in CHECKS for problem in check(text_of(page))] == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (unknown_commands, "`qiangji colect`"),
        (unknown_commands, "```sh\nqiangji collect --count 440703 && qiangji build\n```"),
        (unknown_commands, "```sh\nqiangji collect && qiangji bild\n```"),
        (unknown_commands, "`docker compose exec worker qiangji doktor`"),
        (unknown_commands, "```\n.venv/bin/qiangji valus   # comment\n```"),
        (unknown_targets, "`make demp`"),
        (unknown_targets, "```sh\nmake lint typos\n```"),
        (unknown_airflow, "`airflow backfill create --dag-id collect_period --from 2026-07-01`"),
        (unknown_airflow, "`airflow backfill create --dag-id collect --from-date 2026-07-01 --to-date 2026-07-01`"),
        (unknown_paths, "`docs/decisions/none.md`"),
        (unknown_paths, "`catalogue/form/<form>.yaml`"),
        (unknown_paths, "`contries.yml`"),
        (unknown_settings, "`QIANGJI_HOUSE`"),
        (names_what_is_elsewhere, "see /home/me/main"),
        (names_what_is_elsewhere, "from https://" + ".".join(("pypi", "org")) + "/simple"),
    ],
)  # fmt: skip
def test_each_check_finds_what_is_not_there(check: Callable[[str], Iterator[str]], text: str) -> None:
    assert list(check(text))


def test_pages_are_found_and_use_commands() -> None:
    """The checks above would be content with nothing."""
    used = {words[0] for page in PAGES for words in commands(text_of(page), "qiangji") if words}
    assert {"collect", "build", "status", "values", "release", "void", "reprocess", "doctor"} <= used
    assert len(PAGES) > 20


def written(words: list[str]) -> Iterator[str]:
    """What an example writes where it is typed: files of figures, forms to fill in, a folder of them."""
    if words[:1] == ["export"] and words[1:]:
        yield words[1]
    for option, value in itertools.pairwise(words):
        if option in ("--export", "--out"):
            yield value


def is_ignored(name: str) -> bool:
    lines = (PROJECT / ".gitignore").read_text(encoding="utf-8").splitlines()
    return any(fnmatch(f"/{name}", line) for line in lines if line.startswith("/"))


def test_what_examples_write_is_not_kept_by_git() -> None:
    used = (words for page in PAGES for words in commands(text_of(page), "qiangji"))
    names = {name for words in used for name in written(words) if not name.isupper() and name[0] not in "/<~"}
    assert {"towns.xlsx", "figures.parquet", "forms/"} <= names
    assert [name for name in sorted(names) if not is_ignored(name)] == []
    assert not is_ignored("pyproject.toml")


# ---- links and completeness


def links(page: Path) -> Iterator[str]:
    for a, b in LINK.findall(FENCE.sub("", text_of(page))):
        target = (a or b).split("#")[0]
        if target and not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(PROJECT)))
def test_links_lead_somewhere(page: Path) -> None:
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


def test_every_page_of_docs_is_listed() -> None:
    index = PROJECT / "docs" / "README.md"
    listed = {(index.parent / link).resolve() for link in links(index)} | {index}
    assert [p for p in PROJECT.glob("docs/**/*.md") if p.resolve() not in listed] == []


def test_runbooks_that_the_code_names_are_there() -> None:
    sources = [*PROJECT.glob("plugins/**/*.py"), *PROJECT.glob("dags/*.py"), PROJECT / "docker-compose.yml"]
    named = {name for s in sources for name in re.findall(r"docs/[\w/-]+\.md", text_of(s))}
    assert named
    assert [name for name in sorted(named) if not (PROJECT / name).is_file()] == []


def test_the_glossary_has_every_cause_of_a_change() -> None:
    from qiangji.figures.explaining import CAUSES

    chapter = text_of(PROJECT / "docs/glossary.md").split("## Why a figure changed")[1]
    assert dict(re.findall(r"(?m)^\| `(\w+)` \| (\S+) \|", chapter)) == {
        c: zh for c, (zh, _) in CAUSES.items()
    }


def test_the_glossary_has_every_status() -> None:
    """Codes and Chinese words of both status tables, as the warehouse has them."""
    glossary = set(re.findall(r"(?m)^\| `(\w+)` \| (\S+) \|", text_of(PROJECT / "docs/glossary.md")))
    migration = text_of(PROJECT / "sql/warehouse/versions/0001_first.sql")
    inserts = re.findall(r"INSERT INTO dim\.(?:obs|submission)_status VALUES(.*?);", migration, re.DOTALL)
    stated = {pair for insert in inserts for pair in re.findall(r"\('(\w+)', '([^']+)'", insert)}
    assert len(inserts) == 2
    assert stated <= glossary


def test_settings_are_documented_with_their_defaults() -> None:
    from qiangji.settings import Settings

    rows = dict(
        re.findall(r"(?m)^\| `(QIANGJI_[A-Z_]+)` \| ([^|]*) \|", text_of(PROJECT / "docs/settings.md"))
    )
    assert rows.keys() == {f"QIANGJI_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, (int, float)) or (isinstance(field.default, str) and field.default):
            assert rows[f"QIANGJI_{name.upper()}"] == f"`{field.default}`", name


def test_reason_codes_of_the_red_night_are_those_of_the_code() -> None:
    """Every reason that a county can fail for is in the table, and no other."""
    sources = [*PROJECT.glob("plugins/qiangji/sources/*.py")]
    sources += [PROJECT / "plugins/qiangji/settings.py", PROJECT / "plugins/qiangji/errors.py"]
    known = {code for s in sources for code in re.findall(r'code ?= ?"([a-z_]+)"', text_of(s))}
    pages = ("a-red-night", "returned-reports")  # the second for what fails on the way back
    text = "\n".join(text_of(PROJECT / f"docs/runbooks/{page}.md") for page in pages)
    table = re.findall(r"(?m)^\| (`[^|]*) \|", text)
    told = {code for row in table for code in CODE.findall(row)}
    assert told <= known
    not_of_counties = {"error", "usage", "catalogue", "returned", "warehouse", "failed", "wrong_setting"}
    assert known - told - not_of_counties == set()


def test_the_pages_fit_the_licence() -> None:
    licence = text_of(PROJECT / "LICENSE")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert 'license = "Apache-2.0"' in text_of(PROJECT / "pyproject.toml")


def test_ci_is_a_script_that_bash_understands() -> None:
    script = PROJECT / ".ci" / "run"
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0
    targets = set(re.findall(r"(?m)^([a-z-]+):", text_of(PROJECT / "Makefile")))
    assert set(re.findall(r"make --no-print-directory (\w+)", text_of(script))) <= targets
