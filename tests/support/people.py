# SPDX-License-Identifier: Apache-2.0
"""People at their keyboards: anprctl with a person's own certificate, key and memory."""

import json
import os
import subprocess
import time
from dataclasses import dataclass

from .places import PATIENCE, program
from .wait import eventually

DONE, REFUSED, USAGE, UNREACHABLE, NOT_YET = range(5)       # anprctl's exit codes


@dataclass
class Answer:
    code: int
    text: str
    errors: str

    @property
    def json(self):
        return json.loads(self.text)


class Person:
    """One person of one organisation; `home` is where anprctl keeps what it remembers for them."""

    def __init__(self, installation, name, organisation, url=None):
        self.installation, self.name, self.organisation, self.url = installation, name, organisation, url
        self.home = installation.folder / "home" / name
        self.home.mkdir(parents=True, exist_ok=True)

    def environment(self):
        it, pki = self.installation, self.installation.pki
        return {"HOME": str(self.home), "PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
                "ANPRCTL_GATEWAY": self.url or it.admin_url, "ANPRCTL_CA": str(pki / "gateway-ca.pem"),
                "ANPRCTL_CERT": str(pki / f"{self.name}.pem"), "ANPRCTL_KEY": str(pki / f"{self.name}.key"),
                **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")}}

    def try_to(self, *arguments):
        """Runs anprctl; its answer, whatever it is."""
        done = subprocess.run([program("anprctl"), *map(str, arguments)], env=self.environment(), cwd=self.home,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE)
        return Answer(done.returncode, done.stdout, done.stderr)

    def must(self, *arguments):
        """Runs anprctl with --json; what it answers, which must be success."""
        answer = self.try_to(*arguments, "--json")
        assert answer.code == DONE, f"{self.name}: anprctl {' '.join(map(str, arguments))}: {answer}"
        return answer.json

    def off(self, *arguments):
        """Turns off, again while the answer is 'not yet enforced': a machine that stands still earns that answer by right."""
        until = time.monotonic() + PATIENCE
        while (answer := self.try_to("off", *arguments, "--json")).code == NOT_YET and time.monotonic() < until:
            pass
        assert answer.code == DONE, f"{self.name}: anprctl off {' '.join(map(str, arguments))}: {answer}"
        return answer.json

    def insist(self, *arguments):
        """Until it is done. A machine that stands still answers 'not confirmed' first; what was done after all is then
        refused, because there is nothing left to do."""
        codes = []

        def done():
            codes.append(self.try_to(*arguments).code)
            return codes[-1] == DONE or (codes[-1] == REFUSED and len(codes) > 1)
        eventually(done, lambda: f"{arguments}: {codes}")

    def status(self):
        return self.must("status")
