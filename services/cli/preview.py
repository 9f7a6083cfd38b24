"""`tocsin preview FILE`: the texts that compose would write for an alert, without sending it anywhere."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from schemas.alert import Alert
from schemas.broadcast import Broadcast
from schemas.words import Grade, Realm
from services.cap.names import key_of
from services.cli.context import Context, JsonOption, RealmOption
from services.cli.errors import Code, fail
from services.cli.files import FileArgument, content_type, read_file
from services.compose import library
from services.compose.composer import FIRST, Before, compose
from services.compose.library import Library
from services.compose.settings import ComposeSettings
from services.compose.subject import Stopped
from services.intake.findings import finding_of
from services.intake.validate import validate
from services.place.reading import DataError
from services.runtime.trust import canonical, digest_of

AfterOption = Annotated[
    Path | None, typer.Option("--after", help="The alert that this Update or Cancel follows, composed first.")
]
NowOption = Annotated[bool, typer.Option("--now", help="As if it came now, not just after its own `sent`.")]
_TRANSIT = timedelta(minutes=1)


def preview(
    file: FileArgument, after: AfterOption = None, realm: RealmOption = Realm.LIVE, *, now: NowOption = False,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Show every text that an alert would become, what was left out and why (held: exit code 1)."""
    settings = ComposeSettings()
    try:
        shelves = library.read(settings)
    except DataError as error:
        fail(str(error), Code.WRONG)
    earlier = _composed(_alert(after, realm, 1), shelves, settings, FIRST, now=now) if after else None
    alert = _alert(file, realm, 2 if earlier else 1)
    if earlier is not None:
        alert = alert.model_copy(update={"lineage": earlier.lineage})
    broadcast = _composed(alert, shelves, settings, Before(cancelled=earlier), now=now)
    if as_json:
        Context(realm=realm, as_json=True).emit(broadcast.model_dump(mode="json", by_alias=True, exclude_none=True))
    else:
        print("\n".join(shown(broadcast)))


def _alert(file: Path, realm: Realm, version: int) -> Alert:
    """The Alert as intake would make it of the file."""
    content = read_file(file)
    verdict = validate(content, content_type(content))
    if verdict.alert is None or verdict.grade == "refuse":
        fail(f"intake would refuse {file}: {verdict.findings[0].says} (see `tocsin validate {file}`)")
    grade = Grade.HOLD if verdict.grade == "hold" else Grade.ACCEPT
    return Alert(
        realm=realm, lineage=key_of(verdict.alert), version=version, grade=grade,
        findings=tuple(map(finding_of, verdict.findings)),
        source=digest_of(content), received=verdict.alert.sent, publisher="preview", cap=verdict.alert,
    )  # fmt: skip


def _composed(alert: Alert, shelves: Library, settings: ComposeSettings, before: Before, *, now: bool) -> Broadcast:
    moment = datetime.now(UTC) if now else alert.cap.sent + _TRANSIT
    try:
        return compose(alert, shelves, settings, moment, before=before)
    except Stopped as stopped:
        reasons = "\n".join(f"  {finding.rule}: {finding.says}" for finding in stopped.findings)
        fail(f"compose would hold it for a person:\n{reasons}")


def shown(broadcast: Broadcast) -> list[str]:
    """A Broadcast as lines for a person; the digest is of the canonical bytes, as people sign it."""
    lines = [
        f"digest {digest_of(canonical(broadcast))}",
        f"{broadcast.kind} · {broadcast.severity} · {broadcast.hazard}",
        *(["fictional place or contact: sandbox accounts only"] if broadcast.fictional else []),
    ]
    for title, renditions in (("", broadcast.renditions), ("withdrawal ", broadcast.withdrawals)):
        for each in renditions:
            lines.append(
                f"\n{title}{each.channel} {each.language} ({each.form}, {' + '.join(map(str, each.units))} units)"
            )
            lines += [f"  {part}" for part in each.parts]
    left_out = [f"  {item.channel} {item.language}: {item.what}: {item.why}" for item in broadcast.left_out]
    findings = [f"  {finding.rule}: {finding.says}" for finding in broadcast.findings]
    for title, found in (("left out", left_out), ("findings", findings)):
        if found:
            lines += ["", title, *found]
    return lines
