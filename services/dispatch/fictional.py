"""What a real account does with a Broadcast of a place that does not exist: it says no word of it to anybody.

For such a place compose takes drafts that nobody has reviewed, and numbers that nobody answers, because a sandbox
account reaches nobody. That it is made up stands in the bytes that people sign; whether an account is a sandbox's, only
its own dispatcher knows. So the dispatcher is where the two are held against each other.
"""

from dataclasses import replace

import sqlalchemy as sa

from schemas.broadcast import Broadcast
from services.dispatch.tables import release
from services.runtime.verifier import Believed, NotTrustedError

#: Why a process with a real account does not start on a ledger that a sandbox account has filled.
LEDGER_OF_A_SANDBOX = (
    "this ledger holds releases of a fictional place: it was a SANDBOX account's, and what it plans or takes back "
    "would reach people now. Give the real account a ledger of its own: another TOCSIN_DATA, or another DATABASE_URL"
)


def must_be_real(found: Broadcast) -> None:
    """Believe no release of a fictional place, whoever has signed it: NotTrustedError."""
    if found.fictional:
        says = "its place or contact is fictional and this account is real: give compose TOCSIN_COMPOSE_JURISDICTION"
        raise NotTrustedError("fictional", says)


def without_its_words(believed: Believed) -> Believed:
    """A withdrawal as a real account carries it out.

    A fictional place's is believed, for what stands in its lineage was a real place's and is wrong: but it is taken
    back in the words approved with that (`planner`), never in these.
    """
    if not believed.broadcast.fictional:
        return believed
    silent = {"renditions": (), "corrections": (), "withdrawals": ()}
    return replace(believed, broadcast=believed.broadcast.model_copy(update=silent))


def in_ledger(connection: sa.Connection) -> bool:
    """Whether a release of a fictional place was ever planned here."""
    query = sa.select(release.c.digest).where(release.c.word == "release", release.c.fictional).limit(1)
    return connection.execute(query).first() is not None
