"""A pod that only makes backups begins with an empty folder, and every store of its realm is in PostgreSQL."""

from datetime import UTC, datetime
from pathlib import Path

from services.cli.copies import last
from services.cli.copies.last import Last


def test_the_note_of_a_backup_makes_its_folder(tmp_path: Path) -> None:
    made = Last(datetime(2026, 11, 29, 2, 17, tzinfo=UTC), "/backups/live-20261129T021700Z")
    last.note(tmp_path / "data" / "live", made)
    assert last.read(tmp_path / "data" / "live") == made
