"""Collects, checks and builds grassroots reports, and reads figures.

Exit codes: 0 done; 1 error, or not well; 2 usage; 3 done, and somebody has to look at something.
"""

from __future__ import annotations

import gc
import logging
import platform
import sys
import traceback
from typing import Annotated

import typer
from rich.console import Console

from qiangji.cli import (
    airflow,
    catalogue,
    decided,
    decisions,
    exporting,
    feedback,
    figures,
    findings,
    letters,
    pipes,
    restore,
    stages,
    system,
    template,
    today,
)
from qiangji.cli.purposes import help_of
from qiangji.cli.usage import Group
from qiangji.errors import QiangjiError, UsageError, of_the_disk
from qiangji.masking import Masking, in_all_logs, masked
from qiangji.settings import add_connection_resolver

_HELP = (
    "采集、核查、计算基层党建报表，读取指标。\n\n"
    "退出码：0 完成；1 出错或不正常；2 用法有误；3 完成，有需要处理的。\n\n"
)
app = typer.Typer(cls=Group, no_args_is_help=True, pretty_exceptions_enable=False, help=_HELP + __doc__)
for command in (
    today.today,
    stages.collect,
    stages.reprocess,
    stages.build,
    figures.values,
    exporting.export,
    figures.diff,
    figures.explain,
    figures.status,
    decisions.release,
    decisions.void,
    decided.decisions,
    findings.findings,
    findings.dispose,
    feedback.check,
    feedback.feedback,
    letters.letter,
    template.template,
    decisions.publish,
    decisions.lock,
    decisions.unlock,
    restore.backup,
    restore.verify,
    restore.rebuild_ledger,
    system.warehouse_url,
    catalogue.check_catalogue,
    system.doctor,
    system.demo,
):
    app.command(help=help_of(command))(command)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"qiangji {version('qiangji')} (Python {platform.python_version()})")
        raise typer.Exit


@app.callback()
def options(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="log what is done, to stderr")] = False,
    version: Annotated[
        bool,
        typer.Option("--version", help="print the versions and end", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Set up logging for all commands, and where connections are looked for."""
    add_connection_resolver(airflow.connection)
    in_all_logs()
    to_stderr = logging.StreamHandler()
    to_stderr.setLevel(logging.INFO if verbose else logging.CRITICAL)  # outcomes are printed, not logged
    to_stderr.setFormatter(Masking("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(handlers=[to_stderr])
    logging.getLogger("qiangji").setLevel(logging.INFO)
    for noisy in ("alembic", "asyncssh", "httpx2", "great_expectations", "stamina"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def main() -> None:
    """Entry point. The package's own errors are a line in each language on stderr, not a traceback."""
    gc.set_threshold(50_000, 10, 10)  # what a command imports stays: looking at it again and again takes long
    pipes.outlive_readers()
    code = _exit_code()
    if told := pipes.lost():
        _tell(told)
        code = code or 1
    sys.exit(code)


def _exit_code() -> str | int | None:
    """Run the command."""
    try:
        app()
    except SystemExit as e:
        return e.code
    except QiangjiError as e:
        _tell(e)
        return 2 if isinstance(e, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    except Exception as e:
        if told := of_the_disk(e):
            _tell(told)
        else:  # the traceback that Python would print, with secrets masked
            sys.stderr.write(masked(traceback.format_exc()))
        return 1
    return 0


def _tell(error: QiangjiError) -> None:
    """A line in each language. The terminal breaks them: rich would begin a Chinese text, which has no spaces, anew."""
    lines = "\n".join(filter(None, (error.zh, error.en)))
    console = Console(stderr=True, highlight=False, markup=False)
    console.print(f"{error.code}: {lines}", style="red", soft_wrap=True)
