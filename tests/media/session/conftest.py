"""What all tests of this folder share."""

from tests.only_loopback import only_loopback

__all__ = ["only_loopback"]
