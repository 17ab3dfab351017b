"""Encoding of results for hospitals' systems, beside the pictures of an item."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from jobs.deliveries.destinations import Destination
from jobs.results import Result
from jobs.states import ReportKind

log = structlog.get_logger()

#: Format of the films that have reports.
DICOM = "dicom"

#: Kinds that `GET …/report` and `GET …/secondary-capture` answer with.
DOWNLOADED = frozenset({ReportKind.SR, ReportKind.SC_JPEG, ReportKind.FHIR})


@dataclass(frozen=True, slots=True)
class Reporter:
    """Encoder of the reports of one installation and network.

    Attributes:
        installation: Id of the installation.
        weights_sha256: Digest of the network's weights.
        downloaded: Kinds of reports that are encoded for download; none if empty.
        destinations: Systems that reports are sent to.
    """

    installation: UUID
    weights_sha256: str
    downloaded: frozenset[ReportKind]
    destinations: tuple[Destination, ...] = ()

    @property
    def kinds(self) -> frozenset[ReportKind]:
        """Kinds of reports that are encoded."""
        return self.downloaded.union(*(one.encoded_kinds for one in self.destinations))

    def deliveries(
        self, result: Result, reports: Collection[ReportKind]
    ) -> tuple[tuple[str, ReportKind], ...]:
        """Return the reports of a result to send, as name of the destination and kind."""
        return tuple(
            (destination.name, kind)
            for destination in self.destinations
            if destination.wants(result)
            for kind in destination.delivered_kinds
            if kind in reports
        )

    def encode(
        self,
        content: bytes,
        result: Result,
        picture_jpeg: bytes,
        *,
        at: datetime,
        kinds: Collection[ReportKind] | None = None,
    ) -> dict[ReportKind, bytes]:
        """Return the reports of a DICOM film; empty for other files, and if encoding failed.

        Args:
            content: The uploaded file.
            result: Its result.
            picture_jpeg: The heatmap, or the radiograph of a film without a score.
            at: Time of the result.
            kinds: Kinds to encode; None for all that are wanted.
        """
        wanted = self.kinds if kinds is None else self.kinds & set(kinds)
        if not wanted or result.input.format != DICOM:
            return {}
        # Only a process that writes reports loads their libraries, which take 21 MB.
        from reports.encoding import Subject, encode_reports  # noqa: PLC0415 - see above
        from reports.origin import Origin  # noqa: PLC0415 - see above

        model = result.model
        origin = Origin(self.installation, model.name, model.version, self.weights_sha256)
        try:
            return encode_reports(Subject(content, result, picture_jpeg, at), origin, wanted)
        except Exception:
            # A film whose header cannot be copied has a result all the same.
            log.exception("reports_not_encoded")
            return {}
