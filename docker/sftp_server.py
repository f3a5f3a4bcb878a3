"""An SFTP server where counties deliver files, each into its own folder.

In: public keys, one file a county named by its code (--keys), read at every login. Out: files in <root>/<code>/,
from which counties with the transport `folder` are collected. There are no passwords, no shell and no forwarding,
and a login sees its own folder only. The host key is made at the first start and kept in --state; its public part,
which counties need, is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
from pathlib import Path
from typing import Any

import asyncssh

COUNTY = re.compile(r"[0-9]{6}")


class Login(asyncssh.SSHServer):  # type: ignore[misc]  # untyped here
    """A login by public key, of the county that the user name says."""

    def __init__(self, keys: Path) -> None:
        self._keys = keys

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        path = self._keys / username
        if COUNTY.fullmatch(username) and path.is_file():
            self._connection.set_authorized_keys(str(path))
        return True

    def password_auth_supported(self) -> bool:
        return False

    def kbdint_auth_supported(self) -> bool:
        return False


def host_key(state: Path) -> asyncssh.SSHKey:
    """The server's key, made if there is none yet."""
    path = state / "host_key"
    if not path.exists():
        key = asyncssh.generate_private_key("ssh-ed25519")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.export_private_key())
    return asyncssh.read_private_key(str(path))


async def serve(host: str, port: int, *, root: Path, keys: Path, state: Path) -> asyncssh.SSHAcceptor:
    """Listen until the acceptor is closed."""

    def folder_of(channel: Any) -> asyncssh.SFTPServer:
        own = root / channel.get_extra_info("username")
        own.mkdir(mode=0o700, exist_ok=True)
        return asyncssh.SFTPServer(channel, chroot=os.fsencode(own))

    return await asyncssh.listen(
        host,
        port,
        server_factory=lambda: Login(keys),
        server_host_keys=[host_key(state)],
        sftp_factory=folder_of,
        allow_scp=False,
        agent_forwarding=False,
        login_timeout=30,
        keepalive_interval=60,
    )


async def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2222)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--keys", type=Path, required=True)
    parser.add_argument("--state", type=Path, required=True)
    chosen = parser.parse_args()
    os.umask(0o077)
    acceptor = await serve(chosen.host, chosen.port, root=chosen.root, keys=chosen.keys, state=chosen.state)
    print("host key:", host_key(chosen.state).export_public_key().decode().strip(), flush=True)
    await acceptor.wait_closed()


if __name__ == "__main__":
    asyncio.run(main())
