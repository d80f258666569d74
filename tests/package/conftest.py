"""No test here reads or writes the caller's own configuration."""

from tests.home import home

__all__ = ["home"]
