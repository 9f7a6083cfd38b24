"""The same world on a ledger that several processes share: PostgreSQL, a connection pool a process."""

from typing import Any

from services.dispatch.tables import metadata
from services.runtime.store import Store
from tests.dispatch.world import Process, World


class SharedWorld(World):
    """`url` is the ledger's schema."""

    def process(self, **settings: Any) -> Process:
        return super().process(**{"given": Store(self.url, metadata), **settings})
