"""The place beside the accounts: what is fictional may never meet a real account, and a channel needs an account."""

import os
from collections.abc import Iterator

from pydantic import ValidationError

from schemas.words import Channel
from services.cli.checks.finding import Found, bad, good, mind
from services.cli.context import Context
from services.compose.settings import ComposeSettings
from services.dispatch.settings import DispatchSettings
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.x.settings import XSettings
from services.place.jurisdiction import Jurisdiction, read_jurisdiction
from services.place.reading import DataError

_SETTING = "TOCSIN_COMPOSE_JURISDICTION"
_KINDS: dict[Channel, type[DispatchSettings]] = {Channel.X: XSettings, Channel.SMS: SmsSettings}


def look(context: Context) -> Iterator[Found]:
    """Each channel that has settings here, beside the jurisdiction that compose reads here."""
    try:
        settings = ComposeSettings()
        place = read_jurisdiction(settings.jurisdiction, _SETTING)
    except (ValidationError, OSError, DataError):
        return  # `configuration` and `guidance` say it
    known = {channel: account for channel, kind in _KINDS.items() if (account := _read(kind)) is not None}
    found = [each for channel, account in known.items() for each in _channel(channel, account, place)]
    if found and not _is_composes(context):
        names = ", ".join(sorted({each.subject for each in found}))
        yield mind("place", f"{_SETTING} is not set here, and its default does not fit {names}",
                   "nothing, where compose has another; else set it there")  # fmt: skip
        return
    yield from found
    if known and not found:
        yield good("place", f"{place.id} and the accounts of {', '.join(known)} fit together")


def _read(kind: type[DispatchSettings]) -> DispatchSettings | None:
    try:
        return kind()
    except (ValidationError, OSError):
        return None  # a channel that is not set up here


def _is_composes(context: Context) -> bool:
    """Whether compose reads what is read here: named here, or started by `tocsin up` with these settings."""
    return _SETTING in os.environ or (context.data / "up.lock").exists()


def _channel(channel: Channel, settings: DispatchSettings, place: Jurisdiction) -> Iterator[Found]:
    subject, account = f"dispatch/{channel}", place.accounts.get(channel)
    prefix = f"TOCSIN_{channel.upper()}"
    if place.fictional and not settings.sandbox:
        says = f"{place.id} is fictional, and the account of {channel} is not a sandbox's: it believes no release of it"
        yield bad(
            subject, says, f"{_SETTING}=your own place; or a stand-in: {prefix}_SANDBOX=true and its {prefix}_BASE_URL"
        )
    if account is None:
        yield mind(subject, f"{place.id} names no account on {channel}: no texts are written for it",
                   f"enter one under accounts in the file of {_SETTING}, or leave this dispatcher out")  # fmt: skip
        return
    if account.sandbox and not settings.sandbox and not place.fictional:
        yield bad(subject, f"{place.id} calls its account on {channel} a sandbox's, and its dispatcher reaches people",
                  f"correct accounts in the file of {_SETTING}, or {prefix}_SANDBOX")  # fmt: skip
    if "account" in settings.model_fields_set and settings.account != account.name:
        yield mind(subject, f"{prefix}_ACCOUNT is not the name of the account on {channel} that {place.id} gives",
                   "is it the right account? then write the same name in both")  # fmt: skip
