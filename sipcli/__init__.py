"""A softphone for the command line and for Python: SIP over WebSocket, audio over WebRTC.

`Phone` and `Call` are the library (docs/python.md), `sipcli.errors` is what they raise. They are
fetched when they are first asked for: they bring the media along, which take their time.
"""

from importlib import import_module

__version__ = "0.1.0"

_LATE = {"Phone": "sipcli.api.phone", "Call": "sipcli.api.call"}
"""Name -> the module that has it. `__init__.pyi` tells type checkers."""


def __getattr__(name: str) -> object:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LATE])
