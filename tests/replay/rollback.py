# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A migration broken off anywhere and rolled back: what is then not as it was at the start, beside what may not be.

The playbook `rollback` is recorded as the master playbook is: which modules it calls with which options depends on inventory and
variables only.
"""

from __future__ import annotations

import dataclasses
import fcntl
import fnmatch
import json
import os
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rollback.plan import KINDS
from ansible_collections.lync.xmpp_migration.tests.lab.conftest import RunningLab
from ansible_collections.lync.xmpp_migration.tests.lab.transport_support import eventually, short_home
from ansible_collections.lync.xmpp_migration.tests.replay.bare import Attended, without_servers_own
from ansible_collections.lync.xmpp_migration.tests.replay.playbooks import Operator
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

ROLLBACK = [{"import_playbook": "lync.xmpp_migration.rollback"}]
ACCEPTED = json.dumps({"rollback_accepts": sorted(KINDS)})
AGAIN = 4

#: What is not as it was after a rollback: by the name under which the list of what cannot be undone announces it, paths of the
#: state. `server_made` (signatures, versions, thumbprints) is compared nowhere.
STAYS: Mapping[str, tuple[str, ...]] = {
    "software": (
        "computers/*/components", "computers/*/windows_services/*", "computers/*/local_store", "computers/*/role", "computers/*/tools",
        "computers/*/restart_pending", "hosts/*/features", "hosts/*/packages/*", "hosts/*/sql_instances", "hosts/*/registry/*",
        "hosts/*/restart_pending", "hosts/*/powershell", "hosts/*/files/*", "computers/*/listening", "hosts/*/net_framework",
        "replicas/*", "hosts/*/last_boot", "computers/*/powershell",
    ),
    "certificates": ("computers/*/certificates/OAuthTokenIssuer", "hosts/*/trusted_roots"),
    "databases": ("central_management/databases",),
    "active_directory": ("directory/*",),
    "computer_name": ("hosts/edge*/name", "hosts/edge*/suffix_pending", "hosts/edge*/registry/*"),
    "operator": ("ocs/internal_servers",),
    "central_management_store": (
        "access_edge/*", "central_management/*", "conference_directories/*", "edges/ocs*", "ocs/configuration_imported",
        "policies/Global", "policies/Tag:LegacyFederation", "pools/ocs*", "pools/*pool2013*", "services", "simple_urls/*",
        "sip_domains/*", "sites/BackCompatSite", "sites/Redmond", "xmpp_gateway/*", "computers/pool2013*/certificates/*",
        "computers/fe*/certificates/*",
    ),
    "users_to_ocs": ("users/*/policies/*",),
}  # fmt: skip


def recorded(estate: str, users: int, tmp_path_factory: pytest.TempPathFactory) -> list[Recorded]:
    """Of the playbook rollback, made by the first worker that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    file = shared / f"rollback-{estate}-{users}.json"
    with open(file.with_suffix(".lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not file.exists():
            _record(tmp_path_factory.mktemp("rollback") / "lab", file, estate, users)
    found = json.loads(file.read_text(encoding="ascii"))
    return [Recorded(**{**one, "tags": tuple(one["tags"])}) for one in found]


def _record(directory: Path, file: Path, estate: str, users: int) -> None:
    directory.mkdir(mode=0o700)
    with short_home() as home:
        lab = RunningLab(directory, estate, "--users", str(users))
        try:
            operator = Operator(lab, home)
            dry = operator.play(ROLLBACK, "-e", ACCEPTED, check=True).done()
            assert eventually(operator.nothing_left)
        finally:
            lab.down()
    temporary = file.with_suffix(".new")
    temporary.write_text(json.dumps([dataclasses.asdict(one) for one in dry.recording]), encoding="ascii")
    temporary.rename(file)


def announced(results: Sequence[tuple[Recorded, Mapping[str, Any]]]) -> set[str]:
    """The kinds of what stays that the list named before anything was touched."""
    return {
        kind
        for one, result in results
        if one.module == "rollback_plan" and result.get("kept")
        for kind in result["kept"]
    }


def differences(start: Any, end: Any, path: str = "") -> Iterator[str]:
    """Paths of a state that are not the same; of lists the whole list."""
    if isinstance(start, Mapping) and isinstance(end, Mapping):
        for name in sorted({*start, *end}):
            where = f"{path}/{name}" if path else str(name)
            if name not in start or name not in end:
                yield from _leaves(start.get(name, end.get(name)), where)
            else:
                yield from differences(start[name], end[name], where)
    elif start != end:
        yield path


def _leaves(value: Any, path: str) -> Iterator[str]:
    yield path


def left(start: Mapping[str, Any], end: Mapping[str, Any], kinds: set[str]) -> list[str]:
    """What is not as it was, and was not announced."""
    allowed = [pattern for kind in kinds for pattern in STAYS.get(kind, ())]
    return [
        one
        for one in differences(start, end)
        if not any(fnmatch.fnmatchcase(one, pattern) or fnmatch.fnmatchcase(one, f"{pattern}/*") for pattern in allowed)
    ]


def state(replay: Replay) -> dict[str, Any]:
    """When all copies of the store and of the directory are up to date."""
    replay.world.clock.advance(120)
    return compared(replay.state)


def compared(state: Mapping[str, Any]) -> dict[str, Any]:
    """What is compared of a state: the organisation and its servers."""
    return {name: value for name, value in without_servers_own(state).items() if name not in ("unknowns", "violations")}


def round_trip(
    replay: Replay,
    migrate: Sequence[Recorded],
    rollback: Sequence[Recorded],
    stop: int | None = None,
    again: bool = False,
) -> list[str]:
    """Migrate up to a task, go back, and say what is wrong; with `again`, migrate once more to its end."""
    start = state(replay)
    watch = Attended(replay)
    replay.run(migrate[:stop], before=watch)
    replay.mortal, replay.dead, replay.kill_update = False, False, None
    watch.lost.clear()
    kinds: set[str] = set()
    failure: str | None = "never"
    for _ in range(AGAIN):
        ended = replay.run(rollback, before=watch)
        kinds |= announced(ended.results)
        failure = ended.failure
        if failure is None:
            break
    if failure is not None:
        return [f"the rollback does not come to its end: {failure}"]
    wrong = [f"{one} is not as it was" for one in left(start, state(replay), kinds)]
    wrong += [f"a law was broken: {one}" for one in watch.violations]
    twice = replay.run(rollback, before=watch)
    wrong += [f"the second rollback ends with: {twice.failure}"] if twice.failure else []
    wrong += [f"the second rollback changed: {one}" for one in twice.changed if "migration_lock" not in one]
    if again:
        end = replay.run(migrate, before=watch)
        wrong += [f"the migration after it ends with: {end.failure}"] if end.failure else []
    return wrong


def stop_of(seed: int, recording: Sequence[Recorded]) -> int:
    """A task of the migration at random, its end included."""
    return random.Random(f"rollback {seed}").randrange(1, len(recording) + 1)


#: Calls at which a migration is broken off, before they run or when they have taken effect.
CALLS = (
    "Publish-CsTopology", "Set-CsSimpleUrlConfiguration", "Enable-CsTopology", "Set-CsCertificate", "Move-CsUser", "Move-CsLegacyUser",
    "New-CsExternalAccessPolicy", "Grant-CsExternalAccessPolicy", "Set-CsSite", "New-CsXmppAllowedPartner", "Stop-Service",
)  # fmt: skip


def faults_of(seed: int) -> list[dict[str, Any]]:
    """A call at random that is struck, for every other seed; where it is not made, the migration comes to its end."""
    chance = random.Random(f"struck {seed}")
    fault = {
        "cmdlet": chance.choice(CALLS),
        "nth": chance.choice((1, 1, 2)),
        "when": chance.choice(("before", "after")),
    }
    return [{**fault, "do": "kill_process"}] if seed % 3 == 0 else []
