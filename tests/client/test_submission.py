"""`pneumocam submit` against a real gateway: sent once, whatever happens."""

import csv
import os
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import delete, select

from client import submission
from client.connection import ServiceClient, SubmissionStopped
from client.files import find_files
from client.journal import Journal
from client.sending import follow_all
from client.submission import SubmissionOptions, named_paths
from jobs.identity.keys import create_key
from jobs.record.tables import ItemRow, JobRow
from tests.api.conftest import film
from tests.conftest import ROOT
from tests.faults.installation import Installation
from tests.service.conftest import free_port
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A gateway that takes four films at once, and no worker: what is sent stays queued."""
    folder = tmp_path_factory.mktemp("gateway")
    settings = {"PNEUMOCAM_MAX_FILES": "4"}
    with Installation(folder, f"sqlite:///{folder}/db", workers=0, settings=settings) as made:
        made.wait_for("the gateway", lambda: is_up(made.url), timeout_s=60)
        yield made


def is_up(url: str) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"{url}/livez").status_code == 200
    return False


@pytest.fixture
def options(gateway: Installation, tmp_path: Path) -> SubmissionOptions:
    return SubmissionOptions(
        url=gateway.url,
        key=None,
        priority="routine",
        batch=3,
        wait=False,
        table=tmp_path / "table.csv",
        journal=tmp_path / "journal.sqlite",
        patience_s=60,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven films in folders of their own, and what a desktop leaves behind."""
    for number in range(7):
        write(tmp_path / "films" / f"ward {number % 2}" / f"DOE^JANE {number}.png", number)
    (tmp_path / "films" / ".DS_Store").write_bytes(b"\0")
    return tmp_path / "films"


_made = Counter[str]()


def write(path: Path, number: int = 0) -> Path:
    """A film that nobody has sent before."""
    _made["films"] += 1
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(film(f"{path} {number} {_made['films']}"))
    return path


def submit_files(paths: Iterable[Path], options: SubmissionOptions) -> bool:
    """Submit as the command does, with the report on standard error."""
    progress = Progress(console=Console(stderr=True, highlight=False))
    return submission.submit_files(paths, options, progress=progress)


def rows(options: SubmissionOptions) -> list[dict[str, str]]:
    assert options.table is not None
    with options.table.open(newline="") as file:
        return list(csv.DictReader(file))


def items_of(gateway: Installation, files: list[Path]) -> Counter[Path]:
    """Count how often the service received each of some files."""
    digests = {sha256(path.read_bytes()).hexdigest(): path for path in files}
    with gateway.database.read() as session:
        query = select(ItemRow.sha256).where(ItemRow.sha256.in_(digests))
        return Counter(digests[digest] for digest in session.scalars(query))


def jobs(gateway: Installation) -> int:
    with gateway.database.read() as session:
        return len(session.scalars(select(JobRow.id)).all())


def films_in(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.png"))


def test_a_folder_is_sent_once(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    before = jobs(gateway)

    assert submit_files([folder], options)
    first = rows(options)
    assert submit_files([folder], options)

    assert jobs(gateway) - before == 3
    assert set(items_of(gateway, films_in(folder)).values()) == {1}
    assert [row["path"] for row in first] == [str(path) for path in films_in(folder)]
    assert {row["state"] for row in first} == {"queued"}
    assert rows(options) == first


def test_the_rows_name_the_films_own_items(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    submit_files([folder], options)

    for row in rows(options):
        answer = httpx.get(f"{gateway.url}/v1/jobs/{row['job_id']}").json()
        item = answer["items"][int(row["index"])]
        assert item["sha256"] == sha256(Path(row["path"]).read_bytes()).hexdigest()


def test_what_has_changed_or_is_new_is_sent_and_nothing_else(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    submit_files([folder], options)
    old = films_in(folder)[0].read_bytes()

    changed, new = write(films_in(folder)[0]), write(folder / "new.png")
    submit_files([folder], options)

    assert set(items_of(gateway, films_in(folder)).values()) == {1}
    assert items_of(gateway, [changed, new]).total() == 2
    with gateway.database.read() as session:
        query = select(ItemRow).where(ItemRow.sha256 == sha256(old).hexdigest())
        assert len(session.scalars(query).all()) == 1


def test_a_journal_serves_any_choice_of_folders(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    submit_files([folder / "ward 0"], options)

    assert submit_files([folder, films_in(folder)[0]], options)

    assert set(items_of(gateway, films_in(folder)).values()) == {1}
    assert len(rows(options)) == 7


def test_a_lost_journal_makes_no_second_job(
    gateway: Installation, options: SubmissionOptions, folder: Path, tmp_path: Path
) -> None:
    submit_files([folder], options)

    submit_files([folder], replace(options, journal=tmp_path / "another.sqlite"))

    assert set(items_of(gateway, films_in(folder)).values()) == {1}


def test_bad_files_among_good_ones_are_named_with_their_codes(
    gateway: Installation,
    options: SubmissionOptions,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (folder / "notes.txt").write_text("not for you")
    (folder / "ward 0" / "empty.dcm").touch()
    (folder / "ward 1" / "cut.png").write_bytes(film("cut")[:400])

    assert not submit_files([folder], options)
    told = capsys.readouterr().err
    before = jobs(gateway)
    assert not submit_files([folder], options)

    codes = {Path(row["path"]).name: row["code"] for row in rows(options) if row["code"]}
    assert codes == {
        "notes.txt": "not_an_image",
        "empty.dcm": "empty_file",
        "cut.png": "truncated_image",
    }
    for name, code in codes.items():
        assert f"{name}: failed, {code}" in told
    assert "10 films: 7 queued, 3 failed." in told
    assert jobs(gateway) == before


def test_a_batch_without_any_film_is_refused_file_by_file(
    options: SubmissionOptions, tmp_path: Path
) -> None:
    for name in ("a", "b", "c", "d"):
        (tmp_path / "folder" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "folder" / name).write_text(name)

    assert not submit_files([tmp_path / "folder"], options)

    assert [row["code"] for row in rows(options)] == ["not_an_image"] * 4
    assert [row["job_id"] for row in rows(options)] == [""] * 4


def test_a_film_that_cannot_be_read_is_left_out(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    """As on a share of which a part is broken."""
    broken = folder / "broken.png"
    broken.symlink_to("/proc/self/mem")

    assert not submit_files([folder], options)

    assert {row["code"] for row in rows(options)} == {"", "unreadable_file"}
    assert set(items_of(gateway, films_in(folder / "ward 0")).values()) == {1}


def test_batches_shrink_to_what_the_service_takes(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    assert submit_files([folder], replace(options, batch=50))

    assert set(items_of(gateway, films_in(folder)).values()) == {1}


def test_an_archive_goes_as_it_is_and_has_a_row_a_film(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    archive = folder / "ward 0" / "disc.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("one.png", film("in an archive"))
        file.writestr("two.png", b"no film")
    too_many = folder / "disc 2.zip"
    with zipfile.ZipFile(too_many, "w") as file:
        for number in range(9):
            file.writestr(f"{number}.png", film(str(number)))

    assert not submit_files([folder], options)

    entries = [row for row in rows(options) if row["path"] == str(archive)]
    assert [(row["entry"], row["index"], row["code"]) for row in entries] == [
        ("one.png", "0", ""),
        ("two.png", "1", "not_an_image"),
    ]
    [refused] = [row for row in rows(options) if row["path"] == str(too_many)]
    assert refused["code"] == "archive_too_large"
    assert set(items_of(gateway, films_in(folder)).values()) == {1}
    assert len(rows(options)) == 10


def test_a_list_and_the_input_name_films_too(
    options: SubmissionOptions, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(str(path) for path in films_in(folder)[:2]) + "\n\n")
    assert submit_files(named_paths([], listed), options)
    assert len(rows(options)) == 2

    with listed.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert submit_files(named_paths([films_in(folder)[2]], Path("-")), options)
    assert len(rows(options)) == 3


def test_a_film_that_changes_while_it_is_sent_is_left_out_and_sent_the_next_time(
    gateway: Installation,
    options: SubmissionOptions,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    longer, other = films_in(folder)[1], films_in(folder)[5]
    send = ServiceClient.post_films

    def send_while_somebody_writes(self: ServiceClient, files: Any, **options: Any) -> Any:
        if longer in files:
            longer.write_bytes(film("longer") + b"and longer")
        if other in files:
            # As long as before, at the same time: only the digest can tell.
            found = other.stat()
            content = bytearray(other.read_bytes())
            content[-20] ^= 1
            other.write_bytes(content)
            os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
        return send(self, files, **options)

    with monkeypatch.context() as patched:
        patched.setattr(ServiceClient, "post_films", send_while_somebody_writes)
        assert not submit_files([folder], options)
    codes = {row["path"]: row["code"] for row in rows(options) if row["code"]}
    write(longer), write(other)
    assert submit_files([folder], options)

    assert codes == {str(longer): "changed_meanwhile", str(other): "changed_meanwhile"}
    assert set(items_of(gateway, films_in(folder)).values()) == {1}


def command(options: SubmissionOptions, *paths: Path) -> list[str]:
    words = [sys.executable, "-m", "cli.main", "submit", *map(str, paths)]
    words += ["--url", options.url, "--journal", str(options.journal)]
    words += ["--batch", str(options.batch), "--csv", str(options.table)]
    return words


def run(options: SubmissionOptions, *paths: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(options, *paths),
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_any_point_and_begun_again_it_makes_no_second_job(
    gateway: Installation,
    options: SubmissionOptions,
    tmp_path: Path,
    say: Callable[[str], None],
    seed: int,
) -> None:
    random = Random(seed)
    files = [write(tmp_path / "films" / f"{number:03}.png") for number in range(60)]
    kills = 0
    while True:
        process = subprocess.Popen(
            command(options, tmp_path / "films"), cwd=ROOT, stderr=subprocess.DEVNULL
        )
        enough = jobs(gateway) + random.randrange(1, 5)
        wait_until(lambda: process.poll() is not None or jobs(gateway) >= enough)  # noqa: B023 - called in this round alone
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.wait()
        if process.returncode == 0:
            break
        kills += 1
        assert kills < 60
    sent = items_of(gateway, files)
    twice = [path for path, count in sent.items() if count > 1]
    say(f"seed {seed}: {kills} kills, {len(sent)} of {len(files)} films sent, {len(twice)} twice")

    assert len(sent) == len(files)
    assert not twice
    assert len(rows(options)) == len(files)
    assert kills > 0


def test_a_gateway_that_is_killed_and_returns_is_waited_for(
    gateway: Installation, options: SubmissionOptions, tmp_path: Path
) -> None:
    files = [write(tmp_path / "films" / f"{number:03}.png") for number in range(45)]
    before = jobs(gateway)
    process = subprocess.Popen(
        command(options, tmp_path / "films"), cwd=ROOT, stderr=subprocess.PIPE, text=True
    )

    def sent(count: int) -> bool:
        return jobs(gateway) >= before + count

    for enough in (2, 6):
        gateway.wait_for("some jobs", partial(sent, enough))
        gateway.gateway.kill()
    _, told = process.communicate(timeout=120)

    assert process.returncode == 0, told
    assert set(items_of(gateway, files).values()) == {1}
    assert len(items_of(gateway, files)) == len(files)


def test_what_the_service_has_lost_is_sent_again_and_what_it_erased_is_not(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    """Lost as after a restore from a backup."""
    submit_files([folder], options)
    lost, erased, kept = sorted({row["job_id"] for row in rows(options)})
    with gateway.database.write() as session:
        for kind, column in ((ItemRow, ItemRow.job_id), (JobRow, JobRow.id)):
            session.execute(delete(kind).where(column == lost))
    assert httpx.delete(f"{gateway.url}/v1/jobs/{erased}").status_code == 204
    httpx.post(f"{gateway.url}/v1/jobs/{kept}/cancel")

    assert options.journal is not None
    journal, client = Journal(options.journal), ServiceClient(options.url, None, patience_s=9)
    journal.add_files(find_files([folder]))
    followed = sum(follow_all(journal, client))
    journal.close()
    assert not submit_files([folder], options)

    states = Counter(row["state"] for row in rows(options))
    sizes = Counter(row["job_id"] for row in rows(options))
    assert followed == len(films_in(folder)) == 7
    assert states == {"queued": 7 - sizes[erased] - sizes[kept], "erased": sizes[erased]} | {
        "cancelled": sizes[kept]
    }
    assert lost not in sizes


@contextmanager
def losing_answers(port: int, *, lose: int) -> Iterator[str]:
    """A way to the gateway on which its first answers to submissions are lost; its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    left = [lose]

    def serve(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", port)) as server:
            up = threading.Thread(target=forward, args=(client, server), daemon=True)
            up.start()
            while data := server.recv(65536):
                if b" 202 " in data[:20] and left[0] > 0:
                    left[0] -= 1
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)

    def forward(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    with listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_an_answer_that_is_lost_on_its_way_makes_no_second_job(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    port = httpx.URL(gateway.url).port
    assert port is not None

    with losing_answers(port, lose=2) as address:
        assert submit_files([folder], replace(options, url=address))

    assert set(items_of(gateway, films_in(folder)).values()) == {1}


def test_a_run_that_stopped_before_the_answer_goes_on_with_the_same_request(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    port = httpx.URL(gateway.url).port
    assert port is not None
    with (
        losing_answers(port, lose=99) as address,
        pytest.raises(SubmissionStopped, match="takes no requests"),
    ):
        submit_files([folder], replace(options, url=address, patience_s=0.5))
    assert items_of(gateway, films_in(folder)).total() == 3

    assert submit_files([folder], options)

    assert set(items_of(gateway, films_in(folder)).values()) == {1}
    assert {row["state"] for row in rows(options)} == {"queued"}


def test_what_cannot_be_done_is_one_line_and_status_2(
    gateway: Installation, options: SubmissionOptions, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "nothing").mkdir()
    (tmp_path / "no journal").write_text("x" * 5000)
    nobody = f"http://127.0.0.1:{free_port()}"
    cases = [
        (options, tmp_path / "missing", "missing"),
        (options, tmp_path / "nothing", "no file"),
        (replace(options, url="ris.example"), folder, "no address"),
        (replace(options, url=f"{gateway.url}/v2"), folder, "refuses the request"),
        (replace(options, url=nobody), folder, "takes no requests"),
        (replace(options, journal=tmp_path / "no journal"), folder, "--journal"),
    ]

    for changed, path, says in cases:
        ran = run(changed, path)
        last = ran.stderr.strip().splitlines()[-1]
        assert ran.returncode == 2, ran.stderr
        assert last.startswith("pneumocam: ")
        assert says in last
        assert "Traceback" not in ran.stderr
    assert options.table is not None
    assert not options.table.exists()


def test_two_at_once_do_not_share_a_journal(options: SubmissionOptions, folder: Path) -> None:
    assert options.journal is not None
    journal = Journal(options.journal)

    with pytest.raises(SubmissionStopped, match="another"):
        submit_files([folder], options)

    journal.close()
    assert submit_files([folder], options)


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Installation, str]]:
    """A gateway that asks for keys, of which each may send a request a second; and one key."""
    folder = tmp_path_factory.mktemp("keyed")
    settings = {"PNEUMOCAM_KEY_RATE": "60"}
    with Installation(folder, f"sqlite:///{folder}/db", workers=0, settings=settings) as made:
        made.wait_for("the gateway", lambda: is_up(made.url), timeout_s=60)
        yield made, create_key(made.database, "ward 3").text


def test_a_key_that_is_not_taken_stops_it_at_once(
    keyed: tuple[Installation, str], options: SubmissionOptions, folder: Path
) -> None:
    gateway, key = keyed
    here = replace(options, url=gateway.url)
    wrong = key[:-4] + "beef"

    refused = run(here, folder, PNEUMOCAM_KEY=wrong)
    missing = run(here, folder)

    for ran in (refused, missing):
        assert ran.returncode == 2
        assert ran.stderr.strip().splitlines()[-1].startswith("pneumocam: the key is not taken")
        assert wrong not in ran.stderr
    assert jobs(gateway) == 0


def test_a_service_that_asks_for_patience_gets_it(
    keyed: tuple[Installation, str], options: SubmissionOptions, tmp_path: Path
) -> None:
    """More requests than the key may send at once: the service says when to come back."""
    gateway, key = keyed
    files = [write(tmp_path / "films" / f"{number:03}.png") for number in range(75)]
    (tmp_path / "key").write_text(f"{key}\n")
    words = command(replace(options, url=gateway.url, batch=1), tmp_path / "films")

    ran = subprocess.run(
        [*words, "--key-file", str(tmp_path / "key")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "75 films: 75 queued." in ran.stderr
    assert '"status": 429' in gateway.logs(gateway.gateway)
    assert set(items_of(gateway, files).values()) == {1}
    assert len(items_of(gateway, files)) == len(files)


def test_films_that_were_sent_as_stored_are_sent_again_to_be_read_inverted(
    gateway: Installation, options: SubmissionOptions, folder: Path
) -> None:
    films = films_in(folder)[:2]
    submit_files(films, options)

    inverted = replace(options, photometric="inverted")
    assert submit_files(films, inverted)
    assert submit_files(films, inverted)

    assert set(items_of(gateway, films).values()) == {2}
    asked = {
        item["photometric"]
        for row in rows(inverted)
        for item in httpx.get(f"{gateway.url}/v1/jobs/{row['job_id']}").json()["items"]
    }
    assert asked == {"inverted"}
