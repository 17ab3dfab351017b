"""The identity of a film's patient and study, as the record keeps it."""

from dataclasses import asdict

from headers.dicom.identity import FilmIdentity
from jobs.record.tables import IdentityRow


def row_of(identity: FilmIdentity) -> IdentityRow:
    """Return the row that keeps an identity."""
    return IdentityRow(**asdict(identity))


def searched_values(identity: FilmIdentity | None) -> tuple[str | None, ...]:
    """Return the values by which the worklist finds a film: patient's name and ID, accession."""
    if identity is None:
        return ()
    # The separators of a name become spaces, so that "Jane Doe" finds "Doe^Jane".
    name = (identity.patient_name or "").replace("^", " ").replace("=", " ").strip()
    return name, identity.patient_id, identity.accession_number
