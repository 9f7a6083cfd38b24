"""One reply: what it wants, who wrote it, what is answered. The words themselves end here."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from schemas.audience import Reply
from schemas.words import Channel, Realm, ReplyWord
from services.receipts.answers import Answer, AnswerTexts
from services.receipts.metrics import ReceiptsMetrics
from services.receipts.people import People, Person
from services.receipts.store import Answered, Exchange, ReceiptsStore
from services.receipts.words import Meanings

#: Twilio's OptOutType, when its own Advanced Opt-Out has understood the word and answered it.
#: https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
PLATFORM_WORDS = {"STOP": ReplyWord.STOP, "START": ReplyWord.START, "HELP": ReplyWord.HELP}
ANSWERS: dict[ReplyWord, Answer] = {
    ReplyWord.STOP: "stop",
    ReplyWord.START: "start",
    ReplyWord.HELP: "help",
    ReplyWord.OTHER: "other",
}


@dataclass(frozen=True)
class Incoming:
    """One message as it came. Its representation names nothing: it must not get into a log or an error."""

    message: str = field(repr=False)
    number: str = field(repr=False)
    text: str = field(repr=False)
    opt_out_type: str | None = None


class Replies:
    """Answers replies, each once."""

    def __init__(
        self,
        *,
        meanings: Meanings,
        texts: AnswerTexts,
        people: People,
        store: ReceiptsStore,
        realm: Realm,
        now: Callable[[], datetime],
        metrics: ReceiptsMetrics,
    ) -> None:
        self._meanings, self._texts, self._people, self._store = meanings, texts, people, store
        self._realm, self._now, self._metrics = realm, now, metrics

    async def answer(self, incoming: Incoming) -> str:
        """The TwiML that answers `incoming`; what it asks for is done, and safe, when this returns."""
        now = self._now()
        before = await self._store.answered(incoming.message)
        if before is not None:
            self._metrics.answer("repeat")
            return self._texts.twiml(before.answer, before.language, now.date())
        word, spoken = self._word(incoming)
        person = await asyncio.to_thread(self._people.heard, incoming.number, word, now)
        language = self._texts.language(person.language, spoken)
        wish = Answered(self._wish(word, person, incoming), language)
        reply = self._record(word, person, language, now)
        given = await self._store.answer(Exchange(incoming.message, person.mark, wish, reply, now))
        self._metrics.reply(word)
        self._metrics.answer(given.answer)
        return self._texts.twiml(given.answer, given.language, now.date())

    def _word(self, incoming: Incoming) -> tuple[ReplyWord, str | None]:
        mine = self._meanings.of(incoming.text)
        if incoming.opt_out_type is None:
            return mine
        return PLATFORM_WORDS.get(incoming.opt_out_type.upper(), mine[0]), mine[1]

    @staticmethod
    def _wish(word: ReplyWord, person: Person, incoming: Incoming) -> Answer:
        if incoming.opt_out_type is not None:
            return "none"
        if word is ReplyWord.START and person.subscriber is None:
            return "unknown"
        return ANSWERS[word]

    def _record(self, word: ReplyWord, person: Person, language: str, now: datetime) -> Reply | None:
        if person.subscriber is None:
            return None
        return Reply(
            realm=self._realm, channel=Channel.SMS, subscriber=person.subscriber, word=word, language=language,
            at=now,
        )  # fmt: skip
