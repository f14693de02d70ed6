"""The web: doors, connections, probes."""
