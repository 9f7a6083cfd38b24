"""Another ring's tests with every store that would be a SQLite file on PostgreSQL instead, a schema a file.

A pytest plugin: `TOCSIN_TEST_POSTGRES=postgresql+psycopg://… pytest -p tests.support.on_postgres tests/intake`.
"""

import hashlib
import os
from pathlib import Path

import sqlalchemy as sa

from services.runtime import settings, store

SERVER = os.environ["TOCSIN_TEST_POSTGRES"]


def _url(path: Path) -> str:
    schema = "t_" + hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:40]
    return sa.make_url(SERVER).update_query_dict({"schema": schema}).render_as_string(hide_password=False)


# Before any test module takes the name: that is why this is a plugin and no fixture.
store.sqlite_url = _url
settings.sqlite_url = _url  # type: ignore[attr-defined]  # where it was imported from the store
