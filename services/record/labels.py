"""Our own words on the public pages, in each language: `templates/pages/words.yaml` and the names of hazards."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import yaml

from schemas.base import second_text

#: A guidance pack's `until` for hazards that end when the alert does.
EXPIRES = "expires"
#: In a file that holds a further language of a pack, the pack's id stands under this.
FURTHER = "pack"


class LabelsError(Exception):
    """A file of words cannot be used; the message says which and why."""


@dataclass(frozen=True)
class Labels:
    """The words. A language without labels of its own is labelled in the first."""

    languages: Mapping[str, Mapping[str, str]]
    hazards: Mapping[str, Mapping[str, str]]
    #: Hazards whose texts name their end; for others the hour at which a message expires says nothing.
    ending: frozenset[str]
    zone: ZoneInfo

    @classmethod
    def read(cls, words: Path, guidance: Path, zone: ZoneInfo) -> Self:
        """Read both, or LabelsError. `zone` is the jurisdiction's."""
        try:
            languages = yaml.safe_load(words.read_text("utf-8"))["languages"]
            files = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(guidance.glob("*.yaml"))]
            packs = [file for file in files if FURTHER not in file]
            hazards = {pack["id"]: _names(pack) for pack in packs}
            for file in files:
                if FURTHER in file:
                    hazards[file[FURTHER]][file["language"]] = file["wording"]["name"]
            ending = frozenset(pack["id"] for pack in packs if pack["until"] == EXPIRES)
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise LabelsError(
                f"the words of the public pages cannot be read: {type(error).__name__} {error}"
            ) from error
        missing = {
            f"{language}.{name}"
            for language, found in languages.items()
            for name in next(iter(languages.values()))
            if name not in found
        }
        if missing:
            raise LabelsError(f"{words} lacks {', '.join(sorted(missing))}")
        return cls(languages, hazards, ending, zone)

    def of(self, language: str) -> Mapping[str, str]:
        """The labels of one language: `es-MX` reads those of `es`."""
        found = self.languages.get(language) or self.languages.get(language.partition("-")[0])
        return found or next(iter(self.languages.values()))

    def hazard(self, hazard: str, language: str) -> str:
        """What a hazard is called; its id, made readable, where no pack names it."""
        names = self.hazards.get(hazard, {})
        return names.get(language) or names.get(language.partition("-")[0]) or hazard.replace("-", " ").capitalize()

    def ends_by_itself(self, hazard: str) -> bool:
        """Whether the end of a message is worth showing as long as it holds."""
        return hazard in self.ending

    def moment(self, at: datetime) -> str:
        """Day and time on the clocks of the place, in an order that no language misreads."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M %Z}"

    @staticmethod
    def machine(at: datetime) -> str:
        """The same moment for machines."""
        return second_text(at)


def _names(pack: Mapping[str, Any]) -> dict[str, str]:
    return {language: words["name"] for language, words in pack["languages"].items()}
