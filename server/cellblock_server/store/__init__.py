"""The database: tables, migrations, and the records that are read from them."""
