"""The nation's files over HTTP on loopback, as county systems offer them: served.py TABLES PORT [HANGS]

In: the folder of `nation_world`'s tables. Out: for each county /CODE/files, a listing, and /CODE/files/NAME, the bytes.
The county HANGS never answers.
"""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route


def application(tables: Path, hangs: str) -> Starlette:
    async def listing(request: Request) -> JSONResponse:
        county = request.path_params["county"]
        while county == hangs:
            await asyncio.sleep(1)
        found = []
        for path in sorted((tables / county).glob("*.csv")):
            form, _, period = path.stem.rpartition("_")
            modified = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat()
            found.append({"name": path.name, "form": form, "period": period, "modified": modified})
        return JSONResponse(found)

    async def file(request: Request) -> FileResponse:
        return FileResponse(tables / request.path_params["county"] / request.path_params["name"])

    return Starlette(routes=[Route("/{county}/files", listing), Route("/{county}/files/{name}", file)])


if __name__ == "__main__":
    served = application(Path(sys.argv[1]), sys.argv[3] if len(sys.argv) > 3 else "")
    uvicorn.run(served, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
