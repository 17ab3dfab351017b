"""The service's settings, for commands."""

from api.settings import ApiSettings
from cli.environment import read_environment


def read_settings() -> ApiSettings:
    """Return the settings of the environment.

    Raises:
        CommandRefused: A variable has an invalid value.
    """
    return read_environment(ApiSettings)
