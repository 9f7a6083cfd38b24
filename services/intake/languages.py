"""Whether a text is in the language that its info names. Common small words decide, and only when they are sure."""

import re
from collections.abc import Iterator

from schemas.cap import Info
from services.intake.case import Case, Rule
from services.intake.findings import Remark

_SMALL = {
    "de": "der die das und ist nicht sie den mit für auf werden von bei oder eine einem",
    "en": "the and of is are to for with this that be will from by or not have",
    "es": "el los las del una para con por que está son no como este puede se y",
    "fr": "le les des est une pour dans avec sur que pas vous ce sont et ou aux du",
    "it": "il gli della che per con non una sono nel dei alla è di questo",
    "nl": "de het een van en is niet voor met zijn op dat bij ook",
    "pt": "os das uma para com não que em são por dos pela mais ao",
}
_WORDS = {language: frozenset(words.split()) for language, words in _SMALL.items()}
_WORD = re.compile(r"[^\W\d_]+")
_ENOUGH, _TIMES = 6, 3
_READ = 1500


def _language(case: Case) -> Iterator[Remark]:
    for info in case.alert.info:
        stated, spoken = info.language.split("-")[0].lower(), guess(info)
        if spoken and spoken != stated and stated in _WORDS:
            says = f"language says {stated} (CAP's default is en-US), the text reads like {spoken}"
            yield Remark("language-doubt", says, "language", expected=f"language {spoken}, if that is what it is")
            return


def guess(info: Info) -> str | None:
    """The language whose small words are there often, and thrice as often as any other's."""
    text = " ".join(filter(None, (info.headline, info.description, info.instruction)))[:_READ]
    words = [word.lower() for word in _WORD.findall(text)]
    counts = sorted(((sum(word in small for word in words), name) for name, small in _WORDS.items()), reverse=True)
    (most, name), (next_most, _) = counts[0], counts[1]
    return name if most >= _ENOUGH and most >= _TIMES * next_most else None


RULES: tuple[Rule, ...] = (_language,)
