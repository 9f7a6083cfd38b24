"""`tocsin doctor` in a pod and beside port-forwarded doors: what cannot be seen from there is not called broken."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web

from services.cli import room_states
from services.cli.checks import place, running, trust
from services.cli.checks.finding import Found
from services.cli.context import Context
from services.cli.doors import every_door
from services.cli.errors import Failure
from services.cli.house.prepare import prepare
from services.cli.settings import CliSettings
from services.runtime.doors import announce
from services.runtime.keeper import Keeper, bundle_path
from tests.support.serving import served


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("TOCSIN_")]:
        monkeypatch.delenv(name)


def said(found: Iterator[Found], verdict: str = "bad") -> str:
    return "\n".join(f"{each.subject}: {each.says} -> {each.do}" for each in found if each.verdict == verdict)


def ready(_: web.Request) -> web.Response:
    return web.json_response({"ready": True, "missing": []})


# --- doors ---


@pytest.mark.connected
def test_in_a_rooms_pod_the_others_are_not_looked_at(tmp_path: Path) -> None:
    """Each pod's data folder is its own: nothing there says whether another room runs."""
    context = Context(tmp_path)
    with served(ready) as url:
        announce(context.home, "record", {"private": url}, "record-0")
        found = list(running.look(context))
    assert said(iter(found)) == ""
    assert f"record: ready at {url}" in said(iter(found), "good")
    unseen = said(iter(found), "mind")
    assert "not looked at, for their doors are not known here: agency, intake, compose" in unseen
    assert "TOCSIN_CLI_DOORS" in unseen


@pytest.mark.connected
@pytest.mark.parametrize("shared", ["a second room", "tocsin up"])
def test_where_all_rooms_share_a_folder_one_without_a_door_does_not_run(shared: str, tmp_path: Path) -> None:
    context = Context(tmp_path)
    with served(ready) as url:
        announce(context.home, "record", {"private": url}, "0")
        if shared == "tocsin up":
            (context.data / "up.lock").touch()
        else:
            announce(context.home, "approve", {"private": url}, "0")
        found = said(running.look(context))
    assert "dispatch/sms: it does not run" in found


@pytest.mark.connected
def test_named_doors_are_asked_and_one_that_does_not_answer_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served(ready) as gone:
        pass
    with served(ready) as url:
        monkeypatch.setenv("TOCSIN_CLI_DOORS", f"record={url}/, dispatch-sms={url},dispatch/sms={gone}")
        found = list(running.look(Context(tmp_path)))
    assert f"record: ready at {url}" in said(iter(found), "good")
    assert f"dispatch/sms: ready at {url}" in said(iter(found), "good")
    assert f"dispatch/sms: does not answer at {gone}" in said(iter(found))
    assert "kubectl logs of its pod" in said(iter(found))


@pytest.mark.connected
def test_a_door_behind_which_another_program_answers_is_no_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may well answer every question, and say nothing that a room says."""
    with served(lambda _: web.json_response({"missing": []})) as url:
        monkeypatch.setenv("TOCSIN_CLI_DOORS", f"dispatch/sms={url}")
        states = room_states.look(Context(tmp_path))
    assert "dispatch/sms" in {each.room for each in states.silent}


@pytest.mark.connected
def test_other_verbs_go_through_the_same_doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda request: web.json_response({"asked": request.path})) as url:
        monkeypatch.setenv("TOCSIN_CLI_DOORS", f"approve={url}")
        assert Context(tmp_path).get("approve", "/pending") == {"asked": "/pending"}
    monkeypatch.delenv("TOCSIN_CLI_DOORS")
    with pytest.raises(Failure, match="TOCSIN_CLI_DOORS=approve=http://host:port"):
        Context(tmp_path).get("approve", "/pending")


def test_every_replica_has_its_doors_and_named_ones_go_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in "01":
        announce(tmp_path, "dispatch/sms", {"private": f"http://127.0.0.1:{number}"}, f"dispatch-sms-{number}")
    assert [each["private"] for each in every_door(tmp_path, "dispatch/sms")] == [
        "http://127.0.0.1:0",
        "http://127.0.0.1:1",
    ]
    monkeypatch.setenv("TOCSIN_CLI_DOORS", "dispatch/sms=http://far:9100")
    assert every_door(tmp_path, "dispatch/sms") == [{"private": "http://far:9100"}]


@pytest.mark.parametrize("text", ["record", "record=far:9100", "pigeon=http://far", "record=http://far,,x", "a=b=c"])
def test_what_names_no_door_is_refused_with_how_to_write_it(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_CLI_DOORS", text)
    with pytest.raises(Failure, match=r"^TOCSIN_CLI_DOORS: write room=http://host:port"):
        every_door(Path("/nowhere"), "record")


def test_an_empty_list_names_none() -> None:
    assert CliSettings().doors_by_room == {}


# --- trust ---


def test_a_pods_own_copy_of_the_bundle_counts(tmp_path: Path) -> None:
    """A pod has no bundle.json: its first bundle came by the topic, pinned by TOCSIN_BUNDLE_DIGEST."""
    context = Context(tmp_path)
    prepare(context, sandbox=True)
    Keeper(context.shared, "approve")
    bundle_path(context.home).unlink()
    found = list(trust.look(context))
    assert said(iter(found), "mind") == said(iter(found)) == ""
    assert "trust: approve keeps bundle 1, 2 people may act" in said(iter(found), "good")
    assert "approve: its key is in the bundle" in said(iter(found), "good")


def test_where_no_room_has_kept_one_there_is_none(tmp_path: Path) -> None:
    kept = tmp_path / "live" / "trust" / "record.json"
    kept.parent.mkdir(parents=True)
    kept.write_text(json.dumps({"bundle": None, "revocations": [], "early": []}))
    assert "no trust bundle" in said(trust.look(Context(tmp_path)), "mind")
    kept.write_text("half of i")
    assert f"{kept} cannot be read" in said(trust.look(Context(tmp_path)))


# --- the place and the accounts ---


def account(monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    for name, value in {"BASE_URL": "https://api.example", "TOKEN": "t" * 20, **more}.items():
        monkeypatch.setenv(f"TOCSIN_X_{name}", value)


def real(tmp_path: Path, *changes: tuple[str, str]) -> str:
    text = (Path("deploy/jurisdictions") / "demo.yaml").read_text()
    for before, after in (("fictional: true", "fictional: false"), *changes):
        assert before in text
        text = text.replace(before, after)
    path = tmp_path / "place.yaml"
    path.write_text(text)
    return str(path)


def test_a_fictional_place_beside_a_real_account_is_bad(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)
    (tmp_path / "up.lock").touch()  # compose reads what is read here: nothing, and so the demo's
    found = said(place.look(Context(tmp_path)))
    assert "dispatch/x: ferrow is fictional, and the account of x is not a sandbox's" in found
    assert "TOCSIN_COMPOSE_JURISDICTION=your own place" in found
    monkeypatch.setenv("TOCSIN_X_SANDBOX", "true")
    assert said(place.look(Context(tmp_path))) == ""
    assert "fit together" in said(place.look(Context(tmp_path)), "good")


def test_in_a_dispatchers_pod_nobody_knows_composes_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    account(monkeypatch)
    assert said(place.look(Context(tmp_path))) == ""
    assert "TOCSIN_COMPOSE_JURISDICTION is not set here" in said(place.look(Context(tmp_path)), "mind")


def test_a_real_place_and_its_real_account_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = ("{name: ferrow-health, sandbox: true}", "{name: ferrow-health}")
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", real(tmp_path, accounts))
    account(monkeypatch, ACCOUNT="ferrow-health")
    assert {each.verdict for each in place.look(Context(tmp_path))} == {"good"}
    account(monkeypatch, ACCOUNT="another")
    assert "TOCSIN_X_ACCOUNT is not the name" in said(place.look(Context(tmp_path)), "mind")


def test_an_account_that_the_place_calls_a_sandboxs_reaches_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", real(tmp_path))
    account(monkeypatch)
    assert "calls its account on x a sandbox's, and its dispatcher reaches people" in said(
        place.look(Context(tmp_path))
    )


def test_a_channel_without_an_account_gets_no_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without = ("  x: {name: ferrow-health, sandbox: true}\n", "")
    monkeypatch.setenv("TOCSIN_COMPOSE_JURISDICTION", real(tmp_path, without))
    account(monkeypatch)
    assert "names no account on x" in said(place.look(Context(tmp_path)), "mind")
