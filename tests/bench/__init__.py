"""Benchmarks: `python -m tests.bench [NAME…]` prints one table, peers beside us."""
