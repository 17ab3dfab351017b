"""Structured logs: one JSON object a line, UTC, no patient data."""

import logging
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure_logs(level: int = logging.INFO) -> None:
    """Send structlog's and the standard library's records to stderr in one format."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            pass_foreign_args=True,
            foreign_pre_chain=[*shared, _message_without_exceptions],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _exception_without_its_text,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    # Otherwise a line that cannot be written is printed, with all that it was to hold.
    logging.raiseExceptions = False
    _catch_what_would_be_printed()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Its access log holds paths; ours has each route's pattern instead.
    logging.getLogger("uvicorn.access").disabled = True
    # It tells every address that it calls, and a callback's is its receiver's own.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # It quotes the tags that it wonders at.
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _exception_without_its_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Say what was raised and where, and not what it said.

    An exception's text can quote what was being read: a tag of a DICOM file, a value of a
    statement, a file name.
    """
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    if isinstance(found, tuple):
        found = found[1]
    if isinstance(found, BaseException):
        event["error"] = type(found).__name__
        event["raised_at"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(found.__traceback__)
        ]
    return event


def _message_without_exceptions(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Of other packages' messages, leave out what exceptions say that they were given to quote."""
    record: logging.LogRecord = event["_record"]
    args = event.pop("positional_args")
    if isinstance(args, tuple) and any(isinstance(arg, BaseException) for arg in args):
        named = (type(arg).__name__ if isinstance(arg, BaseException) else arg for arg in args)
        event["event"] = str(record.msg) % tuple(named)
    elif isinstance(args, dict) and record.exc_info:
        # Celery's, with the exception's text among them.
        event["event"] = str(record.msg)
    if record.exc_info:
        # asyncio describes the task that failed, with its exception, on the lines that follow.
        event["event"] = event["event"].partition("\n")[0]
    return event


def _catch_what_would_be_printed() -> None:
    """Log exceptions that nobody caught, and warnings, without their texts.

    Python would write both to stderr, which is the log as well.
    """
    log = structlog.get_logger()

    def uncaught(
        kind: type[BaseException], error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del trace
        if issubclass(kind, Exception):
            log.critical("uncaught", exc_info=error or kind())

    def warned(  # noqa: PLR0917 - the signature is Python's
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        del message, file, line
        log.warning("warned", category=category.__name__, at=f"{filename}:{lineno}")

    sys.excepthook = uncaught
    sys.unraisablehook = lambda about: uncaught(about.exc_type, about.exc_value, None)
    threading.excepthook = lambda about: uncaught(about.exc_type, about.exc_value, None)
    warnings.showwarning = warned
