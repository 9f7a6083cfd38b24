"""The sandbox as a process: its doors, its metrics, kill -9 and an orderly end."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from services.runtime.doors import read_doors
from services.sandbox.settings import SandboxSettings
from tests.sandbox.harness import BASIC, MESSAGES, PHONE, SERVICE

ROOT = Path(__file__).parents[2]


@contextmanager
def started(data: Path, **settings: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start the process and wait until its doors are open."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environment = inherited | {"TOCSIN_DATA": str(data), **settings}
    process = subprocess.Popen([sys.executable, "-m", "services.sandbox"], cwd=ROOT, env=environment)
    try:
        until = time.monotonic() + 30
        while str(read_doors(data / "live", "sandbox").get("pid")) != str(process.pid):
            assert process.poll() is None, "it ended before its doors were open"
            assert time.monotonic() < until, "its doors did not open in 30 s"
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def get(data: Path, door: str, path: str, form: dict[str, str] | None = None) -> Any:
    body = urlencode(form).encode() if form is not None else None
    request = urllib.request.Request(read_doors(data / "live", "sandbox")[door] + path, body, BASIC)  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
        raw = answer.read().decode()
    return json.loads(raw) if raw.startswith("{") else raw


@pytest.mark.crash
def test_what_was_answered_survives_kill_9(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        for number in range(50):
            get(tmp_path, "public", MESSAGES, {"To": PHONE, "Body": str(number), "MessagingServiceSid": SERVICE})
        process.send_signal(signal.SIGKILL)
        process.wait()
    with started(tmp_path):
        found = get(tmp_path, "public", "/_sandbox/counts")
    assert (found["texts"], found["texts_distinct"]) == (50, 50)


@pytest.mark.connected
def test_the_private_door_tells_and_sigterm_ends_it(tmp_path: Path) -> None:
    with started(tmp_path) as process:
        get(tmp_path, "public", MESSAGES, {"To": PHONE, "Body": "a", "MessagingServiceSid": SERVICE})
        metrics = get(tmp_path, "private", "/metrics")
        assert 'tocsin_sandbox_requests_total{outcome="accepted",platform="twilio"} 1.0' in metrics
        assert 'tocsin_sandbox_requests_total{outcome="dropped",platform="x"} 0.0' in metrics
        assert PHONE not in metrics
        assert get(tmp_path, "private", "/health/ready")["ready"]
        with pytest.raises(urllib.error.HTTPError):
            get(tmp_path, "public", "/metrics")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"host": "0.0.0.0"}, "must be loopback"),  # noqa: S104 - that is what is refused
        ({"inbound_url": "127.0.0.1/sms"}, "must begin with http"),
        ({"port": 70_000}, "less than or equal to 65535"),
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        SandboxSettings(**settings)


def test_a_container_may_listen_for_the_hosts_it_names() -> None:
    settings = SandboxSettings(host="0.0.0.0", hosts="dispatch-sms, Receipts")  # noqa: S104 - inside a container
    assert settings.allowed_hosts == {"dispatch-sms", "receipts"}
