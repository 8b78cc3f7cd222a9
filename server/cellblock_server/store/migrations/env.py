"""Entry point for Alembic: runs the migrations on the connection that `Database` passes."""

from alembic import context

from cellblock_server.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
