"""The public door: both platforms, the control API and the page on one port."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from services.sandbox import control, pages, store
from services.sandbox.gate import gate
from services.sandbox.twilio import handlers as twilio
from services.sandbox.twilio.callbacks import Callbacks
from services.sandbox.twilio.handlers import CALLBACKS, PHONES
from services.sandbox.twilio.phones import Phones
from services.sandbox.twilio.platform import Twilio
from services.sandbox.twilio.webhook import Caller
from services.sandbox.world import WORLD, World
from services.sandbox.x import handlers as x
from services.sandbox.x.platform import X

MAX_BODY_BYTES = 1_000_000
_MESSAGES = "/2010-04-01/Accounts/{account}/Messages"


def build(world: World) -> web.Application:
    """One application over one world. It takes the world's store over and closes it at the end."""
    with world.store.begin() as connection:
        tokens, opted_out, uncalled = (
            store.kept_tokens(connection),
            store.opt_outs(connection),
            store.uncalled(connection),
        )
    secret = world.settings.twilio_auth_token
    only_token = secret.get_secret_value() if secret else None
    app = web.Application(
        middlewares=[control.own_pages_only, gate((X(), Twilio(tokens, only_token)))], client_max_size=MAX_BODY_BYTES
    )
    app[WORLD] = world
    app.add_routes(_routes())

    async def run(app: web.Application) -> AsyncIterator[None]:
        settings = world.settings
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=settings.callback_workers)) as session:
            caller = Caller(session, world.sleep, settings.deliver_to, settings.allowed_hosts)
            app[CALLBACKS] = callbacks = Callbacks(world, caller, tokens, settings.callback_workers)
            app[PHONES] = Phones(world, caller, tokens, opted_out)
            for row in uncalled:
                callbacks.schedule(row)
            running = asyncio.create_task(callbacks.run())
            yield
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await callbacks.close()
        await world.journal.close()
        world.store.close()

    app.cleanup_ctx.append(run)
    return app


def _routes() -> list[web.RouteDef]:
    return [
        web.post("/2/tweets", x.create),
        web.delete(r"/2/tweets/{id:[0-9]{1,19}}", x.delete),
        web.get(r"/2/tweets/{id:[0-9]{1,19}}", x.fetch),
        web.get("/2/users/me", x.me),
        web.get(r"/2/users/{id:[0-9]{1,19}}/tweets", x.timeline),
        web.route("*", "/2/{rest:.*}", x.nothing),
        web.post(f"{_MESSAGES}.json", twilio.create),
        web.get(f"{_MESSAGES}.json", twilio.listed),
        web.get(f"{_MESSAGES}/{{sid}}.json", twilio.fetch),
        web.post(f"{_MESSAGES}/{{sid}}.json", twilio.update),
        web.delete(f"{_MESSAGES}/{{sid}}.json", twilio.delete),
        web.route("*", "/2010-04-01/{rest:.*}", twilio.nothing),
        web.post("/_sandbox/faults", control.order_fault),
        web.get("/_sandbox/faults", control.list_faults),
        web.delete("/_sandbox/faults", control.clear_faults),
        web.delete("/_sandbox/faults/{name}", control.clear_faults),
        web.get("/_sandbox/rules", control.show_rules),
        web.patch("/_sandbox/rules", control.change_rules),
        web.get("/_sandbox/counts", control.counts),
        web.get("/_sandbox/messages", control.messages),
        web.delete("/_sandbox/messages", control.forget),
        web.post("/_sandbox/phones/{number}/reply", control.reply),
        web.get("/", pages.show),
        web.get("/_sandbox/assets/{name}", pages.asset),
    ]
