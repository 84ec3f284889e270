# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What estate_info reads: kinds of rows, each from one collection.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from typing import Any

from .._engine.calls import Query
from .._engine.errors import CmdletFailed
from .._engine.module import Report, Task
from .._users.reading import PROPERTIES, by_pool, on_premises

KINDS = {
    "access_edge_configuration": "access_edge_configuration",
    "allowed_domains": "allowed_domain",
    "edge_servers": "edge_server",
    "external_access_policies": "external_access_policy",
    "pools": "pool",
    "replicas": "replica",
    "sip_domains": "sip_domain",
    "sites": "site",
    "users": "user",
    "xmpp_partners": "xmpp_partner",
}


def run(task: Task) -> Report:
    estate: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for kind in task.params["gather"]:
        query = Query(KINDS[kind], properties=PROPERTIES) if kind == "users" else Query(KINDS[kind])
        try:
            rows = task.session.read(query)[0]
        except CmdletFailed as exc:
            unread[kind] = ", ".join(error.id for error in exc.errors) or exc.text
            continue
        estate[kind] = (
            by_pool(row for row in rows if on_premises(row)) if kind == "users" else [dict(row) for row in rows]
        )
    return Report(changed=False, value={"estate": estate, "unread": unread})
