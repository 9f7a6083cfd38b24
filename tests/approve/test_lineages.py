"""What stands in a post is enough to name its alert: eight digits, or the address of its page."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.cli.errors import Code, Failure
from services.cli.lineages import whole
from tests.approve.test_exact_bytes import TopicContext, doors
from tests.support.trust import broadcast

pytestmark = pytest.mark.contract  # real HTTP on loopback

ONE, TWIN, OTHER = "0d81ebd5" + "a" * 24, "0d81ebd5" + "b" * 24, "25da9150" + "c" * 24


def page(*lineages: str, more: str | None = None) -> dict[str, Any]:
    return {"alerts": [{"lineage": lineage} for lineage in lineages], "next": more}


async def name(data: Path, given: str, topic: tuple[str, ...] = (), **answers: Any) -> str:
    context = TopicContext(data=data, topic=tuple(broadcast(lineage=lineage) for lineage in topic))
    async with doors(context.home, **answers):
        return await asyncio.to_thread(whole, context, given)


@pytest.mark.parametrize(
    "given", ["0d81ebd5", "0D81EBD5", "0d81ebd5aaaa", "https://alerts.ferrow.example/0d81ebd5/", ONE]
)
async def test_the_beginning_or_the_page_is_enough(tmp_path: Path, given: str) -> None:
    assert await name(tmp_path, given, record=page(OTHER, ONE)) == ONE


async def test_without_record_the_topic_says_it(tmp_path: Path) -> None:
    assert await name(tmp_path, "25da9150", topic=(ONE, OTHER)) == OTHER
    assert await name(tmp_path / "silent", "25da9150", topic=(ONE, OTHER), record=page(ONE)) == OTHER


async def test_a_whole_lineage_is_believed_though_nobody_answers(tmp_path: Path) -> None:
    assert await name(tmp_path, ONE) == ONE


@pytest.mark.parametrize(
    ("given", "says", "code"),
    [
        ("0d81ebd5", "2 lineages begin", Code.WRONG),
        ("deadbeef", "no alert's lineage begins", Code.NO),
        ("0d81", "is no lineage", Code.WRONG),
        ("sha256:0d81ebd5", "is no lineage", Code.WRONG),
    ],
)
async def test_what_names_none_or_several_is_said(tmp_path: Path, given: str, says: str, code: Code) -> None:
    with pytest.raises(Failure, match=says) as failed:
        await name(tmp_path, given, record=page(ONE, TWIN))
    assert failed.value.code is code
