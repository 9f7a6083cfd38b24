"""One timer for all requests gives up what takes longer than R, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.dispatch.deadlines import Deadlines

LONG = 30


@pytest.fixture
async def soon() -> AsyncIterator[Deadlines]:
    made = Deadlines(0.02)
    yield made
    made.close()


async def test_what_takes_too_long_is_a_time_out(soon: Deadlines) -> None:
    with pytest.raises(TimeoutError):
        async with soon.one():
            await asyncio.sleep(LONG)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_each_is_given_up_for_itself(soon: Deadlines) -> None:
    never = asyncio.Event()

    async def work(wait: bool) -> str:
        try:
            async with soon.one():
                if wait:
                    await never.wait()
        except TimeoutError:
            return "late"
        return "in time"

    found = await asyncio.gather(*(work(wait=n % 2 == 0) for n in range(20)))
    assert found == ["late", "in time"] * 10
    assert await work(wait=True) == "late", "the timer begins anew"


async def test_who_is_cancelled_from_outside_stays_cancelled() -> None:
    long, began = Deadlines(LONG), asyncio.Event()

    async def work() -> None:
        async with long.one():
            began.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(work())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not long._running
    long.close()


async def test_cancelled_from_outside_when_it_is_due_is_no_time_out(soon: Deadlines) -> None:
    """Whoever stops the process must not see its cancellation swallowed by a time-out of the same moment."""

    async def work() -> None:
        async with soon.one() as _:
            task = asyncio.current_task()
            assert task is not None
            (deadline,) = soon._running
            deadline.expire()
            task.cancel()
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())


async def test_an_error_inside_comes_out_as_it_is(soon: Deadlines) -> None:
    with pytest.raises(KeyError):
        async with soon.one():
            raise KeyError
    assert not soon._running


async def test_closed_it_gives_nothing_up() -> None:
    closed = Deadlines(0)
    async with closed.one():
        closed.close()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
