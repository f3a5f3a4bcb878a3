"""Superset as code: bi/superset/assets, in Superset's import format, from the catalogue and the warehouse's words.

In: the catalogue, and a connection to a warehouse that was brought in line with it. Out: a YAML file for the database,
each dataset, chart and dashboard. Ids are made of names, so that an import finds again what an earlier one made.
`make docs`, or `python -m qiangji.exporting.superset`, writes them; a test holds them current.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.engine import Connection

from qiangji.catalogue.load import Catalogue
from qiangji.exporting.superset.charts import Chart, position
from qiangji.exporting.superset.dashboards import Dashboard, Filter, dashboards
from qiangji.exporting.superset.datasets import DATASETS, Dataset
from qiangji.warehouse.temporary import temporary_warehouse

FOLDER = Path("bi/superset/assets")
DATABASE = "qiangji"
CONNECTION = "postgresql+psycopg2://qiangji_bi:XXXXXXXXXX@warehouse.invalid:5432/qiangji"
"""A placeholder: bi/superset/upload.py puts in the address of the warehouse and the password."""
KEPT = 300
"""Seconds that a Superset with a cache keeps rows; 0 would mean for ever."""
_IDS = uuid.uuid5(uuid.NAMESPACE_DNS, "superset.qiangji.invalid")
_COLORS = {"green": "#2e7d32", "yellow": "#f9a825", "red": "#c62828"}
"""Of the bands, by the names of their metrics."""
_VERSION = {"version": "1.0.0"}
# what is changed in Superset goes with the next import: it offers a copy instead
_OURS = _VERSION | {"is_managed_externally": True}


def own_id(kind: str, name: str) -> str:
    """The id of a part, the same on every machine and in every version."""
    return str(uuid.uuid5(_IDS, f"{kind}/{name}"))


def assets(catalogue: Catalogue, connection: Connection) -> dict[str, dict[str, Any]]:
    """Path within the folder -> what stands in the file."""
    made: dict[str, dict[str, Any]] = {
        # its time is that of the format, so that the same catalogue gives the same files
        "metadata.yaml": _VERSION | {"type": "assets", "timestamp": "2024-09-04T00:00:00+00:00"},
        f"databases/{DATABASE}.yaml": _database(),
    }
    for dataset in DATASETS:
        made[f"datasets/{DATABASE}/{dataset.name}.yaml"] = _dataset(dataset, connection)
    for dashboard in dashboards(catalogue):
        made[f"dashboards/{dashboard.key}.yaml"] = _dashboard(dashboard)
        made |= {f"charts/{chart.key}.yaml": _chart(chart) for chart in dashboard.charts}
    return made


def texts(catalogue: Catalogue, connection: Connection) -> dict[str, str]:
    """Path within the folder -> the text of the file."""
    return {path: _yaml(what) for path, what in assets(catalogue, connection).items()}


def write(folder: Path = FOLDER) -> None:
    """Write all files from a temporary warehouse."""
    with temporary_warehouse() as (catalogue, connection):
        made = texts(catalogue, connection)
    replace(folder, made)


def replace(folder: Path, made: dict[str, str]) -> None:
    """The folder has these files, and no others."""
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in made.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def _database() -> dict[str, Any]:
    return _OURS | {
        "uuid": own_id("database", DATABASE),
        "database_name": DATABASE,
        "sqlalchemy_uri": CONNECTION,
        "expose_in_sqllab": True, "allow_run_async": False, "allow_ctas": False, "allow_cvas": False,
        "allow_dml": False, "allow_csv_upload": False, "cache_timeout": KEPT,
        "extra": {"allows_virtual_table_explore": True},
    }  # fmt: skip


def _dataset(dataset: Dataset, connection: Connection) -> dict[str, Any]:
    columns = dataset.columns(connection)
    return _OURS | {
        "uuid": own_id("dataset", dataset.name),
        "database_uuid": own_id("database", DATABASE),
        "table_name": dataset.name,
        "schema": "mart",
        "description": f"{dataset.zh} / {dataset.en}",
        "main_dttm_col": None,
        "cache_timeout": KEPT,
        "filter_select_enabled": True,
        "sql": dataset.sql,
        "columns": [
            {
                "column_name": c.name, "verbose_name": c.words.partition(" / ")[0], "description": c.words,
                "type": c.type, "is_dttm": False, "is_active": True, "groupby": True, "filterable": True,
            }
            for c in columns
        ],
        "metrics": [
            {
                "metric_name": m.name, "verbose_name": m.zh, "description": f"{m.zh} / {m.en}", "expression": m.sql,
                "d3format": m.format,
            }
            for m in dataset.metrics
        ],
    }  # fmt: skip


def _chart(chart: Chart) -> dict[str, Any]:
    return _OURS | {
        "uuid": own_id("chart", chart.key),
        "dataset_uuid": own_id("dataset", chart.dataset),
        "slice_name": chart.title,
        "viz_type": chart.params["viz_type"],
        "params": chart.params,
        "query_context": chart.query_context(),
        "cache_timeout": KEPT,
    }


def _dashboard(dashboard: Dashboard) -> dict[str, Any]:
    ids = {chart.key: own_id("chart", chart.key) for chart in dashboard.charts}
    return _OURS | {
        "uuid": own_id("dashboard", dashboard.key),
        "dashboard_title": dashboard.title,
        "description": dashboard.about,
        "slug": f"qiangji-{dashboard.key}",
        "published": True,
        "position": position(dashboard.title, dashboard.rows, ids),
        "metadata": {
            "native_filter_configuration": [_filter(f, dashboard) for f in dashboard.filters],
            "cross_filters_enabled": False,
            "color_scheme": "supersetColors",
            "label_colors": _COLORS,
        },
    }  # fmt: skip


def _filter(chosen: Filter, dashboard: Dashboard) -> dict[str, Any]:
    placed: Sequence[Chart] = dashboard.charts  # numbered as `position` does
    return {
        "id": f"NATIVE_FILTER-{chosen.column}",
        "name": chosen.title,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [
            {"datasetUuid": own_id("dataset", chosen.dataset), "column": {"name": chosen.column}},
        ],
        "scope": {
            "rootPath": ["ROOT_ID"],
            "excluded": [i for i, c in enumerate(placed, 1) if chosen.column not in c.filters],
        },
        "controlValues": {
            "enableEmptyFilter": True, "defaultToFirstItem": True, "multiSelect": False, "searchAllOptions": False,
            "inverseSelection": False, "sortAscending": chosen.is_rising,
        },
        "adhoc_filters": [w.adhoc for w in chosen.where],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}},
        # without it the first value is shown, and chosen only once somebody presses the button
        "requiredFirst": True,
        "cascadeParentIds": [],
        "description": "",
    }  # fmt: skip


class _Dumper(yaml.SafeDumper):
    """Statements of several lines stand as they are."""


def _as_block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _as_block)


def _yaml(what: dict[str, Any]) -> str:
    text: str = yaml.dump(what, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)
    return "# Written by `make docs` from catalogue/ and sql/: change those, not this file.\n" + text
