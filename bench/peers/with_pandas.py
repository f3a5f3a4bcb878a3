"""The script that everyone writes: python -m bench.peers.with_pandas GIVEN

pandas reads all files into one frame, Great Expectations validates it as its pages show (a batch of the whole frame,
all rules of the suite that need no earlier month), `groupby` adds up, `to_sql` writes facts and figures.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from glob import glob
from pathlib import Path

import great_expectations as gx
import pandas as pd
from sqlalchemy import create_engine

from bench.peers.given import HEADERS, Given
from bench.watching import Timeline

PATH = ("city_code", "county_code", "town_code", "village_code")
MADE = {"_is_known", "_occurrences", "_is_total"}
"""What the script itself works out for the rules that look beyond a row."""


def main() -> None:
    given, timeline = Given.of(sys.argv[1]), Timeline()
    with timeline.timed("read"):
        rows = placed(read(given), given)
    with timeline.timed("validate"):
        validate(rows, given)
    with timeline.timed("roll up"):
        found = pd.concat(figures(rows, given.period), ignore_index=True)
    engine = create_engine(given.url.replace("postgresql://", "postgresql+psycopg2://"))
    with timeline.timed("to_sql"):
        facts = rows.drop(columns=[*MADE]).assign(period=given.period)
        facts.to_sql("fact", engine, if_exists="append", index=False, chunksize=10_000)
        found.to_sql("mart", engine, if_exists="append", index=False, chunksize=10_000)
    timeline.write(given.timeline)


def read(given: Given) -> pd.DataFrame:
    frames = [
        pd.read_csv(path, dtype={"小组编码": str}).assign(county_code=Path(path).parent.name)
        for path in sorted(glob(given.tables))
    ]
    return pd.concat(frames, ignore_index=True).rename(columns=HEADERS)


def placed(rows: pd.DataFrame, given: Given) -> pd.DataFrame:
    """With the units above each row, and what the rules ask for beside the columns."""
    tree = pd.read_csv(given.units, dtype=str)
    parent = tree.set_index("code")["parent_code"]
    known = set(tree.loc[(tree["level"] == "village") & (tree["reports"] == "true"), "code"])
    village = rows["group_code"].str[:12]
    town = village.map(parent)
    county = town.map(parent)
    return rows.assign(
        village_code=village,
        town_code=town,
        city_code=county.map(parent).fillna(county),
        _is_known=village.isin(known) & (county == rows["county_code"]),
        _occurrences=rows.groupby("group_code")["group_code"].transform("size"),
        _is_total=rows["unit_name"].str.contains("小计|合计|总计|共计")
        | rows["group_code"].str.endswith("00"),
    )


def validate(rows: pd.DataFrame, given: Given) -> None:
    """End where a critical rule does not hold; say which warnings there are."""
    rules = json.loads(Path(given.suite).read_text(encoding="utf-8"))["expectations"]
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas("counties").add_dataframe_asset("groups")
    batch = source.add_batch_definition_whole_dataframe("month").get_batch({"dataframe": rows})
    suite = gx.ExpectationSuite("groups", expectations=[r for r in rules if can_judge(r["kwargs"], rows)])
    result = batch.validate(suite)
    failed = [r.expectation_config for r in result.results if not r.success]
    print(len(result.results), "rules,", len(failed), "of them with rows that do not hold")
    if any(c is None or c.severity == "critical" for c in failed):
        raise SystemExit(f"critical: {failed}")


def can_judge(said: dict[str, object], rows: pd.DataFrame) -> bool:
    """Whether all columns that the rule names are there: those of earlier months are not."""
    return {v for k, v in said.items() if k in ("column", "column_A", "column_B")} <= set(rows.columns)


def sides(rows: pd.DataFrame) -> dict[str, tuple[pd.Series, pd.Series]]:
    """Indicator -> numerator and denominator of each row; a row that lacks one counts in neither."""
    setup, one = rows["org_setup"], pd.Series(1.0, rows.index)
    has_unit = (setup != "无").astype(float).where(setup.notna())
    covered = pd.concat([has_unit, rows["has_party_work"].map({"是": 1.0, "否": 0.0})], axis=1)
    has_any = covered.max(axis=1).where(covered.notna().all(axis=1) | (covered.max(axis=1) == 1))
    found = {
        "group_leader_party_share": (rows["party_member_leaders"], rows["leaders"]),
        "group_leader_vacancy_share": ((rows["leaders"] == 0).astype(int), one),
        "group_org_coverage": (setup.isin(["单独支部", "联合支部"]).astype(int).where(setup.notna()), one),
        "group_cell_share": ((setup == "党小组").astype(int).where(setup.notna()), one),
        "group_any_coverage": (has_any, one),
        "groups_without_member_share": ((rows["party_members"] == 0).astype(int), one),
        "group_member_share": (rows["party_members"], rows["residents"]),
        "procedure_adoption_rate": (rows["matters_by_procedure"], rows["major_matters"]),
    }
    both = {code: n.notna() & d.notna() for code, (n, d) in found.items()}
    return {code: (n.where(both[code]), d.where(both[code])) for code, (n, d) in found.items()}


def figures(rows: pd.DataFrame, period: str) -> Iterator[pd.DataFrame]:
    """The sums of every unit at every level, for the month and, in a January the same, the year to date."""
    parts = {f"{p}__{code}": s for code, both in sides(rows).items() for p, s in zip("nd", both, strict=True)}
    wide = rows[[*PATH]].assign(reported_units=1, **parts)
    cities = wide["city_code"] != wide["county_code"]  # a county that is its own city is one unit
    for code in PATH:
        chosen = wide[cities] if code == "city_code" else wide
        level = (
            chosen.groupby(code)[["reported_units", *parts]]
            .sum()
            .astype("int64")
            .reset_index(names="org_code")
        )
        level = level.assign(org_level=code.removesuffix("_code"), period=period)
        for period_type in ("month", "ytd"):
            yield level.assign(period_type=period_type)


if __name__ == "__main__":
    main()
