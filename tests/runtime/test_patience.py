"""What waits for a disk with room, and what does not."""

import errno

import pytest

from services.runtime import patience
from services.runtime.patience import Patience


async def test_a_full_disk_is_waited_for_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "AGAIN_S", 0)
    waits, said, tries = Patience(), list[str | None](), iter((errno.ENOSPC, errno.EDQUOT, 0))

    async def keep() -> str:
        said.append(waits.missing())
        if number := next(tries):
            raise OSError(number, "the words of the system")
        return "kept"

    assert await waits.with_store("trust", keep) == "kept"
    assert said == [None, "the store is away: what needs it waits", "the store is away: what needs it waits"]
    assert waits.missing() is None


async def test_any_other_trouble_with_a_file_is_not() -> None:
    async def keep() -> None:
        raise PermissionError(errno.EACCES, "the words of the system")

    with pytest.raises(PermissionError):
        await Patience().with_store("trust", keep)
