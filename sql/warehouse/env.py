"""Alembic's environment: runs the migrations on the connection that qiangji.warehouse hands over."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="alembic_version", version_table_schema="public")
context.run_migrations()
