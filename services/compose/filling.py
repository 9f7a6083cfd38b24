"""From a pack's sentences to finished ones: parameters, slots and names put in, and what is missing said."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from jinja2 import Environment, StrictUndefined, Template
from jinja2.meta import find_undeclared_variables

from schemas.alert import Finding
from schemas.cap import Info
from schemas.words import Grade
from services.compose.guidance import Pack, Parameter, Sentence, Slot
from services.compose.times import Times
from services.compose.words import Words
from services.place.jurisdiction import Jurisdiction

#: What every sentence may name besides its pack's parameters and slots.
COMMON = frozenset({"issuer", "emergency_number"})
NAME_LIMIT = 80
PREFIX = "tocsin:"

# Plain text for posts and text messages: there is no HTML to escape.
_SENTENCES = Environment(undefined=StrictUndefined, autoescape=False)  # noqa: S701 - plain text, see above


@dataclass(frozen=True)
class Line:
    """One finished sentence, and which step it is."""

    id: str
    text: str


def slots_of(infos: Sequence[Info], wished: Mapping[str, str], pack: Pack, place: Jurisdiction) -> dict[str, str]:
    """The raw values of the pack's slots: a person's wish, else the alert's parameter of that name.

    A hole of the jurisdiction is filled by a person's wish alone, for this one alert; what it fills, nobody does.
    """
    said = {
        p.value_name.strip().lower().removeprefix(PREFIX): p.value.strip()
        for info in reversed(infos)
        for p in info.parameter
    }
    raw = {name: wished.get(name, said.get(name, "")) for name in pack.slots}
    raw |= {name: wished.get(name, "") for name in holes(pack, place)}
    return {name: value for name, value in raw.items() if value}


def holes(pack: Pack, place: Jurisdiction) -> list[str]:
    """The parameters of a pack that the jurisdiction leaves open."""
    return [name for name in pack.parameters if name not in place.parameters]


def trouble(pack: Pack, jurisdiction: Jurisdiction, slots: Mapping[str, str]) -> list[Finding]:
    """Every hole that must be filled before this pack can be sent, by name."""
    found = []
    for name in holes(pack, jurisdiction):
        parameter, value = pack.parameters[name], slots.get(name)
        if value is None and not parameter.required:
            continue
        if says := "it is not filled" if value is None else _number_trouble(parameter, value):
            cure = f"Write it into the jurisdiction, or for this alert alone `tocsin recompose LINEAGE --slot {name}=…`"
            says = f"{jurisdiction.id} gives no {name}, which {pack.id} needs ({says}): {parameter.means} {cure}"
            found.append(Finding(rule="parameter.missing", grade=Grade.HOLD, element=name, says=says))
    for name, slot in pack.slots.items():
        says = _slot_trouble(name, slot, slots.get(name))
        if says:
            found.append(Finding(rule="slot.missing", grade=Grade.HOLD, element=name, says=says))
    return found


def _number_trouble(parameter: Parameter, value: str) -> str:
    """What is wrong with a person's value of a parameter, or nothing."""
    if parameter.kind == "text":
        return (
            "" if len(value) <= NAME_LIMIT and value.isprintable() else f"at most {NAME_LIMIT} characters on one line"
        )
    if not (value.isascii() and value.isdigit()):
        return f"{value[:NAME_LIMIT]} is no whole number of the unit {parameter.unit}"
    ends = f"it lies between {parameter.least} and {parameter.most}"
    return "" if parameter.holds(int(value)) else ends


def _slot_trouble(name: str, slot: Slot, value: str | None) -> str:
    cure = f"put it into the alert's parameter {name}, or `tocsin recompose LINEAGE --slot {name}=…`"
    if value is None:
        return f"the alert does not say {name}: {slot.means} To fill it, {cure}" if slot.required else ""
    try:
        _read(slot, value)
    except ValueError as error:
        return f"{name} cannot be read: {error}. {slot.means} To mend it, {cure}"
    return ""


def _read(slot: Slot, value: str) -> tuple[datetime, ...]:
    """The moments in a slot's value, none for a name; ValueError with a clause for what is wrong."""
    if slot.kind == "name":
        if len(value) > NAME_LIMIT or not value.isprintable():
            raise ValueError(f"a name has at most {NAME_LIMIT} characters on one line")
        return ()
    moments = tuple(datetime.fromisoformat(part) for part in value.split("/"))
    if len(moments) != (2 if slot.kind == "period" else 1) or any(m.tzinfo is None for m in moments):
        raise ValueError(f"a {slot.kind} is written as ISO 8601 with its zone")
    if moments[0] > moments[-1]:
        raise ValueError("it ends before it begins")
    return moments


def values(pack: Pack, jurisdiction: Jurisdiction, slots: Mapping[str, str], words: Words) -> dict[str, str]:
    """What the sentences of one language may name, as it is shown there."""
    language = words.language
    shown = {"issuer": jurisdiction.issuer[language], "emergency_number": jurisdiction.emergency_number}
    for name, parameter in pack.parameters.items():
        filled = name in jurisdiction.parameters
        value = jurisdiction.parameters[name] if filled else _given(parameter, slots.get(name))
        if isinstance(value, int) and parameter.unit is not None:
            shown[name] = words.quantity(value, parameter.unit, metric=jurisdiction.units == "metric")
        elif value is not None:
            shown[name] = value[language] if isinstance(value, dict) else str(value)
    for name, raw in ((name, raw) for name, raw in slots.items() if name in pack.slots):
        shown[name] = _shown(_read(pack.slots[name], raw), raw, Times(words, jurisdiction))
    return shown


def _given(parameter: Parameter, value: str | None) -> int | str | None:
    """A person's value of a hole, for one alert."""
    return int(value) if value and parameter.kind == "quantity" else value


def _shown(moments: Sequence[datetime], raw: str, times: Times) -> str:
    match moments:
        case [moment]:
            return times.moment(moment)
        case [start, end]:
            return times.period(start, end)
    return raw


def fill(sentences: Sequence[Sentence], shown: Mapping[str, str]) -> tuple[list[Line], list[str]]:
    """The finished sentences, and the ids of those left out because an optional value is not there."""
    lines: list[Line] = []
    without: list[str] = []
    for sentence in sentences:
        template, names = compiled(sentence.text)
        if names <= shown.keys():
            lines.append(Line(sentence.id, template.render(shown)))
        else:
            without.append(sentence.id)
    return lines, without


@lru_cache(maxsize=8192)
def compiled(text: str) -> tuple[Template, frozenset[str]]:
    """A sentence as a template, and the names in it."""
    names = find_undeclared_variables(_SENTENCES.parse(text))
    return _SENTENCES.from_string(text), frozenset(names)
