"""An answer as CAP: an Ack, or an Error that says why, for publishers whose systems speak nothing else.

CAP 1.2 §3.2.1, msgType and note (https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2-os.html).
"""

from datetime import datetime

from schemas.cap import CapAlert, MsgType, Reference, Scope, Status
from schemas.words import AnswerState, Realm
from services.agency.message import Heard
from services.cap import xml
from services.cap.reading import CapError

_ERRORS = frozenset({AnswerState.REFUSED, AnswerState.RETURNED, AnswerState.WITHHELD})


def acknowledgement(heard: Heard, words: dict[str, object], us: str, now: datetime) -> bytes | None:
    """The Ack or Error, CAP 1.2; None where there is nothing that it could refer to, or it answers an answer.

    `us` is our own sender id. The note says what an Answer says.
    """
    state = AnswerState(str(words["state"]))
    if state is AnswerState.RECORDED or not (heard.sender and heard.identifier and heard.sent):
        return None
    moment = now.replace(microsecond=0)
    reference = Reference(sender=heard.sender, identifier=heard.identifier, sent=heard.sent)
    said = {
        "identifier": f"{heard.source[7:23]}-{state.value}-{int(moment.timestamp())}", "sender": us, "sent": moment,
        "status": _status(heard), "msgType": MsgType.ERROR if state in _ERRORS else MsgType.ACK,
        "scope": Scope.PRIVATE, "addresses": heard.sender, "note": _note(words), "references": (reference,),
    }  # fmt: skip
    try:
        return xml.write(CapAlert.model_validate(said))
    except CapError:  # a name that CAP forbids: it was read, and cannot be written
        return None


def _status(heard: Heard) -> Status:
    if heard.status is not None:
        return Status(heard.status)
    return Status.ACTUAL if heard.realm is Realm.LIVE else Status.TEST


def _note(words: dict[str, object]) -> str:
    findings = words["findings"]
    lines = [f"{words['state']}: {words['says']}"]
    lines += [str(words[name]) for name in ("why", "page") if name in words]
    if isinstance(findings, list):
        lines += [f"{one['rule']} ({one.get('element', 'message')}): {one['says']}" for one in findings]
    return "\n".join(lines)
