# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The roles from bare servers with another way for each certificate: an online authority for the Front End Server, a PFX
file for the Edge inside, requests that somebody answers for the Edge outside, and the private authority for OAuth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab import consoles
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of, subject
from ansible_collections.lync.xmpp_migration.tests.replay.bare import USERS, Attended
from ansible_collections.lync.xmpp_migration.tests.replay.compare import differences
from ansible_collections.lync.xmpp_migration.tests.replay.migration import recorded
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

pytestmark = pytest.mark.timeout(900)

ESTATE, CANARY = "lync2010-standard", "CANARY-pfx-passphrase"


def asked(recording: list[Recorded]) -> Iterator[Recorded]:
    """Steps 1 and 2, and of step 4 the certificate."""
    for one in recording:
        role = one.role.rpartition(".")[2]
        if role in ("preflight", "pool_deploy", "edge_deploy") or (role, one.module) == ("xmpp_access", "certificate"):
            yield one


def certificates(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one for one in lines if one.get("module") == "certificate" or one["kind"] == "outcome"]


def with_sources(recording: list[Recorded], replay: Replay, directory: Path) -> list[Recorded]:
    """The calls as the settings of the certificates would have made them."""
    front_end = {"source": "online_ca", "ca": replay.world.ca.location}
    ways: dict[str, dict[str, Any]] = {
        "Default": front_end,
        "Internal": {"source": "pfx", "file": str(directory / "internal.pfx")},
        "AccessEdgeExternal": {"source": "offline", "directory": str(directory)},
    }
    found = []
    for one in recording:
        way = ways.get(one.arguments.get("uses", [""])[0]) if one.module == "certificate" else None
        arguments = {**one.arguments, "origin": way} if way else one.arguments
        if one.module == "certificate":  # the replay gives a secret to each call that may have it
            arguments = {**arguments, "pfx_passphrase": CANARY}
        found.append(dataclasses.replace(one, arguments=arguments))
    return found


def internal_pfx(replay: Replay, directory: Path) -> None:
    ca, name = replay.world.ca, "edge2013.contoso.test"
    key = ca.keys.next()
    leaf = ca.issue(key.public, subject(name), [name], replay.world.clock.now(), client=True)
    sealed = BestAvailableEncryption(CANARY.encode())
    file = directory / "internal.pfx"
    file.write_bytes(pkcs12.serialize_key_and_certificates(None, key.private, leaf, [ca.certificate], sealed))
    file.chmod(0o600)


def test_each_way_from_bare_servers(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    directory = tmp_path / "requests"
    directory.mkdir()
    migration = recorded(ESTATE, USERS[ESTATE], tmp_path_factory)
    with Replay(ESTATE, tmp_path / "lab", users=USERS[ESTATE]) as replay:
        internal_pfx(replay, directory)
        calls = with_sources(list(asked(migration.recording)), replay, directory)
        dry = replay.run(calls, check=True).done()
        assert sorted(one.name for one in directory.iterdir()) == ["internal.pfx"]
        watch, request = Attended(replay), directory / "edge2013-AccessEdgeExternal.req"
        for _gate in ("without XMPP", "with the XMPP domains"):
            stopped = replay.run(calls, name="real", before=watch)
            assert stopped.failure is not None and str(request) in str(stopped.failure), stopped.failure
            consoles.act(replay.world, "certificate_answer", str(request))
        real = replay.run(calls, name="real", before=watch).done()
        # replication is asked for again by each run that starts while a change is on its way
        planned, made = (certificates(lines) for lines in (replay.plan(dry.run), replay.journal(real.run)))
        assert differences(planned, made) == []
        again = replay.run(calls).done()
        assert again.changed == []
        edge = certificates_of(replay.world.computer("edge2013.contoso.test"))
        assert {one.use for one in edge.assignments.values()} >= {"Internal", "AccessEdgeExternal"}
        assert all(stored.exportable for stored in edge.stores["My"].values() if stored.key is not None)
        kept = "".join(path.read_text("latin-1") for path in replay.state_dir.rglob("*") if path.is_file())
        assert CANARY not in kept + str(replay.world.transcript.lines(0)) and "PRIVATE KEY" not in kept
        assert watch.violations == []
