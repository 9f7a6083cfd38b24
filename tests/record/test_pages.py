"""The public page of record: what is on it, what is never on it, and how it gets there."""

import os
import shutil
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from schemas.cap import Scope
from schemas.words import BroadcastKind, Channel, Realm
from services.record import files
from services.record.editions import Holds, Released, page_of
from services.record.files import UnsafeNameError
from services.record.labels import Labels, LabelsError
from services.record.settings import RecordSettings
from services.runtime.settings import SharedSettings
from tests.record.world import GUIDANCE, LABELS, NEW_YORK, TEMPLATES, broadcast, release, text, world
from tests.support import trust
from tests.support.trust import LINEAGE, NOW

UPDATE, CANCEL = BroadcastKind.UPDATE, BroadcastKind.CANCEL
PAGE = f"{LINEAGE}.html"
#: Elements that have no end tag: https://html.spec.whatwg.org/multipage/syntax.html#void-elements
VOID = {"meta", "link", "br", "hr", "img", "input"}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed in its place. Collects text by language, links and scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[tuple[str, str]] = []
        self.text: dict[str, str] = {}
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.feed(html)
        self.close()
        assert self.stack == [], f"left open: {self.stack}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        assert len(found) == len(attrs), f"an attribute stands twice in {tag}"
        self.tags.append(tag)
        self.links += [value for name in ("href", "src") if (value := found.get(name))]
        self.ids += [name] if (name := found.get("id")) else []
        assert not [name for name in found if name.startswith("on")], "no scripts"
        if tag not in VOID:
            self.stack.append((tag, found.get("lang") or (self.stack[-1][1] if self.stack else "")))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack[-1][0] == tag, f"</{tag}> closes {self.stack[-1][0]}"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        if self.stack and self.stack[-1][0] != "style":
            language = self.stack[-1][1]
            self.text[language] = self.text.get(language, "") + data


def check(html: str) -> Reader:
    assert html.startswith("<!doctype html>")
    found = Reader(html)
    assert "script" not in found.tags
    assert found.tags.count("h1") == 1
    assert found.tags.count("main") == 1
    assert "title" in found.tags
    assert len(found.ids) == len(set(found.ids))
    assert not [link for link in found.links if ":" in link or link.startswith("/")], "it works from file:// too"
    return found


async def test_a_released_alert_has_a_page_and_stands_in_the_index(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.pages.refresh()
        assert "No alerts so far." in w.file("index.html")
        await w.feed(release(broadcast()))
        assert await w.pages.refresh() == 5
        page = check(w.file(PAGE))
        assert "Boil your tap water v1r1." in page.text["en"]
        assert "Boil water v1r1." in page.text["en"]
        assert "Hierva el agua v1r1." in page.text["es"]
        assert "Siga estas instrucciones." in page.text["es"]
        check(w.file("index.html"))
        (listed,) = w.json("index.json")["alerts"]
        assert (listed["lineage"], listed["state"], listed["page"]) == (LINEAGE, "in_force", PAGE)
        assert w.json(f"{LINEAGE}.json")["editions"][0]["digest"] == trust.digest_of(broadcast())
        assert w.metric("tocsin_record_pages_written_total") == 7


async def test_the_address_in_the_texts_leads_to_the_page(tmp_path: Path) -> None:
    """`page` of the jurisdiction and the lineage's first eight characters: a folder works on any web server."""
    with world(tmp_path) as w:
        await w.feed(release(broadcast()))
        await w.pages.refresh()
        short = check(w.file(f"{LINEAGE[:8]}/index.html"))
        assert short.text == check(w.file(PAGE)).text
        assert {f"../{LINEAGE}.json", "../index.html"} == set(short.links)
        twin = LINEAGE[:8] + "twin"
        await w.feed(release(broadcast(twin)))
        await w.pages.refresh()
        assert {f"../{LINEAGE}.html", f"../{twin}.html"} <= set(check(w.file(f"{LINEAGE[:8]}/index.html")).links)


async def test_an_update_comes_first_and_what_it_replaced_stays_with_its_times(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast()))
        await w.feed(release(broadcast(version=2, kind=UPDATE), NOW + timedelta(minutes=31)))
        await w.pages.refresh()
        now, before = w.json(f"{LINEAGE}.json")["editions"]
        assert (now["kind"], now["state"], before["kind"], before["state"]) == (
            "update",
            "in_force",
            "alert",
            "replaced",
        )
        assert before["gone"] == now["released"] == "2026-07-01T12:31:00Z"
        html = w.file(PAGE)
        assert html.index("Boil water v2r1.") < html.index("Earlier messages") < html.index("Boil water v1r1.")
        assert "2026-07-01 08:31 EDT" in html


async def test_a_withdrawal_says_so_first_in_every_language(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast()))
        await w.feed(trust.stop(broadcast(), issued=NOW + timedelta(minutes=9)))
        await w.pages.refresh()
        first, second = w.json(f"{LINEAGE}.json")["editions"]
        assert (first["kind"], second["state"], second["gone"]) == ("withdrawal", "withdrawn", "2026-07-01T12:09:00Z")
        page = check(w.file(PAGE))
        assert "Do not go by it." in page.text["en"]
        assert "No la tenga en cuenta." in page.text["es"]
        assert "Disregard v1r1." in page.text["en"]
        assert "Follow these instructions." not in page.text["en"]
        assert w.json("index.json")["alerts"][0]["state"] == "withdrawn"


async def test_a_correction_and_a_cancel(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        corrections = (text(Channel.SMS, "en", "Correction."),)
        await w.feed(release(broadcast(version=2, kind=CANCEL), NOW + timedelta(minutes=2)))
        await w.feed(release(broadcast(revision=2, corrections=corrections), NOW + timedelta(minutes=1)))
        await w.feed(release(broadcast()))
        await w.pages.refresh()
        editions = w.json(f"{LINEAGE}.json")["editions"]
        assert [each["kind"] for each in editions] == ["cancel", "correction", "alert"]
        assert [each["state"] for each in editions] == ["cancelled", "replaced", "replaced"]
        assert "called off" in w.file(PAGE)


async def test_what_has_expired_says_so_without_saying_that_the_danger_is_over(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast(expires=NOW + timedelta(hours=1))))
        await w.pages.refresh()
        w.clock.pass_time(minutes=59)
        assert await w.pages.refresh() == 0
        w.clock.pass_time(minutes=1)
        assert await w.pages.refresh() == 5
        assert "does not mean that the danger is over" in w.file(PAGE)
        assert await w.pages.refresh() == 0


def test_a_hazard_that_lasts_until_further_notice_shows_no_hour_of_its_end() -> None:
    assert not LABELS.ends_by_itself("boil-water")
    assert LABELS.ends_by_itself("extreme-heat")
    assert LABELS.hazard("boil-water", "es-MX") == "Aviso de hervir el agua"
    assert LABELS.hazard("chemical-spill", "en") == "Chemical spill"


async def test_pages_are_made_again_from_the_store_alone_and_only_what_changed_is_written(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast()))
        await w.pages.refresh()
        before = {path: path.read_bytes() for path in (tmp_path / "pages").rglob("*") if path.is_file()}
    for path in before:
        path.unlink()
    with world(tmp_path) as again:
        assert await again.pages.refresh() == 5
        assert {path: path.read_bytes() for path in (tmp_path / "pages").rglob("*") if path.is_file()} == before
    with world(tmp_path) as third:
        assert await third.pages.refresh() == 0


@pytest.mark.parametrize("scope", [Scope.RESTRICTED, Scope.PRIVATE])
async def test_only_the_scope_public_is_public(tmp_path: Path, scope: Scope) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast(scope=scope, tag="secret")))
        await w.feed(release(broadcast("0" * 64)))
        await w.pages.refresh()
        everything = b"".join(path.read_bytes() for path in (tmp_path / "pages").rglob("*") if path.is_file())
        assert b"secret" not in everything
        assert LINEAGE.encode() not in everything
        assert b"Boil water" in everything


async def test_nothing_is_public_before_its_release_and_no_more_than_its_renditions(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        for_staff = text(Channel.SMS, "en", "Only for clinics.").model_copy(update={"audience": "clinics"})
        base = broadcast()
        found = broadcast(headline="Jane Doe has measles", event="Jane Doe", renditions=(*base.renditions, for_staff))
        await w.feed(found)
        await w.feed(trust.decision(found))
        await w.pages.refresh()
        assert not (tmp_path / "pages" / PAGE).exists()
        await w.feed(release(found))
        await w.pages.refresh()
        everything = "".join(w.file(name) for name in (PAGE, f"{LINEAGE}.json", "index.html", "index.json"))
        assert "v1r1" in everything
        for hidden in ("Jane Doe", "clinics", "officer-1", "id-1", "health@agency.example", "because"):
            assert hidden not in everything


async def test_what_a_text_says_is_never_markup(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        nasty = '<script>alert(1)</script> "quoted" & <b>'
        await w.feed(release(broadcast(issuer="<i>Ferrow</i>", renditions=(text(Channel.SMS, "en", nasty),))))
        await w.pages.refresh()
        page = check(w.file(PAGE))
        assert nasty in page.text["en"]
        assert "<script" not in w.file(PAGE)
        assert "<i>" not in w.file("index.html")


async def test_every_part_of_a_thread_is_shown_as_it_was_sent(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        parts = ("First line.\nSecond line.", "And more.")
        await w.feed(release(broadcast(renditions=(text(Channel.X, "en", *parts),), languages=("en",))))
        await w.pages.refresh()
        shown = check(w.file(PAGE)).text["en"]
        assert all(part in shown for part in parts)
        assert "Part 1 / 2" in shown


async def test_a_drill_is_marked_on_every_page_and_in_a_folder_of_its_own(tmp_path: Path) -> None:
    with world(tmp_path, Realm.DRILL) as w:
        assert await w.feed(release(broadcast())) is not None, "a live release is not believed in a drill"
        await w.feed(release(broadcast(realm=Realm.DRILL)))
        await w.pages.refresh()
        for name in (PAGE, "index.html", f"{LINEAGE[:8]}/index.html"):
            page = check(w.file(name))
            assert "Exercise: this is not real" in page.text["en"]
            assert "Ejercicio: no es real" in page.text["es"]
            assert "Follow these instructions." not in page.text["en"]
            assert "noindex" in w.file(name)
        assert w.json("index.json")["drill"] is True


async def test_a_place_that_does_not_exist_says_so_on_every_page(tmp_path: Path) -> None:
    """What a demo leaves behind may be found and believed."""
    with world(tmp_path) as w:
        await w.feed(release(broadcast(fictional=True)))
        await w.pages.refresh()
        for name in (PAGE, "index.html", f"{LINEAGE[:8]}/index.html"):
            page = check(w.file(name))
            assert "this place does not exist" in page.text["en"]
            assert "este lugar no existe" in page.text["es"]
            assert "noindex" in w.file(name)
        assert w.json("index.json")["alerts"][0]["fictional"] is True
    with world(tmp_path / "real") as w:
        await w.feed(release(broadcast()))
        await w.pages.refresh()
        assert "does not exist" not in w.file(PAGE) + w.file("index.html")
        assert "noindex" not in w.file(PAGE)


def test_a_drills_folder_is_never_the_one_that_is_served(tmp_path: Path) -> None:
    live, drill = (SharedSettings(data=tmp_path, realm=realm) for realm in (Realm.LIVE, Realm.DRILL))
    settings = RecordSettings(pages=tmp_path / "www")
    assert settings.pages_folder(live) == tmp_path / "www"
    assert settings.pages_folder(drill) == tmp_path / "www-drill"
    assert RecordSettings().pages_folder(live) == tmp_path / "live" / "pages"
    assert not RecordSettings().pages_folder(drill).is_relative_to(tmp_path / "live")


@pytest.mark.parametrize("name", ["../up.html", "a/b.html", "/etc/x.html", ".hidden.html", "a.txt", "a\n.html", ""])
def test_a_lineage_is_never_a_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnsafeNameError):
        files.write(tmp_path, {name: b""})


async def test_an_odd_lineage_is_not_shown_and_stops_nothing(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast("../../up")))
        await w.feed(release(broadcast()))
        await w.pages.refresh()
        assert [each["lineage"] for each in w.json("index.json")["alerts"]] == [LINEAGE]
        assert w.metric("tocsin_record_page_failures_total") == 1
        assert not _strays(tmp_path)


def _strays(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.name.startswith("up")]


async def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    with world(tmp_path) as w:
        await w.feed(release(broadcast()))
        (tmp_path / "pages").write_text("in the way")
        with pytest.raises(NotADirectoryError):
            await w.pages.refresh()
        os.unlink(tmp_path / "pages")  # noqa: PTH108 - a test
        assert await w.pages.refresh() == 5


def test_no_page_for_nothing() -> None:
    assert page_of([], NOW, drill=False) is None


def test_an_older_withdrawal_does_not_hide_a_newer_alert() -> None:
    old = Released(broadcast(), "a", NOW, NOW + timedelta(minutes=5))
    new = Released(broadcast(version=2, kind=UPDATE), "b", NOW + timedelta(minutes=9))
    page = page_of([old, new], NOW + timedelta(minutes=10), drill=False)
    assert page is not None
    assert page.holds is Holds.IN_FORCE
    assert [(e.kind, e.holds) for e in page.editions] == [
        ("update", "in_force"), ("withdrawal", "replaced"), ("alert", "withdrawn"),
    ]  # fmt: skip


def test_words_that_are_missing_stop_the_start(tmp_path: Path) -> None:
    words = (TEMPLATES / "words.yaml").read_text("utf-8").replace("    withdrawn: Retirada\n", "")
    (tmp_path / "words.yaml").write_text(words)
    with pytest.raises(LabelsError, match=r"lacks es\.withdrawn"):
        Labels.read(tmp_path / "words.yaml", GUIDANCE, NEW_YORK)


def test_a_further_language_of_a_pack_names_its_hazard_too(tmp_path: Path) -> None:
    shutil.copy(GUIDANCE / "boil-water.yaml", tmp_path)
    (tmp_path / "boil-water.ar.yaml").write_text(
        "pack: boil-water\nlanguage: ar\nwording: {name: إشعار غلي الماء}\n", "utf-8"
    )
    labels = Labels.read(TEMPLATES / "words.yaml", tmp_path, NEW_YORK)
    assert labels.hazard("boil-water", "ar") == "إشعار غلي الماء"
    assert labels.hazard("boil-water", "en") == LABELS.hazard("boil-water", "en")
