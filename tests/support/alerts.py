"""CAP alerts of the demo jurisdiction, each with words of its own."""

from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

#: SAME codes of the demo's districts (deploy/jurisdictions/demo.yaml).
DISTRICTS = {
    "ferrow-north": "299001", "ferrow-west": "499001", "ferrow-centre": "599001", "ferrow-east": "699001",
    "ferrow-south": "899001",
}  # fmt: skip


def boil_water(
    number: int, *, severity: str = "Minor", area: str = "ferrow-north", event: str = "Boil Water Notice",
    sent: datetime | None = None, hours: float = 12, msg_type: str = "Alert", references: str = "",
    status: str = "Actual",
) -> bytes:  # fmt: skip
    """One alert; `number` makes its identifier."""
    moment = (sent or datetime.now(UTC)).replace(microsecond=0)
    expires = moment + timedelta(hours=hours)
    code = "<eventCode><valueName>SAME</valueName><value>BWW</value></eventCode>" if "Boil" in event else ""
    refers = f"<references>{escape(references)}</references>" if references else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>test-{number}</identifier><sender>alerts@health.ferrow.example</sender>
  <sent>{moment.isoformat().replace("+00:00", "-00:00")}</sent><status>{status}</status><msgType>{msg_type}</msgType>
  <scope>Public</scope>{refers}
  <info>
    <language>en-US</language><category>Health</category><event>{escape(event)}</event>
    <urgency>Immediate</urgency><severity>{severity}</severity><certainty>Likely</certainty>{code}
    <expires>{expires.isoformat().replace("+00:00", "-00:00")}</expires>
    <senderName>Ferrow County Health Department</senderName><headline>{escape(event)} {number}</headline>
    <web>https://alerts.ferrow.example/</web>
    <area><areaDesc>{area}</areaDesc><geocode><valueName>SAME</valueName><value>{DISTRICTS[area]}</value></geocode></area>
  </info>
</alert>""".encode()


def reference(number: int, sent: datetime) -> str:
    """How another message names the alert of `number`."""
    moment = sent.replace(microsecond=0).isoformat().replace("+00:00", "-00:00")
    return f"alerts@health.ferrow.example,test-{number},{moment}"
