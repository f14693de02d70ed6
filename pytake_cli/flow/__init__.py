"""The flow engine: conversations as files; pure, so that a test, a simulation and a customer get the same."""
