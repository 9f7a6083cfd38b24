"""How a verb ends when it cannot do what it was asked: with a sentence and an exit code."""

from enum import IntEnum
from typing import NoReturn


class Code(IntEnum):
    """Exit codes, as `tocsin --help` and the README list them."""

    DONE = 0
    NO = 1  # refused, not found, or the answer is no
    WRONG = 2  # wrong use, or a wrong setting
    MISSING = 3  # something that is needed does not run or is not installed
    TIMEOUT = 4  # it did not happen in time
    BUG = 70  # sysexits.h EX_SOFTWARE
    INTERRUPTED = 130  # 128 + SIGINT, as shells say it


class Failure(Exception):  # noqa: N818 - an end, not an error of the code
    """A verb ends here; `main` prints the sentence, and no traceback."""

    def __init__(self, sentence: str, code: Code) -> None:
        """Say what happened and what to do."""
        super().__init__(sentence)
        self.code = code


def fail(sentence: str, code: Code = Code.NO) -> NoReturn:
    """End the verb with this sentence on standard error and this exit code."""
    raise Failure(sentence, code)
