"""Issuers' own instructions beside the packs: real ones of the corpus, a table of ours, and packs turned on themselves.

A real contradiction is always held; what is held without need is counted and bounded.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from schemas.alert import Finding
from services.compose import filling
from services.compose.acts import acts, advice
from services.compose.comparing import compare
from tests.compose.alerts import an_alert, an_info, demo
from tests.compose.test_finding import DATA, HERE, signs_in

NEEDLESS_AT_MOST = 0.02
#: Real instructions that nothing of ours could be compared with: in German alone, in French alone.
INCOMPARABLE = {"925867582", "cad1270d"}


def against(pack: str, *said: tuple[str, str]) -> list[Finding]:
    """What a pack's long form finds different in instructions of (language, text)."""
    library, ours = demo(), {}
    for language in library.jurisdiction.languages:
        found = library.packs[pack]
        slots = {name: name for name, slot in found.slots.items() if slot.kind == "name"}
        shown = filling.values(found, library.jurisdiction, slots, library.words[language])
        ours[language] = " ".join(line.text for line in filling.fill(found.languages[language].long, shown)[0])
    infos = an_alert(*(an_info(language=language, instruction=text) for language, text in said)).cap.info
    return compare(infos, ours, library.hearings)


def table() -> Iterator[tuple[str, str, str, str]]:
    for line in (HERE / "instructions.tsv").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            pack, verdict, language, text = line.split("\t")
            yield pack, verdict, language, text


def test_our_table() -> None:
    counts: Counter[str] = Counter()
    for pack, verdict, language, text in table():
        held = against(pack, (language, text))
        right = bool(held) is (verdict == "differs")
        counts["right" if right else "needless hold" if held else "missed"] += 1
        if not right:
            print(f"  {pack}: {text}: {[finding.says for finding in held]}")
    print(f"instructions of ours: {counts.total()} · {dict(counts)}")
    assert counts["missed"] == 0
    assert counts["needless hold"] == 0


def instructions(path: Path) -> list[tuple[str, str]]:
    root = etree.parse(path, etree.XMLParser(resolve_entities=False, no_network=True, recover=True)).getroot()
    infos = root.iter("{*}info") if root is not None else ()
    said = [(info.findtext("{*}language") or "en-US", info.findtext("{*}instruction") or "") for info in infos]
    return [(language.strip(), text.strip()) for language, text in said if text.strip()]


@pytest.mark.skipif(not DATA.exists(), reason=f"the corpus is not there: {DATA}")
def test_the_real_instructions_of_the_corpus() -> None:
    counts: Counter[str] = Counter()
    for path in sorted((DATA / "cap").glob("*/*.xml")):
        said, signs = instructions(path), signs_in(path)
        if not said or signs is None:
            continue
        pack = demo().finder.find(signs).pack
        if pack is None:
            counts["no pack: a person reads the issuer's own"] += 1
            continue
        held, must = against(pack, *said), any(name in path.name for name in INCOMPARABLE)
        right = bool(held) is must
        counts[("held rightly" if must else "same") if right else "needless hold" if held else "missed"] += 1
        if not right:
            print(f"  {path.name} ({pack}): {[finding.says for finding in held]}")
    print(f"real instructions: {counts.total()} · {dict(counts)}")
    assert counts["missed"] == 0
    assert counts["needless hold"] <= NEEDLESS_AT_MOST * (counts["same"] + counts["needless hold"])


@pytest.mark.parametrize("pack", [name for name, pack in demo().packs.items() if pack.is_complete])
@pytest.mark.parametrize("language", ["en", "es"])
def test_a_pack_agrees_with_itself_and_with_no_changed_number_or_turned_act(pack: str, language: str) -> None:
    found, hearing = demo().packs[pack], demo().hearings[language]
    slots = {name: name for name, slot in found.slots.items() if slot.kind == "name"}
    shown = filling.values(found, demo().jurisdiction, slots, demo().words[language])
    lines = [line.text for line in filling.fill(found.languages[language].long, shown)[0]]
    assert against(pack, (language, " ".join(lines))) == []
    asked = {act.name for act in acts(hearing, " ".join(lines)) if act.wanted}
    numbers = {quantity.number for quantity in advice(hearing, " ".join(lines))}
    turned = "Do not " if language == "en" else "No "
    for text in lines:
        here = [quantity.number for quantity in advice(hearing, text)]
        for number in here:
            other = str(int(number) + 91)
            assert other not in numbers
            changed = re.sub(rf"(?<!\d){number}(?!\d)", other, text)
            assert against(pack, (language, changed)), changed
        for act in acts(hearing, text):
            if act.wanted and act.firm and act.name in asked:
                assert against(pack, (language, turned + act.clause)), act.clause
