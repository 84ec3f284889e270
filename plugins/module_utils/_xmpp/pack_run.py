# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module partner_pack does: checks what is told, reads the chain, and keeps a pack for each partner on the controller.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._engine.errors import InvalidInput
from .._engine.files import read_whole, write_whole
from .._engine.module import Report, Task
from .._settings.names import BadName, address, domain, fqdn, shown
from .negotiation import check_triple
from .pack import Authority, Ours, pack, triple_of
from .window import may_dial_back, planned_pause

try:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
except ImportError:  # only a chain needs it
    x509 = None  # type: ignore[assignment]

FOLDER = "partner_packs"
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{40}|[0-9A-Fa-f]{64}")
MOST = 10


def run(task: Task) -> Report:
    params = task.params
    ours = _ours(params)
    directory = Path(task.context.state_dir) / FOLDER
    rows: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    after: dict[str, str] = {}
    for partner in params["partners"]:
        name = _checked(domain, "partners", partner.get("domain"))
        content = pack(ours, _partner(name, partner)).encode("utf-8", "replace")
        file = f"{name}.md"
        known = read_whole(directory, file) if directory.exists() else None
        changed = known != content
        if changed and not task.check_mode:
            write_whole(directory, file, content)
        if changed:
            before[name], after[name] = (known or b"").decode("utf-8", "replace"), content.decode("utf-8")
        rows.append(
            {
                "domain": name,
                "file": str(directory / file),
                "sha256": hashlib.sha256(content).hexdigest(),
                "planned_pause": ours.pause if may_dial_back(partner) else 0,
                "changed": changed,
            }
        )
    return Report(any(one["changed"] for one in rows), {"packs": rows}, before=before, after=after)


def _checked(check: Any, option: str, value: Any) -> str:
    try:
        return str(check(value))
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _partner(name: str, partner: Mapping[str, Any]) -> dict[str, Any]:
    try:
        verdict = check_triple(*triple_of(partner))
    except ValueError as exc:
        raise InvalidInput(f"XMPP partner {name}: {exc}") from exc
    if not verdict.valid:
        raise InvalidInput(
            f"XMPP partner {name}: what is declared of its negotiation does not go together. {verdict.reason}"
        )
    more = [_checked(domain, "partners", one) for one in partner.get("additional_domains") or ()]
    return {**partner, "domain": name, "additional_domains": more}


def _ours(params: Mapping[str, Any]) -> Ours:
    domains = [_checked(domain, "domains", one) for one in params["domains"]]
    machines = [one.get("public_address") or one.get("external_address") for one in params["machines"]]
    told = params["addresses"] or [one for one in machines if one]
    addresses = list(dict.fromkeys(_checked(address, "addresses", one) for one in told))
    if not domains or not addresses:
        raise InvalidInput(
            f"{'addresses' if domains else 'domains'} is empty: a partner has to know what our servers are called and where they are."
        )
    pause = params["pause_seconds"]
    if pause is not None and not 0 <= pause <= 86_400:
        raise InvalidInput(f"pause_seconds is {pause}, but is to be from 0 to 86400.")
    if pause is None and params["ttl"] is not None:
        if params["ttl"] < 0 or params["margin"] < 0:
            raise InvalidInput("ttl and margin are seconds: 0 or more is wanted.")
        pause = planned_pause(params["ttl"], params["margin"], True)
    thumbprints = [_thumbprint(one) for one in params["thumbprints"]]
    old = params["old_host"]
    return Ours(
        domains=domains,
        host=_checked(fqdn, "host", params["host"]),
        addresses=addresses,
        old_host=None if old is None else _checked(fqdn, "old_host", old),
        old_addresses=[_checked(address, "old_addresses", one) for one in params["old_addresses"]],
        chain=_chain(params["chain"]),
        thumbprints=thumbprints,
        names=[one for one in domains if one != params["host"]],
        tls_versions=params["tls_versions"],
        window=params["window"],
        drop_at=params["drop_streams_at"],
        pause=pause,
        contacts=params["contacts"],
    )


def _thumbprint(text: str) -> str:
    if not _HEXADECIMAL.fullmatch(text.replace(" ", "")):
        raise InvalidInput(f"thumbprints: 40 or 64 hexadecimal digits are wanted, but {shown(text)} is none.")
    return text.replace(" ", "").upper()


def _chain(file: str | None) -> Sequence[Authority]:
    """The certificates of a PEM file. A private key in it is left where it is."""
    if file is None:
        return []
    if x509 is None:
        raise InvalidInput("chain needs the Python package cryptography, which is not installed here.")
    try:
        found = x509.load_pem_x509_certificates(Path(file).read_bytes())
    except OSError as exc:
        raise InvalidInput(f"chain {file} cannot be read: {exc.strerror}.") from exc
    except ValueError as exc:
        raise InvalidInput(f"chain {file} holds no certificate in PEM ({exc}).") from exc
    return [
        Authority(
            one.subject.rfc4514_string(),
            one.fingerprint(hashes.SHA256()).hex().upper(),
            f"{one.not_valid_after_utc:%Y-%m-%d}",
        )
        for one in found[:MOST]
    ]
