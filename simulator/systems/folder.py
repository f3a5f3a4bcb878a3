"""440799 (市直): a folder of files, `{form}_{period}.xlsx`, one header row, with unit codes of its own.

In: submissions. Out: `DIR/folders/440799/`, which stays after the simulator ended. A folder has no login and no port.
When it is down, it is not there, like a share that is not mounted. It cannot hang.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from simulator import rendering
from simulator.submissions import Submission
from simulator.systems.base import CountySystem
from simulator.systems.front_door import State


class Folder(CountySystem):
    """See the module."""

    @property
    def path(self) -> Path:
        return self.directory.resolve() / "folders" / self.county

    @property
    def _away(self) -> Path:
        return self.path.with_name(f"{self.county} away")

    @property
    def uri(self) -> str:
        return self.path.as_uri()

    async def start(self) -> None:
        for folder in (self.path, self._away):
            shutil.rmtree(folder, ignore_errors=True)
        self.path.mkdir(parents=True)
        await self.refresh(self.published())

    async def stop(self) -> None:
        await self.set_state("up")
        await self.door.stop()

    async def set_state(self, state: State) -> None:
        if state == "hang":
            raise ValueError(f"{self.county} delivers by folder: it can be down, and cannot hang")
        if state == "down" and self.path.exists():
            self.path.rename(self._away)
        elif state == "up" and self._away.exists():
            self._away.rename(self.path)

    async def refuse_credentials(self) -> None:
        raise ValueError(f"{self.county} delivers by folder: it has no credentials")

    async def refresh(self, changed: list[Submission]) -> None:
        folder = self._away if self._away.exists() else self.path
        for submission in changed:
            file = folder / f"{submission.form.code}_{submission.period}.xlsx"
            if not submission.is_published:
                file.unlink(missing_ok=True)
                continue
            content = rendering.workbook([rendering.plain_sheet(submission)])
            temporary = self.directory / f"{file.name}.new"
            temporary.write_bytes(rendering.cut_bytes(content) if submission.is_cut else content)
            moment = submission.updated_at.timestamp()
            os.utime(temporary, (moment, moment))
            temporary.replace(file)

    async def _start(self) -> str:
        return str(self.path)

    async def _stop(self) -> None:
        pass
