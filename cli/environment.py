"""Settings of a process, read from the environment for commands."""

from typing import TypeVar

from pydantic import ValidationError

from cli.errors import CommandRefused
from jobs.settings import ServiceSettings

Settings = TypeVar("Settings", bound=ServiceSettings)


def read_environment(kind: type[Settings]) -> Settings:
    """Return the settings of one kind.

    Raises:
        CommandRefused: A variable has an invalid value.
    """
    try:
        return kind()
    except ValidationError as exc:
        first = exc.errors()[0]
        said = first["msg"].removeprefix("Value error, ")
        name = "_".join(str(part) for part in first["loc"]).upper()
        # A check of several variables names them itself.
        raise CommandRefused(f"PNEUMOCAM_{name}: {said}." if name else f"{said}.") from exc
