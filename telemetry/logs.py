"""Structured logs: one JSON object per line, UTC, no patient data."""

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
    # Otherwise logging prints a line that cannot be written, with its whole content.
    logging.raiseExceptions = False
    _catch_what_would_be_printed()
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # uvicorn's access log contains paths; ours contains the route's pattern instead.
    logging.getLogger("uvicorn.access").disabled = True
    # httpx logs every URL that it calls, and a callback URL is confidential.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # pydicom quotes the values of unusual tags, and sets its logger's level when it is imported.
    logging.getLogger("pydicom").disabled = True
    # pynetdicom shows whole messages.
    logging.getLogger("pynetdicom").setLevel(logging.CRITICAL + 1)
    for name in ("uvicorn", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _exception_without_its_text(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace an exception by its class and location, without its text.

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
    """Remove the texts of exceptions from other packages' messages."""
    record: logging.LogRecord = event["_record"]
    args = event.pop("positional_args")
    if isinstance(args, tuple) and any(isinstance(arg, BaseException) for arg in args):
        named = (type(arg).__name__ if isinstance(arg, BaseException) else arg for arg in args)
        event["event"] = str(record.msg) % tuple(named)
    elif isinstance(args, dict) and record.exc_info:
        # Celery's arguments contain the exception's text.
        event["event"] = str(record.msg)
    if record.exc_info:
        # asyncio describes the failed task, with its exception, on the following lines.
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
