"""The prober asks only over HTTPS, and a page that nobody serves does not answer."""

import pytest

from services.cli.kafka.settings import free_port
from services.compose.probing import reach


@pytest.mark.connected
def test_a_page_that_nobody_serves_does_not_answer() -> None:
    assert not reach(f"https://127.0.0.1:{free_port()}/", wait_s=0.5)


def test_only_https_is_asked() -> None:
    assert not reach("http://127.0.0.1/")
    assert not reach("file:///etc/hostname")
