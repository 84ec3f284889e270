# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a certificate comes from: the options that say so, and what every way of getting one is given.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .._engine.calls import Query
from .._engine.errors import InvalidInput
from .._engine.module import Task
from .._engine.session import Session
from .._settings.names import BadName, plain_text
from . import stored as store
from .files import der_of, thumbprint
from .stored import Stored, Wanted

try:
    from cryptography import x509
except ImportError:  # whoever reads a certificate says so
    pass

ONLINE, OFFLINE, PRIVATE, PFX, LEGACY, IMPORTED = "online_ca", "offline", "private_ca", "pfx", "legacy_edge", "imported"
SOURCES = (PRIVATE, ONLINE, OFFLINE, PFX, LEGACY, IMPORTED)

_AUTHORITY: dict[str, dict[str, Any]] = {
    "certificate": {"type": "path", "required": True},
    "key": {"type": "path", "required": True, "no_log": False},
    "days": {"type": "int", "default": 730},
}
#: Options that say where a certificate comes from.
ORIGIN_OPTIONS: dict[str, dict[str, Any]] = {
    "origin": {
        "type": "dict",
        "options": {
            "source": {"type": "str", "choices": list(SOURCES)},
            "authority": {"type": "dict", "options": _AUTHORITY},
            "ca": {"type": "str"},
            "template": {"type": "str"},
            "file": {"type": "path"},
            "directory": {"type": "path"},
            "chain": {"type": "path"},
            "holder": {"type": "str"},
            "names": {"type": "list", "elements": "str", "default": []},
        },
    },
    "authority": {"type": "dict", "options": _AUTHORITY},
    "authority_passphrase": {"type": "str", "no_log": True},
    "pfx_passphrase": {"type": "str", "no_log": True},
}


@dataclass(frozen=True)
class Origin:
    source: str
    authority: Mapping[str, Any] | None = None
    ca: str = ""
    template: str = ""
    file: str = ""
    directory: str = ""
    chain: str = ""
    holder: str = ""


def origin_of(params: Mapping[str, Any], legacy_edges: Sequence[str] = ()) -> Origin:
    """The way, checked. Without a word about it, a private authority where one is given; else somebody imports it."""
    given = {name: value for name, value in (params.get("origin") or {}).items() if value is not None}
    authority = given.get("authority") or params.get("authority")
    source = given.get("source") or (PRIVATE if authority else IMPORTED)
    if source == LEGACY and not given.get("holder") and legacy_edges:
        given["holder"] = legacy_edges[0]
    needed = {ONLINE: "ca", PFX: "file", LEGACY: "holder"}.get(source)
    if needed and not given.get(needed):
        what = {"ca": "HOST\\NAME of the authority", "file": "the PFX file on the controller",
                "holder": "the inventory name of the legacy Edge Server"}[needed]  # fmt: skip
        raise InvalidInput(f"A certificate with the source {source} wants {needed}: {what}.")
    if source == PRIVATE and not authority:
        raise InvalidInput("A certificate with the source private_ca wants an authority: its certificate and its key.")
    texts = {}
    for name in ("ca", "template", "holder"):
        try:
            texts[name] = plain_text(given[name], f"{name} of a certificate") if given.get(name) else ""
        except BadName as exc:
            raise InvalidInput(f"The certificate cannot be had: {exc}") from exc
    paths = {name: str(given.get(name) or "") for name in ("file", "directory", "chain")}
    return Origin(source, authority if source == PRIVATE else None, **texts, **paths)


@dataclass
class Case:
    """One certificate that is to be had on one server: all that a way of getting it needs to know."""

    task: Task
    wanted: Wanted
    origin: Origin
    at: datetime
    have: list[Stored]
    found: Stored | None
    """What serves today and ends soon; None where nothing serves."""
    trusted: frozenset[str]
    """Thumbprints of the roots that the server trusts."""
    changed: bool = field(default=False)

    @property
    def session(self) -> Session:
        return self.task.session

    @property
    def host(self) -> str:
        return self.task.context.host

    @property
    def what(self) -> str:
        return f"certificate for {', '.join(self.wanted.uses)}"

    @property
    def old_windows(self) -> bool:
        """Windows Server 2008 R2 has no cmdlets for certificates in files."""
        return str(self.session.hello.get("windows") or "").startswith("6.1")

    def chain_of(self, given: Sequence[x509.Certificate]) -> tuple[list[x509.Certificate], list[bytes] | None]:
        """The further issuers and the roots that a chain may end in. The server's own are asked for only where the root is
        not among what was given. In a dry run nothing may be known of them yet: then the chain is not judged."""
        roots = [der_of(one) for one in given if one.issuer == one.subject and thumbprint(one) in self.trusted]
        if roots:
            return [], roots
        wanted = ("Thumbprint", "RawData")
        asked = (
            Query("root_certificate", properties=wanted),
            Query("stored_certificate", parameters={"LiteralPath": store.INTERMEDIATE}, properties=wanted),
        )
        known, between = (
            [one.der for one in store.stored(rows) if one.der is not None] for rows in self.session.read(*asked)
        )
        if not known and self.task.check_mode:
            return [], None
        return [x509.load_der_x509_certificate(one) for one in between], known
