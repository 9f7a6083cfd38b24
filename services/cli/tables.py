"""The README's tables, read off the code: services, topics, settings, metrics.

`python -m services.cli.tables` writes them, each between `<!-- tocsin:NAME -->` and `<!-- /tocsin:NAME -->`; a test
holds the README to them.
"""

import ast
import inspect
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from prometheus_client import Metric
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

from schemas.topics import DAY, MEGABYTE, TOPICS, Topic
from services.cli.house.blueprint import Blueprint, blueprint, shared_metrics
from services.cli.house.rooms import ROOMS, SANDBOX, RoomSpec
from services.cli.known_settings import settings_classes
from services.runtime.settings import variables

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"


def tables() -> dict[str, str]:
    """Every table by its name, as Markdown."""
    with tempfile.TemporaryDirectory(prefix="tocsin-tables-") as folder, blueprint(Path(folder)) as plan:
        return {"services": services(), "topics": topics(), "settings": settings(), "metrics": metrics(plan)}


def services() -> str:
    """The rooms, in the words of their own first lines."""
    rows = [(f"`{spec.name}`", _first_words(spec)) for spec in (*ROOMS, SANDBOX)]
    return _table(("room", "what it is, what it consumes and produces, its side effect"), rows)


def _first_words(spec: RoomSpec) -> str:
    text = ast.get_docstring(ast.parse((ROOT / spec.module.replace(".", "/") / "__init__.py").read_text())) or ""
    return " ".join(text.split())


def topics() -> str:
    """The list of topics."""
    rows = [
        (f"`{topic.name}`", _values(topic), topic.key, str(topic.partitions), _kept(topic),
         f"{topic.max_bytes // MEGABYTE} MB", ", ".join(topic.writers), ", ".join(topic.readers))
        for topic in TOPICS
    ]  # fmt: skip
    return _table(("topic", "value", "key", "partitions", "kept", "up to", "written by", "read by"), rows)


def _values(topic: Topic) -> str:
    raw = ["bytes"] if not topic.values or topic.name == "parked" else []
    return ", ".join(raw + [kind.__name__ for kind in topic.values])


def _kept(topic: Topic) -> str:
    return "compacted" if topic.compacted else f"{topic.retention_ms // DAY} days"


def settings() -> str:
    """Every environment variable. A setting of several rooms stands once for each of them."""
    rows = [
        (f"`{variable}`", room, _default(field), field.description or "")
        for room, kinds in settings_classes().items()
        for kind in kinds
        for variable, field in _fields(kind)
    ]
    return _table(("variable", "room", "default", "meaning"), rows)


def _fields(kind: type[BaseSettings]) -> Iterable[tuple[str, FieldInfo]]:
    return [(variable, field) for name, field in kind.model_fields.items() for variable in variables(kind, name, field)]


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "see meaning"
    if field.default is PydanticUndefined:
        return "**required**"
    if field.default is None or field.default == "":
        return "-"
    value = field.default
    if isinstance(value, Path) and value.is_absolute():
        value = value.relative_to(ROOT)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def metrics(plan: Blueprint) -> str:
    """Every metric family; what all rooms have stands once."""
    common = {family.name for family in shared_metrics().collect()}
    rooms_of: dict[tuple[str, ...], list[str]] = {}
    labels: dict[str, set[str]] = {}
    for room, registry in plan.registries().items():
        for family in registry.collect():
            labels.setdefault(family.name, set()).update(_labels(family))
            if family.name not in common:
                rooms_of.setdefault((family.name, family.type, family.documentation), []).append(room)
    everywhere = [("every room", f.name, f.type, f.documentation) for f in shared_metrics().collect()]
    own = [(", ".join(rooms), *family) for family, rooms in rooms_of.items()]
    rows = [
        (
            room,
            f"`{name}{'_total' if kind == 'counter' else ''}`",
            kind,
            ", ".join(sorted(labels[name])) or "-",
            meaning,
        )
        for room, name, kind, meaning in [*everywhere, *own]
    ]
    return _table(("room", "metric", "kind", "labels", "meaning"), rows)


def _labels(family: Metric) -> set[str]:
    return {name for sample in family.samples for name in sample.labels} - {"le"}


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(text: str) -> str:
    return inspect.cleandoc(text).replace("|", "\\|").replace("\n", " ")


def put(text: str, name: str, table: str) -> str:
    """`text` with the table of this name between its marks; ValueError when it has no marks."""
    pattern = re.compile(rf"(<!-- tocsin:{name} -->\n).*?(\n<!-- /tocsin:{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"no marks <!-- tocsin:{name} --> … <!-- /tocsin:{name} --> to put the table between")
    return pattern.sub(lambda found: found[1] + table + found[2], text)


def main() -> None:
    """Write all tables into the README."""
    text = README.read_text()
    for name, table in tables().items():
        text = put(text, name, table)
    README.write_text(text)


if __name__ == "__main__":
    main()
