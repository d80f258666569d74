"""Redundancy (RFC 2198) between sipcli and a browser over a way that loses packets."""

import sys
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.realpeer import browser as chromium
from tests.realpeer.browser import Browser
from tests.realpeer.kamailio import Kamailio
from tests.realpeer.sipcli_process import User
from tests.realpeer.wav_measurement import read_wav, seconds_of
from tests.required import require

NewUser = Callable[..., User]
OURS, THEIRS = 440, 700
"""Hz, what each says."""
LOSSY: Final = """
import itertools, sys
from sipcli.media.session.audio_stream import AudioStream
from sipcli.media.transport.media_transport import MediaTransport
from sipcli.cli.main import main

kinds, numbers = set(), {"in": itertools.count(), "out": itertools.count()}
send, receive = MediaTransport.send_rtp, AudioStream.on_rtp

def lossy_send(transport, packet):
    kinds.add(f"sent {packet[1] & 0x7F}")
    if next(numbers["out"]) % 10:
        send(transport, packet)

def lossy_receive(stream, packet, now):
    kinds.add(f"received {packet[1] & 0x7F}")
    if next(numbers["in"]) % 10:
        receive(stream, packet, now)

MediaTransport.send_rtp, AudioStream.on_rtp = lossy_send, lossy_receive
try:
    main(sys.argv[1:])
finally:
    print(*sorted(kinds), sep="\\n", file=sys.stderr)
"""
LOSSY_PROGRAM: Final = (sys.executable, "-c", LOSSY)
RED_FIRST: Final = """
(() => {
  const offer = RTCPeerConnection.prototype.createOffer;
  RTCPeerConnection.prototype.createOffer = function (...options) {
    const { codecs } = RTCRtpReceiver.getCapabilities("audio");
    const rank = (one) => (one.mimeType === "audio/red" ? 0 : 1);
    codecs.sort((one, other) => rank(one) - rank(other));
    for (const transceiver of this.getTransceivers()) {
      transceiver.setCodecPreferences(codecs);
    }
    return offer.apply(this, options);
  };
})()
"""
"""Chromium sends RED where its user prefers that to all codecs."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    require(chromium.installed(), chromium.INSTALL)
    with Browser() as found:
        yield found


def test_each_takes_from_the_other_what_was_lost(
    browser: Browser, kamailio: Kamailio, user: NewUser
) -> None:
    browser.phone(kamailio, "bob", hz=THEIRS)
    browser.evaluate(RED_FIRST)
    alice = user("alice", ws_servers=kamailio.wss_uri, tls_ca_file=str(kamailio.ca_file))
    tone = ("--audio-in", f"tone:{OURS}", "--audio-out", "file:heard.wav")
    how = ("--auto-answer", "--count", "1", "--call-duration", "9")
    process = alice.sipcli("listen", *how, *tone, program=LOSSY_PROGRAM)
    process.wait_for("registered")
    browser.do("call", "sip:alice@sipcli.test")
    process.wait_for("media", state="connected")
    browser.wait_for("bye", timeout=20)
    stats = process.wait_for("ended", by="local")["stats"]
    assert process.wait() == 0
    kinds = process.stderr.split("\n")
    assert "received 63" in kinds, "Chromium sends RED"
    assert "sent 63" in kinds, "and is sent it, once it has told of losses"
    assert 7 < stats["loss_percent"] < 13
    lost = stats["packets_lost"]
    assert stats["packets_concealed"] < lost / 2
    heard = read_wav(alice.home / "heard.wav")[0]
    assert seconds_of(THEIRS, heard) > 8
