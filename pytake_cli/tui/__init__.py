"""The inbox on a terminal: a client of the API, and of nothing else in the house."""
