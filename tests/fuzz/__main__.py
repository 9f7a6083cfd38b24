"""`make fuzz`: many broken inputs through every parser and gate. `--engine atheris` searches by coverage instead.

Ends with 1 at the first crash, hang or lost answer, and leaves that input in a file. atheris is not among our
dependencies (it has no wheel for macOS): `.venv/bin/pip install atheris` first.
"""

import argparse
import multiprocessing
import signal
import sys
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import FrameType

from tests.fuzz.inputs import broken, seeds
from tests.fuzz.targets import everything

HANG_S = 5
#: libFuzzer measures the clock on the wall.
ATHERIS_HANG_S = 60
OURS, TARGETS = ("schemas", "services"), "tests.fuzz.targets"
PIECE = 500
#: Inputs from one line of progress to the next.
TELL = 10_000


def main() -> None:
    """Read the command line and fuzz."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--minutes", type=float, help="stop after this long, and say how far it came")
    parser.add_argument("--engine", choices=("rows", "atheris"), default="rows")
    given = parser.parse_args()
    if given.engine == "atheris":
        _atheris(given.inputs)
    _rows(given.inputs, given.seed, given.processes, (given.minutes or float("inf")) * 60)


def _rows(inputs: int, seed: int, processes: int, seconds: float) -> None:
    began, grades = time.monotonic(), Counter[str]()
    pieces = [(seed, start, min(start + PIECE, inputs)) for start in range(0, inputs, PIECE)]
    with multiprocessing.Pool(processes) as pool:
        for piece in pool.imap_unordered(_piece, pieces):
            told = grades.total() // TELL
            grades.update(piece)
            if "FAILED" in piece:
                pool.terminate()
                print(f"after about {grades.total():,} inputs of seed {seed}", file=sys.stderr)
                sys.exit(1)
            if grades.total() // TELL > told:
                print(f"{grades.total():,} of {inputs:,} after {time.monotonic() - began:.0f} s", file=sys.stderr)
            if time.monotonic() - began > seconds:
                pool.terminate()
                break
    spent = time.monotonic() - began
    print(f"{grades.total():,} inputs of seed {seed}: {dict(grades)}, no crash and no hang, {spent:.0f} s")


def _piece(span: tuple[int, int, int]) -> Counter[str]:
    """One part of the row. A hang is an alarm that no handler expects, by this process's own time."""
    signal.signal(signal.SIGPROF, _hang)
    grades = Counter[str]()
    for data in broken(*span):
        signal.setitimer(signal.ITIMER_PROF, HANG_S)
        try:
            grades[everything(data)] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what was looked for
            left = Path(f"fuzz-{span[0]}-{abs(hash(data))}.bin")
            left.write_bytes(data)
            print(f"{type(error).__name__}: {error}; the input is in {left}", file=sys.stderr)
            return Counter({"FAILED": 1})
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    return grades


def _hang(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"one input took more than {HANG_S} s of processor time")


def _atheris(inputs: int) -> None:
    """Ends the process, as libFuzzer does."""
    atheris = import_module("atheris")  # installed by hand, see above
    for name in [one for one in sys.modules if one.partition(".")[0] in OURS or one == TARGETS]:
        del sys.modules[name]  # to be imported again, this time so that it tells which branches were taken
    with atheris.instrument_imports(include=list(OURS)):
        target = import_module(TARGETS).everything
    folder = Path(".hypothesis/atheris")
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds()):
        (folder / f"seed-{number}").write_bytes(data)
    atheris.Setup([sys.argv[0], f"-runs={inputs}", f"-timeout={ATHERIS_HANG_S}", str(folder)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
