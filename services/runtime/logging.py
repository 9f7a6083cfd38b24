"""structlog as JSON lines on standard error, the libraries' own lines too. Ids are bound once a record.

People and texts never are. An error is shown by its type and the places that it came through, never by its words: those
of a database or a parser repeat the values that they were given. Of a library's line, for the same reason, only the
words that stand in its own code are shown, and of its levels none below WARNING, whatever is asked of ours: at DEBUG
clients write their tokens and what they send.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import Processor

Event = MutableMapping[str, Any]
#: Whose values are topics, groups and brokers, and needed to understand its lines.
_WHOLE = ("aiokafka",)
FRAMES = 12


def configure(level: str, **bound: str) -> None:
    """Set up logging for the process; `bound` (room, realm, replica) stands on every line, `level` is of our own.

    While a room is built nothing is bound and no level known: then it is called once more.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        places_of_an_error,
    ]
    wanted: int = logging.getLevelName(level.upper())
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(wanted),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=bool(bound),
    )
    structlog.contextvars.bind_contextvars(**bound)
    _take_over_the_libraries(max(wanted, logging.WARNING), shared)


def _take_over_the_libraries(level: int, shared: list[Processor]) -> None:
    """What libraries say by the standard library's logging becomes JSON lines of the same shape."""
    handler = _Lines(sys.stderr)
    handler.setLevel(level)  # the root's is not asked where a logger has one of its own
    handler.setFormatter(
        _TheirWords(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            use_get_message=True,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)


class _Lines(logging.StreamHandler[Any]):
    """A line that cannot be written is told without what it would have said, which Python prints otherwise."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the standard library's name
        """Say whose line it was."""
        tell("log.failed", sys.exc_info()[1], logger=record.name)


class _TheirWords(structlog.stdlib.ProcessorFormatter):
    """Renders a library's record by the words of its own code."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without whatever the library had put in."""
        if record.name.partition(".")[0] not in _WHOLE:
            record = logging.makeLogRecord({**record.__dict__, "msg": _words(record), "args": ()})
        return super().format(record)


def _words(record: logging.LogRecord) -> str:
    """The format, whose values are left out; asyncio writes them into it, behind its own words."""
    if not isinstance(record.msg, str):
        return type(record.msg).__name__  # an error, mostly
    return re.split(r"[\n(<'\"]", record.msg, maxsplit=1)[0].strip() if record.name == "asyncio" else record.msg


def tell(event: str, error: BaseException | None, **fields: str) -> None:
    """Write one line about an error that no handler caught; needs no `configure`."""
    told: Event = {**structlog.contextvars.get_contextvars(), "event": event, "level": "error", **fields}
    told.update(timestamp=datetime.now(UTC).isoformat(), exc_info=error)
    line = json.dumps(places_of_an_error(None, "error", told), default=str)
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - this is the log


def places_of_an_error(_logger: object, _method: str, event: Event) -> Event:
    """Replace `exc_info` by the error's type and the last places that it came through, and so for its causes."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["places"] = _places(error.__traceback__)
        cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if cause is not None:
            event["cause"] = type(cause).__name__
            event["cause_places"] = _places(cause.__traceback__)
    return event


def _places(step: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(step)[-FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
