"""Builds and wires the X dispatcher."""

from schemas.delivery import Receipt
from schemas.words import Channel, Reason
from services.dispatch.app import frame, wire
from services.dispatch.x.service import XChannel
from services.dispatch.x.settings import VENDOR_HOSTS, XSettings
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop


def build() -> Room:
    """The room, from the environment."""
    shared, settings = load(SharedSettings), load(XSettings)
    missing = settings.without_credentials()
    if missing:
        stop([missing])
    return wire(frame(shared, settings, Channel.X, VENDOR_HOSTS), settings, XChannel(settings), _no_reports)


def _no_reports(_receipt: Receipt) -> Reason:
    """X reports nothing after its answer."""
    return Reason.UNKNOWN_OUTCOME
