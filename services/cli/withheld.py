"""`tocsin held`, `tocsin bytes DIGEST`: what intake keeps from going on, and its original bytes, read on record."""

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import aiohttp
import typer

from schemas.decision import ReadRequest, ReadStatement
from schemas.words import Realm
from services.cli import wire
from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.reasons import clean
from services.cli.signing import KeyOption, PersonOption, RoleOption, choose_role, nonce, open_key, open_trust
from services.runtime.verifier import deciding_roles

DigestArgument = Annotated[str, typer.Argument(metavar="DIGEST", help="sha256:…, as `tocsin held` shows it.")]
WhyOption = Annotated[str, typer.Option("--reason", help="Why; it stands on record with your name.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="Write the bytes there, not to standard output.")]


def held(data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE, *, as_json: JsonOption = False) -> None:
    """Show what intake holds, refused or lets wait: its hash, when it came and by which rule; never its text."""
    context = Context(data, realm, as_json)
    found = context.get("intake", "/withheld")["withheld"]
    for one in found:
        place = f", lineage {one['lineage']}" if "lineage" in one else ""
        line = f"{one['received']}  {one['state']:8}  {one.get('rule', '-'):22} {one['digest']}"
        context.say(f"{line} ({one['size']} bytes{place})", **one)
    if not found and not as_json:
        print("nothing is held or refused")


def read_bytes(
    digest: DigestArgument, *, person: PersonOption, key: KeyOption, role: RoleOption = None, reason: WhyOption,
    out: OutOption = None, data: DataOption = DEFAULT_DATA, realm: RealmOption = Realm.LIVE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Read the original bytes of a message. That you did, in which role and why, is recorded first."""
    context = Context(data, realm, as_json)
    clean(reason)
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        fail("DIGEST is sha256: and 64 hex digits: `tocsin held` shows them", Code.WRONG)
    trust, signing = open_trust(context), open_key(key)
    statement = ReadStatement(
        realm=realm, source=digest, person=person, role=choose_role(trust, person, deciding_roles(trust.policy), role),
        reason=reason, issued=datetime.now(UTC).replace(microsecond=0), nonce=nonce(),
    )  # fmt: skip
    wish = ReadRequest(statement=statement, key=signing.id, signature=signing.sign("reading", statement))
    content = wire.run(_asked(context.doors("intake")["private"], wish))
    if out is not None:
        out.write_bytes(content)
        context.say(f"{len(content)} bytes are in {out}", source=digest, size=len(content), out=str(out))
        return
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


async def _asked(door: str, wish: ReadRequest) -> bytes:
    limit = aiohttp.ClientTimeout(total=wire.ASK_S)
    try:
        async with aiohttp.ClientSession(timeout=limit) as session:
            answer = await session.post(f"{door}/readings", data=wish.model_dump_json())
            content = await answer.read()
    except (aiohttp.ClientError, OSError) as error:
        fail(f"intake does not answer ({type(error).__name__}): is `tocsin up` running?", Code.MISSING)
    if not answer.ok:
        fail(f"intake does not give them out: {json.loads(content)['says']}")
    return content


VERBS = {"held": held, "bytes": read_bytes}
