"""Callbacks of jobs, their deliveries, and the traces of jobs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the three tables, and the columns for a job's callback and trace."""
    op.add_column("jobs", sa.Column("callback_url", sa.String(2000)))
    op.add_column("jobs", sa.Column("traceparent", sa.String(55)))
    op.create_table(
        "webhook_secrets",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("owner", sa.String(40)),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("retires_at", MOMENT),
    )
    op.create_index("ix_webhook_secrets_owner", "webhook_secrets", ["owner"])
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column(
            "job_id", sa.String(26), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
    )
    op.create_index("ix_webhook_deliveries_job_id", "webhook_deliveries", ["job_id"])
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["state", "due_at"])
    op.create_table(
        "webhook_attempts",
        sa.Column(
            "delivery_id",
            sa.String(26),
            sa.ForeignKey("webhook_deliveries.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("ms", sa.Integer()),
        sa.Column("status", sa.Integer()),
        sa.Column("error", sa.String(64)),
    )


def downgrade() -> None:
    """Drop the tables and columns."""
    op.drop_table("webhook_attempts")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_secrets")
    op.drop_column("jobs", "traceparent")
    op.drop_column("jobs", "callback_url")
