"""What calls are to be heard and spoken with: what of it cannot be is told before there is one."""

from pathlib import Path

import pytest

from sipcli.errors import ConfigError
from sipcli.phone.call_audio import AudioSetup


@pytest.mark.parametrize(
    ("audio_in", "audio_out", "record"),
    [
        ("file:{0}", "file:{0}", None),
        ("file:{0}#loop", "null", "{0}"),
        ("silence", "file:{0}", "{0}"),
        ("silence", "file:{0}", "{1}"),
        ("silence", "file:{0}", "{2}"),
    ],
)
def test_no_file_is_written_that_is_played_or_written_already(
    tmp_path: Path, audio_in: str, audio_out: str, record: str | None
) -> None:
    path, link = tmp_path / "a.wav", tmp_path / "link.wav"
    path.write_bytes(b"what somebody has recorded")
    link.symlink_to(path)
    names = (str(path), str(link), f"{tmp_path}/../{tmp_path.name}/a.wav")

    def filled(word: str) -> str:
        return word.format(*names)

    with pytest.raises(ConfigError, match=r"a\.wav is used twice"):
        AudioSetup.of(filled(audio_in), filled(audio_out), record and filled(record), pytest.fail)
    assert path.read_bytes() == b"what somebody has recorded"


def test_a_current_folder_that_is_gone_is_no_bug_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    here.rmdir()
    with pytest.raises(ConfigError, match=r"a\.wav is used twice"):
        AudioSetup.of("silence", "file:a.wav", "a.wav", pytest.fail)


def test_files_of_their_own_are_fine(tmp_path: Path) -> None:
    AudioSetup.of("silence", f"file:{tmp_path}/a.wav", f"{tmp_path}/b.wav", pytest.fail)
