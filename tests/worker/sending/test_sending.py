"""Reports sent to real peers: Orthanc by STOW-RS and C-STORE, DCMTK, and a receiver of MLLP."""

import io
import json
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import UUID

import httpx
import numpy as np
import pytest
from pydicom import dcmread

from jobs.deliveries.destinations import Destination, DestinationKind
from jobs.deliveries.outbox import SendResult, Verdict
from reports.fhir import bundle
from reports.hl7 import observation_message
from reports.origin import Origin
from reports.secondary_capture import secondary_capture
from reports.structured_report import Variant, structured_report
from tests.reports.conftest import AT, film_of
from tests.results import make_result
from tests.servers import orthanc
from tests.service.conftest import free_port
from tests.waiting import wait_until
from worker.sending.cstore import send_cstore
from worker.sending.http import send_fhir, send_stow
from worker.sending.mllp import send_mllp
from worker.sending.statuses import dimse_verdict

ORIGIN = Origin(UUID(int=5), "pneumocam", "1.0.0", "ab" * 32)
FILM = film_of(SpecificCharacterSet="ISO_IR 192", PatientName="Müller^Jörg")
PICTURE = np.full((64, 64, 3), 80, dtype=np.uint8)

REPORT = structured_report(make_result(), FILM, ORIGIN, at=AT)
OLDER = structured_report(make_result(), FILM, ORIGIN, at=AT, variant=Variant.COMPREHENSIVE)
OVERLAY = secondary_capture(make_result(), FILM, ORIGIN, PICTURE, at=AT)
MESSAGE = observation_message(make_result(), FILM, ORIGIN, at=AT)

TIMEOUT_S = 20.0


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[orthanc.Orthanc]:
    if not orthanc.is_installed():
        pytest.skip("needs Orthanc with its DICOMweb plug-in")
    server = orthanc.Orthanc(tmp_path, http_port=free_port(), dicom_port=free_port())
    yield server
    server.stop()


def stow_to(url: str, **more: object) -> Destination:
    return Destination.model_validate({"name": "a", "kind": "stow", "url": url, **more})


def cstore_to(port: int) -> Destination:
    return Destination.model_validate(
        {"name": "a", "kind": "cstore", "host": "127.0.0.1", "port": port, "called_ae": "PACS"}
    )


def mllp_to(port: int) -> Destination:
    return Destination.model_validate(
        {"name": "a", "kind": "mllp", "host": "127.0.0.1", "port": port}
    )


def test_orthanc_files_both_objects_in_the_films_study(archive: orthanc.Orthanc) -> None:
    """By STOW-RS, then again by C-STORE: nothing is there twice."""
    web, dicom = stow_to(f"{archive.url}/dicom-web"), cstore_to(archive.dicom_port)

    for content in (REPORT, OVERLAY, REPORT):
        assert send_stow(web, content, timeout_s=TIMEOUT_S).verdict is Verdict.DELIVERED
    for content in (REPORT, OVERLAY, OLDER):
        assert send_cstore(dicom, content, timeout_s=TIMEOUT_S) == SendResult(
            Verdict.DELIVERED, "dimse_0000"
        )

    instances = archive.instances()
    assert {one["StudyInstanceUID"] for one in instances} == {"1.2.3.4"}
    assert {one["PatientName"] for one in instances} == {"Müller^Jörg"}
    assert sorted(one["Modality"] for one in instances) == ["OT", "SR", "SR"]
    kept = {one["SOPInstanceUID"] for one in instances}
    assert kept == {dcmread(io.BytesIO(one)).SOPInstanceUID for one in (REPORT, OVERLAY, OLDER)}
    assert len(httpx.get(f"{archive.url}/patients", timeout=10).json()) == 1


@pytest.mark.skipif(shutil.which("storescp") is None, reason="needs DCMTK")
def test_a_peer_that_knows_no_report_is_offered_the_other(tmp_path: Path) -> None:
    port = free_port()
    profile = tmp_path / "storescp.cfg"
    profile.write_text(
        "[[TransferSyntaxes]]\n[Plain]\nTransferSyntax1 = LittleEndianExplicit\n"
        "[[PresentationContexts]]\n[Older]\n"
        "PresentationContext1 = ComprehensiveSRStorage\\Plain\n"
        "PresentationContext2 = VerificationSOPClass\\Plain\n"
        "[[Profiles]]\n[Default]\nPresentationContexts = Older\n"
    )
    peer = subprocess.Popen(
        ["/usr/bin/storescp", "--config-file", profile, "Default", "-od", tmp_path, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def store_older() -> SendResult:
        return send_cstore(cstore_to(port), OLDER, timeout_s=TIMEOUT_S)

    try:
        wait_until(lambda: store_older().status != "not_connected")
        older = store_older()
        newer = send_cstore(cstore_to(port), REPORT, timeout_s=TIMEOUT_S)
    finally:
        peer.terminate()
        peer.wait()

    assert older.verdict is Verdict.DELIVERED
    assert newer == SendResult(Verdict.OTHER_KIND, "sop_class_refused")


def test_an_absent_peer_is_tried_again() -> None:
    port = free_port()

    assert send_cstore(cstore_to(port), REPORT, timeout_s=1) == SendResult(
        Verdict.RETRY, "not_connected"
    )
    with pytest.raises(httpx.ConnectError):
        send_stow(stow_to(f"http://127.0.0.1:{port}"), REPORT, timeout_s=1)
    with pytest.raises(ConnectionRefusedError):
        send_mllp(mllp_to(port), MESSAGE, timeout_s=1)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (0x0000, Verdict.DELIVERED),
        (0xB000, Verdict.DELIVERED),
        (0xB006, Verdict.DELIVERED),
        (0xB007, Verdict.DELIVERED),
        (0x0111, Verdict.DELIVERED),
        (0xA700, Verdict.RETRY),
        (0x0110, Verdict.RETRY),
        (0x0122, Verdict.OTHER_KIND),
        (0xA900, Verdict.GIVE_UP),
        (0xC001, Verdict.GIVE_UP),
    ],
)
def test_a_status_has_its_consequence(status: int, verdict: Verdict) -> None:
    assert dimse_verdict(status) is verdict


@contextmanager
def answering(status: int, body: bytes = b"", **headers: str) -> Iterator[tuple[str, list[bytes]]]:
    """An HTTP peer that gives one answer; its address, and what it was sent."""
    received: list[bytes] = []

    class Peer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            head = f"{self.path} {self.headers.get('Authorization')}".encode()
            received.append(head + b"\n" + self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Peer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()


def store_response(reason: int | None) -> bytes:
    """Return the body of a STOW answer about `REPORT`."""
    instance = dcmread(io.BytesIO(REPORT)).SOPInstanceUID
    item = {"00081155": {"vr": "UI", "Value": [instance]}}
    if reason is None:
        return json.dumps({"00081199": {"vr": "SQ", "Value": [item]}}).encode()
    failed = {**item, "00081197": {"vr": "US", "Value": [reason]}}
    return json.dumps({"00081198": {"vr": "SQ", "Value": [failed]}}).encode()


@pytest.mark.parametrize(
    ("status", "body", "verdict"),
    [
        (200, store_response(None), Verdict.DELIVERED),
        (202, store_response(0xB000), Verdict.DELIVERED),
        (409, store_response(45070), Verdict.DELIVERED),
        (409, store_response(0x0111), Verdict.DELIVERED),
        (409, store_response(0xA700), Verdict.RETRY),
        (409, store_response(0x0110), Verdict.RETRY),
        (409, store_response(0xA900), Verdict.GIVE_UP),
        (409, store_response(0xC000), Verdict.GIVE_UP),
        (409, store_response(0x0122), Verdict.OTHER_KIND),
        (200, b"", Verdict.RETRY),
        (200, b"[]", Verdict.RETRY),
        *((status, b"", Verdict.RETRY) for status in (401, 403, 404, 408, 429, 500, 503)),
        *((status, b"", Verdict.GIVE_UP) for status in (400, 406, 413, 415)),
    ],
)
def test_an_answer_to_stow_has_its_consequence(status: int, body: bytes, verdict: Verdict) -> None:
    with answering(status, body) as (url, received):
        assert send_stow(stow_to(url), REPORT, timeout_s=TIMEOUT_S).verdict is verdict

    [request] = received
    assert request.startswith(b"/studies None\n")
    assert REPORT in request


def test_credentials_come_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")

    with answering(503, Retry_After="90") as (url, received):
        by_token = stow_to(url, token_file=secret)
        result = send_stow(by_token, REPORT, timeout_s=TIMEOUT_S)
        by_password = stow_to(url, user="pneumocam", password_file=secret)
        send_stow(by_password, REPORT, timeout_s=TIMEOUT_S)

    assert result == SendResult(Verdict.RETRY, "http_503", 90.0)
    assert b"Bearer s3cret" in received[0]
    assert b"Basic " in received[1]


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        *((status, Verdict.DELIVERED) for status in (200, 201)),
        *((status, Verdict.RETRY) for status in (409, 429, 500)),
        *((status, Verdict.GIVE_UP) for status in (400, 412, 422)),
    ],
)
def test_an_answer_to_fhir_has_its_consequence(status: int, verdict: Verdict) -> None:
    content = bundle(make_result(), FILM, ORIGIN, at=AT)

    with answering(status) as (url, received):
        destination = Destination(name="ehr", kind=DestinationKind.FHIR, url=f"{url}/fhir")
        assert send_fhir(destination, content, timeout_s=TIMEOUT_S).verdict is verdict

    assert received == [b"/fhir None\n" + content]


@pytest.mark.parametrize(
    ("code", "verdict", "status"),
    [
        ("AA", Verdict.DELIVERED, "mllp_aa"),
        ("CA", Verdict.DELIVERED, "mllp_ca"),
        ("AE", Verdict.RETRY, "mllp_ae"),
        ("AR", Verdict.GIVE_UP, "mllp_ar"),
        ("", Verdict.RETRY, "mllp_no_acknowledgement"),
    ],
)
def test_an_acknowledgement_has_its_consequence(code: str, verdict: Verdict, status: str) -> None:
    received: list[bytes] = []

    class Peer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            message = b""
            while not message.endswith(b"\x1c\r"):
                message += self.connection.recv(4096)
            received.append(message)
            control_id = message.split(b"|")[9].decode()
            answer = f"MSH|^~\\&|RIS||||20260102||ACK|1|P|2.5.1\rMSA|{code}|{control_id}\r"
            if code:
                self.wfile.write(b"\x0b" + answer.encode() + b"\x1c\r")

    with socketserver.TCPServer(("127.0.0.1", 0), Peer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = send_mllp(mllp_to(server.server_address[1]), MESSAGE, timeout_s=TIMEOUT_S)
        server.shutdown()

    assert result == SendResult(verdict, status)
    assert received == [b"\x0b" + MESSAGE + b"\x1c\r"]
