"""Business rules as functions: same arguments, same result; no clock, no rows."""
