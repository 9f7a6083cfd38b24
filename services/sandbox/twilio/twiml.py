"""The texts in a webhook's TwiML answer: `<Response><Message>…</Message></Response>`.

https://www.twilio.com/docs/messaging/twiml/message: the text is the element's own, or that of `<Body>` within it.
"""

from lxml import etree


class TwimlError(ValueError):
    """An answer that Twilio could not read (its error 12100)."""


def messages(answer: str) -> list[str]:
    """All texts of an answer, in order; an empty answer has none."""
    if not answer.strip():
        return []
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(answer.encode(), parser)
    except etree.XMLSyntaxError as error:
        raise TwimlError(f"the webhook's answer is not XML: {error.msg}") from None
    if root.tag != "Response":
        raise TwimlError(f"the webhook's answer is <{root.tag}>; TwiML begins with <Response>")
    return [text for message in root.iter("Message", "Sms") if (text := _text(message))]


def _text(message: etree._Element) -> str:
    body = message.find("Body")
    return "".join(map(str, (body if body is not None else message).itertext())).strip()
