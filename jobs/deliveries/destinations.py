"""Destinations of reports: the systems of the hospital that results are sent to."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from jobs.results import Result
from jobs.states import ReportKind
from jobs.toml_tables import InvalidFile, read_tables

_AeTitle = Annotated[str, StringConstraints(pattern=r"^[\x21-\x5b\x5d-\x7e]{1,16}$")]


class DestinationKind(StrEnum):
    """Protocol of a destination."""

    STOW = "stow"  # DICOMweb STOW-RS
    CSTORE = "cstore"  # DICOM C-STORE
    MLLP = "mllp"  # HL7 v2 over MLLP
    FHIR = "fhir"  # FHIR R4 transactions over HTTP


class DicomReport(StrEnum):
    """Report that a DICOM destination can have."""

    SR = "sr"
    SC = "sc"
    SC_JPEG = "sc-jpeg"


class Results(StrEnum):
    """Results that a destination gets."""

    ALL = "all"
    SCORED = "scored"
    POSITIVE = "positive"


class Destination(BaseModel):
    """One `[[destination]]` of the file of destinations."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    kind: DestinationKind
    #: Base address of DICOMweb (before `/studies`) or FHIR.
    url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")] | None = None
    host: str | None = None
    port: int | None = Field(None, ge=1, le=65535)
    called_ae: _AeTitle | None = None
    calling_ae: _AeTitle = "PNEUMOCAM"
    objects: tuple[DicomReport, ...] = (DicomReport.SR, DicomReport.SC)
    results: Results = Results.ALL
    #: File with a bearer token.
    token_file: Path | None = None
    user: str | None = None
    password_file: Path | None = None
    #: TLS for `cstore` and `mllp`; an `https` address has it anyway.
    tls: bool = False
    #: Certificates of the authorities that sign the peer's; the system's without it.
    ca_file: Path | None = None
    #: Our own certificate and its key, for mutual TLS.
    certificate_file: Path | None = None
    key_file: Path | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        by_url = self.kind in {DestinationKind.STOW, DestinationKind.FHIR}
        if by_url and self.url is None:
            raise ValueError(f"`{self.kind}` needs url")
        if not by_url and (self.host is None or self.port is None):
            raise ValueError(f"`{self.kind}` needs host and port")
        if self.kind is DestinationKind.CSTORE and self.called_ae is None:
            raise ValueError("`cstore` needs called_ae")
        if (self.user is None) != (self.password_file is None):
            raise ValueError("user and password_file belong together")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together")
        return self

    @property
    def delivered_kinds(self) -> tuple[ReportKind, ...]:
        """Kinds of reports that are sent there."""
        match self.kind:
            case DestinationKind.MLLP:
                return (ReportKind.HL7,)
            case DestinationKind.FHIR:
                return (ReportKind.FHIR,)
            case _:
                return tuple(ReportKind(one.value) for one in dict.fromkeys(self.objects))

    @property
    def encoded_kinds(self) -> frozenset[ReportKind]:
        """Kinds of reports that are encoded for it: those sent, and the SR for older peers."""
        kinds = frozenset(self.delivered_kinds)
        return kinds | {ReportKind.SR33} if ReportKind.SR in kinds else kinds

    def wants(self, result: Result) -> bool:
        """Return True if this result is sent there."""
        match self.results:
            case Results.ALL:
                return True
            case Results.SCORED:
                return result.probability is not None
            case Results.POSITIVE:
                return bool(result.positive)


def read_destinations(path: Path | None) -> tuple[Destination, ...]:
    """Return the destinations of a file; none without a file.

    Raises:
        InvalidFile: The file has a mistake.
    """
    if path is None:
        return ()
    listed = read_tables(path, "destination", Destination)
    names = [destination.name for destination in listed]
    for name in names:
        if names.count(name) > 1:
            raise InvalidFile(f"{path}: two destinations are called {name!r}")
    return listed
