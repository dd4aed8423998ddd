# SPDX-License-Identifier: Apache-2.0
"""Waiting for conditions. No test sleeps for a while and hopes."""

import time

from .places import PATIENCE


def eventually(condition, what, seconds=None):
    """The first true value of condition(); fails with `what` (text, or a function giving it) when it takes too long."""
    until = time.monotonic() + (PATIENCE if seconds is None else seconds)
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not within the time: {what() if callable(what) else what}")
        time.sleep(0.05)
    return value


def steady(value, seconds, what):
    """value() does not change for so long, watched all the while; returns it. For proofs that nothing comes any more,
    where there is nothing to wait for."""
    first, until = value(), time.monotonic() + seconds
    while time.monotonic() < until:
        assert value() == first, f"it changed: {what}"
        time.sleep(0.05)
    return first


def settled(value, seconds, what):
    """value(), once it has not changed for so long."""
    until, last, since = time.monotonic() + PATIENCE, value(), time.monotonic()
    while time.monotonic() - since < seconds:
        assert time.monotonic() < until, f"still changing: {what}"
        time.sleep(0.05)
        if (now := value()) != last:
            last, since = now, time.monotonic()
    return last
