"""Figures as files: what a spreadsheet, a data frame and a statistical office find in them."""

from __future__ import annotations

import csv
import io
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow.parquet as pq
import pytest

from qiangji.errors import UsageError
from qiangji.exporting import Extract, sdmx, workbook, write_parquet

AT = datetime(2026, 11, 29, 8, tzinfo=UTC)
OUTSIDE = Path(__file__).resolve().parents[2] / "tests/outside/.venv/bin/python"


def figure(period: str, period_type: str = "month", **more: Any) -> dict[str, Any]:
    return {
        "indicator_code": "share", "name_zh": "占比", "name_en": "Share & more", "unit": "percent", "direction": "up",
        "org_code": "440700", "org_name": "江门市", "org_level": "city", "period": period, "period_type": period_type,
        "numerator": Decimal("3"), "denominator": Decimal("4.5"), "value": Decimal("66.666667"), "target": None,
        "expected_units": 3, "reported_units": 3, "reporting_rate": Decimal(100), "obs_status": "A",
        "obs_status_zh": "正常", "obs_status_en": "normal", "is_corrected": False, "has_warning": False,
        "is_closed": True, "definition_version": 1, "built_at": AT,
    } | more  # fmt: skip


HIDDEN: dict[str, Any] = {
    "org_code": "440703001001", "org_name": "=村", "org_level": "village", "value": None, "numerator": None,
    "denominator": None, "obs_status": "Q", "obs_status_zh": "已隐去", "obs_status_en": "suppressed",
    "has_warning": True, "is_closed": False,
}  # fmt: skip
ROWS = [
    figure("2026-10"),
    figure("2026-10", **HIDDEN),
    figure("2026Q3", "quarter", value=Decimal("0.000001")),
    figure("2026H1", "half", value=Decimal("1E+2")),
    figure("2025", "year", target=Decimal("50")),
    figure("2026-10", "ytd"),
]
INDICATOR = {
    "indicator_code": "share", "aspect_code": "rural", "aspect_zh": "乡村振兴", "aspect_en": "Rural",
}  # fmt: skip
EXTRACT = Extract(ROWS, [INDICATOR], "《江门日报》", AT.astimezone(ZoneInfo("Asia/Shanghai")))


def test_parquet_keeps_exact_decimals_and_moments(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", EXTRACT)
    found = pq.read_table(tmp_path / "x.parquet")
    assert found.column("value").to_pylist()[2] == Decimal("0.000001")
    assert found.column("built_at").to_pylist()[0] == AT
    assert {str(found.schema.field(n).type) for n in ("numerator", "value")} == {
        "decimal128(38, 4)",
        "decimal128(38, 6)",
    }


def test_a_workbook_has_a_table_a_sheet_and_a_word_where_there_is_no_number(tmp_path: Path) -> None:
    workbook.write(tmp_path / "x.xlsx", EXTRACT)
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    assert book.sheetnames == ["封面", "目录", "说明", "表1"]
    assert "均为示意 illustrative" in {c.value for row in book["封面"].iter_rows() for c in row}
    assert book["封面"]["B5"].value == "2026-11-29 16:00 +0800", "the counties' time"
    assert [c.value for c in book["目录"][3]] == ["表1", "乡村振兴 Rural", len(ROWS)]
    sheet = book["表1"]
    assert sheet["A1"].value == "表1 乡村振兴 Rural"
    assert not sheet.merged_cells.ranges
    (table,) = sheet.tables.values()
    assert table.ref == f"A4:N{4 + len(ROWS)}"
    assert sheet["C5"].value == "440700", "codes are text"
    assert float(sheet["G5"].value) == pytest.approx(66.666667)
    assert (sheet["G6"].value, sheet["H6"].value, sheet["N6"].value) == ("已隐去", None, "w o")
    assert sheet["D6"].value == "'=村", "no formula"
    marks = {row[0].value for row in book["说明"].iter_rows(min_row=3)}
    assert {"w", "c", "o"} <= marks


def test_an_indicator_that_has_left_the_catalogue_has_a_table_too(tmp_path: Path) -> None:
    workbook.write(tmp_path / "x.xlsx", Extract(ROWS, [], "", AT))
    assert "已不在目录中" in openpyxl.load_workbook(tmp_path / "x.xlsx")["表1"]["A1"].value


def test_simulated_figures_say_so(tmp_path: Path) -> None:
    simulated = replace(EXTRACT, is_simulated=True)
    workbook.write(tmp_path / "x.xlsx", simulated)
    assert "模拟数据" in openpyxl.load_workbook(tmp_path / "x.xlsx")["封面"]["B2"].value
    assert "Qiangji indicators (simulated)" in sdmx.structure(simulated)
    assert "simulated" not in sdmx.structure(EXTRACT)


def test_sdmx_csv_names_its_dataflow_in_every_line() -> None:
    lines = list(csv.DictReader(io.StringIO(sdmx.data(EXTRACT))))
    assert [line["TIME_PERIOD"] for line in lines] == [
        "2026-10", "2026-10", "2026-Q3", "2026-S1", "2025", "2026-10",
    ]  # fmt: skip
    assert {line["STRUCTURE_ID"] for line in lines} == {"QIANGJI:DF_INDICATORS(1.0)"}
    assert [line["OBS_VALUE"] for line in lines] == [
        "66.666667",
        "",
        "0.000001",
        "100",
        "66.666667",
        "66.666667",
    ]
    assert [line["OBS_STATUS"] for line in lines][1] == "Q"
    assert len({tuple(line[d] for d in (*sdmx.DIMENSIONS, "TIME_PERIOD")) for line in lines}) == len(lines)


def test_its_structure_holds_every_code_that_is_used() -> None:
    root = ElementTree.fromstring(sdmx.structure(EXTRACT))
    space = "{http://www.sdmx.org/resources/sdmxml/schemas/v3_0/structure}"
    codes = {
        one.attrib["id"]: {c.attrib["id"] for c in one.iter(f"{space}Code")}
        for one in root.iter(f"{space}Codelist")
    }
    for line in csv.DictReader(io.StringIO(sdmx.data(EXTRACT))):
        for name in (*sdmx.DIMENSIONS, "OBS_STATUS"):
            assert line[name] in codes[f"CL_{name}"]


@pytest.mark.skipif(not OUTSIDE.exists(), reason="needs pysdmx: make outside")
def test_pysdmx_validates_the_structure_and_reads_the_same_observations(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(sdmx.data(EXTRACT), encoding="utf-8", newline="")
    (tmp_path / "x.xml").write_text(sdmx.structure(EXTRACT), encoding="utf-8")
    script = (
        "import sys; from pysdmx.io import get_datasets, read_sdmx;"
        "message = read_sdmx(sys.argv[2], validate=True);"
        "(found,) = get_datasets(sys.argv[1], sys.argv[2]);"
        "print(len(message.structures), len(found.data), *found.data['OBS_VALUE'].astype(str))"
    )
    ran = subprocess.run(
        [str(OUTSIDE), "-c", script, str(tmp_path / "x.csv"), str(tmp_path / "x.xml")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == ["7", "6", "66.666667", "nan", "1e-06", "100.0", "66.666667", "66.666667"]


def test_a_format_that_there_is_not_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    from qiangji.cli.exporting import _format

    assert _format(tmp_path / "x.PARQUET", None) == "parquet"
    assert _format(tmp_path / "x.csv", "sdmx-csv") == "sdmx-csv"
    for path, wanted, code in (
        (tmp_path / "x.txt", None, "unknown_kind"),
        (tmp_path / "x.csv", "xml", "unknown_kind"),
        (tmp_path / "none" / "x.csv", None, "no_place"),
        (tmp_path, "csv", "no_place"),
    ):
        with pytest.raises(UsageError) as error:
            _format(path, wanted)
        assert error.value.code == code
