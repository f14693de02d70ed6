"""Effects of flows that leave the process."""
