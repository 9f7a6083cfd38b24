"""What must be there before rooms start: the phonebook's keys, and for the sandbox people who may sign."""

from datetime import UTC, datetime

from sqlalchemy.exc import DBAPIError

from schemas.words import Realm
from services.cli.context import Context
from services.cli.demo import agency as demo_agency
from services.cli.demo.reviews import make_demo_reviews
from services.cli.demo.trust import is_of_others, make_demo_trust
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.phonebook.book import init_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings
from services.runtime.postgres import StoreError, said
from services.runtime.settings import SharedSettings


def prepare(context: Context, *, sandbox: bool) -> list[str]:
    """Make what is missing in one realm's folder; sentences about what was made. Nothing that is there is changed."""
    made = []
    try:
        if init_phonebook(context.shared, PhonebookSettings(), datetime.now(UTC)):
            made.append(f"{context.realm}: a new phonebook and its keys; keep a copy of the keys elsewhere")
    except (PhonebookError, StoreError) as error:  # also a house that is half restored
        fail(str(error), Code.WRONG)
    except DBAPIError as error:
        fail(f"the phonebook's store is away: {said(error)}", Code.MISSING)
    if sandbox and is_own_drill(context):
        made.append("drill: your own people and place, on stand-ins for the platforms")
    elif sandbox:
        trust = make_demo_trust(context.home, context.realm)
        make_demo_reviews(context.home, context.realm, trust)
        demo_agency.environment(context.home, {})
    return made


def is_own_drill(context: Context) -> bool:
    """Whether a sandbox here is a drill of a department's own people, not the demo's."""
    return context.realm is Realm.DRILL and is_of_others(trust_files.current_bundle(context.home))


def main() -> None:
    """`python -m services.cli.house.prepare`: a container runs it before the rooms of a sandbox (deploy/compose)."""
    shared = SharedSettings()
    for sentence in prepare(Context(shared.data, shared.realm), sandbox=True):
        print(sentence)


if __name__ == "__main__":
    main()
