"""PyTake: WhatsApp customer service from the terminal."""

__version__ = "0.1.0"
