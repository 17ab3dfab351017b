"""Attacks on the listener, each before an AE title is known."""

import random
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from listener.guard import MAX_PDU_BYTES, Limits
from listener.metrics import Connection, Outcome
from tests.formats.films import film, levels
from tests.listener.conftest import ListenerProcess, StartListener, echo, free_port, send
from tests.model.synthetic import dicom
from tests.waiting import wait_until

#: Memory that an attack may take, in bytes.
ROOM_BYTES = 20 * 2**20

#: Time in which an echo from another address must be answered during an attack, on a busy machine.
ECHO_S = 10.0

#: Limits under which a test need not wait for long.
SHORT = Limits(100 * 2**20, read_s=0.5, associate_s=0.5, handshake_s=0.5, idle_s=2.0)

Received = list[bytes]


def connect(port: int, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60, source_address=(source, 0))


def is_closed(connection: socket.socket) -> bool:
    """Return whether the peer has closed a connection, whatever it says before that."""
    try:
        while connection.recv(4096):
            pass
    except ConnectionError:
        pass
    return True


@contextmanager
def relay(port: int, source: str, kept: Received | None = None) -> Iterator[int]:
    """A port whose connections reach the listener from another address of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def carry(one: socket.socket, other: socket.socket, keep: Received | None) -> None:
            with suppress(OSError):
                while data := one.recv(65536):
                    if keep is not None:
                        keep.append(data)
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    outer, _ = server.accept()
                    inner = connect(port, source)
                    for args in ((outer, inner, kept), (inner, outer, None)):
                        threading.Thread(target=carry, args=args, daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def assert_another_address_is_served(port: int, *options: str) -> None:
    with relay(port, "127.0.0.2") as relayed:
        began = time.monotonic()
        answer = echo(relayed, *options)

        assert answer.returncode == 0, answer.stderr
        assert time.monotonic() - began < ECHO_S


def test_a_pdu_of_4_gb_is_not_read(listener_process: ListenerProcess) -> None:
    echo(listener_process.port)
    before = listener_process.process.memory_info().rss
    with connect(listener_process.port) as connection:
        connection.sendall(b"\x01\x00" + struct.pack(">I", 2**32 - 1))
        with suppress(ConnectionError):
            for _ in range(300):
                connection.sendall(bytes(2**20))

        assert is_closed(connection)
    assert listener_process.process.memory_info().rss - before < ROOM_BYTES
    assert_another_address_is_served(listener_process.port)


def test_half_a_pdu_is_waited_for_until_its_deadline(start_listener: StartListener) -> None:
    listener = start_listener(SHORT)
    with connect(listener.ports[0]) as connection:
        connection.sendall(b"\x01\x00" + struct.pack(">I", 1000) + bytes(500))

        assert is_closed(connection)
    wait_until(lambda: listener.metrics.count(Connection.TOO_SLOW) == 1)


def test_a_byte_now_and_then_does_not_move_the_deadline(start_listener: StartListener) -> None:
    listener = start_listener(SHORT)
    with connect(listener.ports[0]) as connection:
        connection.sendall(b"\x01\x00" + struct.pack(">I", 1000))

        def drip() -> bool:
            with suppress(ConnectionError):
                connection.sendall(b"x")
            return bool(listener.metrics.count(Connection.TOO_SLOW))

        wait_until(drip)


def test_a_peer_that_says_nothing_loses_its_connection(start_listener: StartListener) -> None:
    listener = start_listener(SHORT)
    with connect(listener.ports[0]) as connection:
        assert is_closed(connection)


def test_a_peer_that_leaves_at_once_frees_its_place(start_listener: StartListener) -> None:
    """Pynetdicom would hold it until the time for the request is over."""
    listener = start_listener(Limits(2**20, associate_s=600), dicom_connections=2)
    for _ in range(3):
        connect(listener.ports[0]).close()

        wait_until(lambda: echo(listener.ports[0]).returncode == 0)


def test_silent_peers_of_one_address_leave_places_for_others(
    listener_process: ListenerProcess,
) -> None:
    with ExitStack() as open_connections:
        for _ in range(30):
            open_connections.enter_context(connect(listener_process.port))
        assert echo(listener_process.port).returncode != 0

        assert_another_address_is_served(listener_process.port)
    wait_until(lambda: echo(listener_process.port).returncode == 0)


def test_a_message_over_the_limit_ends_the_connection_and_leaves_no_file(
    start_listener: StartListener, tmp_path: Path
) -> None:
    listener = start_listener(Limits(100_000))
    large = tmp_path / "large.dcm"
    large.write_bytes(dicom(levels(film(1000, 1000), 8), SOPInstanceUID="1.2.3.9"))

    status, _ = send(listener.ports[0], large)

    assert status != 0
    wait_until(lambda: listener.metrics.count(Connection.TOO_LONG) == 1)
    assert not list((tmp_path / "receiving").iterdir())


def test_mutated_sessions_leave_nothing_behind(
    listener_process: ListenerProcess, tmp_path: Path
) -> None:
    """Each session is a recorded one with some bytes changed, left out, repeated or cut off."""
    small = tmp_path / "small.dcm"
    small.write_bytes(dicom(levels(film(), 8), SOPInstanceUID="1.2.3.10"))
    recorded: Received = []
    with relay(listener_process.port, "127.0.0.2", recorded) as port:
        assert send(port, small, options=("-R",))[0] == 0
    session = b"".join(recorded)
    before = listener_process.process.memory_info().rss
    chance = random.Random(20)

    for _ in range(100):
        with connect(listener_process.port) as connection, suppress(OSError):  # closed at once
            connection.sendall(mutated(session, chance))
            connection.shutdown(socket.SHUT_WR)
            is_closed(connection)

    wait_until(lambda: echo(listener_process.port).returncode == 0)
    assert listener_process.process.memory_info().rss - before < ROOM_BYTES
    said = listener_process.log.read_text()
    for event in ("uncaught", "dicom_association_failed", "dicom_object_failed", "not_served"):
        assert event not in said, [line for line in said.splitlines() if event in line][:3]
    receiving = Path(listener_process.log).parent / "data" / "receiving"
    wait_until(lambda: not list(receiving.iterdir()))


def mutated(session: bytes, chance: random.Random) -> bytes:
    content = bytearray(session)
    for _ in range(chance.randint(1, 5)):
        # Most of a session is pixels; what is before them is worth more changes.
        place = chance.randrange(chance.choice([80, 2000, len(content)])) % max(len(content), 1)
        match chance.randrange(4):
            case 0:
                content[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                del content[place : place + chance.randint(1, 50)]
            case 2:
                content[place:place] = content[place : place + chance.randint(1, 200)]
            case _:
                end = len(content) if chance.random() < 0.3 else place + 1
                del content[place:end]
    return bytes(content)


def test_patient_data_is_not_logged(listener_process: ListenerProcess, tmp_path: Path) -> None:
    marked = tmp_path / "marked.dcm"
    marked.write_bytes(
        dicom(
            levels(film(), 8),
            PatientName="MARKER^NAME",
            PatientID="MARKERID",
            SOPInstanceUID="1.2.3.77777",
            StudyInstanceUID="1.2.3.88888",
        )
    )
    assert send(listener_process.port, marked)[0] == 0
    marked.write_bytes(marked.read_bytes().replace(b"MONOCHROME2", b"MONOCHROMEX"))
    send(listener_process.port, marked)

    said = listener_process.log.read_text()
    assert "dicom_object" in said
    for marker in ("MARKER", "77777", "88888", "MONOCHROMEX"):
        assert marker not in said


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


def test_a_film_is_sent_over_tls_whatever_silent_peers_do(
    start_listener: StartListener, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = certificate

    listener = start_listener(
        Limits(2**20, handshake_s=600),
        dicom_tls_port=free_port(),
        dicom_tls_cert=cert,
        dicom_tls_key=key,
    )
    [port] = listener.ports
    file = tmp_path / "film.dcm"
    file.write_bytes(dicom(levels(film(), 8), SOPInstanceUID="1.2.3.11"))
    tls = ("+tla", "+cf", str(cert))
    with ExitStack() as open_connections:
        for _ in range(5):
            open_connections.enter_context(connect(port))

        status, said = send(port, file, options=tls)

        assert status == 0, said
    assert listener.metrics.count(Outcome.FILM) == 1
    wait_until(lambda: listener.metrics.count(Connection.TLS_FAILED) == 5)


def test_a_client_without_a_certificate_is_refused_where_one_is_needed(
    start_listener: StartListener, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    del tmp_path
    cert, key = certificate

    listener = start_listener(
        dicom_tls_port=free_port(),
        dicom_tls_cert=cert,
        dicom_tls_key=key,
        dicom_tls_client_ca=cert,
    )
    [port] = listener.ports

    assert echo(port, "+tla", "+cf", str(cert)).returncode != 0
    assert echo(port, "+tls", str(key), str(cert), "+cf", str(cert)).returncode == 0


def test_the_length_that_peers_are_told_is_the_one_that_is_read(
    start_listener: StartListener,
) -> None:
    listener = start_listener(SHORT)
    answer = echo(listener.ports[0], "-d")

    assert f"Their Max PDU Receive Size:  {MAX_PDU_BYTES}" in answer.stdout + answer.stderr
