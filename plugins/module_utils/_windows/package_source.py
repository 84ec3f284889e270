# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a package is made of, and whether its installer is the one that is meant: by hash, or by who has signed it.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._engine.calls import Call, Cmdlet, HashFile
from .._engine.errors import InvalidInput, NoSession, NotReady
from .._engine.session import Session
from .._engine.writes import INSTALLERS
from .._settings.names import BadName, forbidden, plain_text, windows_path
from .._settings.names import shown as quoted
from .server_file import sha256_option

PROOFS = ("display_name", "file", "service", "sql_instance")
#: Who signs the installers on the media, where nothing else is said.
SIGNER = "Microsoft Corporation"
_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_$.-]{0,255}")
_INSTANCE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,15}")
_ARGUMENT = re.compile(r"[/A-Za-z0-9-][^$]{0,1000}")
_COMMON_NAME = re.compile(r'(?:^|,\s*)CN=(?:"((?:[^"]|"")*)"|([^,]*))', re.IGNORECASE)


@dataclass(frozen=True)
class Package:
    name: str
    path: str
    arguments: tuple[str, ...]
    kind: str  # msi | exe
    kind_of_proof: str
    proof: str
    sha256: str | None
    signer: str | None

    @property
    def process(self) -> str:
        """What Windows calls its process."""
        return self.path.rpartition("\\")[2].rpartition(".")[0]

    @property
    def shown_proof(self) -> str:
        return {
            "display_name": f"the program {self.proof}",
            "file": f"the file {self.proof}",
            "service": f"the Windows service {self.proof}",
            "sql_instance": f"the SQL Server instance {self.proof}",
        }[self.kind_of_proof]


def packages(given: Sequence[Mapping[str, Any]]) -> list[Package]:
    found = [_package(one) for one in given]
    names = [one.name.casefold() for one in found]
    twice = next((one.name for one in found if names.count(one.name.casefold()) > 1), None)
    if twice is not None:
        raise InvalidInput(f"packages: {quoted(twice)} is there twice.")
    return found


def _package(given: Mapping[str, Any]) -> Package:
    name = _plain("name", given["name"], "A name such as Lync Server core components")
    path = _path("path", given["path"])
    program = path.rpartition("\\")[2].lower()
    kind = given["kind"]
    if kind == "auto":
        kind = "msi" if program.endswith(".msi") else "exe"
    if kind == "msi" and not program.endswith(".msi"):
        raise InvalidInput(
            f"path: a package of Windows Installer (.msi) is wanted for {name}, but {quoted(path)} is none."
        )
    if kind == "exe" and program not in INSTALLERS:
        raise InvalidInput(
            f"path: {quoted(path)} is not one of the installers that this collection starts ({', '.join(INSTALLERS)}, and "
            f"packages of Windows Installer): install {name} by other means."
        )
    arguments = tuple(_argument(one) for one in given["arguments"] or ())
    signer = (
        None if given["signer"] is None else _plain("signer", given["signer"], f"The name of a signer such as {SIGNER}")
    )
    digest = sha256_option(given["sha256"])
    proof, value = _proof(name, given.get("provides") or {})
    return Package(
        name,
        path,
        arguments,
        kind,
        proof,
        value,
        digest,
        signer or (None if digest else SIGNER),
    )


def _proof(name: str, given: Mapping[str, Any]) -> tuple[str, str]:
    named = {one: _checked_proof(one, given[one]) for one in PROOFS if given.get(one) is not None}
    if len(named) != 1:
        raise InvalidInput(
            f"provides: one of {', '.join(PROOFS)} has to say how it is seen that {name} is installed; without that its "
            "installer could be started again and again."
        )
    ((kind, text),) = named.items()
    return kind, text


def _checked_proof(kind: str, text: str) -> str:
    if kind == "file":
        return _path("file", text)
    if kind == "display_name":
        return _plain(kind, text, "A name as Programs and Features shows it")
    if not (_SERVICE if kind == "service" else _INSTANCE).fullmatch(text):
        wanted = (
            "the name of a Windows service" if kind == "service" else "the name of a SQL Server instance such as RTC"
        )
        raise InvalidInput(f"{kind}: {wanted} is wanted, but {quoted(text)} is none.")
    return text


def _path(option: str, text: str) -> str:
    try:
        return windows_path(text)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _plain(option: str, text: str, wanted: str) -> str:
    try:
        return plain_text(text, wanted)
    except BadName as exc:
        raise InvalidInput(f"{option}: {exc}") from exc


def _argument(text: str) -> str:
    if not _ARGUMENT.fullmatch(text) or forbidden(text):
        raise InvalidInput(
            f"arguments: an argument of an installer such as /q or ADDLOCAL=ALL is wanted, without quotation marks, wildcards "
            f"and '$', but {quoted(text)} is none."
        )
    return text


# --- the installer


def check_installer(session: Session, one: Package) -> None:
    """Before it is started: it is there, and what it has to be. Of a host that cannot be asked yet nothing is known."""
    calls: list[Call] = []
    if one.sha256 is not None:
        calls.append(HashFile(one.path))
    if one.signer is not None:
        calls.append(
            Cmdlet("Get-AuthenticodeSignature", {"FilePath": one.path}, ("Status", "SignerCertificate.Subject"))
        )
    try:
        answers = session.call(*calls, seconds=600)
    except NoSession:
        if session.check:
            return
        raise
    host = session.context.host
    for call, answer in zip(calls, answers, strict=True):
        if not answer["ok"]:
            said = "; ".join(error.shown() for error in answer["errors"][:2])
            raise NotReady(
                f"{one.name}: the installer {one.path} cannot be read on {host} ({said}): see that the media are there."
            )
        if isinstance(call, HashFile):
            _check_hash(one, str(answer["sha256"]), host)
        else:
            _check_signature(one, answer["rows"][0] if answer["rows"] else {}, host)


def _check_hash(one: Package, found: str, host: str) -> None:
    if found != one.sha256:
        raise NotReady(
            f"{one.name}: {one.path} on {host} has the SHA-256 {found}, not the {one.sha256} that is wanted: it was changed, or "
            "is another version. It is not started."
        )


def _check_signature(one: Package, row: Mapping[str, Any], host: str) -> None:
    status, subject = str(row.get("Status")), str(row.get("SignerCertificate.Subject") or "")
    if status not in ("Valid", "0"):
        raise NotReady(
            f"{one.name}: {one.path} on {host} has no valid signature (Get-AuthenticodeSignature says {quoted(status)}): it is "
            "not started. Give its sha256, if it is what you want."
        )
    if common_name(subject).casefold() != str(one.signer).casefold():
        raise NotReady(
            f"{one.name}: {one.path} on {host} is signed by {quoted(common_name(subject) or subject)}, not by "
            f"{quoted(one.signer)}: it is not started."
        )


def common_name(subject: str) -> str:
    """The CN of a subject as Windows writes it."""
    found = _COMMON_NAME.search(subject)
    if found is None:
        return ""
    return (found.group(1).replace('""', '"') if found.group(1) is not None else found.group(2)).strip()
