"""The plugin as a real Airflow finds it: once, be the package installed, in the plugins folder, or both."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qiangji.settings import PROJECT

SCRIPT = """
import importlib, json, sys
from pathlib import Path
from airflow import plugins_manager
found = {"timetables": sorted(plugins_manager.get_timetables_plugins()),
         "pages": [app["url_prefix"] for app in plugins_manager.get_fastapi_plugins()[0]],
         "views": [view["href"] for view in plugins_manager._get_ui_plugins()[0]]}
for name in ("airflow.plugins_manager", "airflow.sdk.plugins_manager"):
    loaded, errors = importlib.import_module(name)._get_plugins()
    found[name] = {"sources": [str(p.source) for p in loaded if p.name == "qiangji"], "errors": errors}
Path(sys.argv[1]).write_text(json.dumps(found))
"""
ENTRY_POINT = (
    "EntryPoint(name='qiangji', value='qiangji.airflow_glue:QiangjiPlugin', group='airflow.plugins')"
)


def site_packages(folder: Path, is_installed: bool) -> Path:
    """Links to everything that is installed here, with or without what pip recorded of this package."""
    folder.mkdir()
    entries: dict[str, Path] = {}
    for place in (Path(p) for p in sys.path if p.endswith("site-packages")):
        for entry in place.iterdir():  # of several installations of this package the first counts
            entries.setdefault("ours" if entry.name.startswith("qiangji-") else entry.name, entry)
    if not is_installed:
        del entries["ours"]
    for entry in entries.values():
        (folder / entry.name).symlink_to(entry)
    return folder


def look(folder: Path, plugins: Path, is_installed: bool) -> dict[str, Any]:
    """What Airflow's two plugin managers find in a process of their own."""
    site = site_packages(folder / "site-packages", is_installed)
    environment = {
        n: v for n, v in os.environ.items() if not n.startswith(("AIRFLOW", "QIANGJI_", "PYTHON"))
    } | {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(plugins),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": os.pathsep.join([str(site), str(PROJECT / "plugins")]),
    }
    ran = subprocess.run(
        [sys.executable, "-S", "-c", SCRIPT, str(folder / "found.json")],
        env=environment, cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3000:]
    found: dict[str, Any] = json.loads((folder / "found.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.usefixtures("servers")
@pytest.mark.parametrize(
    ("is_installed", "is_in_the_folder", "source"),
    [
        (True, True, ENTRY_POINT),
        (True, False, ENTRY_POINT),
        (False, True, "$PLUGINS_FOLDER/qiangji_plugin.py"),
    ],
)
def test_it_registers_once(is_installed: bool, is_in_the_folder: bool, source: str, tmp_path: Path) -> None:
    empty = tmp_path / "plugins"
    empty.mkdir()
    found = look(tmp_path, PROJECT / "plugins" if is_in_the_folder else empty, is_installed)
    for manager in ("airflow.plugins_manager", "airflow.sdk.plugins_manager"):
        assert found[manager]["errors"] == {}, "a second plugin of the same name is one"
        (shown,) = found[manager]["sources"]
        assert shown.endswith(source)
    assert found["timetables"] == ["qiangji.airflow_glue.NightlyPartition"]
    assert found["pages"] == ["/qiangji"]
    assert found["views"] == ["qiangji/board/"], "Airflow may lie under a path of a proxy"
