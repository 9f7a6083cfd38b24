"""Writes one text: tries the written forms from the fullest to the shortest, takes the first that the channel holds."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.broadcast import LeftOut, Rendition
from schemas.words import Channel, Kind
from services.compose.forms import Candidate
from services.compose.saying import Said
from services.compose.texts import Measured, Texts, hopeless


@dataclass(frozen=True)
class Target:
    """Which text: the kind, where it goes, in which language."""

    kind: Kind
    channel: Channel
    language: str


@dataclass(frozen=True)
class Written:
    """The text, or None where even the shortest is too long; and by name what is not in it."""

    rendition: Rendition | None
    left_out: tuple[LeftOut, ...]


def write(texts: Texts, target: Target, said: Said, forms: Iterable[Candidate], pack: str) -> Written:
    """Write one text; `pack` is whose steps are named when they are left out."""
    kind, channel, language = target.kind, target.channel, target.language
    for place, candidate, contact in _tries(said.places, tuple(forms), said.values["contact"]):
        if hopeless(channel, candidate.text):
            continue
        given = {**said.values, "place": place, "guidance": candidate.text, "contact": contact}
        found = texts.render(kind, channel, language, given)
        if found.fits:
            names = [f"{pack}/{step}" for step in candidate.without]
            if place != said.places[0]:
                names.insert(0, f"the names of the areas ({said.places[0]})")
            if not contact:
                names.append("the contact")
            return Written(_rendition(target, candidate, found), _left_out(target, names, texts.most(channel)))
    why = f"even the shortest form is longer than {texts.most(channel)}"
    return Written(None, (LeftOut(channel=channel, language=language, what=f"the whole {kind}", why=why),))


def _tries(
    places: tuple[str, ...], forms: tuple[Candidate, ...], contact: object
) -> Iterator[tuple[str, Candidate, object]]:  # fmt: skip
    """Names of places are kept before extra steps; the minimum comes last, at the very last without the contact."""
    least = [form for form in forms if form.form == "minimum"]
    for tried, given in (
        ([form for form in forms if form not in least], contact),
        (least, contact),
        (least or forms, ""),
    ):
        for place in places:
            yield from ((place, form, given) for form in tried)


def _rendition(target: Target, candidate: Candidate, found: Measured) -> Rendition:
    return Rendition(
        channel=target.channel,
        language=target.language,
        form=candidate.form,
        parts=(found.text,),
        units=(found.units,),
    )


def _left_out(target: Target, names: Iterable[str], most: str) -> tuple[LeftOut, ...]:
    why = f"no room in the {target.kind}, which takes {most}"
    return tuple(LeftOut(channel=target.channel, language=target.language, what=name, why=why) for name in names)
