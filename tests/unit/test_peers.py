"""What `bench/peers` computes from and shows: the same names and rules, agreement, table, page and plot."""

from __future__ import annotations

import copy
import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from bench import agreeing
from bench.agreeing import Held, agreement
from bench.nation_world import _COLUMNS, FORM
from bench.peers import __main__ as peers
from bench.peers import given, page
from qiangji.settings import PROJECT

HERE = PROJECT / "bench" / "peers"


def way(wall: float, **more: Any) -> dict[str, Any]:
    spent = {"wall": wall, "processor": wall, "server": wall / 2, "peak_mb": 100, "server_peak_mb": 10}
    return spent | {"facts": 1000, "results": 20, "is_same": True, "ended_with": 0} | more


@pytest.fixture
def result() -> dict[str, Any]:
    return {
        "measured_at": "2026-11-29T03:00:00+00:00",
        "commit": "abc",
        "options": {"share": 0.01},
        "machine": {"cores": 2, "load_before": 0.5},
        "made": {"rows": 1000, "files": 2},
        "versions": {
            "ours": {"duckdb": "2", "great-expectations": "1", "pyarrow": "26"},
            "peers": {"dlt": "1.31.0"},
        },
        "ways": {
            "qiangji": way(10),
            "floor": way(5),
            "dlt-rows": way(250, results=0),
            "pandas-gx": way(20, is_same=False),
        },
    }


# ---- what they are given


def test_the_names_are_those_of_the_nation_and_its_floor() -> None:
    from bench import nation_floor

    assert {code: header for header, code in given.HEADERS.items()} == _COLUMNS
    assert tuple(given.HEADERS.values()) == nation_floor.COLUMNS
    assert set(given.TEXT) == set(nation_floor.TEXT)


def test_a_peer_has_no_setting_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("QIANGJI_HOME", "/home")
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    what = given.Given("t", "u", "s", "2026-01", "postgresql://x", str(tmp_path))
    found = peers.environment(what)
    assert not {"QIANGJI_HOME", "PYTHONHASHSEED"} & found.keys()
    assert found["HOME"] == str(tmp_path)
    assert given.Given.of(what.text()) == what


def test_the_lock_pins_every_peer_with_hashes_and_names_no_index() -> None:
    text = (HERE / "requirements.lock").read_text(encoding="utf-8")
    assert set(peers.locked(text)) == set(peers.VERSIONS)
    pins = [m.start() for m in re.finditer(r"^[a-z]", text, re.MULTILINE)]
    assert len(pins) > 100
    assert all("--hash=sha256:" in text[a:b] for a, b in pairwise([*pins, len(text)]))
    assert "http" not in text.replace("aiohttp", "")
    assert "index" not in text


def test_dbt_tests_every_rule_that_needs_no_earlier_month() -> None:
    suite = json.loads((PROJECT / "expectations" / f"{FORM}.json").read_text(encoding="utf-8"))
    asked = {rule for e in suite["expectations"] if (rule := as_sql(e["type"], e["kwargs"], e["severity"]))}
    model = yaml.safe_load((HERE / "dbt/models/staging/groups.yml").read_text(encoding="utf-8"))["models"][0]
    tests = [("", t) for t in model["data_tests"]]
    tests += [(c["name"], t) for c in model["columns"] for t in c["data_tests"]]
    held = {of_dbt(column, test) for column, test in tests}
    assert len(asked) > 35
    assert asked <= held, asked - held


def as_sql(kind: str, said: dict[str, Any], severity: str) -> tuple[str, str] | None:
    """(what has to hold, severity) of a rule; None if it looks at columns that are worked out."""
    column, other = str(said.get("column", said.get("column_A"))), said.get("column_B", "")
    if column.startswith("_") or other.startswith("_"):
        return None
    if kind.endswith("not_be_null"):
        return f"{column} not_null", severity
    if kind.endswith("match_regex"):
        return f"regexp_full_match({column}, '{said['regex'].strip('^$')}')", severity
    if kind.endswith("be_between"):
        sides = (("min_value", ">="), ("max_value", "<="))
        return " and ".join(f"{column} {sign} {said[n]}" for n, sign in sides if n in said), severity
    return f"{column} >{'=' if said.get('or_equal') else ''} {other}", severity


def of_dbt(column: str, test: Any) -> tuple[str, str]:
    kind, more = next(iter(test.items())) if isinstance(test, dict) else (test, {})
    severity = "warning" if more.get("config", {}).get("severity") == "warn" else "critical"
    return more.get("arguments", {}).get("expression", f"{column} {kind}"), severity


# ---- agreement


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Two databases of one village, in which the statements run as they do in PostgreSQL."""
    import duckdb

    from bench.nation_floor import NUMBERS, SIDES

    made = {name: duckdb.connect() for name in ("ours", "theirs")}
    for duck in made.values():
        numbers = ", ".join(f"10 AS {n}" for n in NUMBERS)
        sums = ", ".join(f"3 AS {p}__{code}" for code in SIDES for p in "nd")
        duck.execute(f"CREATE TABLE fact AS SELECT '44078520100101' AS group_code, {numbers}")
        unit = "'440785' AS org_code, 'county' AS org_level, 'month' AS period_type"
        duck.execute(f"CREATE TABLE mart AS SELECT {unit}, {sums}")
    monkeypatch.setattr(agreeing, "_rows", lambda url, statement: made[url].execute(statement).fetchall())
    return made


@pytest.mark.parametrize(
    ("change", "differing"),
    [
        ("SELECT 1", []),
        ("UPDATE fact SET leaders = 11", ["facts"]),
        ("UPDATE fact SET group_code = '44078420100101'", ["facts"]),
        ("INSERT INTO fact FROM fact", ["facts"]),
        ("UPDATE mart SET d__group_member_share = NULL", ["figures"]),
        ("UPDATE mart SET org_code = '440784'", ["figures"]),
        ("DELETE FROM mart", ["figures"]),
    ],
)
def test_one_number_more_or_less_is_seen(
    databases: dict[str, Any], change: str, differing: list[str]
) -> None:
    databases["theirs"].execute(change)
    found = agreement(Held("ours", "fact", "mart"), Held("theirs", "fact", "mart"))
    assert found.differing == differing
    assert found.said.startswith("NO" if differing else "yes, 1 rows and 1 result rows")


def test_what_makes_no_figures_is_held_by_its_facts(databases: dict[str, Any]) -> None:
    databases["theirs"].execute("DROP TABLE mart")
    assert agreement(Held("ours", "fact", "mart"), Held("theirs", "fact")).is_same
    databases["theirs"].execute("DELETE FROM fact")
    assert not agreement(Held("ours", "fact", "mart"), Held("theirs", "fact")).is_same
    databases["ours"].execute("DELETE FROM fact")
    assert not agreement(Held("ours", "fact", "mart"), Held("theirs", "fact")).is_same, "nothing at all"


# ---- table, page, plot


def test_a_line_says_how_many_times_ours_a_way_takes(result: dict[str, Any]) -> None:
    ours, floor, rows, script = page.lines(result)
    assert ours[4:6] == ("1.00", "1.00")
    assert floor[4] == "0.50"
    assert rows[4:] == ("25.00", "25.00", "10", "yes, 1,000 rows")
    assert script[6:] == ("20", "NO, 1,000 rows, 20 figures")
    failed = copy.deepcopy(result)
    failed["ways"]["pandas-gx"] |= {"ended_with": -9, "is_same": False}
    assert list(page.lines(failed))[-1][-1] == "ended with -9"


def test_a_small_share_is_said_wherever_it_is_shown(result: dict[str, Any]) -> None:
    whole = result | {"options": {"share": 1.0}}
    for shown in (page.caption, page.plot, lambda r: page.block(r, "x.json")):
        assert "small share" in shown(result)
        assert "small share" not in shown(whole)


def test_the_plot_has_two_bars_a_way_in_proportion(result: dict[str, Any]) -> None:
    root = ElementTree.fromstring(page.plot(result))
    bars = [float(r.get("width", "")) for r in root if r.get("height") == "15"]
    assert len(bars) == 2 * len(result["ways"])
    assert bars[0] / bars[2] == pytest.approx(2, rel=0.05)
    assert max(bars) == page.WIDTH


def test_only_what_is_measured_is_written_anew(result: dict[str, Any]) -> None:
    text = f"before\n{page.BEGIN}\nold\n{page.END}\nafter"
    found = page.written(text, [("a.json", result), ("b.json", result)])
    assert found.startswith("before\n")
    assert found.endswith("\nafter")
    assert "old" not in found
    assert page.written(found, [("a.json", result), ("b.json", result)]) == found


def test_the_page_shows_the_results_that_it_names() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    names = re.findall(r"\(\.\./bench/results/(peers-[^)]+\.json)\)", text)
    paths = [PROJECT / "bench" / "results" / name for name in names]
    results = [(p.name, json.loads(p.read_text(encoding="utf-8"))) for p in paths]
    assert results
    assert page.written(text, results) == text
    assert page.PLOT.read_text(encoding="utf-8") == page.plot(results[0][1])
    assert all(way["is_same"] for _, result in results for way in result["ways"].values())
