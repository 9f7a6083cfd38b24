"""`tocsin publish FILE`, `--urls LIST`: put alerts on `alerts.incoming` and say what intake makes of each."""

import asyncio
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from aiokafka import AIOKafkaConsumer

from schemas.alert import Alert, Refusal
from schemas.topics import ACCEPTED, INCOMING, REFUSED, Topic
from schemas.words import Grade, Realm
from services.cli import wire
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.fetching import addresses, fetch
from services.cli.files import FILE, content_type, read_file
from services.runtime.decoding import CONTENT_TYPE_HEADER, Envelope, decode, envelope_of
from services.runtime.doors import read_doors
from services.runtime.outbox import message_of
from services.runtime.trust import digest_of

WaitOption = Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for intake's answer; 0 does not.")]
UrlsOption = Annotated[
    Path | None, typer.Option("--urls", help="A file of addresses, one a line, each of an alert; - is standard input.")
]
_ASK = aiohttp.ClientTimeout(total=3)
#: After this long without an answer it may be a repeat, which intake acknowledges without a word.
_REPEAT_S = 2.0


@dataclass(frozen=True)
class Answer:
    """What became of the bytes. `state`: published, accepted, held (a person must look), refused, unanswered."""

    source: str
    state: str
    realm: Realm
    lineage: str | None = None
    version: int | None = None
    says: str | None = None


def publish(
    file: Annotated[Path | None, FILE] = None, urls: UrlsOption = None, data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE, wait: WaitOption = 30.0, *, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Publish an alert, CAP 1.2 XML or JSON, and say its lineage, version and state (refused: exit code 1)."""
    context = Context(data, realm, as_json)
    if (file is None) == (urls is None):
        fail("say what to publish: FILE (- is standard input), or --urls with a list of addresses", Code.WRONG)
    if file is not None:
        _end([_publish(context, read_file(file), wait)], wait)
        return
    _end([_publish(context, wire.run(fetch(url)), wait, url) for url in addresses(urls or Path("-"))], wait)


def _publish(context: Context, content: bytes, wait: float, url: str | None = None) -> "Answer":
    answer = _known(context, content) or wire.run(send_and_follow(context.kafka, context.realm, content, wait))
    fields = {name: value for name, value in asdict(answer).items() if value is not None}
    context.say(_sentence(answer), **fields, **({} if url is None else {"url": url}))
    return answer


def _end(answers: list["Answer"], wait: float) -> None:
    """With the exit code of the worst."""
    if refused := [answer for answer in answers if answer.state == "refused"]:
        fail(f"refused: {'; '.join(answer.says or '' for answer in refused)}")
    if any(answer.state == "unanswered" for answer in answers):
        fail(f"published, but intake has not answered within {wait:g} s: is it running?", Code.TIMEOUT)


def _known(context: Context, content: bytes) -> "Answer | None":
    """What intake on this machine has made of the same bytes before: then nothing needs to be sent or looked for."""
    source = digest_of(content)
    for realm in dict.fromkeys((context.realm, Realm.DRILL)):
        door = read_doors(Context(context.data, realm).home, "intake").get("private")
        facts = None if door is None else wire.run(_facts(f"{door}/originals/{source}"))
        if facts and "lineage" in facts:
            return Answer(source, facts["state"], realm, facts["lineage"], facts.get("version"))
    return None


async def _facts(url: str) -> dict[str, Any] | None:
    """What the door says; None where it does not know, or is not there."""
    try:
        async with aiohttp.ClientSession(timeout=_ASK) as session, session.get(url) as answer:
            return dict(await answer.json()) if answer.ok else None
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return None


def _sentence(answer: Answer) -> str:
    if answer.lineage is None:
        return f"{answer.state} {answer.source}"
    return f"{answer.state}: lineage {answer.lineage}, version {answer.version} ({answer.realm})"


async def send_and_follow(servers: str, realm: Realm, content: bytes, wait: float) -> Answer:
    """Publish `content`, and follow intake's answer, also into the other realm, for `wait` seconds."""
    source = digest_of(content)
    message = message_of(realm, INCOMING, source, content, {CONTENT_TYPE_HEADER: content_type(content)})
    if not wait:
        await wire.send(servers, [message])
        return Answer(source, "published", realm)
    topics = _answers()
    async with wire.reading(servers, topics, from_start=False, missing_ok=True) as reader:
        await wire.send(servers, [message])
        try:
            async with asyncio.timeout(wait):
                return await _follow(servers, reader, topics, source)
        except TimeoutError:
            return Answer(source, "unanswered", realm)


def _answers() -> dict[str, tuple[Topic, Realm]]:
    """Where the answer may stand: live intake hands Exercise, Test and System over to the drill."""
    return {topic.full(each): (topic, each) for topic in (ACCEPTED, REFUSED) for each in Realm}


async def _follow(
    servers: str, reader: AIOKafkaConsumer, topics: dict[str, tuple[Topic, Realm]], source: str
) -> Answer:
    looked_back = False
    started = asyncio.get_running_loop().time()
    while True:
        for records in (await reader.getmany(timeout_ms=500)).values():
            for found in map(envelope_of, records):
                if answer := _answer(topics, found, source):
                    return answer
        if not looked_back and asyncio.get_running_loop().time() - started > _REPEAT_S:
            looked_back = True
            if answer := await _earlier(servers, topics, source):
                return answer


async def _earlier(servers: str, topics: dict[str, tuple[Topic, Realm]], source: str) -> Answer | None:
    """The answer that the same bytes were given before."""
    for found in await wire.read_all(servers, topics, missing_ok=True):
        if answer := _answer(topics, found, source):
            return answer
    return None


def _answer(topics: dict[str, tuple[Topic, Realm]], found: Envelope, source: str) -> Answer | None:
    if source.encode() not in (found.value or b""):
        return None
    topic, realm = topics[found.topic]
    record = decode(topic, found)
    if isinstance(record, Alert) and record.source == source:
        state = "held" if record.grade is Grade.HOLD else "accepted"
        return Answer(source, state, realm, record.lineage, record.version)
    if isinstance(record, Refusal) and record.source == source:
        return Answer(source, "refused", realm, says=record.says)
    return None
