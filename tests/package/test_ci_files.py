"""The files for CI in the README do what they say, run as their systems would run them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.package.documents import blocks

PASSWORD = "wonderland"
NOT_RUN = "pip install"
"""What begins so is not for a test to do."""
PARSED: list[dict[Any, Any]] = [yaml.safe_load(block) for _, block in blocks("yaml")]


def github() -> dict[str, dict[str, Any]]:
    """The jobs of the workflow."""
    (workflow,) = [each for each in PARSED if "jobs" in each]
    jobs: dict[str, dict[str, Any]] = workflow["jobs"]
    return jobs


def gitlab() -> dict[str, dict[str, Any]]:
    """The jobs of the pipeline, with what they take over from the hidden ones."""
    (pipeline,) = [each for each in PARSED if "jobs" not in each]
    return {
        name: {**pipeline[job["extends"]], **job}
        for name, job in pipeline.items()
        if not name.startswith(".")
    }


def commands() -> list[tuple[str, dict[str, str]]]:
    """Each command that makes a call, and the variables that its file sets for it."""
    found = [
        (step["run"], job["env"])
        for job in github().values()
        for step in job["steps"]
        if "run" in step
    ]
    found += [
        (line, job.get("variables", {})) for job in gitlab().values() for line in job["script"]
    ]
    return [(line, variables) for line, variables in found if not line.startswith(NOT_RUN)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URI of a server that has an account and an echo, as one's own would."""
    home = tmp_path_factory.mktemp("server")
    users = [f"--user={name}:{PASSWORD}" for name in ("smoke", "alice", "bob")]
    command = [sys.executable, "-m", "sipcli", "sandbox", "--json", *users]
    with subprocess.Popen(
        command,
        env={**os.environ, "XDG_STATE_HOME": str(home), "XDG_CONFIG_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        events = map(json.loads, process.stdout)
        yield next(event["server"] for event in events if event["event"] == "sandbox")
        process.terminate()
        process.communicate(timeout=10)


def run(script: str, folder: Path, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a piece of shell as CI does, with the `sipcli` that is tested."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-c", script],
        cwd=folder,
        env={**os.environ, **variables, "PATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=40,
        check=False,
    )


@pytest.mark.parametrize(("command", "variables"), commands())
def test_every_call_is_made_and_reported(
    command: str, variables: dict[str, str], server: str, tmp_path: Path
) -> None:
    ours = {
        "SIPCLI_URI": "sip:smoke@sandbox.invalid",
        "SIPCLI_WS_SERVERS": server,
        "SIPCLI_PASSWORD": PASSWORD,
    }
    set_there = {name: ours[name] for name in variables if name.startswith("SIPCLI_")}
    if set_there:  # GitLab has the password from its settings, and STUN is for real networks
        set_there |= {"SIPCLI_PASSWORD": PASSWORD, "SIPCLI_STUN_SERVERS": "none"}
    done = run(command, tmp_path, set_there)
    assert done.returncode == 0, done.stdout
    assert "warning" not in done.stdout
    (report,) = tmp_path.glob("*.xml")
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert len(cases) == 2
    assert not [case for case in cases if len(case)]


@pytest.mark.parametrize(
    "command",
    [
        line.removeprefix("$ ")
        for page, block in blocks("console")
        for line in block.splitlines()
        if page.name == "README.md" and "--sandbox" in line
    ],
)
def test_a_call_in_the_sandbox_that_the_readme_shows_succeeds(command: str, tmp_path: Path) -> None:
    done = run(f"set -o pipefail; {command}", tmp_path, {})
    assert done.returncode == 0, done.stdout


def test_sipcli_can_be_both_ends(server: str, tmp_path: Path) -> None:
    ((_, script),) = blocks("bash")
    variables = {"SIPCLI_WS_SERVERS": server, "SIPCLI_STUN_SERVERS": "none"}
    for name in ("alice", "bob"):
        variables[f"{name.upper()}_URI"] = f"sip:{name}@sandbox.invalid"
        variables[f"{name.upper()}_PASSWORD"] = PASSWORD
    done = run(script, tmp_path, variables)
    assert done.returncode == 0, done.stdout
    assert {report.name for report in tmp_path.glob("*.xml")} == {"alice.xml", "bob.xml"}


def test_there_is_a_call_in_the_sandbox_and_one_through_a_server_for_each() -> None:
    assert ["--sandbox" in command for command, _ in commands()] == [True, False, True, False]


def test_the_reports_are_where_the_systems_look_for_them() -> None:
    (job,) = github().values()
    publish, upload = job["steps"][-2:]
    assert (publish["if"], publish["with"]["report_paths"]) == ("always()", "*.xml")
    assert upload["if"] == "failure()"
    assert f"--evidence {upload['with']['path'].rstrip('/')}" in job["steps"][-3]["run"]
    for job in gitlab().values():
        artifacts = job["artifacts"]
        assert artifacts["when"] == "always"
        assert f"--junit {artifacts['reports']['junit']}" in job["script"][0]
    (folder,) = gitlab()["through-our-own-server"]["artifacts"]["paths"]
    assert f"--evidence {folder.rstrip('/')}" in gitlab()["through-our-own-server"]["script"][0]


@pytest.mark.parametrize(("command", "variables"), commands())
def test_a_call_that_fails_leaves_its_evidence_where_it_is_kept(
    command: str, variables: dict[str, str], tmp_path: Path
) -> None:
    if "--evidence" not in command:
        assert "--sandbox" in command
        return
    nowhere = {"SIPCLI_WS_SERVERS": "ws://127.0.0.1:9", "SIPCLI_PASSWORD": PASSWORD}
    done = run(command, tmp_path, {**variables, **nowhere})
    assert done.returncode == 3, done.stdout
    left = sorted(path.suffix for path in (tmp_path / "evidence").iterdir())
    assert left == [".html", ".pcapng", ".xml"]
