"""Builds and wires one channel's dispatcher; a channel's own `app.py` gives the settings and the channel."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from aiohttp import web

from schemas.words import Channel as ChannelName
from services.dispatch import causes, fictional
from services.dispatch.alarms import Alarms
from services.dispatch.compare import Comparer
from services.dispatch.evidence import Effects
from services.dispatch.handlers import register
from services.dispatch.ledger import Ledger
from services.dispatch.metrics import DispatchMetrics
from services.dispatch.nightly import DAYS, Nightly
from services.dispatch.planner import Plan
from services.dispatch.port import Channel
from services.dispatch.pump import Pump
from services.dispatch.rate import Rate
from services.dispatch.recovery import Quarantine
from services.dispatch.service import Dispatch, ReasonOf
from services.dispatch.settings import DispatchSettings
from services.dispatch.sweep import Sweep
from services.dispatch.tables import metadata
from services.dispatch.traced import TracedChannel
from services.dispatch.watch import Watch
from services.runtime.keeper import Keeper
from services.runtime.opening import open_store
from services.runtime.room import Room
from services.runtime.settings import SharedSettings, stop
from services.runtime.store import Store

TAKE_BACK_S = 86_400


def frame(shared: SharedSettings, settings: DispatchSettings, name: ChannelName, vendor_hosts: frozenset[str]) -> Room:
    """The room of one channel; stops the process with a sentence when a setting is unsafe."""
    wrong = settings.wrong(shared, vendor_hosts)
    if wrong:
        stop(wrong)
    return Room(f"dispatch/{name}", shared, settings)


def wire(room: Room, settings: DispatchSettings, channel: Channel, reason_of: ReasonOf) -> Room:
    """Hang ledger, pump, sweep and handlers together around `channel`."""
    keeper = Keeper(room.shared, room.name)
    store = _open_ledger(room, settings)
    if room.shared.traces_url:
        channel = TracedChannel(channel, lambda delivery: store.transact(causes.of_delivery, delivery))
    ledger = Ledger(store, _plan(settings, channel, keeper), room.clock, room.realm)
    metrics = DispatchMetrics(room.metrics)
    metrics.sandbox.set(settings.sandbox)
    alarms = Alarms(room.name, room.realm, store, ledger.outbox, room.clock)
    rate = Rate(room.clock, settings.rate_per_s, settings.window)

    def on_effects(effects: Effects) -> None:
        metrics.take(effects)
        if effects.overtaken:
            sweep.wake()

    pump = Pump(
        ledger=ledger, channel=channel, rate=rate, clock=room.clock, window=settings.window, on_effects=on_effects,
        alarms=alarms,
    )  # fmt: skip
    sweep = Sweep(
        ledger=ledger, channel=channel, pump=pump, clock=room.clock, alarms=alarms, metrics=metrics,
        quarantine=Quarantine(settings.quarantine_s, settings.patience_s), look_up=settings.look_up,
    )  # fmt: skip
    service = Dispatch(
        channel=channel.name, realm=room.realm, ledger=ledger, keeper=keeper, clock=room.clock, metrics=metrics,
        room_metrics=room.metrics, alarms=alarms, wake=pump.wake, follow=sweep.wake,
        reason_of=reason_of, sandbox=settings.sandbox,
    )  # fmt: skip
    register(room, service, channel.name)
    watch = Watch(room=room, ledger=ledger, channel=channel, rate=rate, metrics=metrics, wake=pump.wake)
    comparer = Comparer(
        store=store, ledger=ledger, channel=channel, alarms=alarms, metrics=metrics, clock=room.clock,
        reason_of=reason_of,
    )  # fmt: skip
    nightly = Nightly(store, comparer, metrics, room.clock, timedelta(seconds=settings.compare_s))
    if settings.compare_s:
        room.background("compare", nightly.run)
    room.private_route(web.post("/compare", _compare(room, comparer)))
    room.check(lambda: watch.probed)
    room.metrics.bundle_serial.set(keeper.serial)
    room.use_outbox(ledger.outbox)
    room.background("doubts", service.judge_at_start)
    _run(room, settings, channel, ledger, pump, sweep, watch)
    if store.is_sqlite:
        room.background("alone", watch.alone)
    room.on_close(store.close)
    return room


def _open_ledger(room: Room, settings: DispatchSettings) -> Store:
    """The ledger's store; stops the process where a real account would go on with a sandbox account's messages."""
    store = open_store(room.shared, settings, room.name, metadata)
    if not settings.sandbox:
        with store.begin() as connection:
            found = fictional.in_ledger(connection)
        if found:
            store.close()
            stop([fictional.LEDGER_OF_A_SANDBOX])
    return store


def _run(  # noqa: PLR0917 - the parts that run, once
    room: Room, settings: DispatchSettings, channel: Channel, ledger: Ledger, pump: Pump, sweep: Sweep, watch: Watch
) -> None:
    async def send() -> None:
        await channel.open()
        try:
            await ledger.load()
            await pump.run()
        finally:
            await channel.close()

    room.background("pump", send)
    room.background("sweep", lambda: sweep.run(settings.sweep_s))
    room.background("report", watch.report)
    room.background("gauges", watch.gauges)
    room.background("probe", watch.probe)


def _plan(settings: DispatchSettings, channel: Channel, keeper: Keeper) -> Plan:
    take_back_s = keeper.trust.policy.take_back_s if keeper.serial else TAKE_BACK_S
    can = channel.capabilities
    return Plan(channel.name, can.public, can.deletes, settings.account, take_back_s)


def _compare(room: Room, comparer: Comparer) -> Callable[[web.Request], Awaitable[web.Response]]:
    """POST /compare: hold the platform's list against the ledger now, for the last days."""

    async def handle(_request: web.Request) -> web.Response:
        found = await comparer.compare(room.clock.now() - DAYS)
        return web.json_response(found.__dict__)

    return handle
