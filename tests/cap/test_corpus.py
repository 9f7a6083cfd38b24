"""Every file of the corpus: what CAP's schema allows is read and written again without loss, nothing else crashes."""

from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from schemas.cap import CapAlert
from services.cap import json, xml
from services.cap.read import read
from services.cap.reading import CapError
from services.cap.schema import CAP_11, CAP_12

CORPUS = Path(__file__).parents[3] / "shared" / "data" / "cap"
pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason=f"the corpus is not there: {CORPUS}")


def _files(folder: str) -> list[Path]:
    return sorted((CORPUS / folder).glob("*.xml"))


def _xsd() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(CORPUS / "xsd" / "CAP-v1.2.xsd"))


@pytest.mark.parametrize("folder", ["valid", "signed"])
def test_what_the_schema_allows_is_read_and_comes_back_equal(folder: str) -> None:
    xsd, files = _xsd(), _files(folder)
    for path in files:
        alert = read(path.read_bytes(), "application/cap+xml").alert
        written = xml.write(alert)
        assert xsd.validate(etree.fromstring(written)), (path.name, xsd.error_log)
        assert xml.read(written).alert == alert, path.name
        assert json.read(json.write(alert)).alert == alert, path.name
        assert CapAlert.model_validate_json(alert.model_dump_json(by_alias=True)) == alert, path.name
    print(f"{folder}: {len(files)} read, written and read again")
    assert len(files) > 50


def test_invalid_ones_are_named_or_noted_and_never_crash() -> None:
    outcome: Counter[str] = Counter()
    unhelpful = 0
    for path in _files("invalid"):
        try:
            reading = read(path.read_bytes())
        except CapError as error:
            outcome[f"refused: {error.rule}"] += 1
            unhelpful += not error.expected
        else:
            outcome["noted" if reading.notes else "nothing to say (bad signature only)"] += 1
            assert reading.notes or "capvalidator" in path.name, path.name
    assert unhelpful == 0
    print(dict(outcome))
    assert sum(outcome.values()) == len(_files("invalid")) > 50


def test_what_the_schema_refuses_is_never_read_without_a_note() -> None:
    xsds = {name: etree.XMLSchema(etree.parse(CORPUS / "xsd" / f"CAP-v{name[-3:]}.xsd")) for name in (CAP_11, CAP_12)}
    seen = 0
    for path in _files("invalid"):
        try:
            root = etree.fromstring(path.read_bytes())
            reading = read(path.read_bytes())
        except (etree.XMLSyntaxError, CapError):
            continue
        if not xsds[str(etree.QName(root).namespace)].validate(root):
            seen += 1
            assert any(note.rule == "schema" for note in reading.notes), path.name
    assert seen > 10


def test_an_error_or_note_never_quotes_the_message() -> None:
    for path in _files("invalid"):
        text = path.read_bytes()
        try:
            said = [note.says for note in read(text).notes]
        except CapError as error:
            said = [str(error)]
        for sentence in said:
            assert "Informationen" not in sentence
            assert "hochwasserzentralen" not in sentence
            assert "High" not in sentence
            assert "Bogus" not in sentence
