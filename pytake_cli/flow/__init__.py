"""Conversations as files: their language, their checks and the engine that walks them; pure, without clock or I/O."""
