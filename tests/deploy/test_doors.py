"""What a room in a container announces, another container can reach."""

import socket

import pytest

from services.runtime.doors import reachable


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])  # noqa: S104 - nothing is bound
def test_a_door_that_listens_everywhere_is_found_at_the_machines_name(everywhere: str) -> None:
    assert reachable(everywhere) == socket.gethostname()


def test_any_other_door_is_found_where_it_listens() -> None:
    assert reachable("127.0.0.1") == "127.0.0.1"
