"""Errors that end a command with one line and exit status 2."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NoReturn

import typer


class CommandRefused(Exception):
    """The command cannot run; the message says why in one line."""


@contextmanager
def in_one_line(*errors: type[Exception]) -> Iterator[None]:
    """Print these errors, and `CommandRefused`, in one line and exit with status 2."""
    refused: tuple[type[Exception], ...] = (CommandRefused, *errors)
    try:
        yield
    except refused as exc:
        fail(str(exc))


def model_errors_in_one_line() -> AbstractContextManager[None]:
    """Print errors about a manifest, a folder or a film in one line and exit with status 2."""
    from model.errors import ModelError, UnreadableImage  # noqa: PLC0415 - see cli/commands

    return in_one_line(ModelError, UnreadableImage, FileNotFoundError)


def fail(message: str) -> NoReturn:
    """Print one line and exit with status 2."""
    typer.echo(f"pneumocam: {message}", err=True)
    raise typer.Exit(2)
