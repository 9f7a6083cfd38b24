"""STOP, START and HELP in every language, and the texts that answer them: `templates/words/replies.yaml`.

A word counts when it is the whole message; case, accents, punctuation, blanks and signs around or inside do not.
"""

import unicodedata
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from schemas.words import ReplyWord


class WordsError(Exception):
    """The words cannot be used, or not for this jurisdiction; the message says what to correct."""


class Answers(BaseModel):
    """What is answered in one language: Jinja2 with the slots issuer, emergency, hotline."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop: str
    start: str
    help: str
    #: To anything else: nobody reads this number.
    other: str
    #: To START from a number that is not on the list.
    unknown: str


class LanguageWords(BaseModel):
    """One language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stop: tuple[str, ...]
    start: tuple[str, ...]
    help: tuple[str, ...]
    answers: Answers


class Vocabulary(BaseModel):
    """All languages. A word that means two different things is refused."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    languages: dict[str, LanguageWords]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the file, or WordsError."""
        try:
            found = cls.model_validate(yaml.safe_load(path.read_text("utf-8")))
        except (OSError, yaml.YAMLError, ValidationError) as error:
            raise WordsError(f"{path} cannot be used as the words of replies: {error}") from error
        found.meanings()
        return found

    def meanings(self) -> dict[str, tuple[ReplyWord, str | None]]:
        """Each plain word: what it wants, and its language where it belongs to one only."""
        found: dict[str, tuple[ReplyWord, str | None]] = {}
        for language, words in self.languages.items():
            for wish in (ReplyWord.STOP, ReplyWord.START, ReplyWord.HELP):
                for word in getattr(words, wish.value):
                    before = found.setdefault(plain(word), (wish, language))
                    if before[0] is not wish:
                        raise WordsError(f"replies: {word} means {before[0]} in one language and {wish} in {language}")
                    if before[1] != language:
                        found[plain(word)] = (wish, None)
        return found


class Meanings:
    """Reads a reply's wish and forgets its words."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        """Take the words of all languages."""
        self._found = vocabulary.meanings()

    def of(self, text: str) -> tuple[ReplyWord, str | None]:
        """What `text` wants, and the language that it tells of, where it tells of one."""
        return self._found.get(plain(text), (ReplyWord.OTHER, None))


def plain(text: str) -> str:
    """Letters and digits alone, without case and accents: `¡Stop!` and `S.T.O.P.` are stop."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in apart if sign.isalnum()).casefold()
