# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may talk to XMPP partners: the policy that counts for each user, computed for all and compared with a sample of what the
server says.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._engine.calls import Call, Query
from .._engine.collections import reading
from .._engine.errors import InvalidInput, Mismatch
from .._engine.fields import Field
from .._engine.module import Report, Task
from .._engine.session import quietly
from .._servers.store_location import unseen
from .grant import SIGN_IN
from .listing import read_users
from .policies import Chosen, Policies, allows_xmpp, bare
from .reading import PROPERTIES, address, name, registrar
from .rows import Rows

Row = Mapping[str, Any]

MOST = 200
#: So many users a result names; the file has all.
MOST_NAMED = 1000
FIELDS = ("user", "display_name", "pool", "policy", "xmpp", "federation", "outside", "public_cloud")
#: SubscriptionRefreshInterval where the gateway does not say: Microsoft's page of Set-CsXmppGatewayConfiguration.
REFRESH = 28_800
_INTERVAL = Field("subscription_refresh_interval", "SubscriptionRefreshInterval", kind="span")
#: Seconds for one Get-CsEffectivePolicy: generous, because nobody has published how long it takes.
_SECONDS = 15


def run(task: Task) -> Report:
    params = task.params
    if not 0 <= params["sample"] <= MOST:
        raise InvalidInput(f"sample is {params['sample']}, but is to be from 0 to {MOST}.")
    Chosen(params)  # what it says of the options comes before the server is asked
    policy_rows, pools = task.session.read("external_access_policy", "pool")
    taker = read_users(task.session, Query("user", properties=PROPERTIES), lambda: Chosen(params))
    if unseen(task.session, taker.some):
        return _report([], Policies({}), [], REFRESH, None)
    chosen = taker.rows
    policies = Policies.read(policy_rows, pools)
    taken = sample(chosen, policies, params["sample"])
    wrong = _differences(task, taken)
    if wrong:
        raise Mismatch(
            "The external access policy that Get-CsEffectivePolicy names is another than the one that was computed: "
            + "; ".join(wrong[:10])
            + ". See what the user was granted, on which pool and site the user is, and whether Active Directory has replicated."
        )
    file = None if task.check_mode else _file(task, chosen, policies)
    return _report(chosen, policies, taken, _refresh(task), file)


def _report(users: Sequence[Row], policies: Policies, taken: Sequence[Row], refresh: int, file: str | None) -> Report:
    having = [name(row) for row in users if allows_xmpp(policies.of(row))]
    counts: dict[str, list[Any]] = {}
    for row in users:
        policy = policies.of(row)
        counts.setdefault(_identity(policy), [policy, 0])[1] += 1
    notice = [
        SIGN_IN,
        f"The XMPP gateway refreshes subscriptions to presence every {refresh} seconds: presence of contacts that is missing after the "
        "cutover may come back only then, or when the user signs in again.",
    ]
    return Report(
        changed=False,
        value={
            "users_with_xmpp": having[:MOST_NAMED],
            "with_xmpp": len(having),
            "without_xmpp": len(users) - len(having),
            "policies": [
                {"policy": one, "users": count, "xmpp": allows_xmpp(policy)}
                for one, (policy, count) in sorted(counts.items(), key=lambda item: (-item[1][1], item[0]))
            ],
            "verified": [name(row) for row in taken],
            "notice": notice,
            "file": file,
            "json_file": None if file is None else file.removesuffix(".csv") + ".ndjson",
            "say": _said(len(having), len(users), refresh, file) if users else [],
        },
    )


def _said(having: int, all_of_them: int, refresh: int, file: str | None) -> list[str]:
    kept = f" (listed in {file})" if file else ""
    return [
        f"{having} of {all_of_them} users may talk to XMPP partners{kept}. They sign in again to get the policy; subscriptions to presence are "
        f"refreshed every {refresh} seconds."
    ]


def _identity(policy: Row) -> str:
    return bare(str(policy.get("Identity") or "Global"))


# --- the sample


def sample(users: Sequence[Row], policies: Policies, size: int) -> list[Row]:
    """Users to be looked at one by one: of every policy that counts for somebody, and spread over all; the same ones each time."""
    groups: dict[str, list[Row]] = {}
    for row in users:
        groups.setdefault(_identity(policies.of(row)), []).append(row)
    taken: list[Row] = []
    ordered = sorted(groups.values(), key=len)
    for position, group in enumerate(ordered):
        share = min(len(group), (size - len(taken)) // (len(ordered) - position))
        share = max(share, min(1, size - len(taken)))
        taken += [group[index * len(group) // share] for index in range(share)]
    return taken


def _differences(task: Task, taken: Sequence[Row]) -> list[str]:
    """The server is asked as things are, also in a dry run: what is planned is not in force."""
    if not taken:
        return []
    calls: list[Call] = [reading(Query("external_access_policy")), reading(Query("pool"))]
    for row in taken:
        calls.append(reading(Query("user", address(row), properties=PROPERTIES)))
        calls.append(reading(Query("effective_policy", address(row))))
    known, pools, *answers = task.session.call(*calls, seconds=60 + _SECONDS * len(taken))
    if task.check_mode and any(one["errors"] for one in (known, pools)):
        return []  # a dry run before the cmdlets are there
    policies = Policies.read(known["rows"], pools["rows"])
    wrong = []
    for row, now, told in zip(taken, answers[::2], answers[1::2], strict=True):
        if told["errors"] or not told["rows"]:
            said = "; ".join(one.shown() for one in told["errors"][:1]) or "no answer"
            wrong.append(f"{name(row)}: Get-CsEffectivePolicy says nothing ({said})")
            continue
        own = next((one for one in now["rows"] if address(one) == address(row)), row)
        computed = _identity(policies.of(own))
        said = str(told["rows"][0].get("ExternalAccessPolicy") or "Global")
        if _plain(said) != _plain(computed):
            wrong.append(f"{name(row)} has {said} instead of {computed}")
    return wrong


def _plain(identity: str) -> str:
    """How the cmdlet writes the policy of a site is not published, so the scope is left out of the comparison [inf]."""
    return (identity.partition(":")[2] or identity).casefold()


# --- the list


def _file(task: Task, users: Sequence[Row], policies: Policies) -> str | None:
    if not users:
        return None
    rows = Rows(task.context.state_dir, task.context.run, "xmpp_access", FIELDS)
    for row in users:
        policy = policies.of(row)
        rows.add(
            user=name(row), display_name=row.get("DisplayName"), pool=registrar(row), policy=_identity(policy),
            xmpp=allows_xmpp(policy), federation=policy.get("EnableFederationAccess"),
            outside=policy.get("EnableOutsideAccess"), public_cloud=policy.get("EnablePublicCloudAccess"),
        )  # fmt: skip
    rows.flush()
    return rows.path


def _refresh(task: Task) -> int:
    (rows,) = quietly(task.session, replace(Query("xmpp_gateway_configuration"), partial=True))
    found = next((_INTERVAL.read(row) for row in rows), None)
    return found if isinstance(found, int) and not isinstance(found, bool) else REFRESH
