"""Tests of the segment language."""
