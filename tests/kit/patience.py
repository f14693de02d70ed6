"""How long tests wait for what should come: a busy machine is slow, and a wait ends when the thing is there."""

PATIENCE = 4.0  # times what a quiet machine needs at most
