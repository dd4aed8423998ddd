# SPDX-License-Identifier: Apache-2.0
"""The short form of tests/chaos/replay_day: a real day's counts, in a minute."""

import os
from pathlib import Path

import pytest

from support.survey import replay_day

DATA = os.environ.get("ANPR_BANES_DATA")


@pytest.mark.skipif(not DATA, reason="ANPR_BANES_DATA is not set: a folder with counts_15min.csv and sites.csv of Bath's "
                    "ANPR survey of 2017, which is not part of the project")
@pytest.mark.timeout(600)
def test_a_real_day_comes_out_as_it_was_counted(tmp_path, pki, own_broker):
    figures = replay_day(tmp_path / "gateway", pki, own_broker, Path(DATA), "2017-10-31", 1440)
    assert figures["right"], figures
    assert figures["speed"] >= 100
