# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Obtaining a certificate where none serves, or the one that does ends soon: in one of the ways that operators have.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from .._engine.calls import Query
from .._engine.errors import InvalidInput, NotReady
from .._engine.module import Report, Task
from .._engine.session import Session
from .._settings.names import distinct
from .._xmpp.identity import is_name
from . import assignment as _certificate_assignment
from . import offline, online, pfx
from . import share as _certificate_share
from . import stored as store
from .authority import Authority, Plan, issue, load_authority, read_request
from .files import Bundle
from .judging import CertificateError
from .origin import LEGACY, OFFLINE, ONLINE, PFX, PRIVATE, Case, Origin, origin_of
from .requesting import import_answer, make_request, remove_request
from .stored import Stored, Wanted, stored, suitable
from .trust import trust


def run(task: Task) -> Report:
    """Have a certificate, and assign it where that is asked for. Found done, both together are one request."""
    origin_of(task.params, task.context.members("lync_legacy_edges"))
    key = _certificate_share.pool_key(task, store.wanted_of(task.params, task.session))
    if not task.params["assign"]:
        return obtain(task, key)
    with task.session.remembering():
        looked_at = (*queries(task.session), *_certificate_assignment.queries(task.session))
        task.session.read_ahead(*looked_at)  # the next certificate of this server is looked for among the same ones
        task.session.read(*looked_at)
        obtained = obtain(task, key)
        assigned = _certificate_assignment.assign(task, key)
    return Report(
        obtained.changed or assigned.changed,
        {**obtained.value, **assigned.value},
        before={**obtained.before, "uses": assigned.before},
        after={**obtained.after, "uses": assigned.after},
        evidence=assigned.evidence,
    )


def queries(session: Session) -> tuple[Query, Query]:
    """The server's own certificates, and those of the authorities that it trusts."""
    return store.query(session), Query("root_certificate", properties=("Thumbprint",))


def obtain(task: Task, key: bytes | None) -> Report:
    """Have a certificate with its key in the server's store that carries the wanted names, and has the key of the pool where
    there is one. It is not assigned."""
    holder, origin = (
        _certificate_share.holder_of(task),
        origin_of(task.params, task.context.members("lync_legacy_edges")),
    )
    session, wanted, at = task.session, store.wanted_of(task.params, task.session), store.now()
    mine, roots = session.read(*queries(session))
    have = stored(mine)
    found = suitable(_certificate_share.with_key(have, key), wanted, wanted.uses, at)
    fresh = found is not None and not found.ends_within(task.params["renew_days"], at)
    trusted = frozenset(str(row.get("Thumbprint")).upper() for row in roots)
    authority = _authority(task, origin, at, needed=not fresh)
    taught = False
    if authority is not None and task.params["trust_authority"]:
        taught = trust(task, session, authority.certificate, trusted)
    if found is not None and not fresh:
        wanted = _as_before(wanted, found)
    case = Case(task, wanted, origin, at, have, found, trusted)
    new = None if fresh else _another(case, holder, authority)
    shown = (new or found).shown() if new or found else {}  # type: ignore[union-attr]
    before = {"certificate": found.shown() if found and fresh else None}
    value = {"certificate": {**shown, "obtained": new is not None}}
    changed = new is not None or case.changed or taught
    return Report(changed, value, before=before, after={"certificate": shown})


def _as_before(wanted: Wanted, found: Stored) -> Wanted:
    """Of a renewed certificate also the names that the present one has: step 2 is not to take those for XMPP out of it."""
    return replace(wanted, names=tuple(distinct([*wanted.names, *(one for one in found.names if is_name(one))])))


def _another(case: Case, holder: str | None, authority: Authority | None) -> Stored | None:
    """A certificate where there is none, or the one that is there ends soon; None where that one goes on serving."""
    source = case.origin.source
    if holder and holder != case.host and source not in (PFX, LEGACY):
        return _taken(case, holder)
    if source == LEGACY:
        return _taken(case, case.origin.holder)
    if source == PRIVATE and authority is not None:
        return _signed(case, authority)
    way = WAYS.get(source)
    if way is not None:
        return way(case)
    if case.found is None:
        raise NotReady(_lacking(case.task, case.wanted, case.have, case.at))
    case.task.warn(
        f"The {case.what} of {case.host}, {case.found.thumbprint}, ends on {case.found.until:%Y-%m-%d}: import a renewed one there."
    )
    return None


WAYS: Mapping[str, Callable[[Case], Stored | None]] = {ONLINE: online.obtain, OFFLINE: offline.obtain, PFX: pfx.obtain}


def _taken(case: Case, holder: str) -> Stored | None:
    found = _certificate_share.take(case.task, case.wanted, holder, case.found)
    if found is None and case.found is not None:
        case.task.warn(
            f"The {case.what} of {case.host} ends on {case.found.until:%Y-%m-%d}, and {holder} has no newer one."
        )
    return found


def _authority(task: Task, origin: Origin, at: Any, *, needed: bool) -> Authority | None:
    given = origin.authority
    if origin.source != PRIVATE or not given:
        return None
    try:
        return load_authority(given["certificate"], given["key"], task.params["authority_passphrase"], at)
    except CertificateError as exc:
        if not needed:  # nothing is to be signed: that the key is not at hand today does no harm
            return None
        raise InvalidInput(str(exc)) from exc


def _lacking(task: Task, wanted: Wanted, have: list[Stored], at: Any) -> str:
    near = max(
        (one for one in have if one.has_key), key=lambda one: len(set(one.names) & set(wanted.names)), default=None
    )
    why = ""
    if near is not None:
        texts = [finding.text for finding in near.findings(wanted.names, wanted.uses[0], at)]
        why = f" The nearest one, {near.thumbprint}, is not it: {' '.join(texts[:5])}"
    return (
        f"{task.context.host} has no certificate with its private key for {', '.join(wanted.uses)} that carries "
        f"{', '.join(wanted.names)}.{why} Import one (Request-CsCertificate -Output, then Import-CsCertificate, on that "
        "server), or give the private authority."
    )


# --- the private authority


def _signed(case: Case, authority: Authority) -> Stored:
    try:
        request = make_request(case)
        answer = None if case.task.check_mode else _answer(case, authority, request)
        return import_answer(case, answer)
    finally:
        remove_request(case)


def _answer(case: Case, authority: Authority, request: bytes) -> Bundle:
    days = (case.origin.authority or {}).get("days") or 730
    try:
        certificate = issue(
            authority, read_request(request), Plan(case.wanted.subject, case.wanted.names, days), store.now()
        )
    except CertificateError as exc:
        raise InvalidInput(f"The request of {case.host} is not answered: {exc}") from exc
    return Bundle(certificate)
