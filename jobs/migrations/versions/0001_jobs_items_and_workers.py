"""Jobs, items and workers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A migration defines its own column types, so that a later change of `jobs.record.tables` does not
# change it.
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the three tables."""
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("priority", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(200)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("cancelled_at", MOMENT),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT),
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.String(255), primary_key=True),
        sa.Column("beat_at", MOMENT, nullable=False),
        sa.Column("model", sa.JSON(), nullable=False),
    )
    op.create_table(
        "items",
        sa.Column(
            "job_id", sa.String(26), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("index", sa.Integer(), primary_key=True),
        sa.Column("filename", sa.String(255), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("priority_rank", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("lease_token", sa.String(32)),
        sa.Column("lease_expires_at", MOMENT),
        sa.Column("picture_token", sa.String(32)),
        sa.Column("result", sa.JSON()),
        sa.Column("error_code", sa.String(64)),
        sa.Column("error_detail", sa.Text()),
        sa.Column("probability", sa.Double()),
        sa.Column("positive", sa.Boolean()),
    )
    op.create_index("ix_items_claim", "items", ["state", "priority_rank", "job_id", "index"])
    op.create_index("ix_items_lease_expires_at", "items", ["lease_expires_at"])
    op.create_index("ix_items_probability", "items", ["probability"])


def downgrade() -> None:
    """Drop the three tables."""
    op.drop_table("items")
    op.drop_table("workers")
    op.drop_table("jobs")
