"""The nation as `bench/national.py` measures it: a catalogue, and months of `village_group` as a CSV a county.

In: the codes in bench/data, a share of the counties. Out: a folder under bench/.nation, made once and used again: a
catalogue whose county systems are folders, the suite, and the counties' files. Every figure is drawn from its row's
code, so that a tenth of the nation has the same rows as the whole. Names and figures are made up.

From month to month a fifth of the groups change a little, one village in 400 has a group more, and the year's matters
grow. `World.correct` has one county send its last month again, with a row in a hundred changed.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
import yaml

PROJECT = Path(__file__).resolve().parents[1]
DATA, MADE = PROJECT / "bench" / "data", PROJECT / "bench" / ".nation"
FORM = "village_group"
MAX_GROUPS = 15
"""A village or community has 1 to 15 groups: 8 on average, 4.9 million in all."""
_FIRST = "东西南北上下大小新旧青白金石龙凤松柳梅桃"
_SECOND = "山河溪田塘坪湾桥井泉岗坡沟庄营台楼坝洲屯"
_COLUMNS = {
    "group_code": "小组编码",
    "unit_name": "小组名称",
    "households": "户数",
    "residents": "人口数",
    "party_members": "党员数",
    "members_away": "外出党员",
    "leaders": "现任组长",
    "party_member_leaders": "党员组长",
    "leaders_concurrent": "村干部兼任组长",
    "org_setup": "党组织设置",
    "has_party_work": "有党的工作覆盖",
    "major_matters": "本年重大事项决策数",
    "matters_by_procedure": "本年按“三议两公开一监督”决策数",
}
_LATER = 100
"""Purposes of what is drawn for later months, from here on."""
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class World:
    """A made nation. `rejected`: share of rows that break a rule; `xlsx`: share of counties that send workbooks.

    `months`: how many, from `period` on.
    """

    share: float
    period: str
    rejected: float = 0.0
    xlsx: float = 0.0
    months: int = 1

    @property
    def periods(self) -> list[str]:
        first = int(self.period[:4]) * 12 + int(self.period[5:]) - 1
        return [f"{n // 12}-{n % 12 + 1:02}" for n in range(first, first + self.months)]

    @property
    def folder(self) -> Path:
        own = hashlib.sha256(Path(__file__).read_bytes())
        for path in (*sorted(DATA.iterdir()), *_sources()):
            own.update(path.read_bytes())
        name = f"{self.period}-{self.share:g}-{self.rejected:g}-{self.xlsx:g}-{self.months}"
        return MADE / f"{name}-{own.hexdigest()[:10]}"

    @property
    def catalogue(self) -> Path:
        return self.folder / "catalogue"

    @property
    def expectations(self) -> Path:
        return self.folder / "expectations"

    @property
    def tables(self) -> str:
        """The counties' first reports as CSV, as a glob; also those of counties that send a workbook."""
        return str(self.folder / "tables" / "*" / f"{FORM}_{self.period}.csv")

    def made(self) -> dict[str, Any]:
        """Make what is not there; what it holds."""
        said = self.folder / "made.json"
        self._take_back()
        if not said.is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
            start = time.perf_counter()
            counts = self._make()
            counts["seconds_to_make"] = round(time.perf_counter() - start, 1)
            said.write_text(json.dumps(counts), encoding="utf-8")
        found: dict[str, Any] = json.loads(said.read_text(encoding="utf-8"))
        return found

    def _make(self) -> dict[str, Any]:
        counties = _counties(self.share)
        villages = _villages([code for code, *_ in counties])
        _write_catalogue(self.catalogue, counties, villages)
        self.expectations.mkdir()
        shutil.copy(PROJECT / "expectations" / f"{FORM}.json", self.expectations)
        rows = self._write_files(villages)
        return {"counties": len(counties), "villages": len(villages), "rows": rows} | self._sizes()

    def correct(self) -> str:
        """Have one county send its last month again; which county."""
        incoming = next(p for p in sorted((self.catalogue / "incoming").iterdir()) if any(p.glob("*.csv")))
        path = self.folder / "tables" / incoming.name / f"{FORM}_{self.periods[-1]}.csv"
        names, *rows = path.read_text(encoding="utf-8").splitlines()
        at = list(_COLUMNS).index("households")
        for number in range(0, len(rows), 100):
            cells = rows[number].split(",")
            cells[at] = str(int(cells[at]) + 1)
            rows[number] = ",".join(cells)
        again = incoming / f".{path.name}"
        again.write_text("\n".join([names, *rows, ""]), encoding="utf-8")
        _rest(again, 3_600)
        again.replace(incoming / path.name)
        return incoming.name

    def _take_back(self) -> None:
        """Have every county send what it sent first."""
        for path in (self.folder / "tables").glob(f"*/{FORM}_{self.periods[-1]}.csv"):
            sent = self.catalogue / "incoming" / path.parent.name / path.name
            if sent.is_file() and not sent.samefile(path):
                sent.unlink()
                os.link(path, sent)

    def _write_files(self, villages: Ints) -> int:
        """A file a county and month; villages are in the order of their codes. Returns the rows of the last month."""
        cuts = np.flatnonzero(np.diff(villages // 10**6)) + 1
        rows = 0
        for number, mine in enumerate(np.split(villages, cuts)):
            is_book = int((number + 1) * self.xlsx) > int(number * self.xlsx)
            for month in range(self.months):
                table = _report(mine, self.rejected, month, int(self.period[5:]) - 1)
                self._write_file(table, str(mine[0] // 10**6), self.periods[month], is_book)
            rows += len(table)
        return rows

    def _write_file(self, table: pa.Table, county: str, period: str, is_book: bool) -> None:
        path = self.folder / "tables" / county / f"{FORM}_{period}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as f:
            f.write((",".join(_COLUMNS.values()) + "\n").encode())
            pacsv.write_csv(table, f, _OPTIONS)
        incoming = self.catalogue / "incoming" / county
        incoming.mkdir(parents=True, exist_ok=True)
        sent = incoming / path.name
        if is_book:
            sent = sent.with_suffix(".xlsx")
            _write_workbook(path, sent)
        else:
            os.link(path, sent)
        _rest(sent, 86_400)

    def _sizes(self) -> dict[str, int]:
        files = list((self.catalogue / "incoming").glob("*/*"))
        return {"files": len(files), "bytes": sum(f.stat().st_size for f in files)}


def _rest(path: Path, seconds: float) -> None:
    """Have a file be of some time ago: one that was just written has to rest before it is taken."""
    old = time.time() - seconds
    os.utime(path, (old, old))


_OPTIONS = pacsv.WriteOptions(include_header=False, quoting_style="none")


def _sources() -> Iterator[Path]:
    """What the catalogue is made of."""
    yield PROJECT / "expectations" / f"{FORM}.json"
    yield PROJECT / "catalogue" / "forms" / f"{FORM}.yaml"
    yield PROJECT / "catalogue" / "plan.yaml"
    yield PROJECT / "catalogue" / "suppression.yaml"
    yield from sorted((PROJECT / "catalogue" / "indicators").glob("*.yaml"))


def _counties(share: float) -> list[tuple[str, str, str]]:
    """(code, name, code of the city) of the counties that have villages; a share of them, spread out."""
    with gzip.open(DATA / "county_codes_national.csv.gz", "rt", encoding="utf-8", newline="") as f:
        known = {r["code"]: (r["name"], r["city_code"] + "00") for r in csv.DictReader(f)}
    here = np.unique(_reporting() // 10**6)
    chosen = [code for i, code in enumerate(here.tolist()) if int((i + 1) * share) > int(i * share)]
    return [(str(code), *known[str(code)]) for code in chosen]


def _reporting() -> Ints:
    """The codes of villages and communities, without special units."""
    codes: Ints = pq.read_table(DATA / "national_village_codes.parquet").column("code").to_numpy()
    return np.sort(codes[codes % 1000 < 400])


def _villages(counties: list[str]) -> Ints:
    codes = _reporting()
    return codes[np.isin(codes // 10**6, np.array([int(c) for c in counties]))]


def _write_catalogue(folder: Path, counties: list[tuple[str, str, str]], villages: Ints) -> None:
    """Plan, form, the form's own indicators, the tree and where each county's file lies."""
    (folder / "forms").mkdir(parents=True)
    (folder / "indicators").mkdir()
    for name in ("plan.yaml", "suppression.yaml", f"forms/{FORM}.yaml"):
        shutil.copy(PROJECT / "catalogue" / name, folder / name)
    own = []
    for path in sorted((PROJECT / "catalogue" / "indicators").glob("*.yaml")):
        own += [i for i in yaml.safe_load(path.read_text(encoding="utf-8")) if _forms(i) == {FORM}]
    text = yaml.safe_dump(own, allow_unicode=True, sort_keys=False)
    (folder / "indicators" / "nation.yaml").write_text(text, encoding="utf-8")
    entries = (
        f'- {{county: "{code}", transport: folder, path: incoming/{code}, files: "{{form}}_{{period}}.csv"}}\n'
        for code, *_ in counties
    )
    (folder / "counties.yaml").write_text("".join(entries), encoding="utf-8")
    with (folder / "org_units.csv").open("w", encoding="utf-8", newline="") as f:
        write = csv.writer(f)
        write.writerow(["code", "name", "level", "kind", "parent_code", "reports", "valid_from", "valid_to"])
        write.writerows(_units(counties, villages))


def _forms(what: Any) -> set[str]:
    """The forms that an indicator reads."""
    if isinstance(what, dict):
        here = {what["form"]} if isinstance(what.get("form"), str) else set()
        return here.union(*map(_forms, what.values()))
    return set().union(*map(_forms, what)) if isinstance(what, list) else set()


def _units(counties: list[tuple[str, str, str]], villages: Ints) -> Iterator[tuple[str, ...]]:
    """The lines of the tree, from the top down. A county with its city's code has no city above it."""
    open_ended = ("", "")
    for city in dict.fromkeys(city for code, _, city in counties if city != code):
        yield (city, f"{city}市", "city", "city", "", "false", *open_ended)
    for code, name, city in counties:
        yield (code, name, "county", "county", "" if city == code else city, "true", *open_ended)
    for town in np.unique(villages // 1000).tolist():
        yield (str(town), f"{_name(town)}镇", "town", "town", str(town // 1000), "true", *open_ended)
    for code in villages.tolist():
        kind = "village" if code % 1000 >= 200 else "community"
        name = _name(code) + ("村" if kind == "village" else "社区")
        yield (str(code), name, "village", kind, str(code // 1000), "true", *open_ended)


def _name(code: int) -> str:
    drawn = int(_drawn(np.array([code]), 0)[0])
    return _FIRST[drawn % len(_FIRST)] + _SECOND[drawn // 1000 % len(_SECOND)]


def _drawn(codes: Ints, what: int) -> Ints:
    """A number from 0 below 2^32 for each code and purpose, the same on every machine (splitmix64)."""
    x = codes.astype(np.uint64) + np.uint64((what + 1) * 0x9E3779B97F4A7C15 % 2**64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) >> np.uint64(32)).astype(np.int64)


def _report(villages: Ints, rejected: float, month: int = 0, before: int = 0) -> pa.Table:
    """One county's report: a row a group, by the columns of the form.

    `month`: how many after the world's first. `before`: months of the first one's year before it.
    """
    counts = _drawn(villages, 1) % MAX_GROUPS + 1
    for later in range(1, month + 1):
        counts += _drawn(villages, _LATER * later) % 400 == 0
    counts = np.minimum(counts, 99)
    of = np.repeat(villages, counts)
    serial = np.arange(len(of)) - np.repeat(np.cumsum(counts) - counts, counts) + 1
    codes = of * 100 + serial

    def draw(what: int, below: int) -> Ints:
        return _drawn(codes, what) % below

    changes = np.zeros(len(codes), np.int64)
    for later in range(1, month + 1):
        changes += draw(_LATER * later + 1, 5) == 0
    households = 8 + draw(2, 120) + changes % 3
    residents = households * 3 + draw(3, 40)
    members = draw(4, 13) + changes % 2
    leaders = (draw(5, 100) >= 3).astype(np.int64)
    matters, by_procedure = draw(6, 4), np.minimum(draw(10, 5), draw(6, 4))
    for later in range(1, month + 1):
        new = draw(_LATER * later + 2, 3) // 2
        if (before + later) % 12 == 0:  # what counts from January starts anew
            matters = by_procedure = new
        else:
            matters, by_procedure = matters + new, by_procedure + new * (draw(_LATER * later + 3, 4) > 0)
    figures = {
        "households": households,
        "residents": residents,
        "party_members": members,
        "members_away": np.minimum(draw(7, 4), members),
        "leaders": leaders,
        "party_member_leaders": leaders * (draw(8, 100) < 42),
        "leaders_concurrent": leaders * (draw(9, 100) < 30),
        "major_matters": matters,
        "matters_by_procedure": by_procedure,
    }
    blank = {"members_away": draw(11, 1000) < 6, "leaders_concurrent": draw(12, 1000) < 4}
    bad = _drawn(codes, 13) < rejected * 2**32
    _break(figures, blank, bad, draw(14, 4))
    # a branch of its own needs three members
    setup = np.where(members >= 3, draw(15, 4), 1 + draw(15, 3))
    columns: dict[str, Any] = {
        "group_code": pa.array(codes).cast(pa.string()),
        "unit_name": _names(of, serial),
    }
    columns |= {n: pa.array(v, mask=blank.get(n)) for n, v in figures.items()}
    columns["org_setup"] = pa.array(["单独支部", "联合支部", "党小组", "无"]).take(pa.array(setup))
    columns["has_party_work"] = pa.array(["否", "是"]).take(pa.array((draw(16, 100) < 80).astype(np.int64)))
    columns["org_setup"] = pc.if_else(pa.array(draw(17, 1000) < 1), None, columns["org_setup"])
    return pa.table({name: columns[name] for name in _COLUMNS})


def _names(of: Ints, serial: Ints) -> pa.Array:
    """The names of groups: that of the village and a number."""
    drawn = _drawn(of, 0)
    first = pa.array(list(_FIRST)).take(pa.array(drawn % len(_FIRST)))
    second = pa.array(list(_SECOND)).take(pa.array(drawn // 1000 % len(_SECOND)))
    number = pa.array(serial).cast(pa.string())
    return pc.binary_join_element_wise(first, second, "第", number, "村民小组", "")


def _break(
    figures: dict[str, Ints], blank: dict[str, npt.NDArray[np.bool_]], bad: npt.NDArray[np.bool_], how: Ints
) -> None:
    """Have rows break a rule: a part above its whole, a negative number, a missing one, an impossible one."""
    leaders = figures["leaders"]
    figures["party_member_leaders"] = np.where(bad & (how == 0), leaders + 1, figures["party_member_leaders"])
    figures["households"] = np.where(bad & (how == 1), -1, figures["households"])
    blank["residents"] = bad & (how == 2)
    figures["party_members"] = np.where(bad & (how == 3), 30_000, figures["party_members"])


def _write_workbook(table: Path, path: Path) -> None:
    """The CSV as a workbook, numbers as numbers."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("村民小组")
    with table.open(encoding="utf-8", newline="") as f:
        for cells in csv.reader(f):
            sheet.append([int(c) if c.lstrip("-").isdigit() and len(c) < 12 else c or None for c in cells])
    book.save(path)
