"""Private routes of intake: what is held and refused, and its bytes for whoever may read them and says why."""

from dataclasses import dataclass

import sqlalchemy as sa
from aiohttp import web
from pydantic import ValidationError

from schemas.answer import BytesRead
from schemas.decision import ReadRequest
from schemas.topics import READINGS
from services.identifiers.detect import find
from services.intake import shelf, store
from services.intake.store import Original
from services.runtime import verifier
from services.runtime.clock import Clock
from services.runtime.keeper import Keeper
from services.runtime.outbox import Outbox
from services.runtime.settings import SharedSettings
from services.runtime.store import Store
from services.runtime.verifier import NotTrustedError

_LIMIT = 200
_DIGEST = r"{digest:sha256:[0-9a-f]{64}}"


@dataclass(frozen=True)
class PrivateDoor:
    """GET /withheld, GET /originals/{digest}, POST /readings. Never on a public port."""

    rows: Store
    outbox: Outbox
    keeper: Keeper
    clock: Clock
    shared: SharedSettings

    def routes(self) -> list[web.RouteDef]:
        """What the private door adds."""
        return [
            web.get("/withheld", self._withheld),
            web.get(f"/originals/{_DIGEST}", self._facts),
            web.post("/readings", self._read),
        ]

    async def _withheld(self, _request: web.Request) -> web.Response:
        return web.json_response({"withheld": await self.rows.transact(shelf.withheld, _LIMIT)})

    async def _facts(self, request: web.Request) -> web.Response:
        found = await self.rows.transact(shelf.facts, request.match_info["digest"])
        return web.json_response(found or {"says": "no bytes with this hash have come"}, status=200 if found else 404)

    async def _read(self, request: web.Request) -> web.Response:
        """The bytes, once the reading is on record: 403 where the signature is not believed, 409 for a used nonce."""
        try:
            wish = ReadRequest.model_validate_json(await request.read())
            verifier.reading(wish, self.keeper.trust, self.shared.realm, self.clock.now())
        except ValidationError:
            return _no("the request is no signed wish to read: use `tocsin bytes`", 400)
        except NotTrustedError as error:
            return _no(str(error), 403)
        if find(wish.statement.reason):
            return _no("the reason may identify a person: say why without a name, number or place of one", 422)
        found = await self.rows.transact(self._granted, wish)
        self.outbox.wake()
        if isinstance(found, web.Response):
            return found
        headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
        return web.Response(body=found.data, content_type="application/octet-stream", headers=headers)

    def _granted(self, connection: sa.Connection, wish: ReadRequest) -> Original | web.Response:
        """The bytes, and in the same transaction that they were read."""
        said = wish.statement
        found = store.original(connection, said.source)
        if found is None:
            return _no("no bytes with this hash have come", 404)
        if not shelf.note_reading(connection, said, self.clock):
            return _no("this wish was granted before: sign another", 409)
        lineage = (shelf.facts(connection, said.source) or {}).get("lineage")
        record = BytesRead(
            realm=self.shared.realm, source=said.source, person=said.person, role=said.role, reason=said.reason,
            lineage=lineage, at=self.clock.now(),
        )  # fmt: skip
        self.outbox.put(connection, READINGS, said.source, record)
        return found


def _no(says: str, status: int) -> web.Response:
    return web.json_response({"says": says}, status=status)
