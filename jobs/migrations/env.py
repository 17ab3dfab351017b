"""Alembic's entry: migrates over the connection that `Database.migrate` hands in."""

from alembic import context

from jobs.record.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
