"""Films of before there was a search are found, and feedback can be taken back."""

from sqlalchemy import text

from jobs.record.database import Database
from jobs.views.feedback import list_feedback
from tests.jobs.migrations.test_limits_migration import migrate
from tests.jobs.views.test_feedback import agree, read
from tests.jobs.views.test_worklist import accept_named, found


def test_films_survive_the_way_down_and_are_found_after_the_way_up(database_url: str) -> None:
    database = Database(database_url)
    job_id = accept_named(database, "Núñez.dcm", "b.dcm", reference="Ward 3")
    accept_named(database, "c.dcm", reference=None)
    read(database)
    agree(database, job_id)

    migrate(database, "0007", up=False)
    with database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM items WHERE result IS NOT NULL")) == 3
    migrate(database, "head", up=True)

    assert found(database, "nunez") == ["Núñez.dcm"]
    assert found(database, "ward") == ["Núñez.dcm", "b.dcm"]
    assert found(database, "c.dcm") == ["c.dcm"]
    assert list_feedback(database, owner=None, after=0, limit=9) == []
    database.close()
