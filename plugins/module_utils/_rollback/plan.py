# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a rollback will do and what it cannot, said before anything is touched; and the note that it is finished.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.errors import NotReady
from .._engine.module import Report, Task
from .past import FINISHED, Done, Past, read
from .server import OAUTH
from .topology import first_publish

SHOWN = 200

#: The names under which what is lost, stays or is undocumented is accepted, and what each means.
KINDS: Mapping[str, str] = {
    "users": "Users who go back lose the content of meetings, and contacts in the unified contact store of Exchange where "
    "Invoke-CsUcsRollback was not run before; the report of user_move_back names who loses what.",
    "users_to_ocs": "Users who go back to Office Communications Server 2007 R2 lose the functions and data that it does not have, and "
    "their meetings of Lync Server 2013; the policies that their move has granted stay with them.",
    "undocumented": "No page of Microsoft's documents that the former topology document is published again, that this takes the XMPP "
    "ports and servers out, or that an empty value clears a federation route of Set-CsSite.",
    "active_directory": "Active Directory keeps its preparation: schema, forest and domain.",
    "central_management_store": "The first pool, the Central Management store on it and what was merged from Office Communications "
    "Server 2007 R2 stay, and the pool's services go on.",
    "databases": "Databases stay on the SQL Server.",
    "software": "Programs, Windows features, the local store and installed components stay on the new servers.",
    "certificates": "Certificates and trusted roots stay in the stores of the servers; they are only assigned no more.",
    "computer_name": "The primary DNS suffix of the new Edge stays.",
    "operator": "What an operator published from Topology Builder or did by hand he takes back himself.",
}
_BY_MODULE = {
    "active_directory": "active_directory",
    "database": "databases",
    "local_store": "software",
    "package": "software",
    "windows_feature": "software",
    "server_components": "software",
    "configuration_store_location": "central_management_store",
    "legacy_configuration": "central_management_store",
    "legacy_topology": "central_management_store",
    "topology": "central_management_store",
    "trusted_root": "certificates",
    "certificate": "certificates",
    "primary_dns_suffix": "computer_name",
    "edge_server": "undocumented",
    "federation_route": "undocumented",
}
_UNIMPORTANT = ("restart", "xmpp_im", "user_move", "external_access_policy_grant")
_STORE_ENTRIES = ("stored_certificate", "root_certificate")
ORDER = (
    ("DNS records", ("dns_record_set",)),
    (
        "XMPP partners and the legacy entries",
        ("xmpp_partner", "allowed_domain", "access_edge_configuration", "xmpp_gateway_configuration"),
    ),
    ("service of the old gateway", ("component",)),
    ("federation routes and ports", ("site", "edge_server")),
    ("certificates", ("certificate_use",)),
    ("grants and policies", ("user", "external_access_policy")),
    ("topology", ("topology_document",)),
    ("servers", ("registry", "hosts_line")),
)


def run(task: Task) -> Report:
    past = read(task)
    if task.params["state"] == "finished":
        return _finished(task, past)
    undone, kept = _undone(past), _kept(task, past)
    if past.moved:
        undone["users"] = [f"{len(past.moved)} users"]
    lines = _lines(task, undone, kept)
    missing = [one for one in kept if one not in task.params["accepts"]]
    value = {"undone": undone, "kept": kept, "accepts": sorted(kept), "say": lines}
    if not task.check_mode:
        for line in lines:
            task.tell(line)
        del value["say"]
    if missing and not task.check_mode:
        raise NotReady(
            "Nothing is rolled back yet. By going back is lost, stays, or is done as no page documents: "
            + " ".join(f"{one}: {KINDS[one]}" for one in missing)
            + f" Read the list, then accept it by name: rollback_accepts: [{', '.join(sorted(kept))}]."
        )
    for one in missing:
        task.warn(f"A real run wants {one} in rollback_accepts: {KINDS[one]}")
    return Report(False, value)


def _finished(task: Task, past: Past) -> Report:
    """All parts have come to their end: what was done before counts no more, and a migration may begin anew."""
    open_ones = bool(past.changes or past.moved)
    if open_ones and not task.check_mode:
        task.journal.note("the migration was rolled back", task.context, check=False, **{FINISHED: True})
    return Report(open_ones, {"undone": {}, "kept": {}, "accepts": []})


def _undone(past: Past) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for title, collections in ORDER:
        names = [
            f"{one.object} ({one.host})"
            for one in past.changes
            if any(one.touches(collection) for collection in collections)
            and isinstance(one.undo, list)
            and not (collections == ("component",) and one.module != "legacy_gateway_service")
            and not (title != "topology" and one.touches("topology_document"))
        ]
        if names:
            found[title] = list(dict.fromkeys(names))[:SHOWN]
    return found


def _kept(task: Task, past: Past) -> dict[str, list[str]]:
    """By the name under which it is accepted: which objects, and why."""
    found: dict[str, list[str]] = {}

    def say(kind: str, text: str) -> None:
        if text not in found.setdefault(kind, []):
            found[kind].append(text)

    for (host, what), done in past.kept.items():
        if done.module in _UNIMPORTANT:
            continue
        why = str(done.undo.get("irreversible") or "") if isinstance(done.undo, Mapping) else ""
        say(_BY_MODULE.get(done.module, "software"), f"{what} on {host}: {why}")
    for done in past.changes:
        _more(done, say)
    if first_publish(past) is not None:
        say("central_management_store", "the pool and its Central Management store stay, and its services run on")
    if past.moved:
        say("users", f"{len(past.moved)} users go back")
        if any(one.cmdlet in ("Import-CsLegacyConfiguration", "Merge-CsLegacyTopology") for one in past.kept.values()):
            say("users_to_ocs", f"{len(past.moved)} users go back")
    if any(one.cmdlet == "Merge-CsLegacyTopology" for one in past.kept.values()):
        say("operator", "the Edge of Office Communications Server 2007 R2 keeps the new servers on its Internal tab")
    if task.params["topology_source"] == "builder" and (past.changes or past.moved):
        say(
            "operator",
            "pool, Edge, ports and routes are taken out in Topology Builder, in this order: XMPP, Edge, pool",
        )
    if task.params["edge_access"] == "manual" and (past.changes or past.moved):
        say(
            "operator",
            "the Edge Server, which no session reaches: assign its former certificates and stop its services",
        )
    return {kind: texts[:SHOWN] for kind, texts in found.items()}


def _more(done: Done, say: Any) -> None:
    if any(done.touches(one) for one in _STORE_ENTRIES) and done.cmdlet.startswith(("Import-", "Request-")):
        say("certificates", f"{done.object} on {done.host} stays in the certificate store")
    if done.touches("certificate_use") and any(one["identity"] == OAUTH for one in done.effects):
        say("certificates", f"the certificate for {OAUTH} stays the organisation's, and that of {done.host}")
    if done.module == "primary_dns_suffix":
        say("computer_name", f"the primary DNS suffix of {done.host}")
    if done.cmdlet == "Publish-CsTopology" and isinstance(done.undo, list):
        say("undocumented", f"the topology is published again as it was before {done.role}")


def _lines(task: Task, undone: Mapping[str, list[str]], kept: Mapping[str, list[str]]) -> list[str]:
    if not undone and not kept:
        return ["Nothing was done that could be rolled back."]
    lines = ["This is brought back, in this order, as far as it is not as it was:"]
    for title, names in undone.items():
        lines += [f"  {title}: {', '.join(names[:8])}" + (f" and {len(names) - 8} more" if len(names) > 8 else "")]
    if kept:
        lines.append("This cannot be brought back, or is done as no page documents (accept it in rollback_accepts):")
    for kind, texts in kept.items():
        lines += [f"  {kind}: {KINDS[kind]}", *(f"    {text}" for text in texts[:12])]
        if len(texts) > 12:
            lines.append(f"    and {len(texts) - 12} more")
    return lines
