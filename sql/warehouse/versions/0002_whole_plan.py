"""What the whole plan needs beyond the first tables (the statements are in 0002_whole_plan.sql)."""

from pathlib import Path

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))


def downgrade() -> None:
    raise NotImplementedError(
        "the views of mart rest on these tables: go back to the older code and a new database"
    )
