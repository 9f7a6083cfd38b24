"""`tocsin keys`: make a key, compile and sign the trust bundle, take a key away."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.topics import TRUST
from schemas.trust import Bundle, BundleStatement, Revocation, RevocationStatement, Sign
from schemas.words import Realm
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.cli.keys.administrators import PUBLISHED, AdminOption, open_administrators, tell
from services.cli.keys.bundling import SourceError, compile_statement
from services.cli.keys.engine_keys import know_our_keys
from services.cli.keys.rotating import rotate
from services.cli.reasons import checked
from services.cli.signing import KeyOption, PersonOption, open_key
from services.runtime import trusted
from services.runtime.trust import SigningKey, new_key, write_key
from services.runtime.trusted import NotTrustedError

app = typer.Typer(no_args_is_help=True, help="Who may sign: make keys, sign the trust bundle, take a key away.")

PolicyOption = Annotated[Path, typer.Option("--policy", help="The rules, a YAML file.")]
PeopleOption = Annotated[Path, typer.Option("--people", help="People, roles and public keys, a YAML file.")]

app.command("rotate")(rotate)


@app.command()
def new(
    person: Annotated[str, typer.Argument(help="Whose key it will be: an id, not a name.")],
    *,
    out: Annotated[Path, typer.Option("--out", help="A new file (0600) for the private half.")],
    as_json: JsonOption = False,
) -> None:
    """Make a key. The private half goes into a file, the public half is printed for the people file."""
    key = new_key()
    try:
        write_key(key, out)
    except FileExistsError:
        fail(f"{out} is there already and is never overwritten: choose another name", Code.WRONG)
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}", Code.WRONG)
    says = f"{out}: private half; keep it to yourself\n{key.id}: enter under {person}\n  keys: [{key.public}]"
    Context(as_json=as_json).say(says, person=person, key=key.id, public=key.public, file=str(out))


@app.command()
def bundle(
    *,
    admin: AdminOption,
    policy: PolicyOption = trust_files.POLICY_FILE,
    people: PeopleOption = trust_files.PEOPLE_FILE,
    data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:
    """Compile policy and people into the trust bundle, sign it as two administrators, and give it to every room."""
    context = Context(data, realm, as_json)
    administrators = open_administrators(admin)
    try:
        made = _make(context, policy, people, administrators)
    except (SourceError, NotTrustedError) as error:
        fail(f"no bundle was made: {error}", Code.WRONG)
    path = trust_files.write_bundle(context.home, made)
    told = tell(context, made)
    serial, digest = made.statement.serial, trust_files.digest(made)
    says = f"{path}: serial {serial}\ndigest, for TOCSIN_BUNDLE_DIGEST: {digest}\n{told}"
    context.say(says, file=str(path), serial=serial, digest=digest, published=told == PUBLISHED)


def _make(context: Context, policy: Path, people: Path, administrators: dict[str, SigningKey]) -> Bundle:
    before = trust_files.current_bundle(context.home)
    revoked = frozenset(item.statement.key for item in trust_files.known_revocations(context.home))
    serial = before.statement.serial + 1 if before else 1
    statement = compile_statement(_text(policy), _text(people), context.realm, serial, datetime.now(UTC))
    if back := revoked & {key.id for holder in _holders(statement) for key in holder.keys}:
        raise SourceError(f"{', '.join(sorted(back))} was revoked and may not come back: make a new key")
    know_our_keys(context, statement)
    made = trust_files.sign_bundle(statement, administrators)
    trust_files.check_bundle(made, context.realm, before, revoked)
    return made


def _holders(statement: BundleStatement) -> tuple[trusted.Holder, ...]:
    return (*statement.administrators, *statement.people, *statement.engines)


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}", Code.WRONG)


@app.command()
def publish(data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False) -> None:
    """Give the bundle and the revocations of the data folder to every room once more; this needs nobody's key."""
    context = Context(data, realm, as_json)
    try:
        found = trust_files.current_bundle(context.home)
    except NotTrustedError as error:
        fail(str(error), Code.WRONG)
    if found is None:
        fail(f"no trust bundle in {context.home}: make one with `tocsin keys bundle`", Code.MISSING)
    context.publish(TRUST, "bundle", found)
    revocations = trust_files.known_revocations(context.home)
    for each in revocations:
        context.publish(TRUST, f"revocation:{each.statement.key}", each)
    serial = found.statement.serial
    says = f"bundle {serial} and {len(revocations)} revocations, {PUBLISHED}"
    context.say(says, serial=serial, revocations=len(revocations))


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, ed25519-…")],
    *,
    person: PersonOption,
    key_file: KeyOption,
    reason: Annotated[str, typer.Option("--reason", callback=checked, help="Why, for the record.")],
    data: DataOption = DEFAULT_DATA,
    realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:
    """Take a key away, at once and for good: one administrator's word is enough, or the owner's own."""
    context = Context(data, realm, as_json)
    signing = open_key(key_file)
    statement = RevocationStatement(realm=realm, key=key, reason=reason, issued=datetime.now(UTC))
    signature = signing.sign("revocation", statement)
    made = Revocation(statement=statement, by=Sign(person=person, key=signing.id, signature=signature))
    try:
        if before := trust_files.current_bundle(context.home):
            trusted.revocation(made, realm, trusted.Trust(before.statement))
    except NotTrustedError as error:
        fail(f"nobody would believe that: {error}")
    context.publish(TRUST, f"revocation:{key}", made)
    path = trust_files.write_revocation(context.home, made)
    context.say(f"{key} is revoked in every {realm} room; kept in {path}", key=key, file=str(path))
