"""One call of a receiver: encrypted, to the name that was meant, with what it answers."""

import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from pathlib import Path

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from jobs.webhooks.deliveries import Delivery, DeliveryResult
from tests.worker.receiver import Receiver
from worker.receivers import ReceiverClient

SECRET = "whsec_" + "A" * 43 + "="


def call(url: str) -> DeliveryResult:
    """Call once; the name in `url` leads to this machine."""

    async def call_once() -> DeliveryResult:
        client = ReceiverClient(timeout_s=5, allowed=(ip_network("127.0.0.0/8"),))
        delivery = Delivery("event", "job", None, url, "{}", [SECRET], attempt=1)
        answer = await client.call(delivery)
        await client.close()
        return answer

    return anyio.run(call_once)


def certificate(folder: Path, name: str) -> ssl.SSLContext:
    """A server's side of TLS with a certificate that is its own authority, in `authority.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    authority = folder / "authority.pem"
    authority.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, private)
    return context


def named(receiver: Receiver, name: str) -> str:
    return receiver.url.replace("127.0.0.1", name)


def test_the_certificate_is_checked_for_the_name_and_not_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call goes to an address that was looked at before; the name is still what counts."""
    tls = certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    asked: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)

    with Receiver(tls=tls) as receiver:
        by_name = call(named(receiver, "localhost"))
        by_address = call(receiver.url)

    assert by_name.status == 204
    assert by_address.error == "tls_failed"
    assert asked[0] == "localhost"
    assert len(receiver.arrivals) == 1


def test_a_certificate_of_another_name_or_of_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver(tls=certificate(tmp_path, "localhost")) as receiver:
        assert call(named(receiver, "localhost")).error == "tls_failed"

    tls = certificate(tmp_path, "other.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    with Receiver(tls=tls) as receiver:
        assert call(named(receiver, "localhost")).error == "tls_failed"


@pytest.mark.parametrize("written", ["in seconds", "as a date", "soon", ""])
def test_a_receiver_says_when_to_come_back(written: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=120), usegmt=True)
    text = {"in seconds": "120", "as a date": date}.get(written, written)

    with Receiver([503], headers={"Retry-After": text}) as receiver:
        asked = call(receiver.url).retry_after_s

    if text in {"soon", ""}:
        assert asked is None
    else:
        assert asked == pytest.approx(120, abs=5)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would look names up by itself, where nobody checks what they lead to."""
    with Receiver() as proxy, Receiver() as receiver:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert call(receiver.url).status == 204

    assert proxy.arrivals == []


def test_nobody_listening_and_nobody_known_are_told_apart() -> None:
    with Receiver() as receiver:
        url = receiver.url

    assert call(url).error == "not_connected"
    assert call("https://no..body/").error == "callback_not_resolved"
    assert call("http://10.0.0.1/").error == "callback_address_refused"
