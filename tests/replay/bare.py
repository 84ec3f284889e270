# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The estates with bare servers: how many users a test gives them, and what was written down of their end.

`unlike` compares a state with what was written: a mapping that was written has to be there with at least these keys, and
anything else has to be equal. What only servers make is in no comparison.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.lync.xmpp_migration.tests.replay.migration import Watch, operator
from ansible_collections.lync.xmpp_migration.tests.replay.recording import Recorded
from ansible_collections.lync.xmpp_migration.tests.replay.replay import Replay

#: estate -> users; one of them has more users of its own
USERS = {
    "lync2010-standard": 5,
    "lync2010-enterprise": 5,
    "lync2010-two-sites": 5,
    "ocs2007r2-standard": 5,
    "ocs2007r2-enterprise": 5,
    "ocs2007r2-two-sites": 14,
}
EXPECTED = Path(__file__).parents[1] / "lab" / "expected"
#: Of these nothing else may be there than what was written.
WHOLE = ("sites", "pools", "edges")
ROLES = ("pool_deploy", "edge_deploy", "user_move", "xmpp_access", "federation_enable", "dns_update")
PORTS = re.compile(r":(5061|5098|5269|23456)/tcp$")


def written(name: str) -> dict[str, Any]:
    return dict(yaml.safe_load((EXPECTED / f"{name}.yml").read_text(encoding="utf-8")))


def without_servers_own(state: Mapping[str, Any]) -> dict[str, Any]:
    """The whole state but what only servers make, as values that compare."""
    return dict(json.loads(json.dumps({name: value for name, value in state.items() if name != "server_made"})))


def unlike(expected: Any, found: Any, where: str) -> list[str]:
    if not isinstance(expected, Mapping):
        return [] if expected == found else [f"{where}: {found!r}, not {expected!r}"]
    if not isinstance(found, Mapping):
        return [f"{where}: {found!r}, not a mapping"]
    parts = (unlike(value, found.get(key), f"{where}.{key}") for key, value in expected.items())
    return [sentence for part in parts for sentence in part]


def end_unlike(estate: str, start: Mapping[str, Any], end: Mapping[str, Any]) -> list[str]:
    """Where the end of a migration is not the one that was written down for the estate."""
    own, common = written(estate), written("bare")
    servers, home = own.pop("servers"), own.pop("moved_to")
    kinds = {"front_ends": common.pop("front_end"), "edges": common.pop("edge")}
    store = common.pop("central_management_server")["running"]
    more = store if source_is_ocs(own) else []
    kinds["front_ends"]["running"] = sorted([*kinds["front_ends"]["running"], *more])
    found = [f"{name}: {sorted(end[name])}" for name in WHOLE if set(end[name]) != set(own[name])]
    for section, expected in [*own.items(), *common.items()]:
        found += unlike(expected, end[section], section)
    for kind, wanted in kinds.items():
        for fqdn in servers[kind]:
            found += unlike(_server_wanted(wanted), _server(end["computers"][fqdn]), fqdn)
            found += unlike({"enabled": True, "up_to_date": True}, end["replicas"].get(fqdn), f"replica {fqdn}")
    gateway = end["gateway"]["fqdn"]
    others = set(start["computers"]) - {fqdn for names in servers.values() for fqdn in names} - {gateway}
    found += unlike(_stopped(start["computers"][gateway]), end["computers"][gateway], gateway)
    found += [f"{fqdn} is not as it was" for fqdn in others if end["computers"][fqdn] != start["computers"][fqdn]]
    return found + _users_unlike(start["users"], end["users"], home)


def source_is_ocs(expected: Mapping[str, Any]) -> bool:
    """Where there was no Central Management store, the new pool has it."""
    return "ocs" in expected


def _stopped(computer: Mapping[str, Any]) -> dict[str, Any]:
    """The old gateway: as it was, but its service was stopped, so nothing listens."""
    services = dict.fromkeys(computer["windows_services"], "Stopped")
    return {**computer, "windows_services": services, "listening": []}


def _server_wanted(wanted: Mapping[str, Any]) -> dict[str, Any]:
    return {**wanted, "local_store": True, "restart_pending": False, "tools": "L13"}


def _server(computer: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **computer,
        "running": sorted(name for name, status in computer["windows_services"].items() if status == "Running"),
        "certificates": sorted(use for use, one in computer["certificates"].items() if one["key"]),
        "ports": sorted({int(found[1]) for one in computer["listening"] if (found := PORTS.search(one))}),
    }


def _users_unlike(start: Mapping[str, Any], end: Mapping[str, Any], home: str) -> list[str]:
    """Whoever can be moved is on the new pool with the policy, nobody else was touched, and nobody is lost."""
    found = [] if set(start) <= set(end) else [f"users are gone: {sorted(set(start) - set(end))}"]
    moved = {"pool": home, "moving_to": None, "policies": {"ExternalAccessPolicy": "XmppUsers"}}
    for sip, before in start.items():
        in_scope = before["enabled"] and before["hosting_provider"] in ("SRV:", None)
        now = {
            name: value for name, value in end.get(sip, {}).items() if name not in ("home_server", "hosting_provider")
        }
        if in_scope:
            found += unlike({**moved, "display_name": before["display_name"]}, now, sip)
        elif end.get(sip) != before:
            found.append(f"{sip} was touched: {end.get(sip)}")
    return found


class Attended(Watch):
    """Watches, and does by hand what is asked for."""

    def __init__(self, replay: Replay) -> None:
        super().__init__(replay)
        self.starts: list[tuple[Recorded, int]] = []  # each call with the lines that the lab's transcript had before it

    def __call__(self, recorded: Recorded | None = None) -> None:
        super().__call__(recorded)
        if recorded is not None:
            operator(self.replay, recorded)
            self.starts.append((recorded, len(self.replay.world.transcript)))


Point = tuple[str, str, int]


def points(watch: Attended, roles: tuple[str, ...] = ROLES[:2]) -> list[Point]:
    """The state-changing calls that a watched run made in these roles: host, cmdlet, and which of its calls there."""
    lines = watch.replay.world.transcript.lines()
    ends = [start for _recorded, start in watch.starts[1:]] + [len(lines)]
    seen: dict[tuple[str, str], int] = {}
    found: list[Point] = []
    for (recorded, start), end in zip(watch.starts, ends, strict=True):
        for line in lines[start:end]:
            if line["outcome"].startswith(("late", "ended by")):
                continue  # the end of what another line began
            call = (line["host"], line["cmdlet"])
            seen[call] = seen.get(call, 0) + 1
            strikes = line["host"] != "consoles" and not line["cmdlet"].startswith("file.")
            if line["write"] and strikes and recorded.role.rpartition(".")[2] in roles:
                found.append((*call, seen[call]))
    return found
