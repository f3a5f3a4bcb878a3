"""What every peer is given, and the names that all results share; nothing but the standard library.

In: a JSON on the command line. The peers run in an environment of their own, so that nothing of the project's is
imported here; a test holds these names against those of `nation_floor` and `nation_world`.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

HEADERS = {
    "小组编码": "group_code",
    "小组名称": "unit_name",
    "户数": "households",
    "人口数": "residents",
    "党员数": "party_members",
    "外出党员": "members_away",
    "现任组长": "leaders",
    "党员组长": "party_member_leaders",
    "村干部兼任组长": "leaders_concurrent",
    "党组织设置": "org_setup",
    "有党的工作覆盖": "has_party_work",
    "本年重大事项决策数": "major_matters",
    "本年按“三议两公开一监督”决策数": "matters_by_procedure",
}
TEXT = ("group_code", "unit_name", "org_setup", "has_party_work")


@dataclass(frozen=True)
class Given:
    """The month's files (a glob, a folder a county), the tree of units, the suite, an empty database, a folder."""

    tables: str
    units: str
    suite: str
    period: str
    url: str
    folder: str

    @classmethod
    def of(cls, text: str) -> Given:
        return cls(**json.loads(text))

    @property
    def timeline(self) -> Path:
        return Path(self.folder) / "timeline.json"

    def text(self) -> str:
        return json.dumps(vars(self))


QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
}
"""None of them tells anybody that it runs: there is no network."""


def environment(given: Given, project: Path) -> dict[str, str]:
    """Of a peer's process: no setting of the project's, its own state in the folder of the run."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("QIANGJI_", "AIRFLOW_", "PYTHON"))}
    return mine | QUIET | {"PYTHONPATH": str(project), "HOME": given.folder, "DLT_DATA_DIR": given.folder}
