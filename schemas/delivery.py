"""What platforms report, and what became of each message."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, StringConstraints

from schemas.base import Digest, Instant, Part, Record
from schemas.words import Channel, Kind, Realm, Reason, State

DeliveryId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
RECEIPTS_LIMIT = 500
ROWS_LIMIT = 500


class Receipt(Part):
    """One report of a platform about one message. `status` is our word, `code` the platform's number, if any."""

    delivery: DeliveryId
    platform_id: str
    status: Literal["accepted", "sent", "delivered", "undelivered", "failed"]
    code: int | None = None
    at: Instant


class Receipts(Record):
    """`receipts`: up to 500 reports, or 50 ms of them."""

    schema_name: ClassVar[str] = "receipts"

    realm: Realm
    channel: Channel
    reports: tuple[Receipt, ...] = Field(max_length=RECEIPTS_LIMIT)


class DeliveryRow(Part):
    """One delivery as its ledger has it now. `seq` grows with every change of the row: a reader keeps the highest."""

    id: DeliveryId
    version: int
    revision: int
    kind: Kind
    target: str
    state: State
    reason: Reason | None = None
    attempt: int
    seq: int
    at: Instant
    platform_id: str | None = None


class Deliveries(Record):
    """`deliveries`: what changed in one channel's ledger for one lineage."""

    schema_name: ClassVar[str] = "deliveries"

    realm: Realm
    channel: Channel
    lineage: str
    digest: Digest
    rows: tuple[DeliveryRow, ...] = Field(max_length=ROWS_LIMIT)
