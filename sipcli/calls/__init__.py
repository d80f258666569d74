"""Calls as their user has them: what the core says of them joined to their media."""
