"""Alembic's steps from the first tables to today's, run by `store/schema.py`; there is no ini file."""
