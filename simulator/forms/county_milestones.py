"""任务清单季报表: one row a county and task, quarterly; the city's own departments report it too.

The code of a task is the county's six digits, a hyphen and the task's number in `TASKS`.
"""

from __future__ import annotations

import numpy as np

from simulator.forms.spec import Column, Field, Form
from simulator.periods import month_number, month_text
from simulator.population import Population

TASKS = (  # a task that the plan words as 出台, 制定, 建立 or 实现; who leads it; the month in which it is due
    ("出台社区工作者队伍建设措施", "社会工作部", "2025-06"),
    ("社区工作者等级市内互认", "社会工作部", "2025-12"),
    ("社区工作者等级省内互认", "社会工作部", "2026-12"),
    ("建立社区工作者培训师资库", "社会工作部", "2025-03"),
    ("建立社区党建学院平台", "组织部", "2025-09"),
    ("出台村级集体经济政策措施", "农业农村局", "2025-06"),
    ("制定市属国企党建二十条", "国有资产监督管理局", "2024-12"),
    ("建立国企党建联建机制", "国有资产监督管理局", "2026-06"),
    ("出台中小学校党建措施", "教育局", "2025-12"),
    ("出台医疗领域党建措施", "卫生健康局", "2025-12"),
    ("建立“两企三新”工作体系", "社会工作部", "2026-06"),
    ("成立行业党委", "社会工作部", "2026-09"),
)
STATUSES = ("未启动", "推进中", "已完成", "已销号")


def values(population: Population, period: str) -> dict[str, Column]:
    """Columns for every task of every county, in code order, the city's own departments last."""
    t = month_number(period)
    rng = population.rng("county_milestones")
    columns: dict[str, Column] = {name: [] for name in ("lead_office", "due_date", "status", "evidence_no")}
    for place in population.tree.county_level:
        for _, office, month in TASKS:
            extended = int(
                rng.choice([0, 0, 0, 3])
            )  # some counties are given a quarter more, within the plan
            due = min(month_number(month) + extended, month_number("2026-12"))
            done = due + int(np.clip(np.rint(rng.normal(-2, 4)), -10, 9))
            started, closed = done - int(rng.integers(4, 12)), done + int(rng.integers(2, 7))
            paper = f"{place.name}强基〔{month_text(done)[:4]}〕{int(rng.integers(1, 90))}号"
            status = (t >= started) + (t >= done) + (t >= closed)
            last_day = np.datetime64(month_text(due + 1)).astype("datetime64[D]") - np.timedelta64(1, "D")
            columns["lead_office"].append(f"{place.name}{office}")
            columns["due_date"].append(str(last_day))
            columns["status"].append(STATUSES[status])
            columns["evidence_no"].append(paper if status >= 2 else None)
    return columns


FORM = Form(
    code="county_milestones",
    grain="task",
    key="task_code",
    name_field="task_name",
    period_type="quarter",
    also_direct=True,
    fields=(
        Field("lead_office", "text"),
        Field("due_date", "date"),
        Field("status", "enum"),
        Field("evidence_no", "text"),
    ),
    pairs=(),
    jiggle="lead_office",
    values=values,
)
