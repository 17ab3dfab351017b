"""An issuer of tokens on loopback, as a hospital's single sign-on is one."""

import json
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

AUDIENCE = "pneumocam"

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def _first_key() -> rsa.RSAPrivateKey:
    """The key of every issuer, until a test gives it another: making one takes a while."""
    return rsa_key()


class Issuer:
    """Signs tokens, and publishes the keys to check them with."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.keys: dict[str, PrivateKey] = {"first": _first_key()}
        #: What is published of keys beyond the keys themselves, for all of them.
        self.about_keys: dict[str, str] = {}
        #: Answers are held back while it is not set.
        self.answering = Event()
        self.answering.set()
        self.status = 200
        self.fetches = 0
        self.said_issuer = url
        self.said_keys_url = f"{url}/keys"

    def token(
        self,
        *scopes: str,
        kid: str | None = "first",
        key: Any = None,
        algorithm: str = "RS256",
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token for radiographer 7 and this service, valid for a minute unless said otherwise."""
        now = int(time.time())
        content = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": "radiographer-7",
            "iat": now,
            "exp": now + 60,
            "scope": " ".join(f"pneumocam:{scope}" for scope in scopes),
            **claims,
        }
        return jwt.encode(
            {name: value for name, value in content.items() if value is not None},
            self.keys[kid or "first"] if key is None else key,
            algorithm,
            headers={"typ": "at+jwt", **({} if kid is None else {"kid": kid}), **(header or {})},
        )

    def document(self, path: str) -> dict[str, Any]:
        if path == "/keys":
            return {"keys": [self._public(kid, key) for kid, key in self.keys.items()]}
        return {"issuer": self.said_issuer, "jwks_uri": self.said_keys_url}

    def _public(self, kid: str, key: PrivateKey) -> dict[str, Any]:
        kind: Any = OKPAlgorithm
        if isinstance(key, rsa.RSAPrivateKey):
            kind = RSAAlgorithm
        elif isinstance(key, ec.EllipticCurvePrivateKey):
            kind = ECAlgorithm
        return {"use": "sig", **json.loads(kind.to_jwk(key.public_key())), "kid": kid} | (
            self.about_keys
        )


def certificate(folder: Path) -> Path:
    """A certificate for localhost, signed by itself, with its key; for an issuer behind TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "localhost.pem"
    path.write_bytes(signed.public_bytes(Encoding.PEM) + secret)
    return path


@contextmanager
def serving_issuer(tls: Path | None = None) -> Iterator[Issuer]:
    """An issuer that answers on a free port, over TLS if it has a certificate."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetches += 1
            issuer.answering.wait()
            body = json.dumps(issuer.document(self.path)).encode()
            self.send_response(issuer.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    issuer = Issuer(f"http://127.0.0.1:{server.server_port}")
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        issuer = Issuer(f"https://localhost:{server.server_port}")
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.answering.set()
        server.shutdown()
        server.server_close()
        thread.join()
