"""Films sent by DCMTK's storescu, and objects that are none."""

import io
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.uid import UID
from sqlalchemy import select

from headers.inspection import inspect_header
from jobs.artifacts.store import ArtifactStore, upload_key
from jobs.identity.keys import create_key, revoke_key
from jobs.record.database import Database
from jobs.record.tables import ItemRow, JobRow
from jobs.states import ItemState, Priority
from listener.metrics import Connection, Outcome
from listener.service import Listener
from tests.formats.films import (
    BASELINE,
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    JPEG_2000,
    JPEG_LS,
    JPEG_LS_NEAR,
    LOSSLESS_SV1,
    RLE,
    dicom_in,
    film,
    levels,
)
from tests.listener.conftest import StartListener, echo, send
from tests.model.synthetic import dicom
from tests.waiting import wait_until

PIXELS = levels(film(), 8)

#: storescu's option by which it proposes a transfer syntax.
OPTIONS = {
    IMPLICIT: "-xi",
    EXPLICIT: "-xe",
    BIG_ENDIAN: "-xb",
    RLE: "-xr",
    LOSSLESS_SV1: "-xs",
    BASELINE: "-xy",
    JPEG_LS: "-xt",
    JPEG_LS_NEAR: "-xu",
    JPEG_2000: "-xv",
}


@pytest.fixture
def film_file(tmp_path: Path) -> Path:
    return write(tmp_path / "film.dcm", dicom(PIXELS, SOPInstanceUID="1.2.3.7"))


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def jobs_of(database: Database) -> list[JobRow]:
    with database.read() as session:
        return list(session.scalars(select(JobRow).order_by(JobRow.id)))


def items_of(database: Database) -> list[ItemRow]:
    with database.read() as session:
        return list(session.scalars(select(ItemRow).order_by(ItemRow.job_id)))


def made(content: bytes, syntax: str) -> bytes:
    """A film with the identifiers that storescu asks for."""
    dataset = dcmread(io.BytesIO(content))
    dataset.SOPInstanceUID = "1.2.3.8"
    dataset.file_meta.MediaStorageSOPInstanceUID = UID("1.2.3.8")
    assert dataset.file_meta.TransferSyntaxUID == syntax
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def test_an_echo_is_answered(listener: Listener) -> None:
    assert echo(listener.ports[0]).returncode == 0


def test_a_film_is_stored_and_queued_before_it_is_answered(
    listener: Listener, database: Database, store: ArtifactStore, film_file: Path
) -> None:
    status, said = send(listener.ports[0], film_file)

    assert status == 0, said
    [item] = items_of(database)
    assert (item.state, item.filename) == (ItemState.QUEUED, "1.2.3.7.dcm")
    stored = dcmread(io.BytesIO(store.get(upload_key(item.job_id, 0))))
    assert stored.PixelData == PIXELS.tobytes()
    assert stored.PatientName == "Nobody^Known"
    assert listener.metrics.count(Outcome.FILM) == 1


@pytest.mark.parametrize("syntax", OPTIONS)
def test_a_film_keeps_its_transfer_syntax(
    syntax: str, listener: Listener, database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    stored = PIXELS
    file = write(tmp_path / "film.dcm", made(dicom_in(syntax, stored), syntax))

    status, said = send(listener.ports[0], file, options=(OPTIONS[syntax],))

    assert status == 0, said
    [item] = items_of(database)
    content = store.get(upload_key(item.job_id, 0))
    header = inspect_header(io.BytesIO(content), len(content))
    assert header.dicom is not None
    kept = {IMPLICIT, EXPLICIT, BIG_ENDIAN} if syntax in {IMPLICIT, BIG_ENDIAN} else {syntax}
    assert header.dicom.transfer_syntax in kept
    assert header.dicom.pixels.width == PIXELS.shape[1]


@pytest.mark.parametrize("syntax", [EXPLICIT, RLE, LOSSLESS_SV1, JPEG_LS, JPEG_2000])
def test_of_syntaxes_in_one_context_lossless_compression_is_chosen(
    syntax: str, listener: Listener, database: Database, tmp_path: Path
) -> None:
    """Storescu converts nothing: the film arrives only if its own syntax is chosen."""
    file = write(tmp_path / "film.dcm", made(dicom_in(syntax, PIXELS), syntax))

    status, said = send(listener.ports[0], file, options=("+C", OPTIONS[syntax]))

    assert status == 0, said
    assert len(items_of(database)) == 1


def test_what_is_no_film_is_accepted_and_discarded(
    listener: Listener, database: Database, tmp_path: Path
) -> None:
    """An archive that forwards a study would report a failure for the film beside it."""
    report = "1.2.840.10008.5.1.4.1.1.88.33"
    colour = np.zeros((64, 64, 3), np.uint8)
    contents = {
        Outcome.OTHER_CLASS: dicom(PIXELS, SOPClassUID="1.2.840.10008.5.1.4.1.1.2"),
        Outcome.OWN_RESULT: dicom(PIXELS, SOPClassUID=report, Manufacturer="PneumoCAM"),
        Outcome.NO_FILM: dicom(
            colour,
            SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
            PhotometricInterpretation="RGB",
            SamplesPerPixel=3,
            PlanarConfiguration=0,
        ),
    }
    for index, (outcome, content) in enumerate(contents.items()):
        dataset = dcmread(io.BytesIO(content))
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.save_as(tmp_path / f"{index}.dcm")

        status, said = send(listener.ports[0], tmp_path / f"{index}.dcm")

        assert status == 0, said
        assert listener.metrics.count(outcome) == 1
    assert jobs_of(database) == []


def test_a_film_that_is_sent_again_makes_no_second_job(
    listener: Listener, database: Database, film_file: Path
) -> None:
    for _ in range(2):
        status, said = send(listener.ports[0], film_file)
        assert status == 0, said
    # Other file meta information, and the same data set.
    other = dcmread(film_file)
    other.file_meta.SourceApplicationEntityTitle = "ELSEWHERE"
    other.save_as(film_file)
    assert send(listener.ports[0], film_file)[0] == 0

    assert len(jobs_of(database)) == 1
    assert listener.metrics.count(Outcome.REPEATED) == 2


def test_another_sender_of_the_same_film_makes_a_job_of_its_own(
    listener: Listener, database: Database, film_file: Path
) -> None:
    send(listener.ports[0], film_file, options=("-aet", "CR1"))
    send(listener.ports[0], film_file, options=("-aet", "PACS"))

    assert len(jobs_of(database)) == 2


def test_a_film_that_cannot_be_read_is_refused(
    listener: Listener, database: Database, tmp_path: Path
) -> None:
    file = write(tmp_path / "short.dcm", dicom(PIXELS, Rows=PIXELS.shape[0] * 4))

    status, said = send(listener.ports[0], file)

    assert status != 0
    assert "CannotUnderstand" in said
    assert jobs_of(database) == []
    assert listener.metrics.count(Outcome.UNREADABLE) == 1


def test_a_film_beyond_the_limit_of_open_films_is_refused_and_nothing_of_it_kept(
    start_listener: StartListener, database: Database, store: ArtifactStore, tmp_path: Path
) -> None:
    listener = start_listener(max_open=1)
    files = [
        write(tmp_path / f"{index}.dcm", dicom(PIXELS, SOPInstanceUID=f"1.2.3.{index}"))
        for index in range(2)
    ]

    status, said = send(listener.ports[0], *files)

    assert status != 0
    assert "OutOfResources" in said
    [job] = jobs_of(database)
    assert [stored.job_id for stored in store.jobs_after("", limit=10)] == [job.id]


def test_a_store_that_takes_nothing_is_answered_as_full(
    start_listener: StartListener, database: Database, tmp_path: Path, film_file: Path
) -> None:
    listener = start_listener(store_url=str(tmp_path / "elsewhere"))
    (tmp_path / "elsewhere").rmdir()
    (tmp_path / "elsewhere").write_bytes(b"a file")

    _, said = send(listener.ports[0], film_file)

    assert "OutOfResources" in said
    assert jobs_of(database) == []


def test_received_files_are_removed(listener: Listener, tmp_path: Path, film_file: Path) -> None:
    send(listener.ports[0], film_file)
    send(listener.ports[0], film_file, options=("--abort",))

    wait_until(lambda: not list((tmp_path / "receiving").iterdir()))


def test_a_source_gives_its_films_an_owner_and_a_priority(
    start_listener: StartListener, database: Database, tmp_path: Path, film_file: Path
) -> None:
    key = create_key(database, "emergency department")
    sources = write(
        tmp_path / "sources.toml",
        f"""
        [[source]]
        calling_ae = "CR1"
        network = "127.0.0.0/8"
        key = "{key.id}"
        priority = "stat"

        [[source]]
        calling_ae = "PACS"
        network = "127.0.0.0/8"
        """.encode(),
    )
    listener = start_listener(dicom_sources=sources)

    for title in ("CR1", "PACS"):
        assert send(listener.ports[0], film_file, options=("-aet", title))[0] == 0
    refused = echo(listener.ports[0], "-aet", "OTHER")
    revoke_key(database, key.id)
    revoked = echo(listener.ports[0], "-aet", "CR1")

    one, other = jobs_of(database)
    assert (one.owner, one.priority) == (key.id, Priority.STAT)
    assert (other.owner, other.priority) == (None, Priority.ROUTINE)
    for answer in (refused, revoked):
        assert answer.returncode != 0
        assert "Calling AE Title Not Recognized" in answer.stdout + answer.stderr
    wait_until(lambda: listener.metrics.count(Connection.AE_REFUSED) == 2)


def test_an_address_outside_the_sources_networks_is_not_served(
    start_listener: StartListener, tmp_path: Path
) -> None:
    sources = write(tmp_path / "sources.toml", b'[[source]]\nnetwork = "10.0.0.0/8"\n')
    listener = start_listener(dicom_sources=sources)

    assert echo(listener.ports[0]).returncode != 0
    wait_until(lambda: listener.metrics.count(Connection.NETWORK_REFUSED) == 1)
