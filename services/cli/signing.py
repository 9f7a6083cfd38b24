"""What every verb that signs asks for: who, with which key, in which role."""

import secrets
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from schemas.decision import Decision, Statement
from schemas.words import DecisionWord, Realm
from services.cli.context import Context
from services.cli.errors import Code, fail
from services.cli.keys import trust_files
from services.runtime.trust import SigningKey, read_key
from services.runtime.trusted import NotTrustedError, Trust

PersonOption = Annotated[str, typer.Option("--as", metavar="PERSON", help="Who you are in the trust bundle.")]
KeyOption = Annotated[Path, typer.Option("--key", metavar="FILE", help="Your private key.")]
RoleOption = Annotated[str | None, typer.Option("--role", help="The role you act in, where you have several.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def open_key(path: Path) -> SigningKey:
    """The private key in a file, or an end with a sentence."""
    try:
        return read_key(path)
    except OSError as error:
        fail(f"{path} cannot be read: {error.strerror}", Code.WRONG)
    except ValueError as error:
        fail(str(error), Code.WRONG)


def nonce() -> str:
    """16 random bytes: no two statements are alike."""
    return secrets.token_hex(16)


def open_trust(context: Context) -> Trust:
    """The trust of this realm as the data folder holds it: what a room would say of a signature, before it is sent."""
    try:
        found = trust_files.current_bundle(context.home)
    except NotTrustedError as error:
        fail(str(error), Code.WRONG)
    if found is None:
        fail(f"no trust bundle in {context.home}: make one with `tocsin keys bundle`, or name the folder", Code.MISSING)
    revoked = frozenset(item.statement.key for item in trust_files.known_revocations(context.home))
    return Trust(found.statement, revoked)


def choose_role(trust: Trust, person: str, allowed: Iterable[str], asked: str | None) -> str:
    """The role to act in: the one asked for, or the first that the person holds of those allowed."""
    allowed = tuple(allowed)
    try:
        roles = trust.person(person).roles
    except NotTrustedError as error:
        fail(f"--as {person}: {error}")
    fitting = [role for role in allowed if role in roles]
    if asked is not None and asked not in fitting:
        fail(f"{person} may not do this as {asked}: it takes one of {', '.join(allowed)}, and {person} has "
             f"{', '.join(roles) or 'no role'}")  # fmt: skip
    if not fitting:
        fail(f"{person} may not do this: it takes one of {', '.join(allowed)}, and {person} has "
             f"{', '.join(roles) or 'no role'}")  # fmt: skip
    return asked or fitting[0]


@dataclass(frozen=True)
class Signer:
    """Who signs, with which file, in which role (None: the first that fits)."""

    person: str
    key_file: Path
    role: str | None


def sign_decision(
    signer: Signer, trust: Trust, roles: Iterable[str], *, lineage: str, realm: Realm, word: DecisionWord, digest: str,
    reason: str | None, issued: datetime, expires: datetime, reach: int | None = None,
) -> Decision:  # fmt: skip
    """`signer`'s word about a digest, in the role that was asked for or the first of `roles` that they hold."""
    key = open_key(signer.key_file)
    statement = Statement(
        realm=realm, decision=word, digest=digest, person=signer.person,
        role=choose_role(trust, signer.person, roles, signer.role), reason=reason, issued=issued, expires=expires,
        reach=reach, nonce=nonce(),
    )  # fmt: skip
    return Decision(lineage=lineage, statement=statement, key=key.id, signature=key.sign("decision", statement))


def confirm(question: str, *, yes: bool) -> None:
    """Ask a person at a terminal; a script has made up its mind by calling."""
    if not yes and sys.stdin.isatty() and not typer.confirm(question):
        fail("nothing was signed")
