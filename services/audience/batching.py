"""From chosen people to signed batches: the same people always give the same batches, to the byte."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from schemas.audience import BATCH_LIMIT, Batch, BatchStatement
from schemas.words import Channel, Realm
from services.audience.wanted import Wanted
from services.runtime.trust import SigningKey


@dataclass(frozen=True)
class Cut:
    """One batch before it is signed: its number from 1, one language, up to 500 ids in order."""

    number: int
    language: str
    subscribers: tuple[str, ...]


def cut(people: Mapping[str, str], languages: Sequence[str]) -> list[Cut]:
    """Batches of one language each, in the order of `languages`, ids sorted."""
    readers: dict[str, list[str]] = defaultdict(list)
    for each in sorted(people):
        readers[people[each]].append(each)
    batches: list[Cut] = []
    for language in languages:
        ids = readers[language]
        for start in range(0, len(ids), BATCH_LIMIT):
            batches.append(Cut(len(batches) + 1, language, tuple(ids[start : start + BATCH_LIMIT])))
    return batches


def statement_of(realm: Realm, wanted: Wanted, batch: Cut, of: int, reach: int) -> BatchStatement:
    """What is signed for one batch. `reach` is how many people the whole selection has."""
    return BatchStatement(
        realm=realm, channel=Channel.SMS, lineage=wanted.lineage, version=wanted.version, revision=wanted.revision,
        digest=wanted.digest, severity=wanted.severity, number=batch.number, of=of, reach=reach,
        language=batch.language, subscribers=batch.subscribers,
    )  # fmt: skip


def sign(key: SigningKey, statement: BatchStatement) -> Batch:
    """The record of one batch."""
    return Batch(lineage=statement.lineage, statement=statement, key=key.id, signature=key.sign("batch", statement))
