"""Alembic entry point, which migrates over the connection passed by `Database.migrate`."""

from alembic import context

from jobs.record.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,  # SQLite alters a table by copying it
)
context.run_migrations()
