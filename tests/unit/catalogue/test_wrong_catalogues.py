"""A wrong catalogue names the file, the key or line, and what was allowed; all that is wrong is told together.

Each case changes one thing in a copy of the frozen catalogue: a key, a line, a suite, or a text that is no YAML.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qiangji.catalogue.load import load
from qiangji.errors import CatalogueError
from tests.unit.catalogue.editing import (
    COUNTIES,
    EXPECTATIONS,
    GROUPS,
    PATH,
    PLAN,
    RURAL,
    SUPPRESSION,
    TASKS,
    condition,
    edit,
    indicator,
)

pytestmark = pytest.mark.usefixtures("servers")  # for their time: each reads the whole catalogue
WRONG: dict[str, tuple[str, Callable[[Any], object], list[str]]] = {
    "a threshold that hides nothing": (
        SUPPRESSION,
        lambda r: r.update(threshold=0),
        ["threshold", "greater than or equal to 1"],
    ),
    "an unknown rule": (
        SUPPRESSION,
        lambda r: r.update(noise=True),
        ["suppression.yaml", "noise", "threshold"],
    ),
    "unknown initiative": (
        RURAL,
        indicator(initiative="rural_roads"),
        ["group_leader_party_share.initiative", "rural_roads", "rural_greening"],
    ),
    "unknown form": (
        RURAL,
        indicator(numerator={"form": "hamlet", "sum": "leaders"}),
        ["numerator[0].form", "hamlet", "village_group"],
    ),
    "unknown field": (
        RURAL,
        indicator(denominator={"form": "village_group", "sum": "leeders"}),
        ["group_leader_party_share.denominator[0]", "leeders", "party_member_leaders"],
    ),
    "unknown field in a condition": (
        RURAL,
        condition(all=[{"field": "setup", "is": "无"}]),
        ["numerator[0]", "'setup'", "org_setup"],
    ),
    "unknown unit": (
        RURAL,
        indicator(unit="furlong"),
        ["group_leader_party_share", "unit", "furlong", "percent"],
    ),
    "unknown direction": (RURAL, indicator(direction="sideways"), ["direction", "sideways", "'none'"]),
    "unknown missing": (RURAL, indicator(missing="some"), ["missing", "some", "'matched'"]),
    "unknown key": (RURAL, indicator(colour="red"), ["group_leader_party_share", "colour", "headline"]),
    "a sum of what is no number": (
        RURAL,
        indicator(numerator={"form": "village_group", "sum": "org_setup"}),
        ["org_setup", "no number", "leaders"],
    ),
    "two measures in one term": (
        RURAL,
        indicator(numerator={"form": "village_group", "sum": "leaders", "count": "rows"}),
        ["numerator", "exactly one of sum"],
    ),
    "a reducer that there is not": (
        RURAL,
        indicator(numerator={"form": "village_group", "median": "leaders"}),
        ["numerator[0]", "exactly one of sum, count, count_where, max, min", "median"],
    ),
    "an unknown key in a term": (
        RURAL,
        indicator(denominator={"form": "village_group", "sum": "leaders", "colour": "red"}),
        ["denominator[0].colour", "keys: form, minus, sum, each_report"],
    ),
    "a term without its form": (
        RURAL,
        indicator(denominator=[{"count": "rows"}]),
        ["denominator[0].form", "Field required", "keys: form, minus, count"],
    ),
    "an unknown key in a condition": (
        RURAL,
        condition(field="leaders", at_least=1, colour="red"),
        ["numerator[0].count_where.colour", "keys: field, is, in, not_in"],
    ),
    "each_report beside a count": (
        RURAL,
        indicator(denominator={"form": "village_group", "count": "rows", "each_report": True}),
        ["denominator[0]", "each_report belongs to the sum of a stock"],
    ),
    "a count of what are no rows": (
        RURAL,
        indicator(denominator={"form": "village_group", "count": "leaders"}),
        ["denominator[0].count", "'rows'"],
    ),
    "no term at all": (RURAL, indicator(numerator=[]), ["numerator", "at least 1 item"]),
    "a value that an enum cannot have": (
        RURAL,
        condition(field="org_setup", **{"in": ["支部"]}),
        ["org_setup cannot be 支部", "单独支部, 联合支部"],
    ),
    "a number for an enum": (RURAL, condition(field="org_setup", **{"is": 3}), ["org_setup is enum"]),
    "a word for a number": (
        RURAL,
        condition(field="leaders", **{"is": "零"}),
        ["leaders is integer", "at_least"],
    ),
    "a word for a boolean": (
        RURAL,
        condition(field="has_party_work", **{"is": "是"}),
        ["has_party_work is boolean"],
    ),
    "a number for a boolean": (
        RURAL,
        condition(field="has_party_work", **{"is": 1}),
        ["has_party_work is boolean"],
    ),
    "a bound for an enum": (
        RURAL,
        condition(field="org_setup", at_least=1),
        ["org_setup is enum", "a number"],
    ),
    "two tests in one condition": (
        RURAL,
        condition(field="leaders", at_least=1, at_most=2),
        ["one field with one of"],
    ),
    "a month of a quarterly form": (
        RURAL,
        indicator(numerator={"form": "county_traditional", "sum": "schools"}),
        ["group_leader_party_share.headline", "headline month", "quarter or ytd"],
    ),
    "another test of a key": (
        RURAL,
        condition(field="group_code", **{"in": ["44070300100101"]}),
        ["group_code", "ends_with"],
    ),
    "the end of what is no key": (
        RURAL,
        condition(field="leaders", ends_with=["1"]),
        ["leaders", "group_code with ends_with"],
    ),
    "a task that is not on the list": (
        RURAL,
        indicator(
            headline="quarter",
            numerator={
                "form": "county_milestones",
                "count_where": {"field": "task_code", "ends_with": ["-13"]},
            },
        ),
        ["no serial -13", "-12"],
    ),
    "each report of what is no stock": (
        RURAL,
        indicator(numerator={"form": "village_group", "sum": "major_matters", "each_report": True}),
        ["each_report", "a stock"],
    ),
    "an indicator twice": (RURAL, lambda es: es.append(es[0]), ["group_leader_party_share", "twice"]),
    "no list of indicators": (
        RURAL,
        lambda es: es.clear() or es.extend([{"code": "x"}]),
        [", line 1: x", "name", "Field required"],
    ),
    "an enum without values": (
        GROUPS,
        lambda f: f["fields"]["org_setup"].pop("values"),
        ["fields.org_setup", "values", "enum"],
    ),
    "unknown field type": (
        GROUPS,
        lambda f: f["fields"]["leaders"].update(type="int"),
        ["leaders.type", "'integer'"],
    ),
    "unknown kind": (
        GROUPS,
        lambda f: f["fields"]["leaders"].update(kind="cumul"),
        ["leaders.kind", "'ytd'"],
    ),
    "a form under another name": (
        GROUPS,
        lambda f: f.update(form="group"),
        ["'group'", "form: village_group"],
    ),
    "a key pattern that is none": (GROUPS, lambda f: f.update(key_pattern="[0-9"), ["key_pattern", "[0-9"]),
    "groups without their village's digits": (
        GROUPS,
        lambda f: f.pop("parent_digits"),
        ["parent_digits", "12"],
    ),
    "groups of which nobody says who has one": (
        GROUPS,
        lambda f: f.pop("placeholder_kinds"),
        ["placeholder_kinds", "[village]"],
    ),
    "placeholders of units that do not fill it in": (
        TASKS,
        lambda f: f.update(placeholder_kinds=["town"]),
        ["placeholder_kinds", "town", "county, direct"],
    ),
    "a list for what is no task": (
        GROUPS,
        lambda f: f.update(
            serials={"01": {"initiative": "rural_greening", "name": {"zh": "一", "en": "one"}}}
        ),
        ["serials", "grain task"],
    ),
    "serials of two lengths": (
        TASKS,
        lambda f: f["serials"].update({"1": f["serials"]["01"]}),
        ["serials", "as many digits"],
    ),
    "a task of no initiative": (
        TASKS,
        lambda f: f["serials"]["01"].update(initiative="rural_roads"),
        ["serials.01", "rural_roads", "rural_greening"],
    ),
    "a kind that no unit has": (GROUPS, lambda f: f.update(kinds=["hamlet"]), ["kinds", "hamlet", "village"]),
    "a header of two fields": (
        GROUPS,
        lambda f: f["fields"]["leaders"]["headers"].append(" 党员村民小组长数"),
        ["leaders", "party_member_leaders", "党员村民小组长数", "one field a header"],
    ),
    "a field without an expectation": (
        GROUPS,
        lambda f: f["fields"].update(dogs={"label": {"zh": "犬只", "en": "Dogs"}, "type": "integer"}),
        ["village_group.json", "dogs"],
    ),
    "a county outside the tree": (
        COUNTIES,
        lambda cs: cs[0].update(county="440702"),
        ["440702", "440703", "org_units.csv"],
    ),
    "a county twice": (COUNTIES, lambda cs: cs.append(cs[0]), ["440703", "twice"]),
    "a county with an unknown form": (
        COUNTIES,
        lambda cs: cs[0].update(forms=["hamlet"]),
        ["440703", "hamlet", "village"],
    ),
    "an unknown transport": (
        COUNTIES,
        lambda cs: cs[0].update(transport="ftp"),
        ["440703", "transport", "'sftp'"],
    ),
    "a transport without its settings": (
        COUNTIES,
        lambda cs: cs[2].pop("files"),
        ["440705", "sftp needs files"],
    ),
    "a county that may be anywhere": (
        COUNTIES,
        lambda cs: cs[2].pop("hosts"),
        ["440705", "sftp needs hosts"],
    ),
    "a host that is an address": (
        COUNTIES,
        lambda cs: cs[0].update(hosts=["https://data.example.cn/v1"]),
        ["440703", "hosts"],
    ),
    "a file in a folder": (
        COUNTIES,
        lambda cs: cs[2].update(files="../{form}_{period}.xlsx"),
        ["440705", "without folders"],
    ),
    "a folder by two ways": (
        COUNTIES,
        lambda cs: cs[-1].update(path="incoming/440799"),
        ["440799", "either path or connection"],
    ),
    "a folder that nobody names": (
        COUNTIES,
        lambda cs: cs[-1].pop("connection"),
        ["440799", "either path or connection"],
    ),
    "an encoding to be guessed": (
        COUNTIES,
        lambda cs: cs[3].update(encoding="auto"),
        ["440781", "encoding", "'gb18030'"],
    ),
    "a crosswalk that is not there": (
        COUNTIES,
        lambda cs: cs[0].update(crosswalk="crosswalk/440703.csv"),
        ["440703", "crosswalk/440703.csv"],
    ),
    "an initiative without an English name": (
        PLAN,
        lambda p: p["aspects"][0]["initiatives"][0]["name"].pop("en"),
        ["theory_political_ability.name.en"],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_catalogue_names_file_key_and_what_was_allowed(tmp_path: Path, case: str) -> None:
    name, change, words = WRONG[case]
    shutil.copytree(PATH, tmp_path / "catalogue")
    edit(tmp_path / "catalogue" / name, change)
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    message = str(e.value)
    assert Path(name).stem in message
    assert not [w for w in words if w not in message], message


# file, what is written in the place of what, the rule's code, and a text of the line that the message must name
RULES: dict[str, tuple[str, str, str, str, str]] = {
    "a target for a year outside the plan": (
        RURAL,
        "  target: {2024: 40,",
        "  target: {2023: 39, 2024: 40,",
        "target_year",
        "2023: 39",
    ),
    "forms that never meet": (
        "indicators/urban.yaml",
        "denominator: {form: community, count: rows}",
        "denominator: {form: village, count: rows}",
        "no_common_unit",
        "code: joint_committee_share",
    ),
    "a unit that the tree does not know": (
        "crosswalk/440799.csv",
        ",440799\n",
        ",440798\n",
        "unknown_unit",
        ",440798",
    ),
    "a parent that the tree does not know": (
        "org_units.csv",
        "440703,蓬江区,county,county,440700",
        "440703,蓬江区,county,county,440701",
        "unknown_unit",
        "440703,蓬江区,county,county",
    ),
    "two lines that hold on one day": (
        "org_units.csv",
        "440704,江海区,county",
        "440703,蓬江区,county,county,440700,true,,\n440704,江海区,county",
        "overlapping_validity",
        "440703,蓬江区,county,county,440700,true,,\n440704",
    ),
    "a cycle in the lineage": (
        "org_lineage.csv",
        "kind,from_code,to_code,on,share\n",
        "kind,from_code,to_code,on,share\nmerged_into,440703001001,440703001001,2026-01-01,\n",
        "lineage_cycle",
        "merged_into,440703001001",
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_a_broken_rule_is_named_with_file_and_line(tmp_path: Path, case: str) -> None:
    name, before, after, code, at = RULES[case]
    path = tmp_path / "catalogue" / name
    shutil.copytree(PATH, tmp_path / "catalogue")
    text = path.read_text(encoding="utf-8")
    assert before in text
    changed = text.replace(before, after, 1)
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    assert code in [p.code for p in e.value.problems]
    line = changed[: changed.index(at)].count("\n") + 1
    assert name in str(e.value)
    assert f"line {line}:" in str(e.value), (line, str(e.value))


def test_errors_are_told_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    edit(tmp_path / "catalogue" / RURAL, indicator(initiative="rural_roads", colour="red"))
    edit(tmp_path / "catalogue" / "indicators/urban.yaml", lambda es: es[0].update(target={"2031": "1"}))
    edit(tmp_path / "catalogue" / COUNTIES, lambda cs: (cs[0].update(forms=["hamlet"]), cs[1].pop("http")))
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    words = ["colour", "2031", "hamlet", "http_api needs http"]
    assert len(e.value.problems) == len(words)
    assert [w for w in words if w not in str(e.value)] == []
    assert str(e.value).startswith("4 things do not hold\n")

    from qiangji.cli.doctor import examine
    from qiangji.settings import settings

    monkeypatch.setenv("QIANGJI_CATALOGUE", str(tmp_path / "catalogue"))
    monkeypatch.setenv("QIANGJI_WAREHOUSE_URL", "postgresql+psycopg://nobody@127.0.0.1:1/none")
    settings.cache_clear()
    told = [f for f in examine() if f.what == "catalogue"]
    settings.cache_clear()
    assert [f.is_well for f in told] == [False] * len(words)
    assert [w for w in words if not any(w in f.detail for f in told)] == []


def test_a_missing_suite_or_one_that_is_no_json(tmp_path: Path) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / "village.json"
    path.write_text('{"name": "village"', encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.json: not JSON"):
        load(PATH, tmp_path / "expectations")
    path.write_text('{"name": "village"}', encoding="utf-8")
    with pytest.raises(CatalogueError, match="no `expectations`"):
        load(PATH, tmp_path / "expectations")
    path.unlink()
    with pytest.raises(CatalogueError, match=r"village\.json: no such file"):
        load(PATH, tmp_path / "expectations")


def test_suites_are_held_when_the_catalogue_loads(tmp_path: Path) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / "village.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"][0].pop("severity")
    path.write_text(json.dumps(suite, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.json, line 1: village\.village_code\.\w+\.severity"):
        load(PATH, tmp_path / "expectations")


def test_yaml_that_is_none(tmp_path: Path) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    (tmp_path / "catalogue" / "counties.yaml").write_text("- county: [", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"counties\.yaml: not YAML"):
        load(tmp_path / "catalogue", EXPECTATIONS)
    (tmp_path / "catalogue" / "counties.yaml").write_text("county: 1", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"counties\.yaml: holds a dict.*a list of entries"):
        load(tmp_path / "catalogue", EXPECTATIONS)


@pytest.mark.parametrize("odd", [r"\0", r"\x1b", r"\u202e", r"\x7f"])
def test_a_text_that_the_journal_cannot_give_back_is_refused(tmp_path: Path, odd: str) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    correction = (
        f'- {{unit: "440703001", period: 2026-07, field: households, was: 1, action: missing, reason: "核实{odd}",'
        " by: 组织二科, date: 2026-08-01, status: active}"
    )
    (tmp_path / "catalogue" / "corrections" / "village.yaml").write_text(correction, encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.yaml: not YAML: no text holds U\+(.|\s)*line 1"):
        load(tmp_path / "catalogue", EXPECTATIONS)


def test_a_suite_s_text_that_the_journal_cannot_give_back_is_refused(tmp_path: Path) -> None:
    shutil.copytree(EXPECTATIONS, tmp_path / "expectations")
    path = tmp_path / "expectations" / "village.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"][0]["meta"]["message"]["zh"] += "\0"
    path.write_text(json.dumps(suite), encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"village\.json: not JSON: no text holds U\+0000: zh"):
        load(PATH, tmp_path / "expectations")


@pytest.mark.parametrize("reducer", ["summ", "median"])
def test_a_wrong_key_of_a_term_is_one_problem(tmp_path: Path, reducer: str) -> None:
    shutil.copytree(PATH, tmp_path / "catalogue")
    wrong = {"form": "village_group", reducer: "leaders"}
    edit(tmp_path / "catalogue" / RURAL, lambda found: found[0].update(numerator=wrong))
    with pytest.raises(CatalogueError) as e:
        load(tmp_path / "catalogue", EXPECTATIONS)
    (problem,) = e.value.problems
    assert "numerator[0]: exactly one of sum" in str(problem)
