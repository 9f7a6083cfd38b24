"""structlog as JSON lines on standard error, the libraries' own lines too. Ids are bound once a record.

People and texts never are. An error is shown by its type and the places that it came through, never by its words: those
of a database or a parser repeat the values that they were given.
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import Processor

Event = MutableMapping[str, Any]
NOISY = ("aiokafka", "faststream", "aiohttp.access", "opentelemetry")
FRAMES = 12


def configure(level: str, **bound: str) -> None:
    """Set up logging for the process; `bound` (room, realm, replica) stands on every line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        places_of_an_error,
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(**bound)
    _take_over_the_libraries(level.upper(), shared)


def _take_over_the_libraries(level: str, shared: list[Processor]) -> None:
    """What libraries say by the standard library's logging becomes JSON lines of the same shape."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
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
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel(logging.WARNING)


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
