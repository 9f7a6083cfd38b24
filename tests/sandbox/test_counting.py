"""The platform's side of the count, and the journal under it."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from services.runtime.store import Store, sqlite_url
from services.sandbox.counting import counts, messages
from services.sandbox.faults import Plan
from services.sandbox.journal import Journal
from services.sandbox.settings import Rules
from services.sandbox.store import ADD_TEXT, TABLES, TEXTS, Row
from services.sandbox.twilio.rules import Asked
from services.sandbox.twilio.texts import Arrival, accepted
from services.sandbox.x.posts import DuplicateError, Moment, accept, delete
from services.sandbox.x.requests import CreatePost

DICE = random.Random(3)  # noqa: S311 - repeatable on purpose


@pytest.fixture
def store(tmp_path: Path) -> Any:
    opened = Store(sqlite_url(tmp_path / "sandbox.db"), TABLES)
    yield opened
    opened.close()


def text(to: str, body: str, at: int = 1000) -> Row:
    return accepted(
        Asked(to, body, "+12025550100", None, None, 36_000, None), Arrival("AC1", at, at), Rules(), Plan(), DICE
    )


def post(at: int, window: int = 0) -> Moment:
    return Moment(arrived_ms=at, now_ms=at, visible_ms=at, duplicates_since_ms=at - window)


async def test_doubles_are_pairs_of_recipient_and_body(store: Store) -> None:
    journal = Journal(store)
    sent = [("+1", "a"), ("+1", "a"), ("+1", "b"), ("+2", "a"), ("+1", "a")]
    await asyncio.gather(*(journal.write(ADD_TEXT, text(to, body)) for to, body in sent))
    with store.begin() as connection:
        found = counts(connection, 0, each=True)
    assert (found["texts"], found["texts_distinct"], found["texts_extra"]) == (5, 3, 2)
    assert found["doubled"] == [{"to": "+1", "body": "a", "n": 3}]
    assert {(pair["to"], pair["body"]): pair["n"] for pair in found["texts_each"]} == {
        ("+1", "a"): 3, ("+1", "b"): 1, ("+2", "a"): 1,
    }  # fmt: skip


def test_posts_count_by_account_and_text_deleted_ones_too(store: Store) -> None:
    with store.begin() as connection:
        first = accept(connection, "7", CreatePost(text="a"), post(1000))
        assert delete(connection, "7", first["id"], 1500)
        accept(connection, "7", CreatePost(text="a"), post(2000))
        accept(connection, "8", CreatePost(text="a"), post(2000))
        found = counts(connection, 0, each=False)
    assert (found["posts"], found["posts_distinct"], found["posts_extra"], found["posts_deleted"]) == (3, 2, 1, 1)
    assert "posts_each" not in found


def test_the_same_text_is_a_duplicate_inside_the_window_only(store: Store) -> None:
    with store.begin() as connection:
        accept(connection, "7", CreatePost(text="a"), post(1_000_000, 1000))
        with pytest.raises(DuplicateError):
            accept(connection, "7", CreatePost(text="a"), post(1_000_500, 1000))
        accept(connection, "7", CreatePost(text="a "), post(1_000_500, 1000))
        accept(connection, "7", CreatePost(text="a"), post(1_001_500, 1000))


def test_raw_rows_come_oldest_first_from_a_moment_on(store: Store) -> None:
    with store.begin() as connection:
        connection.execute(ADD_TEXT, [text("+1", "late", 3000), text("+1", "early", 2000), text("+1", "before", 1000)])
        found = messages(connection, 2000, 10)
    assert [row["body"] for row in found["texts"]] == ["early", "late"]


async def test_a_journal_commits_what_waited_together_and_answers_each(store: Store) -> None:
    journal = Journal(store)
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    sa.event.listen(store.engine, "commit", count)
    await asyncio.gather(*(journal.write(ADD_TEXT, text(f"+{n}", "a")) for n in range(500)))
    with store.begin() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(TEXTS)).scalar_one() == 500
    assert commits <= 3


async def test_a_failed_commit_reaches_every_request_in_it(store: Store) -> None:
    journal = Journal(store)
    row = text("+1", "a")
    outcomes = await asyncio.gather(
        journal.write(ADD_TEXT, row), journal.write(ADD_TEXT, dict(row)), return_exceptions=True
    )
    assert sum(isinstance(outcome, sa.exc.IntegrityError) for outcome in outcomes) >= 1
    with store.begin() as connection:
        kept = counts(connection, 0, each=False)["texts"]
    assert kept == sum(outcome is None for outcome in outcomes)
    await journal.write(ADD_TEXT, text("+1", "b"))
