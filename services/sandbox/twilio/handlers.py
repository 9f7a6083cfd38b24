"""Twilio's doorway: read the form, keep the text, write the answer."""

from functools import wraps
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.typedefs import Handler

from services.sandbox.store import ADD_TEXT, Row, change_text, text_by_sid
from services.sandbox.twilio import answers, listing
from services.sandbox.twilio.answers import Refusal
from services.sandbox.twilio.callbacks import Callbacks
from services.sandbox.twilio.changes import change
from services.sandbox.twilio.lifecycle import FINAL, status_at
from services.sandbox.twilio.phones import Phones
from services.sandbox.twilio.platform import ACCOUNT_SID
from services.sandbox.twilio.rules import read_message
from services.sandbox.twilio.texts import Arrival, accepted
from services.sandbox.world import ARRIVED, PLAN, WORLD

CALLBACKS = web.AppKey("callbacks", Callbacks)
PHONES = web.AppKey("phones", Phones)


def refusing(handler: Handler) -> Handler:
    """What a handler refuses is answered in Twilio's own words."""

    @wraps(handler)
    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return answers.refused(refusal)

    return answer


@refusing
async def create(request: web.Request) -> web.Response:
    """POST Messages.json."""
    world = request.app[WORLD]
    asked = read_message(await _form(request))
    arrival = Arrival(request[ACCOUNT_SID], request[ARRIVED], world.now_ms())
    row = accepted(asked, arrival, world.rules, request[PLAN], world.dice)
    request.app[PHONES].check(row)
    await world.journal.write(ADD_TEXT, row)
    request.app[CALLBACKS].schedule(row)
    return answers.ok(answers.message(row, row["accepted_ms"]), 201)


@refusing
async def listed(request: web.Request) -> web.Response:
    """GET Messages.json."""
    world = request.app[WORLD]
    ask = listing.read_ask(request[ACCOUNT_SID], request.path, request.query)
    now = world.now_ms()
    return answers.ok(listing.answer(ask, await world.store.transact(listing.page, ask, now), now))


@refusing
async def fetch(request: web.Request) -> web.Response:
    """GET Messages/{sid}.json."""
    return answers.ok(answers.message(await _row(request), request.app[WORLD].now_ms()))


@refusing
async def update(request: web.Request) -> web.Response:
    """POST Messages/{sid}.json: cancel, or redact the body."""
    world = request.app[WORLD]
    row = await _row(request)
    values = change(row, await _form(request), world.now_ms())
    await world.store.transact(change_text, row["sid"], values)
    if "canceled_ms" in values:
        await request.app[CALLBACKS].drop(row["sid"])
    return answers.ok(answers.message({**row, **values}, world.now_ms()))


@refusing
async def delete(request: web.Request) -> web.Response:
    """DELETE Messages/{sid}.json: the record goes, the text on the phone stays."""
    world = request.app[WORLD]
    row = await _row(request)
    if status_at(row, world.now_ms()) not in FINAL:
        raise Refusal(409, 20009, "Cannot delete this resource before it is complete")
    await world.store.transact(change_text, row["sid"], {"deleted_ms": world.now_ms()})
    return web.Response(status=204)


async def nothing(request: web.Request) -> web.Response:
    """Any other address."""
    return answers.refused(_not_found(request))


async def _row(request: web.Request) -> Row:
    row = await request.app[WORLD].store.transact(text_by_sid, request[ACCOUNT_SID], request.match_info["sid"])
    if row is None:
        raise _not_found(request)
    return row


async def _form(request: web.Request) -> dict[str, str]:
    body = await request.read()
    return dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))


def _not_found(request: web.Request) -> Refusal:
    return Refusal(404, 20404, f"The requested resource {request.path} was not found")
