"""What the answers say of the place: its issuer, emergency number and hotline, from the jurisdiction's file."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Self

import yaml

from services.receipts.words import WordsError


@dataclass(frozen=True)
class Place:
    """A jurisdiction as far as answers need it. `hotline` is a number, None where the place has no hotline."""

    issuer: dict[str, str]
    language: str
    emergency: str
    hotline: str | None
    hotline_until: date | None

    @classmethod
    def read(cls, path: Path, contacts: Path) -> Self:
        """Read the jurisdiction at `path` and its hotline among the files of `contacts`, or WordsError."""
        try:
            content = yaml.safe_load(path.read_text("utf-8"))
            hotline = _contact(contacts, content["contacts"].get("hotline"))
            return cls(
                issuer=dict(content["issuer"]),
                language=content["languages"][0],
                emergency=str(content["emergency_number"]),
                hotline=hotline["modes"]["voice"] if hotline else None,
                hotline_until=date.fromisoformat(hotline["review_by"]) if hotline else None,
            )
        except OSError as error:
            raise WordsError(f"{error.filename}: {error.strerror}; set TOCSIN_RECEIPTS_JURISDICTION") from error
        except (yaml.YAMLError, KeyError, TypeError, ValueError, IndexError) as error:
            raise WordsError(f"{path} lacks or misspells {error}: the answers to replies need it") from error

    def slots(self, language: str, today: date) -> dict[str, str | None]:
        """The slots of one language. A hotline past its review is left out: a wrong number is worse than none."""
        current = self.hotline_until is not None and today <= self.hotline_until
        return {
            "issuer": self.issuer.get(language, self.issuer[self.language]),
            "emergency": self.emergency,
            "hotline": self.hotline if current else None,
        }


def _contact(folder: Path, name: str | None) -> dict[str, Any] | None:
    """The contact of that name in any file of `folder`."""
    if name is None:
        return None
    for file in sorted(folder.glob("*.yaml")):
        for entry in yaml.safe_load(file.read_text("utf-8")):
            if entry["id"] == name:
                found: dict[str, Any] = entry
                return found
    raise KeyError(name)
