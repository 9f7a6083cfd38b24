"""The texts that answer replies, and TwiML around them."""

from datetime import date
from typing import Literal
from xml.sax.saxutils import escape

from jinja2 import Environment, StrictUndefined, TemplateError

from services.receipts.place import Place
from services.receipts.words import Vocabulary, WordsError

#: Which text is answered; `none` where nothing is.
Answer = Literal["stop", "start", "help", "other", "unknown", "none"]
EMPTY = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class AnswerTexts:
    """All texts, tried once at the start so that a wrong slot stops the room and not an answer."""

    def __init__(self, vocabulary: Vocabulary, place: Place) -> None:
        """WordsError when a template does not render, or the place's first language has no answers."""
        environment = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - texts; escaped below
        self._place = place
        if place.language not in vocabulary.languages:
            raise WordsError(f"replies: no answers in {place.language}, the jurisdiction's first language")
        try:
            self._templates = {
                (language, name): environment.from_string(text)
                for language, words in vocabulary.languages.items()
                for name, text in words.answers.model_dump().items()
            }
            for (language, _), template in self._templates.items():
                template.render(place.slots(language, date.min))
        except TemplateError as error:
            raise WordsError(f"replies: a text does not render: {error.message}") from error
        self.languages = frozenset(vocabulary.languages)

    def language(self, *wishes: str | None) -> str:
        """The first of `wishes` that has answers (`es-MX` is answered in `es`), else the place's first language."""
        for wish in wishes:
            primary = (wish or "").partition("-")[0].lower()
            if primary in self.languages:
                return primary
        return self._place.language

    def text(self, answer: Answer, language: str, today: date) -> str:
        """The text of one answer."""
        return self._templates[language, answer].render(self._place.slots(language, today)).strip()

    def twiml(self, answer: Answer, language: str, today: date) -> str:
        """What Twilio is answered (https://www.twilio.com/docs/messaging/twiml): one message, or none."""
        if answer == "none":
            return EMPTY
        text = escape(self.text(answer, language, today))
        return f'<?xml version="1.0" encoding="UTF-8"?><Response><Message>{text}</Message></Response>'
