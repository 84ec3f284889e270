# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan is approved, and a real run is held to it: what has changed meanwhile is named, what is not in it is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dns.query
import dns.tsigkeyring
import dns.update
import pytest
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.calls import Cmdlet, to_wire
from ansible_collections.lync.xmpp_migration.tests.replay.migration import (  # noqa: F401
    ESTATE,
    SECTIONS,
    USERS,
    Migration,
    expected_end,
    migration,
)
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay
from ansible_collections.lync.xmpp_migration.tests.replay.shell import LabShell

pytestmark = pytest.mark.timeout(300)

USER = "sip:user003@contoso.test"


def ask(replay: Replay, host: str, cmdlet: str, **parameters: Any) -> None:
    """Somebody else, at a Lync Server Management Shell of his own."""
    reply = LabShell(replay.world, replay.hosts[host]).request([to_wire(Cmdlet(cmdlet, parameters))], 60)
    assert reply.ends[0]["ok"], reply.ends


def enable(replay: Replay, enabled: bool) -> None:
    """What is done in the Control Panel."""
    directory = replay.world.ad
    user = directory.by_key(USER)
    assert user is not None
    directory.homed[user.registrar_pool or ""] += 1 if enabled else -1
    user.enabled = enabled


def update_dns(replay: Replay) -> None:
    server = replay._server
    assert server is not None
    keys = dns.tsigkeyring.from_text({server.key_name: server.key_secret})
    update = dns.update.UpdateMessage("contoso.test", keyring=keys, keyalgorithm="hmac-sha256")
    update.replace("_xmpp-server._tcp", 6, "SRV", "10 0 5269 xmpp.contoso.test.")
    assert dns.query.tcp(update, server.address, 5, server.port).rcode() == 0


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Replay]:
    with Replay(ESTATE, tmp_path / "lab", users=USERS) as made:
        yield made


def planned(replay: Replay, recording: list[Recorded]) -> dict[str, Any]:
    """A dry run, and what it says at its end; it is approved."""
    result = replay.run(recording, check=True).done().results[-1][1]
    replay.approved = (result["plan"], result["digest"])
    return result


def refused(replay: Replay, recording: list[Recorded]) -> str:
    """Why a real run ends before it changes anything."""
    start = len(replay.world.transcript)
    ended = replay.run(recording)
    assert ended.failure is not None
    assert list(replay.writes(start)) == []
    return ended.failure


def at_end(replay: Replay) -> None:
    end, expected = replay.state, expected_end()
    assert {name: end[name] for name in SECTIONS} == {name: expected[name] for name in SECTIONS}


# --- what a dry run leaves


def test_a_dry_run_leaves_a_page_and_says_what_to_give(replay: Replay, migration: Migration) -> None:  # noqa: F811
    told = planned(replay, migration.recording)
    page = Path(told["page"]).read_text(encoding="utf-8")
    assert told["digest"] in page and "pool2013.contoso.test (4)" in page
    assert [one["step"] for one in told["steps"]] == [0, 1, 2, 3, 4, 5, 6]
    assert told["users"]["moved"] == told["users"]["touched"] == 4
    assert {one["object"] for one in told["irreversible"]} >= {"replica of the Central Management store"}
    assert told["earliest_cutover"]
    assert any(told["digest"] in line for line in told["say"])


def test_more_users_than_allowed_cannot_be_approved(replay: Replay, migration: Migration) -> None:  # noqa: F811
    recording = [with_argument(one, "written", users_at_most=3) for one in migration.recording]
    ended = replay.run(recording, check=True)
    assert "touches 4 users, and at most 3 may be" in str(ended.failure)
    assert not (replay.state_dir / "runs" / ended.run / "plan.json").exists()


def with_argument(recorded: Recorded, state: str, **more: Any) -> Recorded:
    if recorded.module != "migration_plan" or recorded.arguments["state"] != state:
        return recorded
    return dataclasses.replace(recorded, arguments={**recorded.arguments, **more})


# --- a run under it


def test_a_run_does_what_was_approved_and_again_nothing(replay: Replay, migration: Migration) -> None:  # noqa: F811
    planned(replay, migration.recording)
    assert replay.run(migration.recording).done().changed
    at_end(replay)
    assert replay.run(migration.recording).done().changed == [], "the same plan once more finds all done"


def test_a_run_that_was_broken_off_goes_on_under_the_same_plan(tmp_path: Path, migration: Migration) -> None:  # noqa: F811
    faults = [
        {"do": "kill_process", "when": "after", "cmdlet": one, "nth": 2} for one in ("Move-CsUser", "Set-CsCertificate")
    ]
    with Replay(ESTATE, tmp_path / "lab", users=USERS, faults=faults) as replay:
        planned(replay, migration.recording)
        runs = [replay.run(migration.recording) for _ in range(3)]
        assert [one.failure is None for one in runs][0::2] == [False, True]
        at_end(replay)


DRIFT: dict[str, tuple[Callable[[Replay], None], str]] = {
    "user": (
        lambda replay: ask(replay, "fe2013", "Grant-CsExternalAccessPolicy", Identity=USER, PolicyName="Somebodys"),
        f"user {USER}: ExternalAccessPolicy was nothing and is Somebodys",
    ),
    "user-disabled": (
        lambda replay: enable(replay, False),
        f"user {USER}: Enabled was True and is False",
    ),
    "partner": (
        lambda replay: ask(replay, "fe2013", "New-CsXmppAllowedPartner", Identity="litware.test", Confirm=False),
        "XMPP partner litware.test has been added",
    ),
    "policy": (
        lambda replay: ask(
            replay, "fe2013", "Set-CsExternalAccessPolicy", Identity="Global", EnableOutsideAccess=False
        ),
        "external access policy Global: EnableOutsideAccess was True and is False",
    ),
    "allowed-domain": (
        lambda replay: ask(replay, "fe2013", "Remove-CsAllowedDomain", Identity="nwtraders.test", Confirm=False),
        "allowed domain nwtraders.test was there and is gone",
    ),
    "dns": (
        update_dns,
        "DNS record _xmpp-server._tcp.contoso.test SRV: Values was 0 0 5269 xmpp.contoso.test. and is 10 0 5269",
    ),
}


@pytest.mark.parametrize("what", DRIFT)
def test_what_somebody_changed_meanwhile_is_named(replay: Replay, migration: Migration, what: str) -> None:  # noqa: F811
    change, says = DRIFT[what]
    ask(replay, "fe2013", "New-CsExternalAccessPolicy", Identity="Somebodys", Confirm=False)
    planned(replay, migration.recording)
    change(replay)
    assert says in refused(replay, migration.recording)


def test_another_certificate_is_named(replay: Replay, migration: Migration) -> None:  # noqa: F811
    replay.run(migration.recording).done()
    planned(replay, migration.recording)
    ask(replay, "edge2013", "Remove-CsCertificate", Type=["XmppServer"], Confirm=False)
    assert "certificate for XmppServer on edge2013.contoso.test was there and is gone" in refused(
        replay, migration.recording
    )


def test_what_is_not_in_the_plan_is_refused_on_the_way(replay: Replay, migration: Migration) -> None:  # noqa: F811
    """Somebody enables a user after the comparison: the run stops before it moves him."""
    enable(replay, False)
    planned(replay, migration.recording)

    def meanwhile(recorded: Recorded) -> None:
        if recorded.module == "legacy_federation":
            enable(replay, True)

    ended = replay.run(migration.recording, before=meanwhile)
    assert f"user {USER} is not changed with Move-CsUser" in str(ended.failure)
    assert not any(
        line["cmdlet"] == "Move-CsUser" and line["parameters"]["Identity"] == USER for line in replay.writes()
    )


# --- another call of the playbook


def test_another_call_of_the_playbook_is_named(replay: Replay, migration: Migration) -> None:  # noqa: F811
    replay.arguments = {"limit": None, "tags": [], "skip_tags": [], "extra_vars": {"a": 1, "b_password": "one"}}
    planned(replay, migration.recording)
    replay.arguments = {
        "limit": "fe2013",
        "tags": ["step3"],
        "skip_tags": [],
        "extra_vars": {"a": 2, "b_password": "two", "c": 1},
    }
    says = refused(replay, migration.recording)
    assert "--limit was not given and is fe2013; --tags was not given and is step3" in says
    assert "the extra variable a has another value; the extra variable c was not given and is" in says
    assert (
        "b_password" not in says
        and "one" not in (replay.state_dir / "runs" / replay.approved[0] / "plan.json").read_text()
    )


def test_other_settings_are_named(replay: Replay, migration: Migration) -> None:  # noqa: F811
    planned(replay, migration.recording)
    for recorded in migration.recording:
        if recorded.module == "migration_plan":
            settings = json.loads(json.dumps(recorded.arguments["settings"]))
            settings["partners"][0]["tls_negotiation"] = "Optional"
            break
    changed = [with_argument(one, "compared", settings=settings) for one in migration.recording]
    assert "lync_migration.partners was [" in refused(replay, changed)


# --- the plan itself


def test_the_digest_comes_from_the_operator(replay: Replay, migration: Migration) -> None:  # noqa: F811
    planned(replay, migration.recording)
    replay.approved = (replay.approved[0], "0" * 64)
    assert "another plan was meant, or this one was altered" in refused(replay, migration.recording)
    replay.approved = (replay.approved[0], "")
    assert "belong together" in refused(replay, migration.recording)
    replay.approved = ("run-99", "0" * 64)
    assert "There is no plan of the run run-99" in refused(replay, migration.recording)


@pytest.mark.parametrize("file", ["plan.ndjson", "world.ndjson", "plan.json"])
def test_an_altered_plan_is_refused(replay: Replay, migration: Migration, file: str) -> None:  # noqa: F811
    planned(replay, migration.recording)
    path = replay.state_dir / "runs" / replay.approved[0] / file
    path.write_text(path.read_text().replace("pool2010", "pool2011"))
    assert "approved" in refused(replay, migration.recording)


def test_without_the_comparison_nothing_is_changed(replay: Replay, migration: Migration) -> None:  # noqa: F811
    """As with --start-at-task: the run has not looked whether the world is still the same."""
    planned(replay, migration.recording)
    rest = [one for one in migration.recording if one.module != "migration_plan"]
    assert "has not compared the organisation with it" in refused(replay, rest)
