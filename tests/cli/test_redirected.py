"""A call that is answered with another address: who decides, and what is told."""

from pathlib import Path

import pytest

from tests.cli.test_script import PATIENCE, Event, events_of, named, started
from tests.sip_server import Behaviour, in_a_thread

CAROL = "sip:carol@example.com"


def elsewhere(answer: bytes) -> bytes:
    return answer.replace(b"Content-Length:", f"Contact: <{CAROL}>\r\nContent-Length:".encode(), 1)


def redirected(folder: Path, script: str, *arguments: str) -> tuple[int, list[Event], list[str]]:
    """A call to Bob, all of whose phones send us to Carol; whom we called, at last."""
    behaviour = Behaviour(statuses={"INVITE": 302}, damage={"INVITE": elsewhere})
    with in_a_thread(behaviour) as server:
        command = (
            *("call", "bob@example.com", "--ws-servers", server.uri, "--no-register", "--json"),
            *("--stun-servers", "none", "--audio-in", "silence", "--audio-out", "null"),
        )
        with started(*command, *arguments, folder=folder) as caller:
            out, _ = caller.communicate(script, timeout=PATIENCE)
        called = [request.target for request in server.requests("INVITE")]
    return caller.returncode, events_of(out), called


def test_by_default_it_is_followed_and_told(tmp_path: Path) -> None:
    code, events, called = redirected(tmp_path, "")
    assert (code, called) == (5, ["sip:bob@example.com", CAROL])
    (asked,), (told,) = named(events, "redirect_requested"), named(events, "redirect")
    assert (asked["target"], asked["status"], asked["decision"]) == (CAROL, 302, "accept")
    assert (told["target"], told["decision"], told["reason"]) == (CAROL, "accepted", None)


@pytest.mark.parametrize("word", ["refuse", "ask", "sip:*@example.org"])
def test_where_it_is_not_permitted_and_no_one_can_be_asked_it_is_the_end(
    word: str, tmp_path: Path
) -> None:
    code, events, called = redirected(tmp_path, "", "--redirects", word)
    assert (code, called) == (5, ["sip:bob@example.com"])
    assert named(events, "redirect")[0]["decision"] == "refused"
    assert f"not followed to {CAROL}" in named(events, "ended")[0]["reason"]


@pytest.mark.parametrize(("word", "count"), [("accept-redirect", 2), ("n", 1), ("y", 2)])
def test_a_script_decides(word: str, count: int, tmp_path: Path) -> None:
    script = f"wait redirect_requested\n{word}\nwait redirect\nwait ended\n"
    code, events, called = redirected(tmp_path, script, "--stdin", "--redirects", "ask")
    assert (code, len(called)) == (5, count)
    assert named(events, "redirect_requested")[0]["decision"] == "ask"
