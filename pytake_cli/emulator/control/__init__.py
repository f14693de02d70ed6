"""The emulator's own API under `/_emulator/`: clock, customers, statuses, faults, logs. Never part of Meta's."""
