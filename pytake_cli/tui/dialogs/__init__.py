"""Windows over a screen that ask for one thing and close."""
