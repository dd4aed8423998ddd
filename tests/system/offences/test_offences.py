# SPDX-License-Identifier: Apache-2.0
"""Each planted offence is named, with the place of the first, by those who can see it: anprctl verify and
deploy/check_bundle. The list is README.md. By a watch that runs: test_live.py."""

import re
from pathlib import Path

import pytest
from planted import ROWS

from support.auditor import judge


def documented(row):
    return row.words, f"`{row.kind}`", "names it" if row.bundle else "", "within seconds" if row.live else ""


def test_the_list_is_what_is_planted():
    lines = re.findall(r"^\| (.+?) \| (`\w+?`) \| (.*?) ?\| (.*?) ?\|$", (Path(__file__).parent / "README.md").read_text(), re.M)
    assert lines == list(map(documented, ROWS))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: re.sub(r"\W+", "-", row.words.lower())[:60])
def test_it_is_named(row, evidence, honest, tmp_path):
    expected = row.plant(evidence, honest)
    options = expected if isinstance(expected, tuple) else ()
    found, _, by_checker = judge(evidence, tmp_path / "bundle", *options)
    assert row.kind in found
    assert not row.alone or (list(found) == [row.kind] and found[row.kind][0] == 1)
    assert (row.kind in by_checker) == row.bundle
    if isinstance(expected, str):
        assert found[row.kind][1] == expected
    elif callable(expected):
        assert expected(found[row.kind])
