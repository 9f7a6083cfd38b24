"""From a page to the bytes of its files: HTML for people, JSON for machines. The same page, the same bytes."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.record.editions import Edition, Holds, Page
from services.record.labels import Labels

Files = dict[str, bytes]
#: The index shows so many; older pages stay where they are.
INDEX_LIMIT = 500


class Renderer:
    """Writes pages with the templates in one folder."""

    def __init__(self, templates: Path, labels: Labels) -> None:
        """Everything that comes from a record is escaped."""
        environment = Environment(
            loader=FileSystemLoader(templates), undefined=StrictUndefined, autoescape=True, trim_blocks=True,
            lstrip_blocks=True,
        )  # fmt: skip
        environment.globals.update(labels=labels, Holds=Holds)
        self._alert = environment.get_template("alert.html.j2")
        self._index = environment.get_template("index.html.j2")
        self._labels = labels

    def files(self, page: Page, namesakes: Sequence[Page] = ()) -> Files:
        """The files of one lineage; the second HTML is where texts point, `<base>/<first eight characters>`.

        `namesakes` are other lineages with the same first eight characters: there a list stands instead.
        """
        return {
            f"{page.lineage}.html": self._alert.render(page=page, root="").encode(),
            f"{page.lineage}.json": _json(alert_json(page)),
            f"{page.short}/index.html": self._short(page, namesakes).encode(),
        }

    def _short(self, page: Page, namesakes: Sequence[Page]) -> str:
        if not namesakes:
            return self._alert.render(page=page, root="../")
        return self._listing(sorted([page, *namesakes], key=lambda each: each.lineage), drill=page.drill, root="../")

    def _listing(self, pages: Sequence[Page], *, drill: bool, root: str) -> str:
        return self._index.render(
            pages=pages, drill=drill, fictional=any(page.fictional for page in pages),
            languages=list(self._labels.languages), root=root,
        )  # fmt: skip

    def index(self, pages: Sequence[Page], *, drill: bool) -> Files:
        """The files that list all lineages: what is in force first, then the newest."""
        ordered = sorted(pages, key=lambda page: page.current.at, reverse=True)
        shown = sorted(ordered[:INDEX_LIMIT], key=lambda page: page.holds is not Holds.IN_FORCE)
        html = self._listing(shown, drill=drill, root="")
        listed = {"drill": drill, "alerts": [_summary(page) for page in shown]}
        return {"index.html": html.encode(), "index.json": _json(listed)}


def alert_json(page: Page) -> dict[str, Any]:
    """One lineage for machines."""
    return {**_summary(page), "editions": [_edition(edition) for edition in page.editions]}


def _summary(page: Page) -> dict[str, Any]:
    return {
        "lineage": page.lineage,
        "page": f"{page.lineage}.html",
        "drill": page.drill,
        "fictional": page.fictional,
        "issuer": page.issuer,
        "hazard": page.hazard,
        "severity": page.severity,
        "state": page.holds.value,
        "first": Labels.machine(page.first),
        "changed": Labels.machine(page.current.at),
        "ends": Labels.machine(page.current.ends),
    }


def _edition(edition: Edition) -> dict[str, Any]:
    return {
        "kind": edition.kind.value,
        "version": edition.version,
        "revision": edition.revision,
        "digest": edition.digest,
        "state": edition.holds.value,
        "released": Labels.machine(edition.at),
        "ends": Labels.machine(edition.ends),
        "gone": Labels.machine(edition.gone) if edition.gone else None,
        "texts": [
            {"language": block.language, "channel": text.channel.value, "parts": list(text.parts)}
            for block in edition.blocks
            for text in block.texts
        ],
    }


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode()
