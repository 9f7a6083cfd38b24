"""A verb that asks a room is answered by any of its replicas."""

from pathlib import Path

import pytest
from aiohttp import web

from services.cli.context import Context
from services.cli.errors import Code, Failure
from services.runtime.doors import announce
from tests.support.serving import served

pytestmark = pytest.mark.connected


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TOCSIN_CLI_DOORS", raising=False)


def test_a_replica_that_is_away_is_passed_over(tmp_path: Path) -> None:
    context = Context(tmp_path)
    with served(lambda _: web.Response()) as gone:
        pass
    with served(lambda request: web.json_response({"path": request.path})) as well:
        for replica, url in (("a", gone), ("b", well), ("c", gone)):
            announce(context.home, "record", {"private": url}, replica)
        assert context.get("record", "/alerts") == {"path": "/alerts"}
    with pytest.raises(Failure, match="record does not answer") as ended:
        context.get("record", "/alerts")
    assert ended.value.code is Code.MISSING


def test_what_one_of_them_does_not_know_none_does(tmp_path: Path) -> None:
    context, asked = Context(tmp_path), list[str]()

    def unknown(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=404)

    with served(unknown) as url:
        for replica in ("a", "b"):
            announce(context.home, "record", {"private": url}, replica)
        assert context.get("record", "/alerts/1") is None
    assert asked == ["/alerts/1"]
