"""Tests of the API under /api/v1, over a real socket."""
