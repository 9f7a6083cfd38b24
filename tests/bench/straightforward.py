"""What a straightforward program does: one record a text, rendered, sent with the vendor's client, noted row by row.

`python -m tests.bench.straightforward BOOTSTRAP TOPIC ADDRESS NUMBER` prints microseconds of CPU for each text. It is
at-least-once at best, knows no withdrawal, and is here only for its price.
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from jinja2 import Template
from pydantic import BaseModel
from twilio.rest import Client

from tests.bench.bare import messages_of
from tests.support.fleet import SERVICE

WORKERS = 12
TEMPLATE = Template("{{ headline }}: boil your water. Text: alert ffffff v1r1")


class Text(BaseModel):
    """One record."""

    to: str
    headline: str


async def main(bootstrap: str, topic: str, address: str, number: int) -> None:
    broker = KafkaBroker(bootstrap, logger=None)
    database = sqlite3.connect(Path(tempfile.mkdtemp()) / "texts.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE text (number TEXT, state TEXT, sid TEXT)")
    messages: Client = messages_of(address)
    done, began, finished = 0, 0.0, asyncio.Event()

    @broker.subscriber(
        topic, group_id=topic, auto_offset_reset="earliest", ack_policy=AckPolicy.ACK, max_workers=WORKERS
    )
    async def send(text: Text) -> None:
        nonlocal done, began
        began = began or time.process_time()
        row = database.execute("INSERT INTO text VALUES (?, 'sending', NULL)", (text.to,)).lastrowid
        made = await messages.create_async(
            to=text.to,
            messaging_service_sid=SERVICE,
            body=TEMPLATE.render(headline=text.headline),
            validity_period=3600,
        )
        database.execute("UPDATE text SET state = 'sent', sid = ? WHERE rowid = ?", (made.sid, row))
        done += 1
        if done == number:
            finished.set()

    running = asyncio.create_task(FastStream(broker).run())
    await finished.wait()
    print((time.process_time() - began) * 1e6 / number, flush=True)
    os._exit(int(running.done()))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])))
