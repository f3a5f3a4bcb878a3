"""Transport `sftp`: files in a directory of a county's SSH server, which must show the known host key.

The connection's URI is sftp://login:password@host:port/directory?host_key=<public key>.

| parameter | what |
| --- | --- |
| `host_key` | the key as in a known_hosts file, without the host's name; several while a key is being changed |
| `private_key` | the path of a key file, in place of the password |

Nothing of the user's own SSH configuration, agent or known_hosts is used. File names are built from the declared
pattern; the county's names are only compared with them, as bytes. Only regular files are read, and none that is still
being written. No link is followed, neither to a file nor on the way to the directory. The version is modification time
and size.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import posixpath
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, suppress
from typing import Any, TypeVar

import asyncssh

from qiangji.catalogue.models import County
from qiangji.errors import PermanentError, QiangjiError, TransientError
from qiangji.sources import Fetched, Item, Seen, Target
from qiangji.sources.address import address_of, login_refused
from qiangji.sources.files import (
    BENEATH,
    MAX_ENTRIES,
    TEMPORARY,
    Watch,
    changing,
    is_looked_into,
    is_report_like,
    kind_of,
    moment,
    names_in_a_folder,
    shown,
    temporary_name,
    too_many,
)
from qiangji.sources.limits import CONNECT_TIMEOUT, Limits
from qiangji.sources.loop import Loop

logging.getLogger("asyncssh").setLevel(logging.WARNING)  # several lines a connection
log = logging.getLogger(__name__)
T = TypeVar("T")
_DAY = 86_400
_AT_ONCE = 8
"""Folders beneath that are looked into at once."""
_OWN_BYTES = 64 * 2**20
"""Of a file that `put` wrote: a larger one is somebody else's."""


class SftpSource:
    """One SSH connection, opened when first needed, on an event loop of its own."""

    def __init__(self, county: County, limits: Limits) -> None:
        self._county, self._limits = county, limits
        self._address, self._watch = address_of(county, "sftp"), Watch(limits.settle)
        self._loop = Loop()
        self._ssh: asyncssh.SSHClientConnection | None = None
        self._sftp: asyncssh.SFTPClient | None = None
        self.others: Sequence[Seen] = ()

    def close(self) -> None:
        self._drop()
        self._loop.close()

    def list(self, wanted: Sequence[Target]) -> list[Item]:
        names = names_in_a_folder(self._county.files, wanted)
        found = self._run(lambda: self._read_directory({name.encode(): name for name in names}))
        return [
            Item(name, targets, _version(found[name]), True, moment(found[name].mtime))
            for name, targets in names.items()
            if name in found
        ]

    def fetch(self, item: Item) -> Fetched:
        kind = kind_of(item.name, self._county.county)
        return Fetched(item, self._run(lambda: self._read_file(item.name)), kind)

    def put(self, folder: str, name: str, content: bytes) -> None:
        """Write a file into a folder beside the county's deliveries, under a temporary name first.

        Raises TransientError, PermanentError (`feedback_refused` if the county's system does not allow it).
        """
        self._run(lambda: self._write_file(folder, name, content))

    def remove(self, folder: str, name: str, sha256: str | None) -> bool:
        """Remove a file that `put` wrote, if its content is still that (None: whatever it is); True if it is gone then.

        Raises as `put` does.
        """
        return self._run(lambda: self._remove_file(folder, name, sha256))

    # ---- on the event loop

    async def _remove_file(self, folder: str, name: str, sha256: str | None) -> bool:
        sftp = await self._client()
        path = posixpath.join(self._directory, folder, name)
        try:
            async with asyncio.timeout(self._limits.left):
                found = await sftp.lstat(path)
                if found.type != asyncssh.FILEXFER_TYPE_REGULAR or (found.size or 0) > _OWN_BYTES:
                    return False
                if sha256 is not None:
                    async with sftp.open(path, "rb", encoding=None) as file:
                        if hashlib.sha256(await file.read(_OWN_BYTES)).hexdigest() != sha256:
                            return False
                await sftp.remove(path)
        except asyncssh.SFTPNoSuchFile:
            return True
        except asyncssh.SFTPError as e:
            raise self._refused_to_write(path, f"cannot be removed ({type(e).__name__})") from e
        return True

    async def _write_file(self, folder: str, name: str, content: bytes) -> None:
        sftp = await self._client()
        place = posixpath.join(self._directory, folder)
        temporary = posixpath.join(place, temporary_name())
        try:
            async with asyncio.timeout(self._limits.left):
                if not await sftp.exists(place):
                    await sftp.mkdir(place)
                if (await sftp.lstat(place)).type != asyncssh.FILEXFER_TYPE_DIRECTORY:
                    raise self._refused_to_write(place, "is no folder")
                try:
                    async with sftp.open(temporary, "xb", encoding=None) as file:
                        await file.write(content)
                    await _sweep(sftp, place, temporary)
                    await sftp.posix_rename(temporary, posixpath.join(place, name))
                except BaseException:
                    with suppress(asyncssh.SFTPError, OSError):
                        await sftp.remove(temporary)
                    raise
        except asyncssh.SFTPError as e:
            raise self._refused_to_write(place, f"cannot be written to ({type(e).__name__})") from e

    def _refused_to_write(self, place: str, what: str) -> PermanentError:
        return PermanentError(
            f"{place} {what}",
            where=self._county.county,
            expected="a folder in which the login may write",
            do="Ask the county to allow it; it is tried again with the next run.",
            code="feedback_refused",
        )

    async def _read_directory(self, names: Mapping[bytes, str]) -> dict[str, asyncssh.SFTPAttrs]:
        """Name -> attributes of the wanted regular files, and in `others` the rest. `names`: as bytes -> as text."""
        sftp, found, seen = await self._client(), dict[str, asyncssh.SFTPAttrs](), 0
        others, beneath = list[Seen](), list[bytes]()
        async with asyncio.timeout(self._limits.left):
            await self._check_directory(sftp)
            async with aclosing(sftp.scandir(self._directory.encode())) as entries:
                async for entry in entries:
                    if (seen := seen + 1) > MAX_ENTRIES:
                        raise too_many(self._directory, self._county.county)
                    own = bytes(entry.filename)
                    name = names.get(own)
                    if name is None and entry.attrs.type == asyncssh.FILEXFER_TYPE_DIRECTORY:
                        beneath += [own] if is_looked_into(shown(own)) else []
                        continue
                    if name is None:
                        others += _seen(entry, "")
                        continue
                    if entry.attrs.type != asyncssh.FILEXFER_TYPE_REGULAR:
                        log.warning("%s: %s is no regular file and is not read", self._county.county, name)
                        continue
                    found[name] = entry.attrs
                    self._watch.see(name, _version(entry.attrs))
            self.others = [*others, *await self._beneath(sftp, beneath[:BENEATH])]
        return found

    async def _beneath(self, sftp: asyncssh.SFTPClient, folders: Sequence[bytes]) -> Sequence[Seen]:
        """Files that may be reports in the folders just beneath; nothing of a folder that is closed."""
        at_once, root = asyncio.Semaphore(_AT_ONCE), self._directory.encode()

        async def look(folder: bytes) -> Sequence[Seen]:
            seen: Sequence[Seen] = ()
            async with at_once:
                with suppress(asyncssh.SFTPError):  # not for this login, or gone meanwhile
                    async with aclosing(sftp.scandir(posixpath.join(root, folder))) as entries:
                        n = 0
                        async for entry in entries:
                            if (n := n + 1) > BENEATH:
                                break
                            seen = [*seen, *_seen(entry, shown(folder))]
            return seen

        return [seen for found in await asyncio.gather(*map(look, folders)) for seen in found]

    async def _check_directory(self, sftp: asyncssh.SFTPClient) -> None:
        """Raises PermanentError if a part of the directory's path is no folder, or a link."""
        place = "/" if self._directory.startswith("/") else ""
        for part in filter(None, self._directory.split("/")):
            place = posixpath.join(place, part)
            if (await sftp.lstat(place)).type != asyncssh.FILEXFER_TYPE_DIRECTORY:
                raise self._not_readable(place, "is no folder, or a link to one")

    async def _read_file(self, name: str) -> bytes:
        sftp = await self._client()
        path = posixpath.join(self._directory, name)
        # A large file may take longer than a request: it may use all the county's time.
        async with asyncio.timeout(self._limits.left):
            before = await sftp.lstat(path)
            if before.type != asyncssh.FILEXFER_TYPE_REGULAR or before.size is None:
                raise self._not_readable(name, "is no regular file")
            self._limits.check_size(before.size, name)
            self._watch.see(name, _version(before))
            await asyncio.sleep(self._watch.left(name, before.mtime or 0))
            async with sftp.open(path, "rb", encoding=None) as file:
                opened = await file.stat()
                content = bytes(await file.read(before.size + 1))
            after = await sftp.lstat(path)
        if {_version(opened), _version(after)} != {_version(before)}:
            raise changing(name, self._county.county)
        if len(content) != before.size:
            raise changing(name, self._county.county, f"came with {len(content)} of {before.size} bytes")
        return content

    def _not_readable(self, name: str, what: str) -> PermanentError:
        return PermanentError(
            f"{name} {what}",
            where=self._county.county,
            expected="a folder by its real path, and in it regular files",
            do="Ask the county to put the file itself there, or correct the path in the connection.",
            code="not_readable",
        )

    @property
    def _directory(self) -> str:
        return self._address.path or "."

    async def _client(self) -> asyncssh.SFTPClient:
        if self._sftp is None:
            async with asyncio.timeout(self._limits.within(CONNECT_TIMEOUT)):
                self._ssh = await asyncssh.connect(
                    self._address.host,
                    self._address.port or 22,
                    username=self._address.login,
                    password=self._address.password or None,
                    client_keys=self._address.extras.get("private_key"),
                    known_hosts=(self._host_keys(), [], []),
                    agent_path=None,
                    config=None,
                    gss_host=None,
                )
                self._sftp = await self._ssh.start_sftp_client()
        return self._sftp

    def _host_keys(self) -> Sequence[asyncssh.SSHKey]:
        given = self._address.extras.get("host_key", [])
        try:
            keys = [asyncssh.import_public_key(text) for text in given]
        except asyncssh.KeyImportError:
            keys = []
        if not keys:
            raise PermanentError(
                f"connection {self._county.connection} names no host key",
                where=self._county.county,
                expected="host_key=<the server's public key> in the connection's URI",
                do="Get the key from the county by another way than this network and add it.",
                code="unknown_host_key",
            )
        return keys

    # ---- between the loop and the caller

    def _run(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run the work, again where that may help, on a new connection then."""

        def once() -> T:
            try:
                return self._loop.run(self._guarded(make()))
            except TransientError:
                self._drop()
                raise

        return self._limits.retrying(once)

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Turn the library's exceptions into the package's. Order matters: some are subclasses of others."""
        where, server = self._county.county, f"{self._address.host}:{self._address.port or 22}"
        try:
            return await work
        except QiangjiError:
            raise
        except (TimeoutError, asyncssh.TimeoutError) as e:
            if not self._limits.left:
                raise self._limits.spent() from e
            raise TransientError(f"{server} does not answer", where=where, code="timeout") from e
        except asyncssh.HostKeyNotVerifiable as e:
            raise PermanentError(
                f"{server} shows another host key than the one that is known",
                where=where,
                expected="the key in the connection's host_key",
                do="Nothing was sent to it. Ask the county whether it changed its key.",
                code="unknown_host_key",
            ) from e
        except asyncssh.PermissionDenied as e:
            raise login_refused(self._county, f"{server} refuses the login") from e
        except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied) as e:
            raise PermanentError(
                f"{server} does not give {self._directory} or a file in it ({type(e).__name__})",
                where=where,
                expected="a directory and files that the login may read",
                do="Ask the county.",
                code="not_found",
            ) from e
        except (asyncssh.KeyExchangeFailed, asyncssh.SFTPOpUnsupported) as e:
            raise PermanentError(
                f"{server} does not speak this protocol ({type(e).__name__})",
                where=where,
                expected="SSH with SFTP and current algorithms",
                do="Ask the county.",
                code="bad_response",
            ) from e
        except (OSError, asyncssh.Error) as e:
            raise TransientError(f"{server} cannot be reached ({type(e).__name__})", where=where) from e

    def _drop(self) -> None:
        if self._ssh is not None:
            self._ssh.abort()
        self._ssh = self._sftp = None


def _seen(entry: asyncssh.SFTPName, folder: str) -> list[Seen]:
    """A file that may be a report, with the folder that it lies in; nothing of another entry."""
    name = shown(bytes(entry.filename))
    if entry.attrs.type != asyncssh.FILEXFER_TYPE_REGULAR or not is_report_like(name):
        return []
    return [Seen(f"{folder}/{name}" if folder else name, moment(entry.attrs.mtime))]


async def _sweep(sftp: asyncssh.SFTPClient, folder: str, own: str) -> None:
    """Remove temporary files that a killed process left a day ago or more, by the server's own clock."""
    now = (await sftp.lstat(own)).mtime or 0
    for entry in await sftp.readdir(folder):
        name, written = str(entry.filename), entry.attrs.mtime
        if TEMPORARY.fullmatch(name) and written is not None and written < now - _DAY:
            with suppress(asyncssh.SFTPError):
                await sftp.remove(posixpath.join(folder, name))


def _version(attrs: asyncssh.SFTPAttrs) -> str:
    return f"{attrs.mtime}-{attrs.size}"
