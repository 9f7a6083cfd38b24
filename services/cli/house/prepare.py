"""What must be there before rooms start: the phonebook's keys, and for the sandbox people who may sign."""

from datetime import UTC, datetime

from services.cli.context import Context
from services.cli.demo import agency as demo_agency
from services.cli.demo.reviews import make_demo_reviews
from services.cli.demo.trust import make_demo_trust
from services.cli.errors import Code, fail
from services.phonebook.book import init_phonebook
from services.phonebook.errors import PhonebookError
from services.phonebook.settings import PhonebookSettings
from services.runtime.settings import SharedSettings


def prepare(context: Context, *, sandbox: bool) -> list[str]:
    """Make what is missing in one realm's folder; sentences about what was made. Nothing that is there is changed."""
    made = []
    try:
        if init_phonebook(context.shared, PhonebookSettings(), datetime.now(UTC)):
            made.append(f"{context.realm}: a new phonebook and its keys; keep a copy of the keys elsewhere")
    except PhonebookError as error:
        fail(str(error), Code.WRONG)
    if sandbox:
        trust = make_demo_trust(context.home, context.realm)
        make_demo_reviews(context.home, context.realm, trust)
        demo_agency.environment(context.home, {})
    return made


def main() -> None:
    """`python -m services.cli.house.prepare`: a container runs it before the rooms of a sandbox (deploy/compose)."""
    shared = SharedSettings()
    for sentence in prepare(Context(shared.data, shared.realm), sandbox=True):
        print(sentence)


if __name__ == "__main__":
    main()
