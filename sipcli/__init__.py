"""A softphone for the command line and for Python: SIP over WebSocket, audio over WebRTC.

`Phone` and `Call` are the API (docs/python.md); they raise `sipcli.errors`, and report `events`.
Everything is imported on first use, because the media libraries that they need load slowly.
"""

from importlib import import_module

__version__ = "0.1.0"

_LATE = {
    "Phone": "sipcli.phone.phone",
    "Call": "sipcli.phone.call",
    "CallAction": "sipcli.phone.waiter",
    "CallRecord": "sipcli.expect.call_record",
    "Journal": "sipcli.journal.journal",
    "Measured": "sipcli.phone.audio_meters",
    "PingResult": "sipcli.phone.errors",
    "RegistrationStatus": "sipcli.phone.registration_status",
    "Sending": "sipcli.phone.digits",
    "Settings": "sipcli.config.settings",
    **dict.fromkeys(
        (
            "Binding",
            "CallEnded",
            "CallStats",
            "Connected",
            "Event",
            "InstantMessage",
            "RedirectRequested",
            "Registered",
            "TransferRequested",
        ),
        "sipcli.phone.events",
    ),
}
"""Name -> its module. `__init__.pyi` has the types."""


def __getattr__(name: str) -> object:
    if name == "events":
        return import_module("sipcli.phone.events")
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), "events", *_LATE])
