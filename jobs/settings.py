"""Settings that all processes of the service share."""

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)

#: Folder of secrets in a container. Each file has the name of the variable that it sets.
_SECRETS = Path("/run/secrets")


def parse_networks(listed: object) -> object:
    """Parse a comma-separated list of networks; return other values unchanged."""
    if not isinstance(listed, str):
        return listed
    return tuple(ip_network(text.strip()) for text in listed.split(",") if text.strip())


def _usable_redis_url(url: str) -> str:
    """Return a URL that all of the service's clients of Redis understand.

    Celery calls the scheme of a socket `redis+socket`, redis-py calls it `unix`.
    """
    url = re.sub("^unix://", "redis+socket://", url)
    if not url.startswith(("redis://", "rediss://", "redis+socket://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return url


class ServiceSettings(BaseSettings):
    """Locations and timeouts that all processes of the service share.

    They are read once, when a process starts, from `PNEUMOCAM_*` environment variables and from
    files of the same names in /run/secrets.
    """

    model_config = SettingsConfigDict(
        env_prefix="PNEUMOCAM_", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    data_dir: Path = Path("var")
    database_url: str = ""
    redis_url: Annotated[str, AfterValidator(_usable_redis_url)] = "redis://localhost:6379/0"
    store_url: str = ""

    #: Lease length in seconds. An item whose lease is not renewed in time is requeued.
    lease_s: float = Field(10.0, gt=0)
    #: Seconds between two sweeps. A sweep writes the worker's heartbeat, requeues items whose
    #: lease has expired, and sends lost hints again.
    sweep_s: float = Field(2.0, gt=0)
    #: Seconds for which films are queued and idle workers claim none, after which the service is
    #: not ready. A worker restarts itself later, after the time that its pool needs.
    stall_s: float = Field(60.0, gt=0)
    #: Number of attempts, each ended by the loss of its worker, after which an item is failed.
    max_attempts: int = Field(3, ge=1)
    #: Films per forward pass of the network.
    batch_size: int = Field(8, ge=1, le=256)
    #: Bytes of one submitted film.
    max_upload_bytes: int = Field(100 * 2**20, ge=1)
    #: Open items (queued or running) in the whole service. About half an hour of work for one
    #: worker on a CPU; further submissions are refused until there is room.
    max_open: int = Field(20_000, ge=1)
    #: Open items of a key without a limit of its own.
    key_max_open: int = Field(10_000, ge=1)
    #: Days from submission after which results and pictures are erased.
    retention_days: float = Field(30.0, gt=0)
    #: The patient and study of a DICOM film are kept with its item, shown to readers and searched.
    identity: bool = True
    #: Non-public networks that the callbacks of jobs may reach.
    webhook_allow: Annotated[
        tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(parse_networks)
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
        """Prefer arguments to environment variables, and these to secret files."""
        del dotenv_settings, file_secret_settings
        if not _SECRETS.is_dir():
            return init_settings, env_settings
        return init_settings, env_settings, SecretsSettingsSource(settings_cls, _SECRETS)

    @model_validator(mode="after")
    def _set_default_locations(self) -> Self:
        # A frozen model refuses assignment, so the base class's setter fills in the defaults here,
        # once, before the model is in use.
        if not self.database_url:
            path = (self.data_dir / "pneumocam.db").absolute()
            object.__setattr__(self, "database_url", f"sqlite:///{path}")
        if not self.store_url:
            object.__setattr__(self, "store_url", str((self.data_dir / "artifacts").absolute()))
        return self
