"""440705, 440781, 440784: SFTP servers with a password and an ed25519 host key.

/outgoing is read-only, except /outgoing/feedback, where a collector may put returned workbooks. Each county has a class
that says which files it offers and renders them. They are real files under `DIR/sftp/<county>/outgoing`; their mtime is
the time of publication.
"""

from __future__ import annotations

import os
import posixpath
import secrets
import shutil
from abc import abstractmethod
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncssh

from simulator import rendering
from simulator.forms import FORMS
from simulator.submissions import Key, Submission
from simulator.systems.base import CountySystem

FEEDBACK = b"/outgoing/feedback"


def _is_feedback(*paths: bytes) -> bool:
    """Whether all of these are files directly in the feedback folder."""
    return all(posixpath.dirname(posixpath.normpath(path)) == FEEDBACK for path in paths)


class _ReadOnly(asyncssh.SFTPServer):  # type: ignore[misc]  # untyped here
    """Files can be listed and read; every change is refused, except to files in the feedback folder."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        if pflags & ~asyncssh.FXF_READ and not _is_feedback(path):
            raise asyncssh.SFTPPermissionDenied("read-only")
        return super().open(path, pflags, attrs)

    def remove(self, path: bytes) -> Any:
        return super().remove(path) if _is_feedback(path) else self._refuse()

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        return super().posix_rename(oldpath, newpath) if _is_feedback(oldpath, newpath) else self._refuse()

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> Any:
        return super().mkdir(path, attrs) if posixpath.normpath(path) == FEEDBACK else self._refuse()

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: asyncssh.SFTPAttrs) -> Any:
        raise asyncssh.SFTPOpUnsupported("SFTP version 3 only")

    def _refuse(self, *args: Any) -> Any:
        raise asyncssh.SFTPPermissionDenied("read-only")

    rename = rmdir = symlink = link = _refuse
    setstat = lsetstat = fsetstat = _refuse


class _Server(asyncssh.SSHServer):  # type: ignore[misc]  # the same
    def __init__(self, system: Sftp) -> None:
        self._system = system

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        fits = secrets.compare_digest(password.encode(), self._system.password.encode())
        return fits and username == self._system.user


class Sftp(CountySystem):
    """See the module."""

    def __init__(
        self, county: str, held: dict[Key, Submission], directory: Path, host: str, advertise: str
    ) -> None:
        super().__init__(county, held, directory, host, advertise)
        self._root = directory / "sftp" / county
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._shown_key = self._public_key()
        self._acceptor: asyncssh.SSHAcceptor | None = None

    def _public_key(self) -> str:
        return " ".join(self._host_key.export_public_key().decode().split()[:2])

    @property
    def uri(self) -> str:
        return f"sftp://{self.login}@{self.address}/outgoing?host_key={quote(self._shown_key, safe='')}"

    @abstractmethod
    def file_of(self, submission: Submission) -> str:
        """The name of the file that a submission is in."""

    @abstractmethod
    def render(self, submissions: list[Submission]) -> bytes:
        """The bytes of a file with these submissions."""

    async def refresh(self, changed: list[Submission]) -> None:
        outgoing = self._root / "outgoing"
        outgoing.mkdir(parents=True, exist_ok=True)
        files: dict[str, list[Submission]] = defaultdict(list)
        for submission in self.published():
            files[self.file_of(submission)].append(submission)
        for name in {self.file_of(submission) for submission in changed}:
            if name not in files:
                (outgoing / name).unlink(missing_ok=True)
                continue
            moment = max(each.updated_at for each in files[name]).timestamp()
            for written, content in ((name, self.render(files[name])), *self.beside(name, files[name])):
                temporary = self._root / f"{written}.new"
                temporary.write_bytes(content)
                os.utime(temporary, (moment, moment))
                temporary.replace(outgoing / written)

    def beside(self, name: str, submissions: list[Submission]) -> list[tuple[str, bytes]]:
        """Further files with what a file holds: their names and bytes."""
        return []

    async def change_host_key(self) -> None:
        await self._stop()
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.door.backend = await self._listen()
        await self.door.drop()

    async def _start(self) -> tuple[str, int]:
        shutil.rmtree(self._root, ignore_errors=True)
        await self.refresh(self.published())
        return await self._listen()

    async def _listen(self) -> tuple[str, int]:
        root = str(self._root).encode()
        self._acceptor = await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=lambda: _Server(self),
            server_host_keys=[self._host_key],
            sftp_factory=lambda chan: _ReadOnly(chan, chroot=root),
            allow_scp=False,
            public_key_auth=False,
            agent_forwarding=False,
        )
        return "127.0.0.1", self._acceptor.get_port()

    async def _stop(self) -> None:
        if self._acceptor:
            self._acceptor.close()
            await self._acceptor.wait_closed()


class TitledWorkbooks(Sftp):
    """440705: `{form}_{period}.xlsx`, a title, two header rows with merged cells, 合计, a sign-off zone."""

    def file_of(self, submission: Submission) -> str:
        copy = " (1)" if submission.look.is_renamed else ""
        return f"{submission.form.code}_{submission.period}{copy}.xlsx"

    def render(self, submissions: list[Submission]) -> bytes:
        content = rendering.workbook([rendering.titled_sheet(submission) for submission in submissions])
        return rendering.cut_bytes(content) if submissions[0].is_cut else content


class GbCsv(Sftp):
    """440781: `{form}_{period}.csv` in GB18030, as people type numbers."""

    def file_of(self, submission: Submission) -> str:
        return f"{submission.form.code}_{submission.period}.csv"

    def render(self, submissions: list[Submission]) -> bytes:
        text = rendering.csv_text(submissions[0], rendering.hand_written, "\r\n")
        return (rendering.cut_text(text) if submissions[0].is_cut else text).encode("gb18030")

    def beside(self, name: str, submissions: list[Submission]) -> list[tuple[str, bytes]]:
        if not submissions[0].look.is_doubled:
            return []
        content = rendering.workbook([rendering.plain_sheet(submissions[0])])
        return [(name.removesuffix(".csv") + ".xlsx", content)]


class OneWorkbook(Sftp):
    """440784: `{period}.xlsx` (2026-10, 2026Q3) with all forms of that period type, a hidden sheet
    first, numbers stored as text, a 备注 column.
    """

    def file_of(self, submission: Submission) -> str:
        return f"{submission.period}.xlsx"

    def render(self, submissions: list[Submission]) -> bytes:
        order = list(FORMS)
        ordered = sorted(submissions, key=lambda each: order.index(each.form.code))
        sheets = [rendering.code_list(ordered), *(rendering.text_sheet(each) for each in ordered)]
        for each in ordered:
            if each.look.copy:
                sheets.append(replace(rendering.text_sheet(each), name=each.look.copy))
        content = rendering.workbook(sheets)
        return rendering.cut_bytes(content) if any(each.is_cut for each in submissions) else content
