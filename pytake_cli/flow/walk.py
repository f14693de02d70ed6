"""One event's walk: the session as it changes, and what it wants done. Steps talk to it and to nothing else."""
