"""The service's settings, for commands."""

from pydantic import ValidationError

from api.settings import ApiSettings
from cli.errors import CommandRefused


def read_settings() -> ApiSettings:
    """Return the settings of the environment.

    Raises:
        CommandRefused: A variable has an invalid value.
    """
    try:
        return ApiSettings()
    except ValidationError as exc:
        first = exc.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        raise CommandRefused(f"PNEUMOCAM_{name}: {first['msg']}.") from exc
