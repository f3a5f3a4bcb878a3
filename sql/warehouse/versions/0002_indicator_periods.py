"""What an indicator's figures exist for: the shortest period, and whether they are shown from county up only."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE dim.indicator ADD COLUMN shortest_period text NOT NULL DEFAULT 'month',"
        " ADD COLUMN is_restricted boolean NOT NULL DEFAULT false"
    )
    # the catalogue fills them with every synchronisation
    op.execute(
        "ALTER TABLE dim.indicator ALTER shortest_period DROP DEFAULT, ALTER is_restricted DROP DEFAULT"
    )


def downgrade() -> None:
    raise NotImplementedError(
        "the views of mart rest on these columns: go back to the older code and a new database"
    )
