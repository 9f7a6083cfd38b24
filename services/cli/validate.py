"""`tocsin validate FILE`: what intake would say of an alert, without sending it anywhere."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from services.cli.context import Context, JsonOption
from services.cli.errors import fail
from services.cli.files import FileArgument, read_file
from services.cli.judged import AtOption, HistoryOption, RegisterOption, facts, line_of, message, terms
from services.intake.findings import Remark
from services.intake.validate import Verdict

NowOption = Annotated[bool, typer.Option("--now", help="Judge it as if it came now, not just after its own `sent`.")]


def validate(
    file: FileArgument, at: AtOption = None, register: RegisterOption = None, history: HistoryOption = None, *,
    now: NowOption = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Judge an alert as intake would: accept, hold (a person must look) or refuse (exit code 1), and why."""
    content = read_file(file)
    verdict = terms(datetime.now(UTC) if now else at, register, history).judge(content)
    if as_json:
        Context(as_json=True).emit(facts(file, content, verdict))
    else:
        print("\n".join([f"{file}: {_grade(verdict)}", *(_sentence(one, content) for one in verdict.findings)]))
    if verdict.grade == "refuse":
        fail("intake would refuse it")


def _grade(verdict: Verdict) -> str:
    signed = "" if verdict.signature == "none" else f", signature {verdict.signature}"
    held = " (a person must look before it goes on)" if verdict.grade == "hold" else ""
    return f"{verdict.grade}{held}{signed}"


def _sentence(remark: Remark, content: bytes) -> str:
    line = line_of(remark, content)
    where = f"line {line}, " if line else ""
    return f"  {remark.cost.word}: {where}{remark.element or 'message'}: {message(remark)} [{remark.rule}]"
