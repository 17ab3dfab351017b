"""The gateway's settings."""

import ipaddress
import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode

from jobs.settings import ServiceSettings, parse_networks

#: A name or an address with an optional port, as in the Host header.
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")

#: Allows every host.
ANY_HOST = "*"

#: Names of this machine that only its own programs use.
_OWN_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Addresses(StrEnum):
    """The part of a client's address that the audit log keeps."""

    FULL = "full"
    NETWORK = "network"  # the first 24 bits of an IPv4 address, the first 48 of an IPv6 one
    NONE = "none"


def _hosts(listed: object) -> object:
    """Parse a comma-separated list of hosts; IPv6 addresses get brackets."""
    if not isinstance(listed, str):
        return listed
    written = [text.strip().lower() for text in listed.split(",") if text.strip()]
    return tuple(
        f"[{text}]" if text.count(":") > 1 and text[0] != "[" else text for text in written
    )


class ApiSettings(ServiceSettings):
    """Settings of the gateway, next to those of every process."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    #: Networks of proxies that may name the client's address and scheme in `X-Forwarded-*`.
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(parse_networks)
    ] = (IPv4Network("127.0.0.1/32"), IPv6Network("::1/128"))
    #: Serve without keys. Only for gateways behind something that authenticates clients.
    open_access: bool = False
    #: Hosts that are answered for, without ports; `*` for any. Empty for the default of `hosts`.
    allowed_hosts: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_hosts)] = ()
    #: Folder of the built dashboard; without it only the API is served.
    dashboard_dir: Path = Path(__file__).parent.parent / "frontend" / "dist"
    #: Files in one request.
    max_files: int = Field(500, ge=1)
    #: Bytes of a whole request body.
    max_request_bytes: int = Field(2 * 2**30, ge=1)

    #: Requests per minute of a key without a limit of its own.
    key_rate: int = Field(3_000, ge=1)

    #: Connections of one gateway, and requests that it holds open (`?wait=`, events).
    max_connections: int = Field(1_000, ge=1)
    max_waiting: int = Field(500, ge=1)
    #: Seconds until a request's headers must have arrived, from the connection or the last answer.
    header_timeout_s: float = Field(10.0, gt=0)
    #: Length in seconds of the spans in which a body must arrive at `min_body_rate` bytes per
    #: second; a slower request is refused.
    body_timeout_s: float = Field(10.0, gt=0)
    min_body_rate: int = Field(1_024, ge=1)

    #: URL of the single sign-on issuer whose tokens are accepted beside keys; empty for none.
    oidc_issuer: str = ""
    #: Audience of the tokens: their name of this service.
    oidc_audience: str = Field("", validate_default=True)
    #: Claim that lists the scopes, as `pneumocam:read`; a path has dots.
    oidc_scope_claim: str = "scope"
    #: Part of the clients' addresses that the audit log keeps.
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
        """True if only this machine can reach the address that the gateway listens on."""
        return _is_own(self.host)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that are answered for.

        Without a list and where requests may need no key, these are the machine's own names: a
        browser that another site misuses would need nothing else. Where keys are needed, any host
        is allowed, since such a browser has neither key nor cookie for it.
        """
        if self.allowed_hosts:
            return frozenset(self.allowed_hosts)
        if self.is_loopback or self.open_access:
            return _OWN_HOSTS | ({self.host} if self.is_loopback else set())
        return frozenset({ANY_HOST})


def _is_own(host: str | None) -> bool:
    """Return True if a host is this machine's loopback."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
