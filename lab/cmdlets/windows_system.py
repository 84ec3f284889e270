# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules, processes, connections and events of a Windows host, and certificates through Windows' own cmdlets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from ..organisation import installations
from ..organisation.certificate_files import Contents, UnreadableCertificate, read
from ..organisation.certificate_store import Stored
from ..organisation.certificates import certificates_of
from ..organisation.files import BadPath, module_path
from ..organisation.services import listening_ports
from ..powershell.values import Enum, Psobj, SecureString, Version
from . import Call, PSError, cmdlet
from .shared import matching
from .windows import COMMANDS, certificate_object, drive_of, file_object, not_found

_LYNC_VERSIONS = {"L10": "4.0.0.0", "L13": "5.0.0.0", "S15": "6.0.0.0", "S19": "7.0.0.0"}  # inferred: product versions


def texts(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, (list, tuple)) else [str(value)]


# --- modules


def _module(name: str, edition: str | None) -> Psobj:
    path = (
        module_path(edition) if edition else rf"C:\Windows\System32\WindowsPowerShell\v1.0\Modules\{name}\{name}.psd1"
    )
    return Psobj(
        "System.Management.Automation.PSModuleInfo",
        name,
        {
            "Name": name,
            "Path": path,
            "ModuleBase": path.rpartition("\\")[0],
            "Version": Version(_LYNC_VERSIONS[edition] if edition else "1.0.0.0"),
            "ModuleType": Enum("Manifest"),
        },
    )


def _available(call: Call) -> dict[str, Psobj]:
    found = {name: _module(name, edition) for name, edition in call.computer.modules.items()}
    built_in = ("Microsoft.PowerShell.Management", "Microsoft.PowerShell.Utility", "Microsoft.PowerShell.Security")
    found |= {name: _module(name, None) for name in built_in}
    if call.computer.windows not in ("6.0", "6.1"):
        found |= {name: _module(name, None) for name in ("NetTCPIP", "PKI", "DnsClient", "ServerManager")}
    return found


def _found(call: Call, available: dict[str, Psobj]) -> dict[str, Psobj]:
    """By name a process finds only what was in its PSModulePath when it started; by path, whatever is there."""
    own = call.computer.modules
    return {n: m for n, m in available.items() if n not in own or n.casefold() in call.modules}


@cmdlet("Import-Module", class_name=COMMANDS + "ImportModuleCommand")
def import_module(call: Call) -> Iterator[Psobj]:
    """By name, or by the path of its psd1 file."""
    available = _available(call)
    by_path = {str(m.get("Path")).casefold(): name for name, m in available.items()}
    for wanted in texts(call.p.get("Name")):
        name = by_path.get(wanted.replace("/", "\\").casefold()) or next(
            (n for n in _found(call, available) if n.casefold() == wanted.casefold()), None
        )
        if name is None:
            text = (
                f"The specified module '{wanted}' was not loaded because no valid module file was found in any module "
                "directory."
            )
            raise PSError(
                "Modules_ModuleNotFound", "ResourceUnavailable", "System.IO.FileNotFoundException", text, wanted
            )
        call.modules.add("lync" if name == "SkypeForBusiness" else name.casefold())
        if call.p.get("PassThru"):
            yield available[name]


@cmdlet("Get-Module", class_name=COMMANDS + "GetModuleCommand")
def get_module(call: Call) -> Iterator[Psobj]:
    """What is there with -ListAvailable; without it what the session has, which is everything it can load itself."""
    available = _found(call, _available(call))
    patterns = texts(call.p.get("Name")) or ["*"]
    seen: set[str] = set()
    for pattern in patterns:
        for name in sorted(matching(pattern, available)):
            if name not in seen:
                seen.add(name)
                yield available[name]


# --- processes and connections


@cmdlet("Get-Process", class_name=COMMANDS + "GetProcessCommand")
def get_process(call: Call) -> Iterator[Psobj]:
    running = [s for s in call.computer.windows_services.values() if s.running and s.pid]
    ids = [int(i) for i in _list(call.p.get("Id"))]
    patterns = texts(call.p.get("Name")) or (["*"] if not ids else [])
    chosen = [s for s in running if s.pid in ids]
    at_work = {i.process for i in installations.under_way(call.world, call.computer) if i.path}
    for pattern in patterns:
        for name in sorted(matching(pattern, at_work)):
            yield _process(name, {"Id": 4, "StartTime": call.world.clock.now()})
        names = set(matching(pattern, [s.process for s in running]))
        if not names and not set(matching(pattern, at_work)) and not any(c in pattern for c in "*?["):
            call.write_error(_no_process("NoProcessFoundForGivenName", "name", pattern))
        chosen += [s for s in running if s.process in names and s not in chosen]
    for missing in [i for i in ids if i not in {s.pid for s in running}]:
        call.write_error(_no_process("NoProcessFoundForGivenId", "process identifier", str(missing)))
    for service in chosen:
        yield _process(service.process, {"Id": service.pid, "StartTime": service.started_at})


def _process(name: str, more: dict[str, Any]) -> Psobj:
    properties = {"ProcessName": name, "Name": name, "HasExited": False, **more}
    return Psobj("System.Diagnostics.Process", f"System.Diagnostics.Process ({name})", properties)


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _no_process(error: str, what: str, wanted: str) -> PSError:
    text = f'Cannot find a process with the {what} "{wanted}". Verify the process {what} and call the cmdlet again.'
    return PSError(error, "ObjectNotFound", f"{COMMANDS}ProcessCommandException", text, wanted)


@cmdlet("Get-NetTCPConnection", class_name="Get-NetTCPConnection")
def get_net_tcp_connection(call: Call) -> Iterator[Psobj]:
    """Listening ports; the lab keeps no connections. # source: NetTCPIP is a CDXML module, hence the error id."""
    states = {s.casefold() for s in texts(call.p.get("State"))}
    ports = {int(p) for p in _list(call.p.get("LocalPort"))}
    addresses = {a.casefold() for a in texts(call.p.get("LocalAddress"))}
    found = False
    pids = {s.name: s.pid for s in call.computer.windows_services.values()}
    for listener in sorted(listening_ports(call.world, call.computer), key=lambda x: (x.port, x.address)):
        if listener.protocol != "Tcp" or (states and "listen" not in states):
            continue
        if (ports and listener.port not in ports) or (addresses and listener.address not in addresses):
            continue
        found = True
        yield Psobj(
            "Microsoft.Management.Infrastructure.CimInstance#root/standardcimv2/MSFT_NetTCPConnection",
            properties={"LocalAddress": listener.address, "LocalPort": listener.port, "RemoteAddress": "0.0.0.0",  # noqa: S104
                        "RemotePort": 0, "State": Enum("Listen"), "OwningProcess": pids.get(listener.service, 0)},
        )  # fmt: skip
    if not found and (ports or addresses):
        text = "No MSFT_NetTCPConnection objects found with the properties that were asked for."
        call.write_error(
            PSError("CmdletizationQuery_NotFound_LocalPort", "ObjectNotFound",
                    "Microsoft.PowerShell.Cmdletization.Cim.CimJobException", text)
        )  # fmt: skip


# --- events


def events(call: Call) -> list[dict[str, Any]]:
    """# source: event 30024 of LS User Replicator: initial user replication is complete (verify user replication)."""
    service = call.computer.windows_services.get("RTCSRV")
    if service is None or not service.running or not any("Registrar" in r for r in service.roles):
        return []
    return [
        {"LogName": "Lync Server", "ProviderName": "LS User Replicator", "Id": 30024, "Level": 4,
         "LevelDisplayName": "Information", "TimeCreated": service.started_at, "MachineName": call.computer.fqdn,
         "Message": "Initial user replication was completed."}
    ]  # fmt: skip


@cmdlet("Get-WinEvent", class_name=COMMANDS + "GetWinEventCommand")
def get_win_event(call: Call) -> Iterator[Psobj]:
    filters = call.p.get("FilterHashtable")
    tables: list[dict[str, Any]] = list(filters) if isinstance(filters, (list, tuple)) else [filters] if filters else []
    if not tables:
        tables = [{"LogName": name} for name in texts(call.p.get("LogName"))] or [{}]
        tables += [{"ProviderName": name} for name in texts(call.p.get("ProviderName"))]
    found = [event for event in events(call) if any(_fits(event, table) for table in tables)]
    if call.p.get("MaxEvents"):
        found = found[: int(call.p["MaxEvents"])]
    if not found:
        text = "No events were found that match the specified selection criteria."
        call.write_error(PSError("NoMatchingEventsFound", "ObjectNotFound", "System.Exception", text))
    for event in found:
        yield Psobj("System.Diagnostics.Eventing.Reader.EventLogRecord", properties=event)


def _fits(event: dict[str, Any], table: dict[str, Any]) -> bool:
    for key, wanted in table.items():
        name = {"id": "Id", "logname": "LogName", "providername": "ProviderName", "level": "Level"}.get(key.casefold())
        if key.casefold() == "starttime":
            if event["TimeCreated"] is None or event["TimeCreated"] < wanted:
                return False
        elif name is not None and str(event[name]).casefold() not in {str(w).casefold() for w in _list(wanted)}:
            return False
    return True


# --- certificates without Lync


def _store(call: Call) -> tuple[str, str]:
    location = str(call.p.get("CertStoreLocation") or r"Cert:\LocalMachine\My")
    drive, rest = drive_of(location)
    machine, _slash, name = rest.partition("\\")
    store = {"my": "My", "root": "Root", "ca": "CA"}.get(name.casefold())
    if drive != "cert" or machine.casefold() != "localmachine" or store is None:
        raise not_found(location)
    return store, location


def _file(call: Call, password: str | None = None) -> Contents:
    path = str(call.p["FilePath"])
    try:
        return read(call.world.files.read(call.computer, path), password)
    except (FileNotFoundError, BadPath) as error:
        raise PSError("System.IO.FileNotFoundException", "NotSpecified", "System.IO.FileNotFoundException",
                      f"The certificate file could not be found: {path}", path) from error  # fmt: skip
    except UnreadableCertificate as error:
        raise PSError("System.ComponentModel.Win32Exception", "NotSpecified", "System.ComponentModel.Win32Exception",
                      str(error), path) from error  # fmt: skip


@cmdlet("Import-Certificate", writes=True, class_name="Microsoft.CertificateServices.Commands.ImportCertificateCommand")
def import_certificate(call: Call) -> Iterator[Psobj]:
    store, location = _store(call)
    contents = _file(call)
    if not call.should_process(location, impact="Medium"):
        return
    for certificate in (contents.certificate, *contents.others):
        stored = certificates_of(call.computer).find(Stored(certificate).thumbprint, store) or Stored(certificate)
        certificates_of(call.computer).add(stored, store)
        yield certificate_object(stored, store)


@cmdlet("Export-PfxCertificate", writes=True, class_name="Microsoft.CertificateServices.Commands.ExportPfxCertificate")
def export_pfx_certificate(call: Call) -> Iterator[Psobj]:
    r"""# source: Export-PfxCertificate (PKI module): -Cert takes a path such as Cert:\LocalMachine\My\THUMBPRINT; a key that is
    # not marked as exportable cannot leave. inferred: the error's id."""
    drive, rest = drive_of(str(call.p["Cert"]))
    machine, _slash, place = rest.partition("\\")
    name, _slash, thumbprint = place.partition("\\")
    stored = certificates_of(call.computer).find(thumbprint.upper(), {"my": "My"}.get(name.casefold(), name))
    if drive != "cert" or machine.casefold() != "localmachine" or stored is None:
        raise not_found(str(call.p["Cert"]))
    password, path = call.p.get("Password"), str(call.p["FilePath"])
    if stored.key is None or not stored.exportable or not isinstance(password, SecureString):
        raise PSError("System.ComponentModel.Win32Exception", "NotSpecified", "System.ComponentModel.Win32Exception",
                      "Cannot export non-exportable private key.", thumbprint)  # fmt: skip
    if not call.should_process(path, impact="Medium"):
        return
    sealed = BestAvailableEncryption(password.value.encode("utf-8"))
    data = pkcs12.serialize_key_and_certificates(None, stored.key.private, stored.certificate, None, sealed)
    call.world.files.write(call.computer, path, data, call.world.clock.now())
    entry = call.world.files.entry(call.computer, path)
    if entry is not None:
        yield file_object(entry)


@cmdlet("Import-PfxCertificate", writes=True, class_name="Microsoft.CertificateServices.Commands.ImportPfxCertificate")
def import_pfx_certificate(call: Call) -> Iterator[Psobj]:
    store, location = _store(call)
    password = call.p.get("Password")
    contents = _file(call, password.value if isinstance(password, SecureString) else None)
    if not call.should_process(location, impact="Medium"):
        return
    stored = Stored(contents.certificate, contents.key, bool(call.p.get("Exportable")), contents.friendly_name)
    certificates_of(call.computer).add(stored, store)
    yield certificate_object(stored, store)
