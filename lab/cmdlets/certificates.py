# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Request-, Import-, Set-, Get- and Remove-CsCertificate: real keys, requests and certificates in simulated stores.

# source: Get-CsCertificate lists assigned certificates only, one object per use; Request- prints the uses in one object
# (published deployment logs); an offline answer joins its key only on the computer that made the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from cryptography import x509

from ..organisation.certificate_authority import make_request, subject, to_ascii
from ..organisation.certificate_files import Contents, UnreadableCertificate, read, request_text
from ..organisation.certificate_store import Assignment, CertificateStore, Key, Pending, Stored, public_bytes, valid
from ..organisation.certificates import (
    OAUTH_USE,
    XMPP_USE,
    certificates_of,
    common_name,
    has_xmpp,
    is_edge,
    names_for,
    names_of,
    uses_of,
    windows_name,
)
from ..organisation.store import Snapshot
from ..organisation.topology import Cluster
from ..powershell.values import Psobj
from . import Call, PSError, cmdlet
from ._servers import (
    DEPLOYMENT,
    LYNC,
    central_store,
    failed,
    local_pool,
    local_store,
    read_file,
    report,
    warn,
    write_file,
)
from .shared import need_directory

#: # source: union of the lists in the pages of the certificate cmdlets; "but are not limited to".
KNOWN_USES = (
    "AccessEdgeExternal", "AudioVideoAuthentication", "DataEdgeExternal", "Default", "External", "Internal",
    "iPhoneAPNService", "iPadAPNService", "MPNService", "PICWebService", "ProvisionService", "WebServicesExternal",
    "WebServicesInternal", "WsFedTokenTransfer", "LogRetentionService", OAUTH_USE, "SMPDNSWebService", "TenantAdmin",
    "UpgradeEngineService", XMPP_USE,
)  # fmt: skip
_BY_NAME = {use.casefold(): use for use in KNOWN_USES}


def _uses(call: Call) -> tuple[str, ...]:
    """-Type as the product spells it."""
    given = call.p.get("Type") or ()
    names = [str(n) for n in given] if isinstance(given, (list, tuple)) else [str(given)]
    uses = []
    for name in names:
        use = _BY_NAME.get(name.strip().casefold())
        if use is None:
            raise PSError(
                "CannotConvertArgumentNoMessage", "InvalidArgument",
                "System.Management.Automation.ParameterBindingException",
                f"Cannot bind parameter 'Type'. Unable to match the identifier name {name} to a valid enumerator name.",
            )  # fmt: skip
        uses.append(use)
    return tuple(dict.fromkeys(uses))


def _check_uses(call: Call, snapshot: Snapshot, cluster: Cluster, uses: Iterable[str]) -> None:
    possible = {use.casefold() for use in uses_of(snapshot.topology, cluster)}
    for use in uses:
        if use.casefold() in possible:
            continue
        if use == XMPP_USE and is_edge(snapshot.topology, cluster) and not has_xmpp(snapshot.topology, cluster):
            if call.world.unknowns.refused("xmpp_certificate_before_ports"):
                raise failed(call, "xmpp-certificate-before-ports", use, computer=call.computer.fqdn)
            continue
        raise failed(call, "certificate-use-not-here", use, computer=call.computer.fqdn)


def _reference(stored: Stored, uses: Sequence[str], assignment: Assignment | None = None) -> Psobj:
    c = stored.certificate
    serial = f"{c.serial_number:X}"
    properties: dict[str, Any] = {
        "Issuer": windows_name(c.issuer),
        "NotAfter": c.not_valid_after_utc,
        "NotBefore": c.not_valid_before_utc,
        "SerialNumber": serial if len(serial) % 2 == 0 else f"0{serial}",
        "Subject": windows_name(c.subject),
        "AlternativeNames": names_of(c),
        "Thumbprint": stored.thumbprint,
        "EffectiveDate": assignment.effective if assignment else None,
        "PreviousThumbprint": assignment.previous if assignment else None,
        "UpdateTime": assignment.updated if assignment else None,
        "Use": ",".join(uses),
        "SourceScope": "Global" if assignment else None,
    }
    return Psobj(DEPLOYMENT + "CertificateReference", f"[{properties['Use']}: {properties['Subject']}]", properties)


# --- requests


@cmdlet("Request-CsCertificate", writes=True, module=LYNC, class_name=DEPLOYMENT + "RequestCertificateCmdlet")
def request_certificate(call: Call) -> Iterator[Psobj]:
    store = certificates_of(call.computer)
    if call.p.get("List"):
        call.writes = False
        for pending in _pending(call, store):
            yield _pending_object(pending)
    elif call.p.get("Clear"):
        chosen = _pending(call, store)
        if call.should_process(call.computer.fqdn, impact="Medium"):
            store.pending = [p for p in store.pending if p not in chosen]
    elif call.p.get("Retrieve"):
        for pending in _pending(call, store):  # the authority of the lab answers at once, so nothing can wait there
            raise failed(call, "request-not-answered", str(pending.number))
    else:
        yield from _new_request(call, store)
    report(call)


def _pending(call: Call, store: CertificateStore) -> list[Pending]:
    wanted = call.p.get("RequestId")
    found = [p for p in store.pending if wanted is None or p.number == int(wanted)]
    if wanted is not None and not found:
        raise failed(call, "request-not-found", str(wanted))
    return found


def _pending_object(pending: Pending) -> Psobj:
    """# inferred: what -List prints is not published; RequestId is the name of the parameter that takes it."""
    return Psobj(
        DEPLOYMENT + "CertificateRequest",
        str(pending.number),
        {
            "RequestId": pending.number,
            "Subject": windows_name(pending.request.subject),
            "AlternativeNames": names_of(pending.request),
            "Use": ",".join(pending.types),
            "FriendlyName": pending.friendly_name,
            "Output": pending.output,
        },
    )


def _new_request(call: Call, store: CertificateStore) -> Iterator[Psobj]:
    snapshot, cluster = local_pool(call)
    uses = _uses(call)
    _check_uses(call, snapshot, cluster, uses)
    cn, names = names_for(snapshot, cluster, call.computer, uses, bool(call.p.get("AllSipDomain")))
    if OAUTH_USE in uses:
        cn = snapshot.topology.default_domain
    names += [n.strip() for n in str(call.p.get("DomainName") or "").split(",") if n.strip()]
    names = list(dict.fromkeys(n.lower() for n in names))
    try:
        names = [to_ascii(n) for n in names]
        name = subject(
            cn, country=call.p.get("Country"), state=call.p.get("State"), city=call.p.get("City"),
            organization=call.p.get("Organization"), ou=call.p.get("OU"),
        )  # fmt: skip
    except ValueError as error:
        raise failed(call, "request-invalid", str(call.p.get("DomainName") or ""), reason=str(error)) from error
    authority = None if call.p.get("Output") else _authority(call)
    key = _key(call)
    if not call.should_process(call.computer.fqdn, impact="Medium"):
        return
    request = make_request(key, name, names, bool(call.p.get("ClientEKU")))
    exportable = bool(call.p.get("PrivateKeyExportable", False))
    friendly = str(call.p.get("FriendlyName") or "")
    if authority is None:
        path = write_file(call, str(call.p["Output"]), request_text(request))
        store.requests += 1
        now = call.world.clock.now()
        store.pending.append(Pending(store.requests, key, request, exportable, friendly, uses, path, now))
        return
    now = call.world.clock.now()
    certificate = authority.issue(key.public, name, names, now, client=bool(call.p.get("ClientEKU")))
    stored = Stored(certificate, key, exportable, friendly)
    store.add(stored)
    yield _reference(stored, uses)


def _authority(call: Call) -> Any:
    """The authority that answers at once: found in Active Directory, or named by -CA and reached with an account."""
    location = call.p.get("CA")
    authority = call.world.ca
    if location is not None and (authority is None or not authority.answers_to(str(location))):
        raise failed(call, "authority-not-found", str(location))
    if call.computer.joined:
        need_directory(call)  # an authority of the organisation is found in Active Directory
    if not call.computer.joined and not (location and call.p.get("CaAccount") and call.p.get("CaPassword")):
        raise failed(call, "authority-not-found", str(location or ""))
    return authority


def _key(call: Call) -> Key:
    algorithm = str(call.p.get("KeyAlg") or "RSA")
    size = int(call.p.get("KeySize") or 2048)
    if algorithm == "RSA" and size not in (1024, 2048, 3072, 4096):
        raise failed(call, "request-invalid", str(size), reason=f"KeySize {size} is not supported.")
    key: Key = call.world.ca.keys.next(algorithm, size)
    return key


# --- import


@cmdlet("Import-CsCertificate", writes=True, module=LYNC, class_name=DEPLOYMENT + "ImportCertificateCmdlet")
def import_certificate(call: Call) -> Iterator[Psobj]:
    store = certificates_of(call.computer)
    uses = _uses(call)
    if uses:
        _check_uses(call, *local_pool(call), uses)
    contents = _contents(call)
    if not call.should_process(common_name(contents.certificate), impact="Medium"):
        return
    stored = _take(call, store, contents)
    for use in uses:
        store.assign(use, stored.thumbprint, call.world.clock.now())
    report(call)
    yield _reference(stored, uses)


def _contents(call: Call) -> Contents:
    path = str(call.p["Path"])
    password = call.p.get("Password")
    try:
        return read(read_file(call, path), None if password is None else str(password))
    except UnreadableCertificate as error:
        raise failed(call, "certificate-unreadable", path, reason=str(error)) from error


def _take(call: Call, store: CertificateStore, contents: Contents) -> Stored:
    """Into My with the key it belongs to; issuers into CA. # inferred: a root is not trusted by an import."""
    certificate = contents.certificate
    for other in contents.others:
        if other.issuer != other.subject:
            store.add(Stored(other), "CA")
    pending = store.pending_for(certificate)
    known = store.find(Stored(certificate).thumbprint)
    exportable = call.p.get("PrivateKeyExportable")
    if contents.key is not None:
        stored = Stored(certificate, contents.key, exportable is not False, contents.friendly_name)
    elif pending is not None:
        keep = pending.exportable if exportable is None else bool(exportable) and pending.exportable
        stored = Stored(certificate, pending.key, keep, pending.friendly_name)
        store.pending.remove(pending)
    elif known is not None:
        stored = known
    else:
        stored = Stored(certificate, _key_in_store(store, certificate))
    store.add(stored)
    if stored.key is None:
        warn(call, "certificate-has-no-key", subject=windows_name(certificate.subject))
    _warn_of_chain(call, store, certificate)
    return stored


def _key_in_store(store: CertificateStore, certificate: x509.Certificate) -> Key | None:
    """A renewed certificate over a key that is here already."""
    wanted = public_bytes(certificate.public_key())
    keys = (s.key for s in store.stores["My"].values() if s.key is not None)
    return next((key for key in keys if key.public_bytes == wanted), None)


def _warn_of_chain(call: Call, store: CertificateStore, certificate: x509.Certificate) -> None:
    if not store.trusted(certificate, call.world.clock.now()):
        warn(call, "certificate-chain-untrusted", subject=windows_name(certificate.subject))


# --- assignment


@cmdlet("Set-CsCertificate", writes=True, module=LYNC, class_name=DEPLOYMENT + "SetCertificateCmdlet")
def set_certificate(call: Call) -> None:
    snapshot, cluster = local_pool(call)
    store, now = certificates_of(call.computer), call.world.clock.now()
    uses = _uses(call)
    _check_uses(call, snapshot, cluster, uses)
    contents = _contents(call) if call.p.get("Path") else None
    if contents is not None:
        target = common_name(contents.certificate)
    else:
        reference = call.p.get("Reference")
        target = str(reference.get("Thumbprint") if isinstance(reference, Psobj) else call.p.get("Thumbprint"))
    stored = store.find(target) if contents is None else None
    if contents is None and stored is None:
        raise failed(call, "certificate-not-found", target)
    if stored is not None and stored.key is None:
        raise failed(call, "certificate-without-key", target)
    if stored is not None and not valid(stored.certificate, now):
        raise failed(call, "certificate-not-valid", target)
    everywhere = _is_global(call, uses)
    if everywhere and stored is not None and not stored.exportable:
        raise failed(call, "global-certificate-not-exportable", target)
    if not call.should_process(target, force=True):
        return
    if contents is not None:
        stored = _take(call, store, contents)
    if stored is None:
        return
    _warn_of_names(call, cluster, stored, uses)
    _warn_of_chain(call, store, stored.certificate)
    for use in uses:
        store.assign(use, stored.thumbprint, now)
        if call.p.get("EffectiveDate") is not None:
            store.assignments[use.casefold()].effective = call.p["EffectiveDate"]
    if everywhere:
        call.world.tables.setdefault("global_certificates", {})[stored.thumbprint] = stored
        call.world.put("global_certificate", OAUTH_USE, {"Thumbprint": stored.thumbprint})
    report(call)


def _is_global(call: Call, uses: Sequence[str]) -> bool:
    """# rule: global-certificate. Who sets another use with that identity, or from where the store is not reached, is refused."""
    if str(call.p.get("Identity") or "").casefold() != "global":
        return False
    other = [use for use in uses if use != OAUTH_USE]
    if other:
        raise failed(call, "certificate-use-not-here", other[0], computer="Global")
    central_store(call)
    return True


def _take_global(call: Call, snapshot: Snapshot) -> None:
    """What the replica has brought: the organisation's certificate, with its key."""
    row = snapshot.row("global_certificate", OAUTH_USE)
    stored = call.world.tables.get("global_certificates", {}).get(row["Thumbprint"]) if row is not None else None
    cluster = snapshot.topology.pool_of(call.computer.fqdn)
    if stored is None or cluster is None or OAUTH_USE not in uses_of(snapshot.topology, cluster):
        return
    store = certificates_of(call.computer)
    assignment = store.assignments.get(OAUTH_USE.casefold())
    if assignment is None or assignment.thumbprint != stored.thumbprint:
        store.add(stored)
        store.assign(OAUTH_USE, stored.thumbprint, snapshot.at)


def _warn_of_names(call: Call, cluster: Cluster, stored: Stored, uses: Iterable[str]) -> None:
    """# source: the warning as printed in a published deployment log."""
    names = {n.casefold() for n in (common_name(stored.certificate), *names_of(stored.certificate))}
    if {"Default", "Internal"} & set(uses) and cluster.fqdn.casefold() not in names:
        subject_name = windows_name(stored.certificate.subject)
        warn(call, "certificate-name-mismatch", subject=subject_name, computer=cluster.fqdn)


@cmdlet("Get-CsCertificate", module=LYNC, class_name=DEPLOYMENT + "GetCertificateCmdlet")
def get_certificate(call: Call) -> Iterator[Psobj]:
    _take_global(call, local_store(call))
    wanted = {use.casefold() for use in _uses(call)}
    store = certificates_of(call.computer)
    for use, assignment in sorted(store.assignments.items()):
        stored = store.find(assignment.thumbprint)
        if stored is not None and (not wanted or use in wanted):
            yield _reference(stored, (assignment.use,), assignment)
    report(call)


@cmdlet("Remove-CsCertificate", writes=True, module=LYNC, class_name=DEPLOYMENT + "RemoveCertificateCmdlet")
def remove_certificate(call: Call) -> None:
    """Takes the assignment away (or with -Previous the one kept before); the certificate stays in its store."""
    store = certificates_of(call.computer)
    for use in _uses(call):
        assignment = store.assignments.get(use.casefold())
        if assignment is None:
            raise failed(call, "certificate-not-assigned", use)
        if not call.should_process(use, force=True):
            continue
        if call.p.get("Previous"):
            assignment.previous = None
        else:
            del store.assignments[use.casefold()]
    report(call)
