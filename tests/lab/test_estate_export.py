# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lab, export, lab: the second organisation is the first, apart from what nobody can read."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.estate import Estate, load
from ansible_collections.lync.xmpp_migration.lab.organisation.clock import Clock
from ansible_collections.lync.xmpp_migration.lab.organisation.creation import create
from ansible_collections.lync.xmpp_migration.lab.organisation.state import state
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.export import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._rehearsal.pseudonyms import Pseudonyms
from ansible_collections.lync.xmpp_migration.tests.replay.random_estates import random_estate
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay, ReplayTask

SEEDS = range(20)

#: What nobody can read of any organisation.
NEVER = ("server_made", "unknowns")
#: Of a host: what the twin has by its own defaults.
OF_WINDOWS = ("registry", "restart_pending", "suffix_pending")
#: Of Office Communications Server nothing answers before it is merged, so all is as declared.
OF_OCS = ("users", "ocs", "policies", "conference_directories", "hosts", "computers", "directory")


def settings_of(replay: Replay) -> dict[str, Any]:
    """The variables as `lab up` writes them."""
    made = copy.deepcopy(dict(replay.place.real(replay.world.estate.migration)))
    server = replay._server
    assert server is not None
    servers = [{"address": server.address, "port": server.port}]
    made["dns"] = {
        **made.get("dns", {}),
        "servers": servers,
        "tsig_key_name": server.key_name,
        "tsig_algorithm": server.algorithm,
    }
    made["partner_probe"] = {"name_servers": servers, "ca_file": "/nowhere/authority.pem"}
    made["trusted_roots"] = ["/nowhere/authority.pem"]
    made["certificates"] = {"authority": {"certificate": "/nowhere/authority.pem", "key": "/nowhere/authority.key"}}
    return made


def exported(replay: Replay, **options: Any) -> dict[str, Any]:
    settings = settings_of(replay)
    sockets = {name: "" for name, one in replay.hosts.items() if one.reachable and not one.powershell.startswith("2")}
    replay._opened["assess"] = set(sockets)
    context = Context(
        str(replay.state_dir), "assess", "fe2013", module="estate_export", sockets=sockets, groups=replay.groups
    )
    params = {"settings": settings, "pseudonyms": False, "report": False, **options}
    start = len(replay.world.transcript)
    report = run(ReplayTask(params, context, replay), clock=replay.now)
    assert list(replay.writes(start)) == []
    assert report.changed is False
    return dict(report.value)


def state_of(estate: Estate) -> dict[str, Any]:
    return json.loads(json.dumps(state(create(estate, Clock(datetime.now(UTC), speed=0)))))


def comparable(whole: Mapping[str, Any], ocs: bool) -> dict[str, Any]:
    made = {name: value for name, value in whole.items() if name not in NEVER and not (ocs and name in OF_OCS)}
    made["name"] = ""
    for host in made.get("hosts", {}).values():
        for name in OF_WINDOWS:
            host.pop(name)
    for computer in made.get("computers", {}).values():
        computer.pop("restart_pending")
    made["dns"] = {
        zone: {record: {**row, "values": sorted(row["values"])} for record, row in rows.items()}
        for zone, rows in made["dns"].items()
    }
    return made


def differences(before: Any, after: Any, where: str = "") -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            line
            for name in sorted({*before, *after})
            for line in differences(before.get(name, "(none)"), after.get(name, "(none)"), f"{where}/{name}")
        ]
    return [] if before == after else [f"{where}: {before!r} is {after!r}"]


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_read_is_the_same_organisation_again(seed: int, tmp_path: Path) -> None:
    first = random_estate(seed, most=40)
    with Replay(first, tmp_path / "lab") as replay:
        value = exported(replay)
    path = Path(value["estate"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = load(path)
    ocs = first.ocs is not None
    assert differences(comparable(state_of(first), ocs), comparable(state_of(again), ocs)) == []
    assert again.migration == first.migration


def known_texts(replay: Replay) -> set[str]:
    """What somebody who knows the organisation would look for: addresses, names, hosts, domains, sites, comments."""
    found = set()
    for user in replay.world.ad:
        address = str(user.sip or "").removeprefix("sip:")
        found |= {address, address.partition("@")[0], user.display_name, user.sam}
    for computer in replay.world.computers.values():
        found |= {computer.fqdn, computer.host, computer.inventory_name}
    estate = replay.world.estate
    found |= {*estate.sip_domains, estate.domain, *(site.name for site in estate.sites)}
    found |= {one.domain for one in estate.partners} | {one.comment or "" for one in estate.allowed_domains}
    found |= {edge.access_fqdn for edge in estate.edges} | {"contoso", "wingtip", "fabrikam", "nwtraders"}
    return {one for one in found if one and len(one) > 3}


def skeleton(estate: Estate) -> dict[str, Any]:
    """How many there are of everything, and how they hang together, without a name."""
    return {
        "sites": [bool(one.federation_route) for one in estate.sites],
        "pools": [(one.version, one.kind, len(one.machines), bool(one.edge)) for one in estate.pools],
        "edges": [(one.version, one.federation, one.xmpp, one.external_address) for one in estate.edges],
        "hosts": [
            (one.groups, one.windows, one.powershell, one.product, one.bare, one.internal_address)
            for one in estate.hosts
        ],
        "users": [(one.enabled, one.hosting_provider, bool(one.pool)) for one in estate.users],
        "zones": [[(row.type, row.ttl) for row in one.records] for one in estate.zones],
        "partners": [(one.address, one.tls, one.sasl_external, one.dialback) for one in estate.partners],
        "allowed": [bool(one.proxy) for one in estate.allowed_domains],
        "policies": [{k: v for k, v in row.items() if k != "Description"} for row in estate.policies.values()],
        "gateway": estate.gateway and len(estate.gateway.partners),
        "settings": sorted(estate.migration),
    }


@pytest.mark.parametrize("seed", (4, 5, 6))
def test_guessing_known_names_finds_none(seed: int, tmp_path: Path) -> None:
    with Replay(random_estate(seed, most=30), tmp_path / "lab") as replay:
        path = Path(exported(replay)["estate"])
        plain, before = load(path), path.read_text(encoding="utf-8").casefold()
        hidden = load(exported(replay, pseudonyms=True)["estate"])
        text, known = path.read_text(encoding="utf-8").casefold(), known_texts(replay)
    assert {"contoso", "fabrikam.test"} <= {one for one in known if one.casefold() in before}
    assert [one for one in known if one.casefold() in text] == []
    # Whoever knows an address and the way names are made has no key to make them with.
    guesses = {hashlib.sha256(one.encode()).hexdigest()[:10] for one in known} | {
        hmac.new(key, one.encode(), hashlib.sha256).hexdigest()[:10]
        for one in known
        for key in (b"", b"key", b"contoso")
    }
    assert not [one for one in guesses if one in text]
    assert skeleton(plain) == skeleton(hidden)
    assert hidden.migration["users"]["pilot"][0] in {one.sip for one in hidden.users}  # the same person everywhere
    assert hidden.migration["pool"]["fqdn"].endswith(hidden.domain)


def test_the_names_of_two_exports_have_nothing_in_common() -> None:
    names = [Pseudonyms(), Pseudonyms()]
    assert names[0].address("sip:ann@contoso.test") == names[0].address("sip:ANN@Contoso.test")
    assert names[0].address("sip:ann@contoso.test") != names[1].address("sip:ann@contoso.test")
    assert names[0].name("fe.contoso.test").endswith("." + names[0].name("contoso.test"))
