"""`sipcli ladder FILE`: captures of sipcli and of others as a ladder."""

from pathlib import Path

import pytest

from tests.cli.program import Sipcli
from tests.evidence.capture_files import from_alice, options, pcap, written

QUIET = ("--audio-in", "silence", "--audio-out", "null")


@pytest.fixture
def capture(tmp_path: Path) -> str:
    """Two requests, of another program."""
    packets = [from_alice(options("c1")), from_alice(options("c2"))]
    return str(written(tmp_path / "two.pcap", pcap(packets)))


def test_a_capture_of_ours_shows_the_same_ladder(sipcli: Sipcli, tmp_path: Path) -> None:
    path = str(tmp_path / "call.pcapng")
    call = ("call", "--sandbox", "busy", *QUIET, "--capture", path, "--ladder", "--no-color")
    told = sipcli(*call).err
    shown = sipcli("ladder", path, "--no-color")
    assert shown.code == 0
    assert "486 Busy Here (INVITE)" in shown.out
    # All but the time, whose last digit may be rounded.
    assert [line[10:] for line in shown.out.splitlines()] == [
        line[10:] for line in told.splitlines() if not line.startswith(("error", "warning"))
    ]


def test_a_capture_of_others_is_read(sipcli: Sipcli, capture: str) -> None:
    outcome = sipcli("ladder", capture)
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == "   0.000 is 1970-01-01T00:01:40.500Z"
    assert outcome.out.count("OPTIONS") == 2


def test_json_has_one_object_for_each_message(sipcli: Sipcli, capture: str) -> None:
    outcome = sipcli("ladder", capture, "--json")
    assert outcome.kinds == ["started", "sip_message", "sip_message", "finished"]
    first, second = outcome.events[1:3]
    assert first.keys() - {"time"} == {
        "event", "at", "source", "target", "kind", "label", "method", "status", "call", "fork",
        "again", "sdp", "notes", "text",
    }  # fmt: skip
    assert (first["at"], second["at"]) == ("1970-01-01T00:01:40.500Z", "1970-01-01T00:01:41.500Z")
    assert (first["label"], first["call"], second["call"]) == ("OPTIONS", "c1", "c2")
    assert first["text"].startswith("OPTIONS sip:bob@example.com SIP/2.0\n")


def test_the_messages_of_one_call_id_can_be_picked(sipcli: Sipcli, capture: str) -> None:
    outcome = sipcli("ladder", capture, "--json", "--call-id", "c2")
    assert outcome.the("sip_message")["call"] == "c2"


def test_a_call_id_that_is_not_there_is_an_error_that_names_those_that_are(
    sipcli: Sipcli, capture: str
) -> None:
    outcome = sipcli("ladder", capture, "--call-id", "c3")
    assert outcome.code == 2
    assert "those there are: c1, c2" in outcome.err


def test_an_empty_ladder_says_so(sipcli: Sipcli, tmp_path: Path) -> None:
    path = written(tmp_path / "empty.pcap", pcap([]))
    outcome = sipcli("ladder", str(path))
    assert outcome.code == 0
    assert "has no SIP message that is not encrypted" in outcome.out
    assert sipcli("ladder", str(path), "--json").kinds == ["started", "finished"]


def test_a_file_that_is_no_capture_is_named_with_the_place(sipcli: Sipcli, tmp_path: Path) -> None:
    path = written(tmp_path / "text.pcapng", b"this is text, not a capture of anything at all")
    outcome = sipcli("ladder", str(path))
    assert outcome.code == 2
    assert f"{path}, offset 0" in outcome.err
    assert outcome.out == ""
    assert sipcli("ladder", str(tmp_path / "none")).code == 2


def test_what_comes_before_a_fault_is_shown(sipcli: Sipcli, capture: str) -> None:
    path = Path(capture)
    path.write_bytes(path.read_bytes() + b"\xff" * 16)
    outcome = sipcli("ladder", capture)
    assert outcome.code == 2
    assert outcome.out.count("OPTIONS") == 2
    assert "offset" in outcome.err
