"""A whole house on PostgreSQL is backed up while it runs, loses its server and its disk, and is restored.

Every room, real Kafka, a real server, and the sandbox's own count. Of what came after the backup most was sent and one
alert's texts were not: the restored ledgers look for all of it, send nothing again and leave nobody out.
"""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from schemas.words import Channel
from services.cli.context import Context
from services.cli.copies.keys_file import keys_of
from services.cli.kafka import Kafka
from services.dispatch.brake import set_brake
from tests.crash.house import PEOPLE_EACH, VICTIMS, House
from tests.support.fleet import fictional_numbers, until
from tests.support.house import said, tocsin
from tests.support.postgres import Postgres

pytestmark = [pytest.mark.crash, pytest.mark.timeout(400)]

ROOMS = ("agency", *VICTIMS)
#: Numbers of `House.publish`: a person releases WAITING and APPROVED, the others are released at once.
SENT, WAITING, APPROVED, HALF_SENT, LATER = 0, 10, 11, 1, 2
POSTS_EACH = 2
SINCE = 3  # alerts of which the backup's ledgers know nothing


@pytest.fixture
def house(own_kafka: Kafka, own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setenv("TOCSIN_PHONEBOOK_URL", own_postgres.url())
    made = House(own_kafka, tmp_path / "data", own_postgres, pair=False)
    yield made
    made.stop()


def verb(house: House, *words: str) -> dict[str, Any]:
    """What a verb says, as an object."""
    result = tocsin(*words, "--json", data=house.fleet.data, timeout=120, **house.fleet.environment)
    assert result.returncode == 0, result.stderr
    return said(result)[-1]


def start(house: House) -> None:
    house.fleet.start(*ROOMS)
    house.fleet.ready(*ROOMS, seconds=120)


def sent(house: House, texts: int, posts: int) -> bool:
    """Whether the platforms have so many alerts, and the ledgers know it."""
    counts = house.fleet.counts()
    wanted = {"sms": texts * PEOPLE_EACH, "x": posts * POSTS_EACH}
    if wanted != {"sms": counts["texts_distinct"], "x": counts["posts_distinct"]}:
        return False
    return wanted == {
        channel: sum(n for (_, state), n in house.ledger(channel).items() if state in {"sent", "delivered"})
        for channel in wanted
    }


def waiting(house: House) -> int:
    """How many alerts wait for a person, with their reach."""
    found = (house.door("approve", "/pending") or {"waiting": []})["waiting"]
    return len([each for each in found if each.get("reach") is not None])


def decided(house: House, alerts: int) -> bool:
    house.decide()
    return sent(house, alerts, alerts)


def brake(server: Postgres) -> None:
    url = server.url("tocsin_live_dispatch_sms")
    set_brake(url, Channel.SMS, on=True, by="a test", reason="a test", now=datetime.now(UTC))


def pages(house: House) -> dict[str, bytes]:
    folder = house.fleet.home / "pages"
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*.html")}


def lose(house: House, server: Postgres) -> None:
    """Every room killed; the server's disk and this machine's are gone. Kafka and the platforms are not."""
    for room in ROOMS:
        house.fleet.kill(room)
    server.lose()
    shutil.rmtree(house.fleet.home)


def looked_for(server: Postgres, channel: str) -> int:
    """Deliveries that a restored ledger has put in doubt."""
    return len(server.rows(f"tocsin_live_dispatch_{channel}", "SELECT delivery FROM restored_doubt"))


def taken_as_sent(server: Postgres, channel: str) -> int:
    """Deliveries that it has neither looked for nor heard of in a report that came again, which settles as well."""
    settled = "SELECT delivery FROM restored_doubt UNION SELECT delivery FROM platform_id WHERE source = 'receipt'"
    query = f"SELECT id FROM delivery WHERE id NOT IN ({settled})"  # noqa: S608 - of this line and the one before
    return len(server.rows(f"tocsin_live_dispatch_{channel}", query))


def kept_apart(secrets: list[bytes], backups: Path) -> None:
    copied = b"\n".join(path.read_bytes() for path in backups.rglob("*") if path.is_file())
    numbers = [number.encode() for number in fictional_numbers(5 * PEOPLE_EACH)]
    assert len(secrets) > 5
    assert [each for each in (*secrets, *numbers) if each in copied] == []


def test_everything_comes_back_and_nothing_goes_out_twice(
    house: House, own_postgres: Postgres, tmp_path: Path
) -> None:  # fmt: skip
    backups, keys = tmp_path / "backups", tmp_path / "keys.tar.gz"
    house.fleet.start("sandbox")
    start(house)
    house.publish(SENT)
    house.publish(WAITING)
    until(lambda: sent(house, 1, 1) and waiting(house), 90, "one alert is sent and one waits for a person")
    made = verb(house, "backup", str(backups), "--keys", str(keys))
    assert (made["stores"], made["offsets"]) == (len(ROOMS) + 1, True)
    kept_apart([path.read_bytes() for path in keys_of(Context(house.fleet.data)).values()], backups)

    house.publish(APPROVED)
    until(lambda: decided(house, 3), 90, "two more are sent")
    brake(own_postgres)
    house.publish(HALF_SENT)
    until(lambda: sent(house, 3, 4), 60, "the fourth is posted")
    until(lambda: house.ledger("sms").total() == 4 * PEOPLE_EACH, 60, "its texts are planned")
    until(lambda: len(pages(house)) >= 5, 60, "four pages and their list are written")
    published, before = pages(house), house.outcomes()[0]
    lose(house, own_postgres)

    answer = verb(house, "restore", str(backups), "--keys", str(keys), "--kafka", house.kafka.bootstrap)
    assert (answer["kept"], sum(answer["again"].values()) > 0, answer["keys"]) == ({}, True, made["keys"])
    start(house)
    until(lambda: sent(house, 4, 4), 90, f"the fourth is texted, too; {house.fleet.counts()}")
    assert looked_for(own_postgres, "sms") >= PEOPLE_EACH  # of the fourth; a report may come before the look
    assert taken_as_sent(own_postgres, "sms") == PEOPLE_EACH  # of the first, which the backup knew
    assert looked_for(own_postgres, "x") == SINCE * POSTS_EACH
    until(lambda: pages(house) == published, 60, "every page is as it was")
    assert house.outcomes()[0] == before
    assert waiting(house) == 0
    house.publish(LATER)
    until(lambda: sent(house, 5, 5), 60, "what is new goes out as ever")
    counts = house.fleet.counts()
    assert (counts["texts_extra"], counts["posts_extra"]) == (0, 0)
    for room in ("dispatch/sms", "dispatch/x"):
        assert "ledger.restored" in house.fleet.log(room)
