"""What all tests of this folder share."""

from tests.home import home
from tests.only_loopback import only_loopback

__all__ = ["home", "only_loopback"]
