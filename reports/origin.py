"""The installation and network that results come from, and the UIDs made from them."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from reports.film import Film

MANUFACTURER: Final = "PneumoCAM project"
MODEL_NAME: Final = "PneumoCAM"

NOTICE: Final = "RESEARCH AND EVALUATION - NOT A DIAGNOSIS"

#: Raised with every change of what is written, so that a changed object gets another UID.
REVISION: Final = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """Origin of a result.

    Attributes:
        installation: Id of the installation, the namespace of its UIDs.
        network: Name of the network.
        version: Version of the network.
        weights_sha256: Digest of its weights, in hexadecimal.
    """

    installation: UUID
    network: str
    version: str
    weights_sha256: str

    @property
    def device_uid(self) -> str:
        """UID of the installation as a device."""
        return f"2.25.{self.installation.int}"

    def uid(self, film: Film, kind: str) -> str:
        """Return the UID of one thing about a film.

        The same film, network and encoder give the same UID, whatever the job: a film that is sent
        twice is answered with the same objects.

        Args:
            film: The film.
            kind: Kind of thing, such as `sr` or `series/sr`.
        """
        parts = (
            "result",
            film.sop_instance_uid,
            film.sha256,
            self.network,
            self.version,
            self.weights_sha256,
            str(REVISION),
            kind,
        )
        return f"2.25.{uuid5(self.installation, chr(10).join(parts)).int}"
