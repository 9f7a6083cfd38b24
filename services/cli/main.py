"""The `tocsin` command: runs one verb, and turns failures into sentences."""

import logging
import sys
import traceback

import typer
from typer.exceptions import TyperException

from services.cli.errors import Code, Failure
from services.cli.verbs import command


def main() -> None:
    """Run one verb; the process ends here, with the verb's exit code and never with a traceback."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL + 1)  # what it says is said again, in our words
    try:
        code = command(sys.argv[1:])(standalone_mode=False)
    except Failure as failure:
        _end(str(failure), failure.code)
    except TyperException as error:
        place = getattr(getattr(error, "ctx", None), "command_path", "tocsin")
        _end(f"{error.format_message()}\nTry `{place} --help`.", Code.WRONG)
    except (KeyboardInterrupt, typer.Abort):
        _end("interrupted", Code.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a sentence
        _end(str(error), Code.WRONG) if _of_a_store(error) else _end(_bug(error), Code.BUG)
    sys.exit(code if isinstance(code, int) else 0)


def _end(sentence: str, code: int) -> None:
    print(f"tocsin: {sentence}", file=sys.stderr)
    sys.exit(code)


def _of_a_store(error: Exception) -> bool:
    """Whether it says itself why a store cannot be used: a setting, a newer version, a restore that broke off."""
    from services.runtime.postgres import StoreError  # noqa: PLC0415 - it takes time to load

    return isinstance(error, StoreError)


def _bug(error: Exception) -> str:
    if _traced():
        traceback.print_exc()
    where = traceback.extract_tb(error.__traceback__)[-1]
    return (
        f"this is a mistake in tocsin itself ({type(error).__name__} at {where.filename}:{where.lineno}); "
        "set TOCSIN_CLI_TRACE=1 to see all of it, and report it"
    )


def _traced() -> bool:
    from services.cli.settings import CliSettings  # noqa: PLC0415 - only a mistake needs it, and it takes time to load

    try:
        return CliSettings().trace
    except ValueError:  # pydantic's: a wrong setting must not hide the mistake
        return False


if __name__ == "__main__":
    main()
