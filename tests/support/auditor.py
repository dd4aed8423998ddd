# SPDX-License-Identifier: Apache-2.0
"""The three who watch without trusting the gateway: anprctl verify, the same as it keeps following, and
deploy/check_bundle, which shares no code with them."""

import json
import signal
import subprocess
import sys

from .places import PATIENCE, ROOT, program


def ask(*options):
    """What anprctl verify says: its exit status and answer."""
    done = subprocess.run([program("anprctl"), "verify", "--json", *map(str, options)], capture_output=True, text=True,
                          timeout=300, stdin=subprocess.DEVNULL)
    assert done.returncode in (0, 1), done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def check(bundle, *options):
    """What deploy/check_bundle says of it."""
    done = subprocess.run([sys.executable, ROOT / "deploy/check_bundle", "--json", bundle, *map(str, options)],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode in (0, 1), done.stderr
    answer = json.loads(done.stdout)
    assert done.returncode == (1 if answer["offences"] else 0) and answer["clean"] == (done.returncode == 0)
    return answer


def places(answer):
    return {o["offence"]: o["first"] for o in answer["offences"]}


# Told at the ledger record that says so, but seen on the topic.
OF_READS = {"read_missing", "read_altered"}


def judge(evidence, path, *options):
    """What verify finds wrong in the evidence: {kind: (count, place of the first, words)}, and its figures. The checker,
    which does not look at reads, finds all the rest of it as well, in the same places."""
    bundle = evidence.save(path)
    status, answer = ask("--bundle", bundle, *options)
    found = {o["offence"]: (o["count"], o["first"], o["what"]) for o in answer["offences"]}
    assert status == (1 if found else 0)
    at_reads = OF_READS | {kind for kind, (_, place, _) in found.items() if place.split(" ")[0] in evidence.topics}
    beside = {kind: place for kind, (_, place, _) in found.items() if kind not in at_reads}
    apart = places(check(bundle, *options))
    assert {kind: place for kind, place in apart.items() if kind not in at_reads} == beside
    return found, answer["figures"], apart


class Watch:
    """anprctl verify --follow --json as a verifier; what it tells goes to a file."""

    def __init__(self, it, *options):
        self.out, self.err = it.folder / "watch.out", it.folder / "watch.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", program("anprctl"), "verify", "--follow", "--json", "--prefix", it.prefix,
                 *map(str, it.kafka("verifier")), *map(str, options)], stdin=subprocess.DEVNULL, stdout=out, stderr=err)

    def told(self):
        """What it found: one answer for each line it has written in full."""
        return [line for line in self._running() if "error" not in line]

    def troubles(self):
        """What stood in its way."""
        return [line["error"] for line in self._running() if "error" in line]

    def _running(self):
        assert self.process.poll() is None, f"it ended: {self.err.read_text()}"
        return self._lines()

    def _lines(self):
        return [json.loads(line) for line in self.out.read_bytes().split(b"\n")[:-1]]

    def stop(self):
        """Its exit status, and the last it says."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=PATIENCE), self._lines()[-1]

    def kill(self):
        self.process.kill()
        self.process.wait()
