"""The settings that every process of the service reads."""

from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

#: Where containers find secrets: files that are called as the variables are.
_SECRETS = Path("/run/secrets")


def _parse_networks(listed: object) -> object:
    """Networks from a list with commas, as it stands in a variable."""
    if not isinstance(listed, str):
        return listed
    return tuple(ip_network(text.strip()) for text in listed.split(",") if text.strip())


class ServiceSettings(BaseSettings):
    """Where the shared things are and how long they may take.

    Read once, where a process is assembled, from `PNEUMOCAM_*` variables and from files of these
    names in /run/secrets.
    """

    model_config = SettingsConfigDict(
        env_prefix="PNEUMOCAM_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path = Path("var")
    database_url: str = ""
    redis_url: str = "redis://localhost:6379/0"
    store_url: str = ""

    #: A claim that is not renewed for this long is taken back.
    lease_s: float = Field(10.0, gt=0)
    #: How often each worker beats, takes back expired leases and re-sends lost hints.
    sweep_s: float = Field(2.0, gt=0)
    #: An item whose worker was lost this often is failed rather than tried again.
    max_attempts: int = Field(3, ge=1)
    #: Films in one pass through the network.
    batch_size: int = Field(8, ge=1, le=256)
    #: Results and pictures are kept this long after submission.
    retention_days: float = Field(30.0, gt=0)
    #: Networks that callbacks of jobs may lead to though they are not public.
    webhook_allow: Annotated[
        tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_parse_networks)
    ] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then files, where there are any."""
        del dotenv_settings, file_secret_settings
        if not _SECRETS.is_dir():
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, _SECRETS)

    @model_validator(mode="after")
    def _set_default_locations(self) -> Self:
        # A frozen model is filled in by the base class's setter, once, before anyone sees it.
        if not self.database_url:
            path = (self.data_dir / "pneumocam.db").absolute()
            object.__setattr__(self, "database_url", f"sqlite:///{path}")
        if not self.store_url:
            object.__setattr__(self, "store_url", str((self.data_dir / "artifacts").absolute()))
        return self
