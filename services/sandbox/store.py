"""Posts and texts as the stand-ins keep them: the tables, and the writes.

Times are milliseconds since 1970 by the sandbox's own clock. Nothing here believes a client: `arrived_ms` is when the
first line of a request was read, `accepted_ms` when the platform took the message.
"""

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

TABLES: Final = sa.MetaData()

POSTS: Final = sa.Table(
    "posts",
    TABLES,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("account_id", sa.String(19), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("urls", sa.JSON, nullable=False),
    sa.Column("reply_to", sa.BigInteger),
    sa.Column("quote_of", sa.BigInteger),
    sa.Column("conversation_id", sa.BigInteger, nullable=False),
    sa.Column("reply_settings", sa.String(20), nullable=False),
    sa.Column("arrived_ms", sa.BigInteger, nullable=False),
    sa.Column("accepted_ms", sa.BigInteger, nullable=False),
    sa.Column("visible_ms", sa.BigInteger, nullable=False),
    sa.Column("deleted_ms", sa.BigInteger),
    sa.Index("posts_by_account", "account_id", "id"),
)

TEXTS: Final = sa.Table(
    "texts",
    TABLES,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sid", sa.String(34), nullable=False, unique=True),
    sa.Column("account_sid", sa.String(34), nullable=False),
    sa.Column("direction", sa.String(14), nullable=False),
    sa.Column("sender", sa.String(40), nullable=False),
    sa.Column("recipient", sa.String(40), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("redacted", sa.Boolean, nullable=False, default=False),
    sa.Column("service_sid", sa.String(34)),
    sa.Column("status_callback", sa.Text),
    sa.Column("callback_plan", sa.JSON),
    sa.Column("called", sa.Boolean, nullable=False, default=True),
    sa.Column("arrived_ms", sa.BigInteger, nullable=False),
    sa.Column("accepted_ms", sa.BigInteger, nullable=False),
    sa.Column("send_at_ms", sa.BigInteger, nullable=False),
    sa.Column("sent_after_ms", sa.Integer, nullable=False),
    sa.Column("done_after_ms", sa.Integer, nullable=False),
    sa.Column("fate", sa.String(11), nullable=False),
    sa.Column("error_code", sa.Integer),
    sa.Column("visible_ms", sa.BigInteger, nullable=False),
    sa.Column("canceled_ms", sa.BigInteger),
    sa.Column("deleted_ms", sa.BigInteger),
    sa.Index("texts_by_recipient", "account_sid", "recipient", "id"),
    sa.Index("texts_by_phone", "recipient", "id"),
    sa.Index("texts_by_sender", "sender", "id"),
    sa.Index("texts_uncalled", "called", sqlite_where=sa.text("called = 0"), postgresql_where=sa.text("NOT called")),
)

TOKENS: Final = sa.Table(
    "tokens",
    TABLES,
    sa.Column("account_sid", sa.String(34), primary_key=True),
    sa.Column("token", sa.Text, nullable=False),
)

OPT_OUTS: Final = sa.Table(
    "opt_outs",
    TABLES,
    sa.Column("sender", sa.String(40), primary_key=True),
    sa.Column("phone", sa.String(40), primary_key=True),
)

Row = dict[str, Any]

ADD_TEXT: Final = sa.insert(TEXTS)
MARK_CALLED: Final = sa.update(TEXTS).where(TEXTS.c.sid == sa.bindparam("of")).values(called=True)


def rows(connection: sa.Connection, query: sa.Select[Any]) -> list[Row]:
    """Run a query; each row as a plain dictionary."""
    return [dict(row) for row in connection.execute(query).mappings()]


def text_by_sid(connection: sa.Connection, account_sid: str, sid: str) -> Row | None:
    """One text that has not been deleted."""
    query = sa.select(TEXTS).where(TEXTS.c.sid == sid, TEXTS.c.account_sid == account_sid, TEXTS.c.deleted_ms.is_(None))
    found = rows(connection, query)
    return found[0] if found else None


def change_text(connection: sa.Connection, sid: str, values: Row) -> None:
    """Change one text."""
    connection.execute(sa.update(TEXTS).where(TEXTS.c.sid == sid).values(values))


def uncalled(connection: sa.Connection) -> list[Row]:
    """Texts whose callbacks had not all gone out when the process ended."""
    return rows(connection, sa.select(TEXTS).where(TEXTS.c.called.is_(False), TEXTS.c.deleted_ms.is_(None)))


def last_text_to(connection: sa.Connection, phone: str) -> Row | None:
    """The newest text that a phone has, whoever sent it."""
    query = sa.select(TEXTS).where(TEXTS.c.recipient == phone).order_by(TEXTS.c.id.desc()).limit(1)
    found = rows(connection, query)
    return found[0] if found else None


def keep_token(connection: sa.Connection, account_sid: str, token: str) -> None:
    """Remember the token an account came with: its callbacks are signed with it."""
    connection.execute(sa.delete(TOKENS).where(TOKENS.c.account_sid == account_sid))
    connection.execute(sa.insert(TOKENS).values(account_sid=account_sid, token=token))


def kept_tokens(connection: sa.Connection) -> dict[str, str]:
    """Every account's token."""
    return {row.account_sid: row.token for row in connection.execute(sa.select(TOKENS))}


def set_opt_out(connection: sa.Connection, sender: str, phone: str, *, out: bool) -> None:
    """Note or lift one phone's refusal of one sender."""
    connection.execute(sa.delete(OPT_OUTS).where(OPT_OUTS.c.sender == sender, OPT_OUTS.c.phone == phone))
    if out:
        connection.execute(sa.insert(OPT_OUTS).values(sender=sender, phone=phone))


def opt_outs(connection: sa.Connection) -> set[tuple[str, str]]:
    """Every (sender, phone) that was refused."""
    return {(row.sender, row.phone) for row in connection.execute(sa.select(OPT_OUTS))}


def empty(connection: sa.Connection, tables: Sequence[sa.Table] = (POSTS, TEXTS, OPT_OUTS)) -> None:
    """Forget every post, text and opt-out."""
    for table in tables:
        connection.execute(sa.delete(table))
