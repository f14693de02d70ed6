"""The segment language: who is meant, as text, as a tree, and whether one person is; pure."""
