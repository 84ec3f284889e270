# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What estate_info reads: kinds of rows, each from one collection.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

from .._engine.calls import Query
from .._engine.collections import reading
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
    """Each kind by itself, because not every server knows all of them: an Edge asks no Central Management store."""
    queries = {
        kind: Query(KINDS[kind], properties=PROPERTIES) if kind == "users" else Query(KINDS[kind])
        for kind in task.params["gather"]
    }
    found = _planned(task, queries) if task.check_mode else _read(task, queries)
    estate: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for kind, rows in found.items():
        if isinstance(rows, str):
            unread[kind] = rows
        elif kind == "users":
            estate[kind] = by_pool(row for row in rows if on_premises(row))
        else:
            estate[kind] = [dict(row) for row in rows]
    return Report(changed=False, value={"estate": estate, "unread": unread})


#: The rows of a kind, or why there are none.
Rows = Union[list[dict[str, Any]], str]  # noqa: UP007 - pylint judges the operator by an older Python
Found = dict[str, Rows]


def _read(task: Task, queries: Mapping[str, Query]) -> Found:
    """The rows of each kind, or the ids of the errors; all in one request."""
    answers = task.session.call(*(reading(one) for one in queries.values())) if queries else []
    return {
        kind: answer["rows"] if answer["ok"] else ", ".join(error.id for error in answer["errors"]) or "no answer"
        for kind, answer in zip(queries, answers, strict=True)
    }


def _planned(task: Task, queries: Mapping[str, Query]) -> Found:
    found: Found = {}
    for kind, query in queries.items():
        try:
            found[kind] = task.session.read(query)[0]
        except CmdletFailed as exc:
            found[kind] = ", ".join(error.id for error in exc.errors) or exc.text
    return found
