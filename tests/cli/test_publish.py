"""`tocsin publish`: from a list of addresses and from standard input, and what was published before."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from schemas.topics import INCOMING
from services.cli.kafka import Kafka
from services.runtime.trust import digest_of
from tests.support import alerts, kafka_io
from tests.support.fleet import Fleet
from tests.support.house import said, tocsin

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]
FIRST, SECOND = alerts.boil_water(1), alerts.boil_water(2)


class Site(BaseHTTPRequestHandler):
    """Two alerts, a way elsewhere, and nothing."""

    def do_GET(self) -> None:
        body = {"/1": FIRST, "/2": SECOND, "/empty": b" "}.get(self.path)
        self.send_response(200 if body else 302 if self.path == "/away" else 404)
        self.send_header("Location", "/1")
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def fleet(kafka_parts: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("publish")
    with Kafka(folder / "kafka") as broker:
        made = Fleet(broker.bootstrap, folder / "data")
        made.start("intake")
        made.ready("intake")
        yield made
        made.stop()


def listed(folder: Path, *lines: str) -> str:
    path = folder / "urls"
    path.write_text("\n".join(lines))
    return str(path)


def published(fleet: Fleet) -> list[bytes | None]:
    return [one.value for one in kafka_io.read_all(fleet.kafka, INCOMING)]


def test_each_address_of_a_list_is_published_once_and_a_repeat_is_known_at_once(
    fleet: Fleet, site: str, tmp_path: Path
) -> None:
    urls = listed(tmp_path, "# of today", f"{site}/1", f"{site}/2", f"{site}/1")
    result = tocsin("publish", "--urls", urls, "--json", data=fleet.data, TOCSIN_KAFKA=fleet.kafka)
    assert result.returncode == 0, result.stderr
    assert [(one["source"], one["url"]) for one in said(result)] == [
        (digest_of(FIRST), f"{site}/1"), (digest_of(SECOND), f"{site}/2"),
    ]  # fmt: skip
    assert sorted(published(fleet), key=str) == sorted([FIRST, SECOND], key=str)
    file = tmp_path / "again.xml"
    file.write_bytes(FIRST)
    again = tocsin("publish", str(file), "--json", data=fleet.data, TOCSIN_KAFKA=fleet.kafka)
    assert said(again)[0]["lineage"] == said(result)[0]["lineage"]
    assert len(published(fleet)) == 2  # intake was asked: nothing was sent, and no topic was read


@pytest.mark.parametrize(
    ("path", "code", "says"), [("/away", 3, "302"), ("/none", 3, "404"), ("/empty", 2, "is empty")]
)
def test_what_is_no_alert_there_is_said(
    path: str, code: int, says: str, *, fleet: Fleet, site: str, tmp_path: Path
) -> None:  # fmt: skip
    urls = listed(tmp_path, site + path)
    result = tocsin("publish", "--urls", urls, data=fleet.data, TOCSIN_KAFKA=fleet.kafka)
    assert (result.returncode, says in result.stderr) == (code, True), result.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "say what to publish"),
        (("a.xml", "--urls", "b"), "say what to publish"),
        (("--urls", "/nowhere/urls"), "cannot be read"),
    ],
)
def test_a_wrong_wish_is_said(words: tuple[str, ...], says: str, tmp_path: Path) -> None:
    result = tocsin("publish", *words, data=tmp_path)
    assert (result.returncode, says in result.stderr) == (2, True), result.stderr


def test_lists_hold_addresses(tmp_path: Path) -> None:
    result = tocsin("publish", "--urls", listed(tmp_path, "not an address"), data=tmp_path)
    assert (result.returncode, "is no address" in result.stderr) == (2, True)
