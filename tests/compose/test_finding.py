"""The finder over the corpus, texts of health departments and event names: printed, and wrong at most 1 %."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from lxml import etree

from services.compose.matching import Signs
from tests.compose.alerts import demo

HERE = Path(__file__).parent
DATA = HERE.parents[2] / "shared" / "data"
#: Whose title says the hazard; a WHO item says it in its own. An item that is not here needs a person.
HAN = {
    "AIR-alliance": "smoke-air-quality", "BOIL-LIFTED-calumet-city": "boil-water-lifted", "BOIL-lefthand": "boil-water",
    "BOIL-sunnyside-wa-bilingual": "boil-water", "CDC-HAN-476": "carbon-monoxide",
    "CDC-HAN-496-UPDATE": "mosquito-borne", "SUFFOLK-measles-message-for-professionals": "measles-exposure",
}  # fmt: skip
WHO = {
    "Yellow fever": "mosquito-borne", "West Nile": "mosquito-borne", "Meningococcal": "meningococcal-exposure",
    "Legionnaires": "legionnaires", "Monkeypox": "mpox", "Measles": "measles-exposure", "Rabies": "rabies-exposure",
    "Influenza in China": "respiratory-season", "Human influenza A/H3N2": "respiratory-season",
}  # fmt: skip
NOBODYS = "-"
WRONG_AT_MOST = 0.01


def table(name: str) -> list[tuple[str, str]]:
    lines = (HERE / name).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith(("#", "pack\t"))]
    return [(event, pack) for pack, events in rows for event in events.split("|")]


def judged(cases: Iterable[tuple[str, Signs, str]]) -> Counter[str]:
    """right: the pack that it needs, or a person where it needs one; held: a person though a pack would fit."""
    counts: Counter[str] = Counter()
    for name, signs, needed in cases:
        found = demo().finder.find(signs)
        if found.pack is None:
            verdict = "right" if needed == NOBODYS else "held"
        else:
            verdict = "right" if found.pack == needed else "wrong"
        if verdict != "right":
            print(f"  {verdict}: {name}: needs {needed}, found {found.pack} ({found.why})")
        counts[verdict] += 1
    return counts


def show(what: str, counts: Counter[str]) -> None:
    print(f"{what}: {counts.total()} · right {counts['right']} · held {counts['held']} · wrong {counts['wrong']}")
    assert counts["wrong"] <= WRONG_AT_MOST * counts.total()


def signs_in(path: Path) -> Signs | None:
    """The signs of any file of the corpus, the broken ones too; None where there is no XML in it at all."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, recover=True)
    root = etree.parse(path, parser).getroot()
    if root is None:
        return None

    infos = list(root.iter("{*}info"))

    def texts(element: str) -> tuple[str, ...]:
        found = (each for info in infos for each in info.iterfind(f"{{*}}{element}"))
        return tuple(dict.fromkeys((each.text or "").strip() for each in found))

    codes = [code for info in infos for code in info.iterfind("{*}eventCode")]
    pairs = [[(child.text or "").strip() for child in code] for code in codes]
    coded = tuple((pair[0], pair[1]) for pair in pairs if len(pair) > 1)
    return Signs(texts("event"), texts("headline"), coded, texts("category"))


@pytest.mark.skipif(not DATA.exists(), reason=f"the corpus is not there: {DATA}")
def test_the_corpus() -> None:
    needed = dict(table("corpus_packs.tsv"))
    cases, paths = [], sorted((DATA / "cap").glob("*/*.xml"))
    for path in paths:
        signs = signs_in(path)
        event = signs.events[0] if signs and signs.events else ""
        over = signs and any("cancelled" in text.lower() or "canceled" in text.lower() for text in signs.headlines)
        cases.append((path.name, signs or Signs(()), NOBODYS if over else needed.get(event, NOBODYS)))
    assert len(cases) == 416
    show("corpus", judged(cases))


@pytest.mark.skipif(not DATA.exists(), reason=f"the texts are not there: {DATA}")
def test_the_texts_of_health_departments() -> None:
    cases = []
    for path in sorted((DATA / "han").glob("*.txt")):
        lines = [line.strip() for line in path.read_text("utf-8", errors="replace").splitlines() if line.strip()]
        titles = [line.removeprefix("TITLE:").strip() for line in lines if line.startswith("TITLE:")]
        title = titles[0] if titles else next(x for x in lines if not x.startswith(("SOURCE", "NOTE", "VIA", "DATE")))
        who = next((pack for word, pack in WHO.items() if titles and word in title), NOBODYS)
        cases.append((path.stem, Signs((title,)), HAN.get(path.stem, who)))
    show("texts of health departments", judged(cases))


def test_event_names() -> None:
    rows = table("event_names.tsv")
    assert len(rows) >= 150
    assert {pack for _, pack in rows} == {*demo().packs, NOBODYS} - {"general"}
    counts = judged((event, Signs((event,)), pack) for event, pack in rows)
    show("event names", counts)
    assert counts["held"] <= 0.05 * counts.total()
