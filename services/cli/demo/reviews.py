"""The demo's approvals of guidance: signed by people who are nobody, for drills and sandbox accounts only."""

from datetime import UTC, date, datetime, time
from pathlib import Path

from schemas.words import Realm
from services.cli.demo.trust import DemoTrust
from services.cli.guidance.shelf import open_shelf
from services.cli.guidance.sign import keep, sign
from services.compose.reviews import ROLES


def make_demo_reviews(home: Path, realm: Realm, trust: DemoTrust) -> list[Path]:
    """Sign every complete pack as two of the demo's officers, into `home`/guidance; the files that were written.

    Writes nothing in a place that is not fictional, where the demo's people lack the reviewers' roles, or where they
    have signed these very words before.
    """
    shelf = open_shelf()
    people = {role: next((p.id for p in trust.bundle.statement.people if role in p.roles), None) for role in ROLES}
    if not shelf.place.is_sandbox or None in people.values():
        return []
    written = []
    for pack in (pack for pack in shelf.library.packs.values() if pack.is_complete):
        end = datetime.combine(date.fromisoformat(pack.review_by), time(), UTC)
        for role, person in people.items():
            path = home / "guidance" / f"{pack.id}.{shelf.place.id}.{role}.{person}.json"
            if person is None or (path.exists() and pack.digest in path.read_text()):
                continue
            made = sign(
                pack, shelf, trust.key(person), realm=realm, person=person, role=role, end=end, sandbox_only=True
            )
            written.append(keep(made, home / "guidance"))
    return written
