"""What `make` installs: for the demonstration what runs, for the rest what develops it, too."""

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def planned(target: str, venv: Path) -> str:
    """The commands that `make` would run for a target, with a virtual environment there."""
    # Without what a `make` that runs the tests tells the one here: to name each directory.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", "--dry-run", f"VENV={venv}", target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=own,
        check=True,
    ).stdout


def test_the_demonstration_installs_only_what_runs(tmp_path: Path) -> None:
    commands = planned("demo", tmp_path).splitlines()
    assert commands[0] == f"scripts/make-venv {tmp_path} ."
    assert commands[-1] == f"scripts/demo {tmp_path}/bin"


def test_what_the_demonstration_installed_is_completed_for_development(tmp_path: Path) -> None:
    (tmp_path / ".runs").touch()
    assert "make-venv" not in planned("demo", tmp_path)
    assert f"scripts/make-venv {tmp_path} '.[dev]'" in planned("lint", tmp_path)


def test_an_environment_for_development_is_good_for_the_demonstration(tmp_path: Path) -> None:
    touched = planned("venv", tmp_path).splitlines()[-1]
    assert touched == f"touch {tmp_path}/.installed {tmp_path}/.runs"
