"""The web: the webhook door, and what else answers HTTP."""
