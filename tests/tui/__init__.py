"""Tests of the inbox on a terminal: real screens against a peer that speaks the API over a socket."""
