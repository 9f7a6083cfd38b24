"""What a rule is, the list of them, and running them all."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from services.compose.guidance import GENERAL, Pack, Sentence
from services.compose.hearing import Hearing

Check = Callable[["Case"], Iterable[tuple[str, str]]]
FORMS = ("minimum", "short", "long", "end", "error")
#: Every rule of a pack by its name; the modules of this package add to it.
RULES: dict[str, Check] = {}


@dataclass(frozen=True)
class Problem:
    """One thing that a reviewer would not sign: which rule, where in which file, and what to do."""

    rule: str
    where: str
    says: str


@dataclass(frozen=True)
class Case:
    """A pack to be looked at, how its languages are heard, and the day."""

    pack: Pack
    hearings: Mapping[str, Hearing]
    today: date

    @property
    def must_be_complete(self) -> bool:
        """Whether it says that nothing is missing; the pack that only points to the issuer has no risks to name."""
        return self.pack.is_complete and self.pack.id != GENERAL

    def sentences(self) -> Iterator[tuple[str, Hearing | None, Sentence]]:
        """Every sentence with where it stands and how its language is heard."""
        for language, wording in self.pack.languages.items():
            for form in FORMS:
                for sentence in getattr(wording, form):
                    yield f"{language}/{form}/{sentence.id}", self.hearings.get(language), sentence

    def heard(self) -> Iterator[tuple[str, Hearing, Sentence]]:
        """Those in a language that can be heard."""
        for where, hearing, sentence in self.sentences():
            if hearing is not None:
                yield where, hearing, sentence


def rule(name: str) -> Callable[[Check], Check]:
    """Enter a check under its name."""

    def enter(check: Check) -> Check:
        RULES[name] = check
        return check

    return enter


def lint(pack: Pack, hearings: Mapping[str, Hearing], today: date) -> list[Problem]:
    """Everything that is wrong with a pack, in the order of the rules' names."""
    case = Case(pack, hearings, today)
    return [Problem(name, f"{pack.id}/{where}", says) for name in sorted(RULES) for where, says in RULES[name](case)]
