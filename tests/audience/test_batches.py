"""Who is told, once, in which language, in batches that are signed and always the same."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.broadcast import Selection
from schemas.words import BroadcastKind, Channel, Realm, Severity
from services.audience import worker
from services.audience.batching import cut
from services.runtime import verifier
from services.runtime.trust import canonical, digest_of
from services.runtime.trusted import NotTrustedError
from tests.audience.world import World, broadcast, ids_of, new_world, people, release, row, withdrawal


@pytest.fixture
def world(tmp_path: Path) -> World:
    return new_world(tmp_path)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One batch a transaction, so that few people make many steps."""
    monkeypatch.setattr(worker, "CHUNK", 1)


async def test_each_person_once_in_their_first_language_that_there_is(world: World) -> None:
    people(world, row(1, "es;en", "north;east"), row(2, "fr", "east"), row(3, "en", "north"), row(4, "en", "south"))
    batches = await world.release(broadcast(), reach=3)
    assert [(b.statement.language, b.statement.number, b.statement.of) for b in batches] == [("en", 1, 2), ("es", 2, 2)]
    assert len(set(ids_of(batches))) == len(ids_of(batches)) == 3
    assert world.book.id_of("+12015550101") in batches[1].statement.subscribers
    assert {b.statement.reach for b in batches} == {3}
    assert [m.key for m in world.published("batches.sms.urgent")] == [
        f"{broadcast().lineage}#{number}".encode() for number in (1, 2)
    ]


async def test_only_languages_with_a_text_count_and_the_first_of_those_is_for_the_rest(world: World) -> None:
    people(world, row(1, "en"), row(2, "es"))
    only_spanish = tuple(r for r in broadcast().renditions if (r.channel, r.language) != (Channel.SMS, "en"))
    batches = await world.release(broadcast(renditions=only_spanish), reach=2)
    assert [(b.statement.language, len(b.statement.subscribers)) for b in batches] == [("es", 2)]


async def test_batches_are_at_most_500_and_signed_and_one_altered_id_is_refused(world: World) -> None:
    people(world, *map(row, range(1203)))
    batches = await world.release(broadcast(), reach=1203)
    assert [len(b.statement.subscribers) for b in batches] == [500, 500, 203]
    for each in batches:
        verifier.batch(each, world.trust(), Realm.LIVE)
    ids = list(batches[0].statement.subscribers)
    for altered in ([*ids[:-1], "0" * 32], ids[:-1], [*ids[1:], ids[0]]):
        statement = batches[0].statement.model_copy(update={"subscribers": tuple(altered)})
        with pytest.raises(NotTrustedError, match="signature"):
            verifier.batch(batches[0].model_copy(update={"statement": statement}), world.trust(), Realm.LIVE)


@pytest.mark.parametrize("severity", list(Severity))
async def test_a_campaign_never_delays_an_alarm(world: World, severity: Severity) -> None:
    people(world, row(1))
    await world.release(broadcast(severity=severity), reach=1)
    urgent = severity in {Severity.EXTREME, Severity.SEVERE, Severity.UNKNOWN}
    assert len(world.published("batches.sms.urgent" if urgent else "batches.sms.routine")) == 1
    assert len(world.batches()) == 1


async def test_a_repeated_release_changes_nothing(world: World) -> None:
    people(world, row(1), row(2))
    first = await world.release(broadcast(), reach=2)
    people(world, row(3))
    assert await world.release(broadcast(), reach=3) == first


@pytest.mark.parametrize("steps", range(1, 7))
async def test_killed_after_any_step_the_same_batches_come_out_once(
    world: World, small_chunks: None, steps: int
) -> None:
    people(world, *map(row, range(2_100)))
    await world.service.released(release(broadcast(), 2_100), "c1")
    await world.work(steps)
    world.restart()
    people(world, row(20_000), row(20_001))
    await world.service.released(release(broadcast(), 2_100), "c1")
    await world.work()
    batches = world.batches()
    assert [b.statement.number for b in batches] == list(range(1, 6))
    assert len(set(ids_of(batches))) == len(ids_of(batches)) == 2_100
    assert {b.statement.of for b in batches} == {5}


async def test_killed_while_a_selection_is_written_down_it_is_made_anew(
    world: World, small_chunks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people(world, *map(row, range(1_100)))
    await world.service.released(release(broadcast(), 1_101), "c1")
    commit, seen = world.worker._commit, 0

    async def killed(*arguments: object) -> object:
        nonlocal seen
        seen += 1
        if seen == 3:  # after the first chunk
            raise KeyboardInterrupt
        return await commit(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(world.worker, "_commit", killed)
    with pytest.raises(KeyboardInterrupt):
        await world.work()
    assert world.batches() == []
    people(world, row(20_000))
    world.restart()
    await world.work()
    assert len(ids_of(world.batches())) == 1_101
    assert {b.statement.reach for b in world.batches()} == {1_101}


async def test_a_cancel_gets_no_batch(world: World) -> None:
    people(world, row(1))
    await world.release(broadcast(), reach=1)
    cancel = broadcast(version=2, kind=BroadcastKind.CANCEL)
    assert (await world.compose(cancel)).people == 1
    assert await world.release(cancel, reach=1) == []


async def test_an_update_also_goes_to_all_who_were_selected_before_and_are_still_there(world: World) -> None:
    people(world, row(1, "es", "north"), row(2, "en", "north"), row(3, "en", "north"), row(4, "en", "south"))
    first = await world.release(broadcast(audience=Selection(jurisdiction="f", areas=("north",))), reach=3)
    gone, stopped = world.book.id_of("+12015550102") or "", world.book.id_of("+12015550103") or ""
    assert {gone, stopped} < set(ids_of(first))
    world.book.forget("+12015550102", world.clock.now())
    world.book.opt_out(stopped, "reply", world.clock.now())
    update = broadcast(
        version=2, kind=BroadcastKind.UPDATE, audience=Selection(jurisdiction="f", areas=("south",)), identifier="A2"
    )
    estimate = await world.compose(update)
    assert (estimate.people, estimate.by_language, estimate.by_area) == (2, {"es": 1, "en": 1}, {"south": 1})
    told = ids_of(await world.release(update, reach=2))
    assert set(told) == {world.book.id_of("+12015550101"), world.book.id_of("+12015550104")}
    assert len(told) == 2


async def test_of_one_lineage_the_earlier_version_is_fixed_first_however_grave_the_later(world: World) -> None:
    people(world, row(1, areas="north"), row(2, areas="south"))
    minor = broadcast(severity=Severity.MINOR, audience=Selection(jurisdiction="f", areas=("north",)))
    grave = broadcast(
        version=2, kind=BroadcastKind.UPDATE, severity=Severity.EXTREME,
        audience=Selection(jurisdiction="f", areas=("south",)),
    )  # fmt: skip
    await world.service.released(release(minor, 2), "c1")
    await world.service.released(release(grave, 2), "c1")
    await world.work()
    assert len(ids_of(world.batches(digest_of(canonical(grave))))) == 2


async def test_withdrawn_half_way_no_further_batch_is_written(world: World, small_chunks: None) -> None:
    people(world, *map(row, range(1_100)))
    await world.service.released(release(broadcast(), 1_100), "c1")
    await world.work(steps=2)  # chosen, and the first batch
    assert len(world.batches()) == 1
    assert await world.service.stopped(withdrawal(broadcast()), "c1")
    await world.work()
    assert len(world.batches()) == 1
    world.restart()
    await world.work()
    assert len(world.batches()) == 1


async def test_a_withdrawal_that_comes_before_its_release_counts(world: World) -> None:
    people(world, row(1))
    await world.service.stopped(withdrawal(broadcast()), "c1")
    assert await world.release(broadcast(), reach=1) == []


async def test_nothing_is_written_after_the_end(world: World) -> None:
    people(world, row(1))
    await world.service.released(release(broadcast(), 1), "c1")
    world.clock.at += timedelta(hours=7)
    await world.work()
    assert world.batches() == []


async def test_a_second_digest_of_one_version_is_parked(world: World) -> None:
    people(world, row(1))
    await world.release(broadcast(), reach=1)
    with pytest.raises(Exception, match="another digest"):
        await world.service.released(release(broadcast(headline="Other"), 1), "c1")


IDS = st.text("0123456789abcdef", min_size=32, max_size=32)


@given(st.dictionaries(IDS, st.sampled_from(["en", "es", "fr"]), max_size=40), st.permutations(["en", "es", "fr"]))
def test_the_same_people_give_the_same_batches_in_any_order(chosen: dict[str, str], languages: list[str]) -> None:
    batches = cut(chosen, languages)
    assert batches == cut(dict(reversed(chosen.items())), languages)
    assert {each: b.language for b in batches for each in b.subscribers} == chosen
    assert [b.number for b in batches] == list(range(1, len(batches) + 1))
    assert all(b.subscribers == tuple(sorted(b.subscribers)) for b in batches)
