"""Looking up and filling a pack: at most 1 ms of CPU, beside a yardstick in the same run."""

import json
import time
from collections.abc import Callable

import pytest

from services.compose import filling, forms, matching
from tests.compose.alerts import a_hazard, demo

ROUNDS, MOST_MS = 500, 1.0


def cpu_ms(work: Callable[[], object]) -> float:
    work()
    start = time.process_time()
    for _ in range(ROUNDS):
        work()
    return (time.process_time() - start) * 1000 / ROUNDS


@pytest.mark.bench
@pytest.mark.parametrize("hazard", ["boil-water", "measles-exposure"])
def test_a_pack_is_found_and_filled_in_a_millisecond(hazard: str) -> None:
    library, alert = demo(), a_hazard(hazard)

    def find_and_fill() -> None:
        pack = library.packs[library.finder.find(matching.signs_of(alert.cap.info)).pack or ""]
        slots = filling.slots_of(alert.cap.info, {}, pack, library.jurisdiction)
        for language in library.jurisdiction.languages:
            shown = filling.values(pack, library.jurisdiction, slots, library.words[language])
            for form in forms.ORDER:
                assert filling.fill(pack.languages[language].form(form), shown)

    yardstick = cpu_ms(lambda: json.dumps(json.loads(alert.model_dump_json())))
    spent = cpu_ms(find_and_fill)
    print(f"{hazard}: {spent:.3f} ms of CPU; yardstick, the alert through JSON and back: {yardstick:.3f} ms")
    assert spent <= MOST_MS
