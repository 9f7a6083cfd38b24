"""Rules of profiles, as notes: a message says by `code` which profile it follows, and where it does not, it is said.

IPAWS Profile 1.0: http://docs.oasis-open.org/emergency/cap/v1.2/ipaws-profile/v1.0/cap-v1.2-ipaws-profile-v1.0.html
CAP-CP 0.4: https://www.publicsafety.gc.ca/cnt/mrgnc-mngmnt/mrgnc-prprdnss/capcp/index-en.aspx
CAP-AU-STD 1.0: http://docs.oasis-open.org/emergency/cap/v1.2/ (profile:CAP-AU:1.0, Bureau of Meteorology)
"""

import re
from collections.abc import Callable, Iterator

from schemas.cap import CapAlert, MsgType, Status
from services.intake.case import Case, Rule
from services.intake.findings import Remark

_CP_EVENT, _CP_PLACE = "profile:CAP-CP:Event:", "profile:CAP-CP:Location:"
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _ipaws(alert: CapAlert) -> Iterator[Remark]:
    infos = alert.info
    if any(info.expires is None for info in infos):
        yield Remark("ipaws-expires", "IPAWS wants expires in every info", "expires")
    if len({info.category for info in infos}) > 1 or len({info.event_code for info in infos}) > 1:
        yield Remark("ipaws-same-event", "IPAWS wants the same category and eventCode in all infos", "eventCode")
    same = [[code for code in info.event_code if code.value_name == "SAME"] for info in infos]
    if any(len(codes) != 1 or not re.fullmatch(r"[A-Z]{3}", codes[0].value) for codes in same):
        yield Remark("ipaws-event-code", "IPAWS wants one eventCode SAME of three letters in every info", "eventCode")
    areas = [area for info in infos for area in info.area]
    if not areas or any(not any(code.value_name == "SAME" for code in area.geocode) for area in areas):
        yield Remark("ipaws-geocode", "IPAWS wants a geocode SAME in every area", "geocode")
    names = {parameter.value_name for info in infos for parameter in info.parameter}
    if infos and "EAS-ORG" not in names:
        yield Remark("ipaws-eas-org", "IPAWS wants a parameter EAS-ORG for the EAS", "parameter")


def _canada(alert: CapAlert) -> Iterator[Remark]:
    infos = alert.info
    if not infos:
        yield Remark("cap-cp-info", "CAP-CP wants an info", "info")
    if any(not any(code.value_name.startswith(_CP_EVENT) for code in info.event_code) for info in infos):
        yield Remark("cap-cp-event-code", "CAP-CP wants its own eventCode in every info", "eventCode")
    areas = [area for info in infos for area in info.area]
    if any(not any(code.value_name.startswith(_CP_PLACE) for code in area.geocode) for area in areas):
        yield Remark("cap-cp-location", "CAP-CP wants its own geocode in every area", "geocode")
    if infos and {"en-ca", "fr-ca"} - {info.language.lower() for info in infos}:
        yield Remark("cap-cp-languages", "CAP-CP prefers an info in en-CA and one in fr-CA", "language")


def _australia(alert: CapAlert) -> Iterator[Remark]:
    if _MAIL.fullmatch(alert.sender) is None:
        yield Remark("cap-au-sender", "CAP-AU wants an e-mail address as sender", "sender")
    if alert.status is Status.TEST:
        yield Remark("cap-au-test", "CAP-AU: status Test is not for broadcast", "status")
    if alert.msg_type is MsgType.CANCEL and any(info.effective for info in alert.info):
        yield Remark("cap-au-cancel", "CAP-AU: a Cancel has no effective", "effective")


PROFILES: dict[str, Callable[[CapAlert], Iterator[Remark]]] = {
    "IPAWSv1.0": _ipaws,
    "profile:CAP-CP": _canada,
    "urn:oasis:names:tc:emergency:cap:1.2:profile:CAP-AU": _australia,
}


def _profile(case: Case) -> Iterator[Remark]:
    for prefix, rules in PROFILES.items():
        if any(code.startswith(prefix) for code in case.alert.code):
            yield from rules(case.alert)


RULES: tuple[Rule, ...] = (_profile,)
