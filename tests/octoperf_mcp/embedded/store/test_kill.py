"""Nothing acknowledged is lost: a writer is killed at random moments."""

import asyncio
import os
import random
import signal
import sys
from pathlib import Path

from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents

WRITER = """
import asyncio, sys
from octoperf_mcp.embedded.store.database import Database
from octoperf_mcp.embedded.store.documents import Documents

async def main(url, run):
    documents = Documents(await Database.open(url))
    number = 0
    while True:
        name = f"{run}-{number}"
        made = await documents.create("workspace", {"name": name}, user_id="ada", workspace_id="")
        changed = await documents.replace("workspace", made.id, {"name": name + "!"}, user_id="ada")
        print(changed.id, changed.body["name"], flush=True)
        number += 1

asyncio.run(main(*sys.argv[1:]))
"""


async def acknowledged(url: str, run: int, after: int) -> dict[str, str]:
    """What a writer said it had written, by id, until it was killed after so many lines."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, url, str(run), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    said: list[bytes] = []
    async with asyncio.timeout(30):
        while len(said) < after:
            said.append(await writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        said += (await writer.stdout.read()).splitlines(keepends=True)
        await writer.wait()
    whole = [line.decode().split() for line in said if line.endswith(b"\n")]
    return {line[0]: line[1] for line in whole}


async def test_every_acknowledged_write_survives_kill_9(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/octoperf.db"
    told: dict[str, str] = {}
    for run in range(3):
        told |= await acknowledged(url, run, after=random.randint(1, 40))
    database = await Database.open(url)
    found = await Documents(database).list("workspace", user_id="ada")
    kept = {document.id: document.body["name"] for document in found}
    async with database.reading() as connection:
        checked = (await connection.exec_driver_sql("PRAGMA integrity_check")).scalar_one()
    await database.close()
    assert told.items() <= kept.items()
    assert len(kept) <= len(told) + 3, "at most the one under way, each time"
    assert checked == "ok"
