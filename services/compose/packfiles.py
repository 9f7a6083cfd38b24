"""Reads guidance packs and their further languages. A digest is over the parsed content, so a comment may change.

`boil-water.yaml` is a pack; `boil-water.ar.yaml` beside it is its Arabic.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from services.compose.guidance import Pack, Translation
from services.place.reading import DataError, read_as, read_yaml
from services.runtime import trust

_PACK = TypeAdapter(Pack)
_TRANSLATION = TypeAdapter(Translation)


def digest_of(content: dict[str, Any]) -> str:
    """The digest of a pack's parsed content."""
    return trust.digest_of(trust.canonical(content))


def read_pack(path: Path) -> Pack:
    """One pack without its further languages, or DataError. The file is named for its id."""
    if {"digest", "translations"} & _mapping(path).keys():
        raise DataError(f"{path}: a pack is a mapping, and its digest is computed, not written")
    pack = read_as(_PACK, path, lambda found: {**found, "digest": digest_of(found)})
    if pack.id != path.stem:
        raise DataError(f"{path}: the pack calls itself {pack.id}; name the file {pack.id}.yaml")
    return pack


def read_translation(path: Path) -> Translation:
    """One further language, or DataError. The file is named for the pack and the language."""
    if "digest" in _mapping(path):
        raise DataError(f"{path}: its digest is computed, not written")
    found = read_as(_TRANSLATION, path, lambda content: {**content, "digest": digest_of(content)})
    if f"{found.pack}.{found.language}" != path.stem:
        raise DataError(f"{path}: it is {found.pack} in {found.language}; name it {found.pack}.{found.language}.yaml")
    return found


def read_packs(folder: Path) -> dict[str, Pack]:
    """All packs of a folder by their id, each with its further languages, or DataError."""
    files = sorted(folder.glob("*.yaml"))
    packs = {path.stem: read_pack(path) for path in files if "." not in path.stem}
    if not packs:
        raise DataError(f"{folder} holds no guidance packs; check TOCSIN_COMPOSE_TEMPLATES")
    for path in files:
        if "." in path.stem:
            _join(packs, read_translation(path), path)
    return packs


def _join(packs: dict[str, Pack], found: Translation, path: Path) -> None:
    pack = packs.get(found.pack)
    if pack is None:
        raise DataError(f"{path}: there is no pack {found.pack} for it to be a language of")
    if found.language in pack.languages:
        raise DataError(f"{path}: {found.pack}.yaml has {found.language} already; a language stands in one file")
    content = pack.model_dump() | {
        "languages": {**pack.languages, found.language: found.wording},
        "translations": {**pack.translations, found.language: found},
    }
    try:
        packs[found.pack] = Pack.model_validate(content)
    except ValidationError as error:
        raise DataError(f"{path}: {'; '.join(str(each['msg']) for each in error.errors())}") from None


def _mapping(path: Path) -> dict[str, Any]:
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise DataError(f"{path}: a pack is a mapping, and its digest is computed, not written")
    if strange := [key for key in _keys(content) if not isinstance(key, str)]:
        raise DataError(f"{path}: {strange[0]} is no word to YAML (yes, no, on, off and numbers are not): quote it")
    return content


def _keys(content: Any) -> Iterator[Any]:  # noqa: ANN401 - YAML holds anything
    if isinstance(content, dict):
        yield from content
    inner = content.values() if isinstance(content, dict) else content if isinstance(content, list) else ()
    for each in inner:
        yield from _keys(each)
