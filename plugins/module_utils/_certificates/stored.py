# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates in a server's store, judged for what they are wanted for.

In a dry run a certificate may be planned: then its names are known, and its thumbprint is a text that stands for it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from .._engine.calls import UNKNOWN, Effect, Query
from .._engine.errors import InvalidInput, Mismatch
from .._engine.module import Task
from .._engine.session import Session
from .._settings.names import BadName, distinct, domain, fqdn
from .judging import DAYS_LEFT, ERROR, CertificateError, Finding, edge_names, judge, load, missing_names, names_of, use

MY, ROOT, INTERMEDIATE = (f"Cert:\\LocalMachine\\{store}" for store in ("My", "Root", "CA"))

#: Options that say which names a certificate has to carry.
NAME_OPTIONS: dict[str, dict[str, Any]] = {
    "uses": {"type": "list", "elements": "str", "required": True},
    "subject": {"type": "str", "required": True},
    "names": {"type": "list", "elements": "str", "default": []},
    "sip_domains": {"type": "list", "elements": "str", "default": []},
    "xmpp_domains": {"type": "list", "elements": "str", "default": []},
    "server_name": {"type": "bool", "default": False},
    "srv_targets": {"type": "list", "elements": "str", "default": []},
    "partners": {"type": "list", "elements": "dict", "default": []},
    "renew_days": {"type": "int", "default": DAYS_LEFT},
    "shared_from": {"type": "str"},
}


@dataclass(frozen=True)
class Wanted:
    uses: tuple[str, ...]
    subject: str
    names: tuple[str, ...]  # the subject's first


@dataclass(frozen=True)
class Stored:
    thumbprint: str
    has_key: bool
    der: bytes | None
    issuer: str
    planned: tuple[str, ...] | None = None

    @property
    def names(self) -> list[str]:
        if self.planned is not None or self.der is None:
            return list(self.planned or ())
        return names_of(load(self.der))

    @property
    def until(self) -> datetime:
        """The end of its validity; a planned one is the newest."""
        if self.planned is not None or self.der is None:
            return datetime.max.replace(tzinfo=UTC)
        return load(self.der).not_valid_after_utc

    def ends_within(self, days: int, at: datetime) -> bool:
        """Inside the window in which it is to be renewed; a planned one never is."""
        return self.until - at < timedelta(days=days)

    def findings(
        self, wanted: Sequence[str], of_use: str, now: datetime, partners: Sequence[str] = ()
    ) -> list[Finding]:
        if self.planned is not None:
            lacking = missing_names(self.planned, wanted)
            return [Finding(ERROR, "name_missing", f"{one} is not among its alternative names.") for one in lacking]
        if self.der is None:
            return [Finding(ERROR, "unreadable", "It cannot be read.")]
        try:
            return judge(self.der, wanted, of_use, now, partners=partners)
        except CertificateError as exc:
            return [Finding(ERROR, "unreadable", str(exc))]

    def shown(self) -> dict[str, Any]:
        if self.planned is not None or self.der is None:
            return {"thumbprint": self.thumbprint, "names": list(self.planned or ())}
        certificate = load(self.der)
        return {
            "thumbprint": self.thumbprint,
            "subject": certificate.subject.rfc4514_string(),
            "issuer": certificate.issuer.rfc4514_string(),
            "names": self.names,
            "not_after": certificate.not_valid_after_utc.isoformat(),
        }


def now() -> datetime:
    return datetime.now(UTC)


def wanted_of(params: Mapping[str, Any], session: Session) -> Wanted:
    """Uses and names from the options, checked; with `server_name` also what the server calls itself."""
    try:
        uses = tuple(distinct(use(one) for one in params["uses"]))
        subject = fqdn(params["subject"])
        sip = [domain(one) for one in params["sip_domains"]]
        xmpp = [domain(one) for one in params["xmpp_domains"]]
        more = [domain(one) for one in (*params["names"], *((params.get("origin") or {}).get("names") or ()))]
        targets = [domain(one) for one in params["srv_targets"]]
    except (BadName, CertificateError) as exc:
        raise InvalidInput(f"The certificate cannot be as wanted: {exc}") from exc
    if not uses:
        raise InvalidInput("uses is empty: name what the certificate is for, such as AccessEdgeExternal.")
    leads = {one: f"xmpp.{one}" for one in xmpp if f"xmpp.{one}" in targets}
    if not 0 <= params["renew_days"] <= 365:
        raise InvalidInput(f"renew_days is 0 to 365 days before the end, but {params['renew_days']} are given.")
    # in a dry run a host may be known by its inventory name only, which no certificate carries
    own = [session.scope] if params["server_name"] and "." in session.scope else []
    return Wanted(uses, subject, tuple(distinct([subject, *own, *more, *edge_names(subject, None, sip, xmpp, leads)])))


def query(session: Session) -> Query:
    properties = ("Thumbprint", "HasPrivateKey", "Issuer", "RawData")
    # where certificates are planned, their rows say what they will carry
    return Query("stored_certificate", properties=(*properties, "PlannedNames") if session.check else properties)


def stored(rows: Iterable[Mapping[str, Any]]) -> list[Stored]:
    found = []
    for row in rows:
        planned = row.get("PlannedNames")
        names = tuple(map(str, planned)) if isinstance(planned, list) else None
        issuer = row.get("Issuer")
        found.append(
            Stored(
                str(row.get("Thumbprint")).upper(),
                row.get("HasPrivateKey") is True,
                _bytes(row.get("RawData")),
                issuer if isinstance(issuer, str) else "",
                names,
            )
        )
    return found


def _bytes(value: object) -> bytes | None:
    """RawData is rendered as a list of numbers."""
    if not isinstance(value, list):
        return None
    try:
        return bytes(value)
    except (TypeError, ValueError):
        return None


def suitable(certificates: Iterable[Stored], wanted: Wanted, uses: Sequence[str], at: datetime) -> Stored | None:
    """The one with a private key that serves all these uses, and the longest."""
    able = [
        one
        for one in certificates
        if one.has_key
        and not any(f.severity == ERROR for of_use in uses for f in one.findings(wanted.names, of_use, at))
    ]
    return max(able, key=lambda one: one.until, default=None)


def by_thumbprint(thumbprint: str | None, have: Sequence[Stored]) -> Stored | None:
    return next((one for one in have if one.thumbprint == thumbprint), None)


def arrived(task: Task, thumbprint: str, what: str, advice: str) -> Stored:
    """The certificate as it is in the server's store after an import, with its key."""
    rows = task.session.read(query(task.session))[0]
    found = by_thumbprint(thumbprint, stored(rows))
    if found is None or not found.has_key:
        raise Mismatch(
            f"The {what} was imported on {task.context.host} without an error, but is not in its store with a private key. {advice}"
        )
    return found


def planned_thumbprint(server: str, names: Sequence[str]) -> str:
    """What stands in a plan for a thumbprint that only the authority will decide: each server gets one of its own."""
    return "PLANNED-" + hashlib.sha256(",".join((server, *names)).encode()).hexdigest()[:8].upper()


def certificate_effect(session: Session, thumbprint: str, names: Sequence[str]) -> Effect:
    """A certificate with its key in the store; what it is made of is read from there."""
    row = {"Thumbprint": thumbprint, "HasPrivateKey": True, "RawData": UNKNOWN, "PlannedNames": list(names)}
    return session.effect("stored_certificate", thumbprint, row)
