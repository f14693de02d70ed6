"""The terminal face: one file a noun; main.py starts it."""
