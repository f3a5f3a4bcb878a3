"""What each command is for, in a line of Chinese: its help begins with it, in a terminal and in docs/cli.md.

In: a command's function. Out: its help, in both languages.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

PURPOSES = {
    "today": "早上第一眼：昨夜、各县、逾期退回、待办、变化、到期",
    "collect": "采集并核查各县报来的报表",
    "reprocess": "用现在的目录和规则重新核查已采到的",
    "build": "计算指标",
    "values": "查看指标值",
    "export": "导出指标：CSV、Parquet、工作簿或SDMX",
    "diff": "查看哪些指标变了、变了多少、为什么",
    "explain": "解释一个指标值：公式、合计、报表、缺项、历次变化",
    "status": "报送状态表，以及需要处理的事项",
    "release": "放行待审的来件",
    "void": "作废有误的来件，上一版本（如有）恢复有效",
    "decisions": "人工决定：谁在何时放行、作废、锁定、处置了什么，理由",
    "findings": "核查发现：已收下而看着不对的",
    "dispose": "处置核查发现：确认无误、退县里重报或重新打开",
    "check": "报送前试核一个文件，写明会退回什么，不作记录",
    "feedback": "把退回的做成批注工作簿发给县里，每份只发一次",
    "letter": "发当天的信：市里一封，有事项的县各一封",
    "template": "生成空表：单位、下拉选项、上下限已填好",
    "publish": "审定发布一个报告期的指标",
    "lock": "锁定报告期：此后报来的一律待审",
    "unlock": "解除锁定",
    "backup": "备份数据库、数据湖和事件日志",
    "verify": "校验数据湖、台账和指标是否一致",
    "rebuild-ledger": "数据库丢了，从数据湖重建",
    "warehouse-url": "给BI工具的数据仓库地址",
    "check-catalogue": "核对改过的目录和规则",
    "doctor": "体检：设置、连接、磁盘、备份是否正常",
    "demo": "演示：启动模拟的县系统，运行一夜并补采几个月",
}
"""Command -> its purpose: one line of a terminal of 80 columns, as a Chinese text has no blanks to break it at."""


def name_of(command: Callable[..., Any]) -> str:
    """The command's name, as typer makes it of the function's."""
    return command.__name__.replace("_", "-")


def help_of(command: Callable[..., Any]) -> str:
    """The purpose in Chinese, then what the command's docstring says."""
    return f"{PURPOSES[name_of(command)]}\n{inspect.getdoc(command)}"
