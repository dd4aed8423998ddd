# SPDX-License-Identifier: Apache-2.0
"""What Prometheus makes of what it is told: its own parser, and its own tool (deploy/setup brings it)."""

import shutil
import subprocess

from prometheus_client.parser import text_string_to_metric_families

from .places import ROOT

PROMTOOL = shutil.which("promtool") or ROOT / "build/tools/promtool"
MONITORING = ROOT / "deploy/monitoring"


def samples_of(text):
    """{(name, labels): value} of metrics as they are served."""
    families = list(text_string_to_metric_families(text))
    assert len({f.name for f in families}) == len(families), "a family in two pieces"
    assert all(f.name.startswith("anpr_") and f.documentation.endswith(".") and f.type != "unknown" for f in families)
    samples = [(s.name, tuple(sorted(s.labels.items())), s.value) for f in families for s in f.samples]
    found = {(name, labels): value for name, labels, value in samples}
    assert len(found) == len(samples), "a sample twice"
    return found


def labelled(samples, name, **labels):
    return samples.get((name, tuple(sorted(labels.items()))))


def promtool(*arguments, text=None):
    done = subprocess.run([PROMTOOL, *arguments], cwd=MONITORING, input=text, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "error" not in done.stderr, done.stdout + done.stderr
