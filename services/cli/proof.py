"""A Broadcast as a person must see it before signing: every text, who gets it, what was found, what was left out."""

import unicodedata
from collections.abc import Iterable, Iterator
from typing import Any

from schemas.base import second_text
from schemas.broadcast import Broadcast, Rendition
from services.cli.exact_bytes import Hashed

#: The first digits of the digest, which a pager shows too: two ways to the same bytes.
CHECK_CODE = slice(7, 15)
#: Joins emoji; hides nothing.
ZERO_WIDTH_JOINER = "\u200d"


def check_code(digest: str) -> str:
    """What a person compares with another screen."""
    return digest[CHECK_CODE]


def proof(found: Hashed) -> str:
    """All of it, as text. Nothing is cut, and nothing in it can move the cursor or turn letters round."""
    return "\n".join(map(visible, _lines(found)))


def visible(line: str) -> str:
    """Control and format characters as escapes: what a terminal would obey must be read like the rest."""
    return "".join(letter if _is_plain(letter) else f"\\u{ord(letter):04x}" for letter in line)


def _is_plain(letter: str) -> bool:
    return letter == ZERO_WIDTH_JOINER or unicodedata.category(letter) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _lines(found: Hashed) -> Iterator[str]:
    b = found.broadcast
    yield f"{b.severity} {b.kind} · {b.event} · version {b.version}, revision {b.revision} · realm {b.realm}"
    if b.fictional:
        yield "FICTIONAL   place or contact: sandbox accounts only; a real account refuses it"
    yield b.headline
    yield f"digest      {found.digest}"
    yield f"check code  {check_code(found.digest)}"
    yield f"from        {b.issuer} ({b.sender}), {b.identifier}, sent {second_text(b.sent)}"
    yield f"for         {', '.join(b.audience.areas)} ({b.audience.jurisdiction}), until {second_text(b.expires)}"
    yield f"CAP         urgency {b.urgency}, certainty {b.certainty}, scope {b.scope}, lineage {b.lineage}"
    if found.facts:
        yield from _standing(found.facts)
    for finding in b.findings:
        yield f"finding     {finding.grade}: {finding.says}" + (f" ({finding.element})" if finding.element else "")
    yield from _texts("what is sent", b.renditions)
    yield from _texts("what those get who have an earlier revision", b.corrections)
    yield from _texts("what is sent if it is withdrawn", b.withdrawals)
    for item in b.left_out:
        yield f"left out    {item.channel} {item.language}: {item.what}, because {item.why}"
    yield from _sources(b)


def _standing(facts: dict[str, Any]) -> Iterator[str]:
    reach = facts["reach"]
    yield f"reach       {'not known yet' if reach is None else f'{reach:,} people'}"
    yield f"approval    {facts['state']}, {facts['have']} of {facts['need']} in the roles {', '.join(facts['roles'])}"
    if facts["deadline"]:
        yield f"deadline    {facts['deadline']}"
    for said in facts["decisions"]:
        yield f"decision    {said['person']} as {said['role']}: {said['decision']} ({said['verdict']})"


def _texts(title: str, renditions: Iterable[Rendition]) -> Iterator[str]:
    renditions = tuple(renditions)
    if renditions:
        yield f"--- {title} ---"
    for rendition in renditions:
        for number, (part, units) in enumerate(zip(rendition.parts, rendition.units, strict=False), 1):
            of = f", part {number} of {len(rendition.parts)}" if len(rendition.parts) > 1 else ""
            yield f"[{rendition.channel} · {rendition.language} · {rendition.form}{of} · counts {units}]"
            yield from (f"  {line}" for line in part.split("\n"))


def _sources(b: Broadcast) -> Iterator[str]:
    for pack in b.guidance:
        sources = ", ".join(sorted({source.authority for source in pack.sources}))
        yield f"guidance    {pack.pack} {pack.version} ({pack.status}), review by {pack.review_by}: {sources}"
    for contact in b.contacts:
        dates = f"verified {contact.verified_on}, review by {contact.review_by}"
        yield f"contact     {contact.id} ({contact.kind}), {dates}"
