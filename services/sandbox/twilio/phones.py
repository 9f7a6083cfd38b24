"""A phone answers: the inbound text, the signed webhook, and what comes back to the phone."""

from dataclasses import dataclass, field

from services.sandbox import store
from services.sandbox.store import ADD_TEXT, Row
from services.sandbox.twilio import optout, twiml
from services.sandbox.twilio.answers import API, Refusal
from services.sandbox.twilio.texts import Arrival, other
from services.sandbox.twilio.webhook import Caller
from services.sandbox.world import World

TEST_ACCOUNT = "AC" + "0" * 32
TEST_SENDER = "+12025550100"


@dataclass(frozen=True, slots=True)
class Said:
    """What became of a reply: the webhook's status (None: not called or no answer) and the texts that came back."""

    sid: str
    webhook: int | None
    answers: list[str] = field(default_factory=list)
    trouble: str | None = None


class Phones:
    """All phones that the stand-in reaches."""

    def __init__(self, world: World, caller: Caller, tokens: dict[str, str], opted_out: set[tuple[str, str]]) -> None:
        self._world = world
        self._caller = caller
        self._tokens = tokens
        self._opted_out = opted_out

    def check(self, row: Row) -> None:
        """Raise Twilio's 21610 for a text to a phone that has said STOP to its sender."""
        if (row["sender"], row["recipient"]) in self._opted_out:
            raise Refusal(400, 21610, "Attempt to send to unsubscribed recipient")

    def forget(self) -> None:
        """Forget every STOP."""
        self._opted_out.clear()

    async def reply(self, phone: str, body: str, url: str | None) -> Said:
        """Let `phone` send `body` to whoever texted it last. Raises `ForbiddenTargetError` for a URL outside."""
        world = self._world
        last = await world.store.transact(store.last_text_to, phone)
        account, number = (last["account_sid"], last["sender"]) if last else (TEST_ACCOUNT, TEST_SENDER)
        inbound = await self._keep(account, "inbound", phone, number, body)
        kind = optout.keyword(body) if world.rules.opt_out == "twilio" else None
        if kind is not None:
            await self._opt(kind, account, number, phone)
        return await self._ask(inbound, last, kind, url or world.rules.inbound_url)

    async def _ask(self, inbound: Row, last: Row | None, kind: optout.OptOutType | None, url: str | None) -> Said:
        if url is None:
            trouble = (
                "no webhook is set: name one in the request, in TOCSIN_SANDBOX_INBOUND_URL or by PATCH /_sandbox/rules"
            )
            return Said(inbound["sid"], None, trouble=trouble)
        service = last["service_sid"] if last else None
        token = self._tokens.get(inbound["account_sid"], "")
        outcome = await self._caller.call(url, inbound_parameters(inbound, service, kind), token)
        if not outcome.taken:
            return Said(inbound["sid"], outcome.status, trouble="the webhook did not take it")
        try:
            texts = twiml.messages(outcome.body)
        except twiml.TwimlError as error:
            return Said(inbound["sid"], outcome.status, trouble=str(error))
        for text in texts:
            await self._keep(inbound["account_sid"], "outbound-reply", inbound["recipient"], inbound["sender"], text)
        return Said(inbound["sid"], outcome.status, texts)

    async def _opt(self, kind: optout.OptOutType, account: str, number: str, phone: str) -> None:
        if kind != "HELP":
            pair = (number, phone)
            (self._opted_out.add if kind == "STOP" else self._opted_out.discard)(pair)
            await self._world.store.transact(store.set_opt_out, number, phone, out=kind == "STOP")
        await self._keep(account, "outbound-reply", number, phone, optout.CONFIRMATIONS[kind])

    async def _keep(self, account: str, direction: str, sender: str, recipient: str, body: str) -> Row:
        now = self._world.now_ms()
        arrival, dice = Arrival(account, now, now), self._world.dice
        row = other(arrival, direction, sender=sender, recipient=recipient, body=body, dice=dice)
        await self._world.journal.write(ADD_TEXT, row)
        return row


def inbound_parameters(row: Row, service_sid: str | None, kind: optout.OptOutType | None) -> dict[str, str]:
    """What Twilio posts for an inbound text (https://www.twilio.com/docs/messaging/guides/webhook-request)."""
    given = {
        "AccountSid": row["account_sid"],
        "ApiVersion": API,
        "Body": row["body"],
        "From": row["sender"],
        "FromCountry": "US",
        "MessageSid": row["sid"],
        "MessagingServiceSid": service_sid,
        "NumMedia": "0",
        "NumSegments": "1",
        "OptOutType": kind,
        "SmsMessageSid": row["sid"],
        "SmsSid": row["sid"],
        "SmsStatus": "received",
        "To": row["recipient"],
        "ToCountry": "US",
    }
    return {name: value for name, value in given.items() if value is not None}
