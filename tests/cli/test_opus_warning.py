"""Where no libopus is found, the person is told once, before any call."""

import pytest

from sipcli.cli import call_session
from tests.cli.program import Sipcli


@pytest.mark.parametrize(("codecs", "is_told"), [("opus", True), ("pcmu", False)])
def test_opus_without_its_library_is_warned_of(
    monkeypatch: pytest.MonkeyPatch, sipcli: Sipcli, codecs: str, is_told: bool
) -> None:
    monkeypatch.setattr(call_session, "opus_shortcoming", lambda: "libopus was not found")
    words = ("call", "--sandbox", "busy", "--audio-in", "silence", "--audio-out", "null")
    outcome = sipcli(*words, "--codecs", codecs, "--json")
    assert outcome.code == 5
    warnings = [event["text"] for event in outcome.events if event["event"] == "warning"]
    assert ("libopus was not found" in warnings) == is_told
