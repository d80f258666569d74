"""A desk with calls that only take down what they are told."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

from sipcli.cli.call_session import Desk
from sipcli.errors import DeviceError
from sipcli.sip.uri import SipUri, Uri


@dataclass(eq=False)
class FakeCall:
    """A call as far as verbs and screens know one."""

    remote: str = "sip:bob@example.com"
    is_answered: bool = False
    is_ringing: bool = False
    is_incoming: bool = False
    is_held: bool = False
    is_held_by_remote: bool = False
    is_muted: bool = False
    display_name: str | None = None
    answered_at: float = 0.0
    codec: str | None = "opus"
    did: list[str] = field(default_factory=list)
    media: Any = None

    def hold(self, *, on: bool) -> None:
        self.is_held = on
        self.did.append("hold" if on else "resume")

    def mute(self, *, on: bool) -> None:
        self.is_muted = on
        self.did.append("mute" if on else "unmute")

    def send_dtmf(self, digits: str, method: str) -> None:
        assert method == "auto"
        self.did.append(f"dtmf {digits}")

    def transfer(self, target: Uri) -> None:
        self.did.append(f"transfer {target}")

    def hang_up(self) -> None:
        self.did.append("hangup")

    def reject(self, status: int) -> None:
        self.did.append(f"reject {status}")

    def answer(self, sound: object) -> None:
        self.is_ringing = False
        self.did.append("answer")


class FakeDesk:
    """A switchboard and a screen."""

    def __init__(
        self, *calls: FakeCall, current: FakeCall | None = None, has_keys: bool = True
    ) -> None:
        self.calls = calls
        self.has_keys = has_keys
        self.current = current or (calls[0] if calls else None)
        self.said: list[str] = []
        self.asked: list[str | None] = []
        self.has_device = True

    @property
    def ringing(self) -> FakeCall | None:
        return next((call for call in self.calls if call.is_ringing), None)

    def make_sound(self) -> object:
        if not self.has_device:
            raise DeviceError("the microphone is gone")
        return object()

    @property
    def here(self) -> Desk:
        """As the commands know it."""
        screen = SimpleNamespace(
            say=self.said.append, error=self.said.append, ask=self.asked.append
        )
        settings = SimpleNamespace(uri=SipUri.parse("sip:alice@example.com"))
        session = SimpleNamespace(screen=screen, settings=settings)
        desk = SimpleNamespace(
            session=session,
            switchboard=self,
            phone=None,
            dtmf_method="auto",
            has_keys=self.has_keys,
        )
        return cast(Desk, desk)
