"""`tocsin validate FILE`: what intake would say of an alert, without sending it anywhere."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from services.cli.context import DEFAULT_DATA, Context, DataOption, JsonOption
from services.cli.errors import Code, fail
from services.cli.files import FileArgument, content_type, read_file
from services.intake.findings import Remark
from services.intake.publishers import Register, RegisterError, read_register
from services.intake.settings import IntakeSettings
from services.intake.validate import validate as judge

PublishersOption = Annotated[Path | None, typer.Option(help="The register of publishers; by default intake's own.")]
NowOption = Annotated[bool, typer.Option("--now", help="Judge it as if it came now, not just after its own `sent`.")]


def validate(
    file: FileArgument, publishers: PublishersOption = None, data: DataOption = DEFAULT_DATA, *,
    now: NowOption = False, as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Judge an alert as intake would: accept, hold (a person must look) or refuse (exit code 1), and why."""
    content = read_file(file)
    verdict = judge(
        content, content_type(content), at=datetime.now(UTC) if now else None, register=_register(publishers)
    )
    context = Context(data, as_json=as_json)
    findings = [_facts(remark) for remark in verdict.findings]
    context.say(f"{file}: {verdict.grade}", file=str(file), grade=verdict.grade, findings=findings)
    if not as_json:
        for remark in verdict.findings:
            print(f"  {_sentence(remark)}")
    if verdict.grade == "refuse":
        fail("intake would refuse it")


def _register(path: Path | None) -> Register:
    try:
        return read_register(path or IntakeSettings().publishers)
    except RegisterError as error:
        fail(str(error), Code.WRONG)


def _facts(remark: Remark) -> dict[str, object]:
    return {"rule": remark.rule, "cost": remark.cost.word, "element": remark.element, "line": remark.line,
            "says": remark.says, "expected": remark.expected, "source": remark.source}  # fmt: skip


def _sentence(remark: Remark) -> str:
    where = f"line {remark.line}, " if remark.line else ""
    expected = f"; expected: {remark.expected}" if remark.expected else ""
    return f"{remark.cost.word}: {where}{remark.element or 'message'}: {remark.says}{expected} [{remark.rule}]"
