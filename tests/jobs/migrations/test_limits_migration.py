"""Keys of before there were limits keep working, and limits can be taken back."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from jobs.identity.keys import check_key, create_key, list_keys
from jobs.record.database import MIGRATIONS, Database


def migrate(database: Database, revision: str, *, up: bool) -> None:
    with database.engine.execution_options(pneumocam_writes=True).begin() as connection:
        config = Config()
        folder = MIGRATIONS
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = connection
        (command.upgrade if up else command.downgrade)(config, revision)


def test_keys_survive_the_way_down_and_up_again(bare_database_url: str) -> None:
    database = Database(bare_database_url)
    migrate(database, "0007", up=True)
    limited = create_key(database, "archive", rate=60, max_open=500)

    migrate(database, "0006", up=False)
    with database.read() as session:
        assert session.scalar(text("SELECT name FROM api_keys")) == "archive"
    migrate(database, "0007", up=True)

    caller = check_key(database, limited.text)
    assert caller is not None
    assert (caller.rate, caller.max_open) == (None, None)
    assert len(list_keys(database)) == 1
    database.close()
