"""The listener's settings."""

import ipaddress
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from jobs.settings import ServiceSettings


class ListenerSettings(ServiceSettings):
    """Settings of the DICOM listener, beyond those of every process."""

    #: Address to listen on. Other machines reach only an address that is not loopback.
    dicom_host: str = "127.0.0.1"
    #: Ports without and with TLS; None for no such port.
    dicom_port: int | None = Field(None, ge=1, le=65535)
    dicom_tls_port: int | None = Field(None, ge=1, le=65535)
    #: AE title in answers. Peers may call any title.
    dicom_ae_title: str = Field("PNEUMOCAM", pattern=r"^[!-\[\]-~]{1,16}$")
    #: TOML file of the peers that may send; None for everyone who can connect.
    dicom_sources: Path | None = None
    #: Certificate chain and private key of the TLS port, in PEM.
    dicom_tls_cert: Path | None = None
    dicom_tls_key: Path | None = None
    #: Certificates, in PEM, of the authorities whose clients may connect to the TLS port; None for
    #: clients without certificates.
    dicom_tls_client_ca: Path | None = None
    #: Connections at the same time. One address may hold half of them.
    dicom_connections: int = Field(20, ge=2, le=500)
    #: Port of the metrics on 127.0.0.1; None for no metrics.
    dicom_metrics_port: int | None = Field(None, ge=1, le=65535)

    @model_validator(mode="after")
    def _tls_port_has_a_certificate(self) -> Self:
        if self.dicom_tls_port is not None and not (self.dicom_tls_cert and self.dicom_tls_key):
            raise ValueError(
                "PNEUMOCAM_DICOM_TLS_PORT needs PNEUMOCAM_DICOM_TLS_CERT and "
                "PNEUMOCAM_DICOM_TLS_KEY"
            )
        return self

    @property
    def dicom_is_loopback(self) -> bool:
        """True if only this machine can connect."""
        if self.dicom_host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.dicom_host).is_loopback
        except ValueError:
            return False
