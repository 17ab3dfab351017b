"""Feedback on results, and the columns for the search and order of the worklist."""

import sqlalchemy as sa
from alembic import op

from jobs.record.search_text import search_text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

#: Number of items updated in one statement.
CHUNK = 1000


def upgrade() -> None:
    """Create the feedback table, and fill the search text of every existing item."""
    op.create_table(
        "feedback",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("job_id", sa.String(26), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("opinion", sa.String(16), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.Column("said_at", MOMENT, nullable=False),
        sa.Column("said_by", sa.String(40)),
        sa.Column("model_name", sa.String(100), nullable=False),
        sa.Column("model_version", sa.String(100), nullable=False),
        sa.Column("probability", sa.Double()),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["job_id", "index"], ["items.job_id", "items.index"], ondelete="CASCADE"
        ),
    )
    op.create_index("ix_feedback_item", "feedback", ["job_id", "index", "id"])
    op.add_column("items", sa.Column("search_text", sa.Text(), nullable=False, server_default=""))
    _fill_search_text()
    op.create_index("ix_jobs_erased_at", "jobs", ["erased_at"])
    op.create_index(
        "ix_items_suspicion",
        "items",
        [sa.text("coalesce(probability, -1.0) DESC"), sa.text("job_id DESC"), "index"],
    )


def downgrade() -> None:
    """Drop the table, the search text and the indexes."""
    op.drop_index("ix_items_suspicion", "items")
    op.drop_index("ix_jobs_erased_at", "jobs")
    op.drop_column("items", "search_text")
    op.drop_table("feedback")


def _fill_search_text() -> None:
    connection = op.get_bind()
    jobs = sa.table("jobs", sa.column("id"), sa.column("reference"))
    items = sa.table(
        "items",
        sa.column("job_id"),
        sa.column("index"),
        sa.column("filename"),
        sa.column("search_text"),
    )
    films = (
        sa.select(items.c.job_id, items.c.index, items.c.filename, jobs.c.reference)
        .join_from(items, jobs, jobs.c.id == items.c.job_id)
        .order_by(items.c.job_id, items.c.index)
    )
    write = (
        sa.update(items)
        .where(items.c.job_id == sa.bindparam("of_job"), items.c.index == sa.bindparam("at_index"))
        .values(search_text=sa.bindparam("text"))
    )
    # Read at once, because an update may move the rows that are still to be read.
    found = connection.execute(films).all()
    for start in range(0, len(found), CHUNK):
        connection.execute(
            write,
            [
                {
                    "of_job": film.job_id,
                    "at_index": film.index,
                    "text": search_text(film.filename, film.reference),
                }
                for film in found[start : start + CHUNK]
            ],
        )
