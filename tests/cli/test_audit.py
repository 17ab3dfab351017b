"""`pneumocam audit`, as it is typed."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from api.callers.oidc import pseudonym
from cli.main import app
from jobs.audit.log import Action, Event, Via, record, verify
from jobs.record.database import Database
from jobs.settings import ServiceSettings

JOB = "01J00000000000000000000000"


def audit(tmp_path: Path, *words: str, **settings: str) -> Result:
    environment = {"PNEUMOCAM_DATA_DIR": str(tmp_path), **settings}
    return CliRunner().invoke(app, ["audit", *words], env=environment)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    database = Database(ServiceSettings(data_dir=tmp_path).database_url)
    database.migrate()
    return database


def write_three(database: Database) -> str:
    """Three events; the head."""
    by_key = Event(Action.SUBMIT, "0123456789ab", Via.KEY, JOB, status=202, address="192.0.2.7")
    refused = Event(Action.VIEW_PICTURE, None, None, JOB, 3, "heatmap", 401, "key_required")
    record(database, [by_key, refused, Event(Action.LIST, status=200, times=40)])
    return verify(database).head


def test_a_log_that_holds_is_said_to_with_its_head(tmp_path: Path, database: Database) -> None:
    head = write_three(database)

    checked = audit(tmp_path, "verify")

    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout == f"events 3\nhead   {head}\n"
    assert audit(tmp_path, "verify", "--head", head).exit_code == 0


def test_a_changed_event_is_named(tmp_path: Path, database: Database) -> None:
    write_three(database)
    with database.write() as session:
        session.execute(text("DROP TRIGGER audit_events_keep_content"))
        session.execute(text("UPDATE audit_events SET job_id = NULL WHERE seq = 2"))

    checked = audit(tmp_path, "verify")

    assert checked.exit_code == 1
    assert "The first broken event is 2." in checked.stderr
    assert checked.stdout.startswith("events 1\n")


def test_an_end_that_was_cut_off_shows_by_the_head_of_before(
    tmp_path: Path, database: Database
) -> None:
    write_three(database)
    first = verify(database)
    record(database, [Event(Action.ERASE, job_id=JOB, status=204)])
    noted = verify(database).head
    with database.write() as session:
        for statement in (
            "DROP TRIGGER audit_events_keep_rows",
            "DROP TRIGGER audit_head_moves_on",
            "DELETE FROM audit_events WHERE seq = 4",
            f"UPDATE audit_head SET seq = 3, hash = '{first.head}'",
        ):
            session.execute(text(statement))

    assert audit(tmp_path, "verify").exit_code == 0
    checked = audit(tmp_path, "verify", "--head", noted)
    assert checked.exit_code == 1
    assert "cut off" in checked.stderr


def test_events_are_listed_and_exported(tmp_path: Path, database: Database) -> None:
    head = write_three(database)

    listed = audit(tmp_path, "list").stdout.splitlines()
    of_the_job = audit(tmp_path, "list", "--job", JOB).stdout.splitlines()
    exported = audit(tmp_path, "export").stdout.splitlines()
    to_file = audit(tmp_path, "export", "--job", JOB, "--output", str(tmp_path / "out.jsonl"))
    later = audit(tmp_path, "export", "--since", "2100-01-01").stdout

    assert len(listed) == 1 + 3
    assert len(of_the_job) == 1 + 2
    assert listed[2].split()[3:] == [
        *("-", "-", "view_picture", JOB, "3", "heatmap", "key_required", "1", "-")
    ]
    assert [json.loads(line)["times"] for line in exported] == [1, 1, 40]
    assert json.loads(exported[2])["hash"] == head
    assert json.loads(exported[0])["address"] == "192.0.2.7"
    assert to_file.exit_code == 0
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 2
    assert later == ""


def test_a_subject_can_be_looked_up_by_its_pseudonym(tmp_path: Path) -> None:
    issuer = "https://sso.example"
    named = {"PNEUMOCAM_OIDC_ISSUER": issuer, "PNEUMOCAM_OIDC_AUDIENCE": "pneumocam"}

    shown = audit(tmp_path, "pseudonym", "radiographer-7", **named)

    assert shown.stdout == pseudonym(issuer, "radiographer-7") + "\n"


@pytest.mark.parametrize(
    ("words", "settings", "names"),
    [
        (["list", "--since", "yesterday"], {}, "yesterday"),
        (["pseudonym", "x"], {}, "PNEUMOCAM_OIDC_ISSUER"),
        (["verify"], {"PNEUMOCAM_DATABASE_URL": "postgresql://127.0.0.1:1/x"}, "DATABASE_URL"),
        (["export", "--output", "/proc/nowhere/x"], {}, "/proc/nowhere/x"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, words: list[str], settings: dict[str, str], names: str
) -> None:
    refused = audit(tmp_path, *words, **settings)

    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert names in refused.stderr
