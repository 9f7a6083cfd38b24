"""The SMS dispatcher as it is, but for its transport, which has the answer at hand: what everything else costs.

`python -m tests.bench.no_transport`, with the settings of the room.
"""

import asyncio
import itertools

from services.dispatch.port import Doubt, NotSent, Permit
from services.dispatch.posting import Answer, Poster
from services.dispatch.sms import client
from services.dispatch.sms.app import build
from services.dispatch.sms.settings import SmsSettings
from services.dispatch.transport import Transport
from tests.bench.sink import answer


class AtHand:
    """A poster that asks for the permit and has the answer at the next turn of the loop."""

    numbers = itertools.count()

    async def post(self, body: bytes, permit: Permit) -> Answer | NotSent | Doubt:
        assert permit()
        await asyncio.sleep(0)
        return Answer(201, answer(next(self.numbers)))

    async def close(self) -> None:
        pass


def _at_hand(settings: SmsSettings, transport: Transport) -> Poster:
    del settings, transport
    return AtHand()


if __name__ == "__main__":
    client._poster = _at_hand
    build().run()
