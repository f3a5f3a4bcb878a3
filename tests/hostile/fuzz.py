"""Good files changed at random and read in the cage: `make fuzz`, and a short run among the tests.

In: a seed and a number of cases. Out: their outcomes. A case is a good file (CSV in two encodings and several styles,
NDJSON, workbooks) with bytes flipped, set, cut out, doubled, cut off, or spliced with another good file.

A flipped digit in a CSV is just another value, so wrong is judged by kind:

| kind | wrong |
| --- | --- |
| CSV, NDJSON | accepted rows (without an unreadable cell) differ from those that `plain.py` reads from the same bytes |
| workbook (its parts carry checksums) | accepted rows are not those of one of the files it was made from |
| any | a crash: an exception other than ReturnedError, or a reader that ends by itself |
| any | a hang: a case takes longer than its seconds |
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from qiangji.errors import ReturnedError
from qiangji.parsing import Parsed, cage
from qiangji.periods import Period
from tests.hostile import plain
from tests.hostile.files import FORM, HEADER, PERIOD, book, county, csv_of

LIMITS = cage.Limits(memory=2 << 30, seconds=10, output=64 << 20)
SECONDS = 10.0
NUMBERS = [
    0,
    7,
    31,
    "1,234",
    "１２",
    "—",
    "",
    "约30",
    "12.0",
    "+5",
    " 8 ",
    "无",
    "3O",
    "①",
    "1e3",
    99999999999,
]
AMOUNTS = [
    0,
    12.5,
    "1,234.56",
    "12.5%",
    "/",
    "无",
    "0.0001",
    "１，２３４．５",
    "",
    "123456789012.5678",
    "579.0100000000001",
    "1234567890123",
    " -   ",
]
TRUTHS = ["是", "否", "√", "×", "", "1", "0", "TRUE", "也许"]
DAYS = [
    "2026-09-30",
    "2026年9月30日",
    "2026/9/3",
    "2026.9.30",
    "20260930",
    "46295",
    "",
    "2026-02-30",
    "2026/9/30 0:00",
    "2026/9/30 8:00",
]
QUOTED = ['甲"村', "乙,村", "丙\n村", " 丁村", '"', "戊村"]


@dataclass(frozen=True)
class Good:
    content: bytes
    kind: Any
    encoding: Any = "utf-8"


@dataclass
class Tally:
    cases: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    rows: int = 0
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def rows_of(rng: random.Random) -> list[list[Any]]:
    count = rng.randint(1, 12)
    return [
        [f"4407031012{i:02d}", rng.choice(QUOTED), rng.choice(NUMBERS), rng.choice(AMOUNTS), rng.choice(TRUTHS),
         rng.choice(DAYS)]
        for i in range(count)
    ]  # fmt: skip


def quoted(cell: Any, always: bool) -> str:
    text = str(cell)
    return '"' + text.replace('"', '""') + '"' if always or any(c in text for c in '",\n\r') else text


def good_csv(rng: random.Random) -> Good:
    always, newline = rng.random() < 0.3, rng.choice(["\n", "\r\n"])
    text = newline.join(",".join(quoted(c, always) for c in row) for row in [HEADER, *rows_of(rng)]) + newline
    if rng.random() < 0.3:
        safe = text.replace("①", "1")
        return Good(safe.encode("gb18030"), "csv", "gb18030")
    return Good((b"\xef\xbb\xbf" if rng.random() < 0.2 else b"") + text.encode(), "csv")


def good_ndjson(rng: random.Random) -> Good:
    lines = [
        json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=rng.random() < 0.3)
        for row in rows_of(rng)
    ]
    return Good(("\n".join(lines) + "\n").encode(), "ndjson")


def good_files(rng: random.Random, count: int = 40) -> list[Good]:
    files = [good_csv(rng) for _ in range(count)] + [good_ndjson(rng) for _ in range(count // 2)]
    return (
        files
        + [Good(book([HEADER, *rows_of(rng)]), "xlsx") for _ in range(count // 4)]
        + [Good(csv_of([]), "csv")]
    )


ALPHABET = "\",\n\r\t ０１，．％0123456789.-+%eEO/—无是否√①\u3000\u200b\xa0年月日{}[]:\\'"


def changed_text(rng: random.Random, one: Good, other: Good) -> bytes:
    """Change whole characters and lines, as a person or program would: more of these files can still be read."""
    text = one.content.decode(one.encoding)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(len(text) + 1)
        what = rng.randrange(6)
        if what < 2:
            text = text[:at] + rng.choice(ALPHABET) + text[at + 1 :]
        elif what == 2:
            text = text[:at] + rng.choice(ALPHABET) + text[at:]
        elif what == 3:
            text = text[:at] + text[at + rng.choice([1, 1, 2]) :]
        elif what == 4:
            lines = text.splitlines(keepends=True)
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(lines))
            text = "".join(lines)
        else:
            theirs = other.content.decode(other.encoding, "ignore").splitlines(keepends=True)
            text += "".join(theirs[rng.randrange(len(theirs)) :]) if theirs else ""
    return text.encode(one.encoding, "ignore") or b"x"


def changed(rng: random.Random, one: Good, other: Good) -> bytes:
    if one.kind != "xlsx" and rng.random() < 0.6:
        return changed_text(rng, one, other)
    data = bytearray(one.content)
    for _ in range(rng.choice([1, 1, 1, 2, 5])):
        at, to = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        what = rng.randrange(8)
        if what == 0 and data:
            data[at % len(data)] ^= 1 << rng.randrange(8)
        elif what == 1 and data:
            data[at % len(data)] = rng.choice(b'",\n\r\t \x00\xff{}[]:0123456789-.eE\\')
        elif what == 2:
            data[at:at] = rng.choice(
                [b'"', b",", b"\n", b"\r", b"\r\n", b"\xef\xbb\xbf", b"\x00", b"\\u0000", b"\xe2\x80\x8b"]
            )
        elif what == 3:
            del data[at : min(to, at + rng.choice([1, 3, 40]))]
        elif what == 4:
            data[at:at] = data[at : min(to, at + 60)]
        elif what == 5:
            del data[at if rng.random() < 0.3 else max(at, len(data) - 30) :]
        elif what == 6:
            cut = rng.randrange(len(other.content) + 1)
            data[at:] = other.content[cut:]
        else:
            data[at:at] = other.content[: rng.randrange(len(other.content) + 1)]
        if not data:
            data = bytearray(b"x")
    return bytes(data)


def accepted(parsed: Parsed) -> list[dict[str, Any]]:
    """Rows without an unreadable cell."""
    bad = {cell.index for cell in parsed.unreadable if not cell.is_asked}
    return [row for i, row in enumerate(parsed.rows.to_pylist()) if i not in bad]


def comparable(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("village_code", "unit_name", "members", "income", "ok", "day"))


def read(good: Good, content: bytes) -> Parsed:
    return cage.read_submission(
        content, good.kind, county(encoding=good.encoding), FORM, Period.parse(PERIOD), limits=LIMITS
    )


def said(good: Good, content: bytes) -> list[tuple[Any, ...]]:
    """The plain reader's rows, without those that have an invalid cell."""
    rows = (
        plain.rows_of_ndjson(content) if good.kind == "ndjson" else plain.rows_of_csv(content, good.encoding)
    )
    texts = [comparable(row) for row in rows]
    return [t for t in texts if _says_anything(t) and plain.NoValue not in t]


def _says_anything(row: tuple[Any, ...]) -> bool:
    """False for a row of invisible characters alone, which is received and later rejected for its missing key.

    And for one with neither a code nor a value: it may be a note, which goes back as one. One value without code and
    name stands beside the table, and goes back as that.
    """
    values = [v for v in row[2:] if v is not None]
    is_beside = len(values) == 1 and row[:2] == (None, None)
    return bool(re.fullmatch("[0-9]{12}", row[0] or "")) or (bool(values) and not is_beside)


def run(seed: int, cases: int, only: int | None = None) -> Tally:
    """Cases 0 to `cases` of a seed (or one of them); each depends on seed and number alone."""
    files = good_files(random.Random(seed))
    meant: dict[bytes, list[tuple[Any, ...]]] = {}
    tally, start = Tally(), time.monotonic()
    for number in range(cases) if only is None else [only]:
        rng = random.Random(f"{seed} {number}")
        one, other = rng.choice(files), rng.choice(files)
        content = changed(rng, one, other)
        began = time.monotonic()
        try:
            parsed = read(one, content)
        except ReturnedError as e:
            outcome = e.code
            if e.code in ("reader_failed", "too_slow"):
                tally.crashes.append(f"{number}: {e}")
        except Exception as e:
            outcome = "crash"
            tally.crashes.append(f"{number}: {type(e).__name__} {e}")
        else:
            outcome = "read"
            rows = [t for r in accepted(parsed) if _says_anything(t := comparable(r))]
            tally.rows += len(rows)
            if one.kind == "xlsx":
                sources = [meant.setdefault(f.content, _meant(f)) for f in (one, other) if f.kind == "xlsx"]
                right = rows in sources
            else:
                right = _same(rows, one, content)
            if not right:
                tally.wrong.append(f"{number}: {one.kind}")
        took = time.monotonic() - began
        if took > SECONDS:
            tally.hangs.append(f"{number}: {took:.1f} s")
        tally.slowest = max(tally.slowest, took)
        tally.outcomes[outcome] += 1
        tally.cases += 1
    tally.seconds = time.monotonic() - start
    return tally


def _meant(good: Good) -> list[tuple[Any, ...]]:
    return [comparable(r) for r in accepted(read(good, good.content))]


def _same(rows: list[tuple[Any, ...]], good: Good, content: bytes) -> bool:
    try:
        return rows == said(good, content)
    except (ValueError, IndexError):
        return False  # accepted, although the plain reader finds no file


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cases", type=int, default=10_000)
    arguments.add_argument("--seed", type=int, default=20240904)
    arguments.add_argument("--only", type=int, help="one case, by its number")
    chosen = arguments.parse_args()
    tally = run(chosen.seed, chosen.cases, chosen.only)
    print(
        f"seed {chosen.seed}, {tally.cases:,} cases in {tally.seconds:.0f} s, slowest {tally.slowest:.2f} s"
    )
    for outcome, count in tally.outcomes.most_common():
        print(f"  {outcome:24}{count:>8,}")
    print(f"rows accepted {tally.rows:,}")
    for name in ("crashes", "hangs", "wrong"):
        found = getattr(tally, name)
        print(f"{name:12}{len(found):>8,}", *found[:10], sep="\n    " if found else "")
    return 1 if tally.crashes or tally.hangs or tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
