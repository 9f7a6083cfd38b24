"""Builds and wires the SMS dispatcher."""

from schemas.delivery import Receipt
from schemas.words import Channel, Reason
from services.dispatch.app import frame, wire
from services.dispatch.sms import errors
from services.dispatch.sms.service import SmsChannel
from services.dispatch.sms.settings import VENDOR_HOSTS, SmsSettings
from services.phonebook.book import open_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings
from services.runtime.opening import when_there
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, load, stop


def build() -> Room:
    """The room, from the environment."""
    shared, settings, book = load(SharedSettings), load(SmsSettings), load(PhonebookSettings)
    missing = settings.without_sender()
    if missing:
        stop([missing])
    try:
        phonebook = when_there(lambda: open_phonebook(shared, book), "tocsin dispatch/sms: waiting for the phonebook")
    except PhonebookError as error:
        stop([str(error)])
    room = frame(shared, settings, Channel.SMS, VENDOR_HOSTS)
    room.on_close(phonebook.close)
    return wire(room, settings, SmsChannel(settings, phonebook), _reason_of)


def _reason_of(receipt: Receipt) -> Reason:
    """Why Twilio gave up on a text that it had accepted."""
    return errors.reason(receipt.code) if receipt.code else Reason.UNKNOWN_OUTCOME
