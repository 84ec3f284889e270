# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would stop the migration: the checks of preflight once more, all of them, whatever the first of them finds.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from .._engine.errors import MigrationError
from .._engine.module import Report, Task
from .._readiness import estate, homed, host
from .._readiness.findings import ERROR, UNKNOWN, WARNING, Finding, NotPrepared
from .._readiness.manual_gate import GATES
from .._users import readiness as user_readiness
from .._xmpp import reconcile
from .reading import Found, on

Settings = Mapping[str, Any]


def collected(
    task: Task, found: Found, settings: Settings, clock: Callable[[], float] = time.time
) -> list[dict[str, Any]]:
    """The findings of every check, each with what it is of."""
    rows: list[dict[str, Any]] = []
    accept = list(settings.get("preflight_accepts") or ())
    for name in task.context.members("lync_2013_front_ends", "lync_2013_edges"):
        if name not in found.hellos:
            rows.append(_row(name, UNKNOWN, "session", f"{name} has no session, so it was not looked at."))
            continue
        edge = name in task.context.members("lync_2013_edges")
        options = {
            "role": "edge" if edge else "front_end", "source": settings.get("source"), "ports": None, "media": _media(settings),
            "names": [] if edge else [settings["pool"]["fqdn"]], "disk_gb": 32, "workgroup": None,
            "accept": [one for one in accept if one in host.IDS],
        }  # fmt: skip
        rows += _of(name, on(task, name, options), lambda given: host.run(given, clock))
    if not found.by:
        return rows
    legacy = settings.get("legacy") or {}
    here = on(task, found.by)
    rows += _of("the organisation", on(here, found.by, {
        "source": settings.get("source"), "legacy_edge_fqdn": legacy.get("edge_fqdn"), "edges": [],
        "partner_domains": [one["domain"] for one in settings.get("partners") or ()], "lync_2010_minimum": None,
        "accept": [one for one in accept if one in estate.IDS],
    }), estate.run)  # fmt: skip
    rows += _of("partners", on(here, found.by, {
        "gateway_fqdn": legacy.get("gateway_fqdn"), "allow_list": legacy.get("gateway_allow_list"),
        "partners": settings.get("partners") or [], "dropped": settings.get("partners_dropped") or [],
    }), reconcile.run)  # fmt: skip
    pool = settings["pool"]["fqdn"]
    rows += _of("users", on(here, found.by, {
        "target_pool": pool, "pools": [pool], "direction": "forth", "branch_pools": [], "stop_for_users": False,
        "accept": ["legacy_import", "replication_pending"], "domain_controller": None,
    }), user_readiness.run)  # fmt: skip
    rows += _of("what is homed beside users", on(here, found.by, {"target_pool": pool, "pools": [pool]}), homed.run)
    return rows


def _media(settings: Settings) -> list[str]:
    path = (settings.get("media") or {}).get("path")
    return [path.rstrip("\\") + r"\Setup\amd64\Setup\ocscore.msi"] if path else []


def _row(of: str, severity: str, name: str, sentence: str) -> dict[str, Any]:
    return {"of": of, "severity": severity, "id": name, "sentence": sentence}


def _of(what: str, task: Task, run: Callable[[Task], Report]) -> list[dict[str, Any]]:
    """The findings of one check; its warnings are among them, and its end is one where it ends with a sentence."""
    task.warnings = []
    try:
        value = run(task).value
        found = [dict(one) for one in value.get("findings") or ()]
    except NotPrepared as exc:
        found = [{**one, "sentence": _sentence(one)} for one in exc.findings]
    except MigrationError as exc:
        found = [{"id": exc.kind, "severity": ERROR, "sentence": exc.text}]
    rows = [_row(what, str(one["severity"]), str(one["id"]), str(one["sentence"])) for one in found]
    said = {one["sentence"] for one in rows}
    return rows + [_row(what, WARNING, "warning", one) for one in task.warnings if one not in said]


def _sentence(finding: Mapping[str, Any]) -> str:
    return Finding(**{one.name: str(finding[one.name]) for one in fields(Finding)}).sentence


def gates(task: Task, found: Found, settings: Settings) -> list[dict[str, str]]:
    """What hands will have to do, as far as the settings and the sessions tell before anything was begun."""
    ocs = settings.get("source") == "ocs_2007_r2"
    route = settings.get("sip_federation_route", "keep")
    wanted = {
        "topology_builder": settings.get("topology_source") != "declared",
        "ocs_edge_internal_list": ocs,
        "ocs_federation_fqdn": ocs and route == "with_cutover",
        "gateway_console": route == "with_cutover",
        "edge_without_session": settings.get("edge_access") == "manual",
        "edge_xmpp_without_session": settings.get("edge_access") == "manual",
        "gateway_stop": not any(one in found.hellos for one in task.context.members("lync_legacy_gateway")),
        **{
            f"certificate {name}": isinstance(one, Mapping) and one.get("source") == "offline"
            for name, one in (settings.get("certificates") or {}).items()
        },
        "dns_records": (settings.get("dns") or {}).get("method") == "manual",
    }
    titles = {
        "topology_builder": "publish the new pool and Edge from Topology Builder",
        "dns_records": "change the DNS records as they are listed",
    }
    return [
        {
            "gate": name,
            "what": titles.get(name)
            or (GATES[name].title if name in GATES else "have the request answered by the authority"),
        }
        for name, needed in wanted.items()
        if needed
    ]
