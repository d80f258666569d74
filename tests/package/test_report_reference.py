"""The reference of the JSON report is that of the model's docstrings, and of what is written."""

import json
from pathlib import Path
from typing import Any

from scripts import sample_report
from scripts.report_reference import reference
from sipcli.evidence.report_json import report_json

PAGE = Path(__file__).parents[2] / "docs" / "report-json.md"


def test_the_reference_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), "make example"


def test_each_key_that_is_written_is_in_it() -> None:
    page = reference()

    def look(value: Any) -> None:
        for name in value if isinstance(value, dict) else ():
            assert f"| `{name}` |" in page, name
            look(value[name])
        for each in value if isinstance(value, list) else ():
            look(each)

    look(json.loads(report_json(sample_report.report())))
