"""`tocsin status [LINEAGE]`: where an alert is, and what became of its messages. From record's private door."""

from typing import Annotated, Any

import typer

from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import fail
from services.cli.lineages import whole

LineageArgument = Annotated[
    str | None, typer.Argument(help="Or its first 8 digits, or its page's address; without, all alerts.")
]
TimelineOption = Annotated[bool, typer.Option("--timeline", help="Everything that happened, with times.")]
_SHOWN = ("lineage", "version", "digest", "state", "deliveries", "correlation")


def status(
    lineage: LineageArgument = None, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *,
    timeline: TimelineOption = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Say where one alert is and how many messages are in which state; without LINEAGE, list the newest alerts."""
    context = Context(data, realm, as_json)
    if lineage is None:
        for each in context.get("record", "/alerts")["alerts"]:
            context.say(f"{each['lineage']}  version {each['version']}  {each['state']}", **each)
        return
    lineage = whole(context, lineage)
    found = context.get("record", f"/alerts/{lineage}")
    if found is None:
        fail(f"no alert of lineage {lineage} has come in this realm ({realm}): `tocsin status` lists those that have")
    context.say(
        _words(found), **{name: found[name] for name in _SHOWN}, **({"timeline": found["timeline"]} if timeline else {})
    )
    if timeline and not as_json:
        for event in found["timeline"]:
            print(f"  {event['at']}  {event['what']}  {event['says'] or ''}".rstrip())


def _words(found: dict[str, Any]) -> str:
    lines = [f"{found['lineage']}  version {found['version']}  {found['state']}", f"digest {found['digest']}"]
    for channel, states in found["deliveries"].items():
        counts = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        lines.append(f"{channel}: {counts}")
    lines.extend(f"version {version} follows {place}" for version, place in found["correlation"].items())
    return "\n".join(lines)
