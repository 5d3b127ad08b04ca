"""The database: engines, sessions, migrations. Only this folder knows which one it is."""
