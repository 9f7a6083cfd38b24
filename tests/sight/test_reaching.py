"""A real Alertmanager, by the project's own routes, reaches a mailbox and the webhooks; all of it on loopback."""

import json
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.cli.kafka.settings import free_port
from tests.sight.tools import DEPLOY, alertmanager, load
from tests.support.fleet import http, until

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]

FILES = DEPLOY / "alertmanager"


class Reached:
    """A mail server and a web server that keep what they get."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.posts: list[tuple[str, str, dict[str, Any]]] = []
        reached = self

        class Mail(socketserver.StreamRequestHandler):
            """As much of SMTP (RFC 5321) as one sender needs."""

            def handle(self) -> None:
                self.wfile.write(b"220 here\r\n")
                while line := self.rfile.readline():
                    word = line[:4].upper()
                    if word == b"DATA":
                        self.wfile.write(b"354 go on\r\n")
                        reached.mails.append(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
                    self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                    if word == b"QUIT":
                        return

        class Web(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                reached.posts.append((self.path, self.headers.get("Authorization", ""), body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self.mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
        self.web = ThreadingHTTPServer(("127.0.0.1", 0), Web)
        for server in (self.mail, self.web):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        for server in (self.mail, self.web):
            server.shutdown()
            server.server_close()

    def paths(self, name: str) -> list[str]:
        """Where alerts of this name were posted."""
        return [path for path, _, body in self.posts if body["groupLabels"].get("alertname") == name]


def here(reached: Reached, folder: Path) -> dict[str, Any]:
    """The project's configuration, with every address on this machine and its secrets in `folder`."""
    text = (FILES / "alertmanager.yml").read_text().replace("/etc/alertmanager/secrets", str(folder))
    text = text.replace("/etc/alertmanager/messages.tmpl", str(FILES / "messages.tmpl"))
    for name in ("pager", "watchdog"):
        (folder / f"{name}-token").write_text(f"token-of-{name}\n")
        text = text.replace(
            f"https://{name}.health.ferrow.example", f"http://127.0.0.1:{reached.web.server_address[1]}/{name}"
        )
    config: dict[str, Any] = yaml.safe_load(text)
    own = config["global"]
    own |= {
        "smtp_smarthost": f"127.0.0.1:{reached.mail.server_address[1]}",
        "smtp_require_tls": False,
        "smtp_hello": "here",
    }
    del own["smtp_auth_username"], own["smtp_auth_password_file"]  # no password crosses an open connection
    config["route"]["group_wait"] = "0s"
    return config


@pytest.fixture(scope="module")
def reached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reached]:
    folder, port = tmp_path_factory.mktemp("alertmanager"), free_port()
    made = Reached()
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(here(made, folder)))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [alertmanager(), f"--config.file={folder}/alertmanager.yml",
             f"--storage.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="],
            stdout=log, stderr=log,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        until(
            lambda: process.poll() is None and _ready(address), 30, f"Alertmanager runs: {(folder / 'log').read_text()}"
        )
        for name, severity in (
            ("TocsinWatchdog", "none"),
            ("TocsinApprovalWaits", "page"),
            ("TocsinUpdateWaits", "ticket"),
        ):
            labels = {"alertname": name, "severity": severity, "instance": "a:9100"}
            notes = {"summary": f"Summary of {name}", "runbook": f"deploy/runbook.md#{name.lower()}"}
            http(f"{address}/api/v2/alerts", [{"labels": labels, "annotations": notes}])
        yield made
    finally:
        process.terminate()
        process.wait(20)
        made.stop()


def _ready(address: str) -> bool:
    try:
        return bool(http(f"{address}/api/v2/status"))
    except OSError:
        return False


def test_a_page_is_posted_and_mailed(reached: Reached) -> None:
    until(lambda: reached.paths("TocsinApprovalWaits"), 30, "the page is posted")
    assert set(reached.paths("TocsinApprovalWaits")) == {"/pager/tocsin"}
    until(lambda: [mail for mail in reached.mails if "[FIRING] TocsinApprovalWaits" in mail], 30, "the page is mailed")


def test_a_ticket_is_only_mailed_and_says_what_to_do(reached: Reached) -> None:
    until(lambda: [mail for mail in reached.mails if "[FIRING] TocsinUpdateWaits" in mail], 30, "the ticket is mailed")
    [mail] = [mail for mail in reached.mails if "TocsinUpdateWaits" in mail]
    assert "Summary of TocsinUpdateWaits" in mail
    assert "runbook.md#tocsinupdatewaits" in mail.replace("=\r\n", "")
    assert reached.paths("TocsinUpdateWaits") == []


def test_the_watchdog_goes_to_its_own_place_with_its_own_token(reached: Reached) -> None:
    until(lambda: reached.paths("TocsinWatchdog"), 30, "the watchdog is posted")
    assert set(reached.paths("TocsinWatchdog")) == {"/watchdog/tocsin"}
    tokens = {path: token for path, token, _ in reached.posts}
    assert tokens["/watchdog/tocsin"] == "Bearer token-of-watchdog"
    assert not [mail for mail in reached.mails if "TocsinWatchdog" in mail]


def test_the_addresses_of_the_file_are_nobodys() -> None:
    """Reserved for examples (RFC 2606): what is deployed unchanged reaches no stranger."""
    own = load(FILES / "alertmanager.yml")["global"]
    assert own["smtp_smarthost"].split(":")[0].endswith(".example")
