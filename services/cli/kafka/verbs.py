"""`tocsin kafka up|down|status`: Kafka without Docker that goes on after the command, for work on single rooms.

`status` is for any broker: where `TOCSIN_KAFKA` names another than the data folder's own, it is asked.
`topics|users|acls` are for any broker, see `services.cli.rights`.
"""

import contextlib
import os
from dataclasses import asdict
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import Progress

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption, kafka_file, write_kafka
from services.cli.errors import Code, fail
from services.cli.kafka import Kafka, KafkaError, elsewhere, ensure_jars
from services.cli.rights import verbs

app = typer.Typer(
    help="Kafka without Docker, for this machine (up, down); status, topics and rights of any.", no_args_is_help=True
)

app.command("topics")(verbs.topics)
app.command("users")(verbs.users)
app.command("acls")(verbs.acls)


def kafka_folder(data: Path) -> Path:
    """Where the node that belongs to a data folder keeps everything."""
    return data / "kafka"


def fetch_jars(*, quiet: bool) -> None:
    """Bring the broker's jars, with a progress bar where a person looks."""
    console = Console(stderr=True, quiet=quiet)
    try:
        with Progress(console=console, transient=True, disable=quiet or not console.is_terminal) as progress:
            task = progress.add_task("Kafka's jars", total=None)
            ensure_jars(progress=lambda there, total: progress.update(task, completed=there, total=total))
    except KafkaError as error:
        fail(str(error), Code.MISSING)


@app.command("up")
def up(data: DataOption = DEFAULT_DATA, *, as_json: JsonOption = False) -> None:
    """Start Kafka on the data folder and leave it running."""
    context = Context(data, as_json=as_json)
    node = Kafka(kafka_folder(data), own=False)
    if (named := os.environ.get("TOCSIN_KAFKA")) and named != _address(node):
        fail(
            f"TOCSIN_KAFKA names Kafka at {named}, and everything here uses that: `tocsin kafka status` asks it. To "
            f"start another one on {data}, unset TOCSIN_KAFKA",
            Code.WRONG,
        )
    try:
        if not node.running:
            fetch_jars(quiet=as_json)
            node.start()
        node.wait_ready()
    except KafkaError as error:
        fail(str(error), Code.MISSING)
    write_kafka(data, node.bootstrap)
    context.say(f"Kafka is ready at {node.bootstrap} (process {node.pid}), log {node.log}", **_facts(node))


@app.command("down")
def down(data: DataOption = DEFAULT_DATA, *, as_json: JsonOption = False) -> None:
    """Stop the Kafka of the data folder; what it holds stays."""
    node = Kafka(kafka_folder(data), own=False)
    was_running = node.running
    node.stop()
    kafka_file(data).unlink(missing_ok=True)
    Context(data, as_json=as_json).say(
        "Kafka has stopped" if was_running else f"no Kafka was running on {data}", stopped=was_running
    )


@app.command("status")
def status(data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False) -> None:
    """Say whether Kafka runs (exit code 0) or not (3): the one that TOCSIN_KAFKA names, or the data folder's own."""
    context, node = Context(data, realm, as_json), Kafka(kafka_folder(data), own=False)
    if (known := context.known_kafka) and known != _address(node):
        found = elsewhere.ask(known, realm)
        context.say(str(found), **asdict(found))
        return
    if not node.running:
        fail(f"no Kafka runs on {data}: start one with `tocsin kafka up` or `tocsin up`", Code.MISSING)
    context.say(f"Kafka runs at {node.bootstrap} (process {node.pid})", **_facts(node))


def _address(node: Kafka) -> str | None:
    """Where the data folder's own is, or was; None where there was none."""
    with contextlib.suppress(KafkaError):
        return node.bootstrap
    return None


def _facts(node: Kafka) -> dict[str, object]:
    return {"servers": node.bootstrap, "pid": node.pid, "log": str(node.log)}
