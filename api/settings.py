"""The gateway's settings."""

import ipaddress
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from jobs.settings import ServiceSettings

#: A name or an address, optionally with a port, as in the header Host.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")

#: Stands for every host.
ANY_HOST = "*"

#: This machine, as only its own programs call it.
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Addresses(StrEnum):
    """How much of where a request came from the audit log keeps."""

    FULL = "full"
    NETWORK = "network"  # the first 24 bits of an IPv4 address, the first 48 of an IPv6 one
    NONE = "none"


def _hosts(listed: object) -> object:
    """Hosts from a list with commas, as it stands in a variable; an address of IPv6 in brackets."""
    if not isinstance(listed, str):
        return listed
    written = [text.strip().lower() for text in listed.split(",") if text.strip()]
    return tuple(
        f"[{text}]" if text.count(":") > 1 and text[0] != "[" else text for text in written
    )


class ApiSettings(ServiceSettings):
    """What the gateway reads on top of what every process does."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    #: Serve anyone who can connect, without a key. Only where something in front decides who may.
    open_access: bool = False
    #: The hosts that requests may be for, without ports; `*` is any. Empty for what `hosts` says.
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    #: The built dashboard; where it is missing, only the API is served.
    dashboard_dir: Path = Path(__file__).parent.parent / "frontend" / "dist"
    #: Films in one request.
    max_files: int = Field(500, ge=1)
    max_upload_bytes: int = Field(100 * 2**20, ge=1)
    #: The whole body of one request.
    max_request_bytes: int = Field(2 * 2**30, ge=1)

    #: Films that may be open, queued or running, in the whole service. About half an hour's work
    #: for one worker on a CPU; what comes on top is refused until there is room.
    max_open: int = Field(20_000, ge=1)
    #: What a key may use that was made without limits of its own: requests a minute, open films.
    key_rate: int = Field(3_000, ge=1)
    key_max_open: int = Field(10_000, ge=1)

    #: Connections of one gateway, and requests among them that are held open (`?wait=`, events).
    max_connections: int = Field(1_000, ge=1)
    max_waiting: int = Field(500, ge=1)
    #: How long a connection may take to send a request's headers, its first byte included.
    header_timeout_s: float = Field(10.0, gt=0)
    #: While a body is awaited, each span of this length brings at least `min_body_rate` bytes a
    #: second, or the request is given up.
    body_timeout_s: float = Field(10.0, gt=0)
    min_body_rate: int = Field(1_024, ge=1)

    #: The issuer of single sign-on whose tokens are taken beside keys; empty for none.
    oidc_issuer: str = ""
    #: What its tokens call this service.
    oidc_audience: str = Field("", validate_default=True)
    #: The claim that lists what may be done, as `pneumocam:read`; a path may have dots.
    oidc_scope_claim: str = "scope"
    #: How much of the addresses that requests come from the audit log keeps.
    audit_addresses: Addresses = Addresses.FULL

    @field_validator("allowed_hosts")
    @classmethod
    def _hosts_are_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:
            named = HOST.fullmatch(host)
            if host != ANY_HOST and (named is None or named[1] != host):
                raise ValueError("must list names or addresses without scheme and port, or *")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_cannot_be_impersonated(cls, value: str) -> str:
        url = urlsplit(value)
        if value and url.scheme != "https" and not (url.scheme == "http" and _is_own(url.hostname)):
            raise ValueError("must begin with https://")
        return value

    @field_validator("oidc_audience")
    @classmethod
    def _tokens_are_for_this_service(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("oidc_issuer") and not value:
            raise ValueError("must be set, or tokens for other services would be taken")
        return value

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address that the gateway listens on."""
        return _is_own(self.host)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that requests may be for.

        Where none are listed and a request may need no key, only this machine's own: whoever gets
        a browser to ask in another site's name would need nothing else. Elsewhere any, since such
        a browser has neither key nor cookie to send.
        """
        if self.allowed_hosts:
            return frozenset(self.allowed_hosts)
        if self.is_loopback or self.open_access:
            return _OWN_HOSTS | ({self.host} if self.is_loopback else set())
        return frozenset({ANY_HOST})


def _is_own(host: str | None) -> bool:
    """Whether a host is this machine, as only this machine sees it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
