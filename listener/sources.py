"""Peers that may send films, and the owner and priority of what they send."""

import ipaddress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from pydantic import BaseModel, ConfigDict, Field

from jobs.states import Priority
from jobs.toml_tables import InvalidFile, read_tables
from listener.errors import ListenerRefused
from listener.settings import ListenerSettings


class Source(BaseModel):
    """One `[[source]]` of the file of sources."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Addresses that the peer connects from.
    network: IPv4Network | IPv6Network
    #: The peer's AE title; None for any. A peer chooses its title, so it proves nothing.
    calling_ae: str | None = Field(None, min_length=1, max_length=16)
    #: Id of the API key that owns the films; None for films without an owner.
    key: str | None = Field(None, pattern="^[0-9a-f]{12}$")
    priority: Priority = Priority.ROUTINE


@dataclass(frozen=True, slots=True)
class Sources:
    """The sources in the order of the file; the first that matches a peer applies."""

    listed: tuple[Source, ...]

    def admit(self, address: str) -> bool:
        """Return True if a source has this address in its network."""
        return any(_contains(source.network, address) for source in self.listed)

    def find(self, address: str, calling_ae: str) -> Source | None:
        """Return the source of a peer; None if the peer may not send."""
        for source in self.listed:
            if source.calling_ae in {None, calling_ae} and _contains(source.network, address):
                return source
        return None


def read_sources(settings: ListenerSettings) -> Sources:
    """Return the sources of the settings' file; everyone who can connect without a file.

    Raises:
        ListenerRefused: The file has a mistake; or there is none, and machines that nothing
            identifies could connect.
    """
    if settings.dicom_sources is not None:
        try:
            listed = read_tables(settings.dicom_sources, "source", Source)
        except InvalidFile as invalid:
            raise ListenerRefused(f"PNEUMOCAM_DICOM_SOURCES: {invalid}") from invalid
        if not listed:
            raise ListenerRefused(f"PNEUMOCAM_DICOM_SOURCES: {settings.dicom_sources} is empty")
        return Sources(listed)
    by_certificate = settings.dicom_port is None and settings.dicom_tls_client_ca is not None
    if not settings.dicom_is_loopback and not by_certificate:
        raise ListenerRefused(
            f"PNEUMOCAM_DICOM_HOST={settings.dicom_host} can be reached from other machines. List "
            "the networks that may send in a file that PNEUMOCAM_DICOM_SOURCES names, or listen "
            "on PNEUMOCAM_DICOM_TLS_PORT alone and set PNEUMOCAM_DICOM_TLS_CLIENT_CA."
        )
    everyone = (Source(network=IPv4Network("0.0.0.0/0")), Source(network=IPv6Network("::/0")))
    return Sources(everyone)


def _contains(network: IPv4Network | IPv6Network, address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    # A socket that listens on :: shows IPv4 peers so.
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return parsed in network
