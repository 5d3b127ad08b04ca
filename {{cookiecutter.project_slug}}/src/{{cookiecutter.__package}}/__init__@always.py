"""The service: `app.py` puts its parts together."""
