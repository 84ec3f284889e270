# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time changes what a state directory stands for."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from pathlib import Path

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.errors import NotReady, StateError
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._claim import claim
from ansible_collections.lync.xmpp_migration.plugins.plugin_utils._runtime import Process


@pytest.fixture
def state(tmp_path: Path) -> Path:
    path = tmp_path / "state"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def me() -> Process:
    return Process.of(os.getpid())


def ended() -> Process:
    with subprocess.Popen(["sleep", "60"]) as process:
        known = Process.of(process.pid)
        process.kill()
    return known


def test_all_daemons_of_one_run_hold_it(state: Path, me: Process) -> None:
    held = [claim(str(state), "run-1", me, 0) for _ in range(3)]
    assert (state / "runs" / "run-1" / "alive").stat().st_mode & 0o777 == 0o600
    for one in held:
        os.close(one)


def test_a_second_run_is_refused_while_the_first_playbook_lives(state: Path, me: Process) -> None:
    held = claim(str(state), "run-1", me, 0)
    with pytest.raises(NotReady, match=r"Another run \(run-1\)"):
        claim(str(state), "run-2", me, 5)
    os.close(held)
    os.close(claim(str(state), "run-2", me, 0))


def test_a_second_run_waits_until_the_daemons_of_a_dead_one_have_drained(state: Path, me: Process) -> None:
    held = claim(str(state), "run-1", ended(), 0)
    threading.Timer(0.5, os.close, [held]).start()
    began = time.monotonic()
    os.close(claim(str(state), "run-2", me, 10))
    assert 0.4 < time.monotonic() - began < 5
    assert not (state / "runs" / "run-1" / "alive").exists(), "what has drained is not looked at again"


def test_waiting_has_an_end(state: Path, me: Process) -> None:
    held = claim(str(state), "run-1", ended(), 0)
    with pytest.raises(NotReady, match="has ended, but a call"):
        claim(str(state), "run-2", me, 0.3)
    os.close(held)


def test_who_waits_ends_with_its_own_playbook(state: Path) -> None:
    held = claim(str(state), "run-1", ended(), 0)
    began = time.monotonic()
    with pytest.raises(NotReady, match="has ended while it waited"):
        claim(str(state), "run-2", ended(), 60)
    assert time.monotonic() - began < 5
    os.close(held)


def test_of_two_that_begin_together_one_comes_first(state: Path, me: Process) -> None:
    got: list[object] = []

    def begin(name: str) -> None:
        try:
            got.append(claim(str(state), name, me, 0.1))
        except NotReady as exc:
            got.append(exc)

    threads = [threading.Thread(target=begin, args=(f"run-{number}",)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    held = [one for one in got if isinstance(one, int)]
    assert len(held) == 1 and len(got) == 4
    os.close(held[0])


def test_a_planted_link_is_refused(state: Path, me: Process, tmp_path: Path) -> None:
    (tmp_path / "victim").touch()
    (state / "runs" / "run-1").mkdir(parents=True, mode=0o700)
    (state / "runs").chmod(0o700)
    (state / "runs" / "run-1" / "alive").symlink_to(tmp_path / "victim")
    with pytest.raises(StateError):
        claim(str(state), "run-1", me, 0)


def test_a_state_directory_open_to_others_is_refused(state: Path, me: Process) -> None:
    (state / "runs").mkdir()
    (state / "runs").chmod(0o777)
    with pytest.raises(StateError):
        claim(str(state), "run-1", me, 0)
