# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only hands can do, in the order and the words in which they do it: pure functions of the options.

The windows of Office Communications Server 2007 R2 are described after Microsoft's migration pages; the labels of single
buttons are inferred.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._topology import products as _products
from .manual_xmpp import INNER_PORT, PORT, names_of

Params = Mapping[str, Any]

_DEPLOYMENT = _products.LYNC_2013.deployment_path
_BOOTSTRAPPER = f'& "{_products.LYNC_2013.bootstrapper}"'
_HOSTS = r"C:\Windows\System32\drivers\etc\hosts"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def internal_list(params: Params) -> list[str]:
    return [
        f"Log on to the Office Communications Server 2007 R2 Edge {params['edge_fqdn']} as a local administrator.",
        "Open Start > Administrative Tools > Computer Management, expand Services and Applications, right-click Office "
        "Communications Server 2007 R2 and click Properties.",
        f"On the tab Internal, under the internal servers that may connect to this Edge, click Add and type "
        f"{_listed(params['servers'])}, one entry for each.",
        "Click OK, close the window, and do the same on every other machine of that Edge.",
    ]


def federation_fqdn(params: Params) -> list[str]:
    return [
        "Log on to a server with the administrative tools of Office Communications Server 2007 R2 as a member of "
        "RTCUniversalServerAdmins.",
        "Open Start > Administrative Tools > Office Communications Server 2007 R2, right-click the node Forest, point to "
        "Properties and click Global Properties.",
        f"On the tab Federation, with Enable Federation and Public IM connectivity checked, type {params['edge_fqdn']} as "
        "FQDN and 5061 as port.",
        f"On the tab Edge Servers, click Add, type {params['edge_fqdn']} where it is not in the list, and click OK.",
        "Wait until Active Directory has replicated, and restart the Front-End service of the Office Communications Server "
        "pools where they do not take it up by themselves.",
    ]


def gateway_console(params: Params) -> list[str]:
    steps = [
        f"Log on to the XMPP gateway {params['gateway_fqdn']} as a local administrator.",
        "Open Start > Administrative Tools > Office Communications Server 2007 R2, XMPP Gateway, and in the tree SIP "
        "Configuration.",
        f"Give {params['access_fqdn']} as the FQDN of the Access Edge with port 5061"
        + (f", and the SIP domains {_listed(params['sip_domains'])}" if params["sip_domains"] else "")
        + ".",
    ]
    if params["partner_domains"]:
        domains = _listed(params["partner_domains"])
        steps.append(
            f"Under XMPP Configuration see that {domains} stands in the allow list, and leave its security settings."
        )
    steps.append(
        f"Restart the service '{_products.LEGACY_GATEWAY_DISPLAY_NAME}', and see that it stays started (it ends at once where "
        "SipIP or XmppIP is empty in TGWConsoleGUI.dll.config)."
    )
    return steps


def gateway_stop(params: Params) -> list[str]:
    """At the end of the window. A host that is switched off closes no stream: its partners go on sending into it."""
    return [
        f"Log on to the XMPP gateway {params['gateway_fqdn']} as a local administrator. Do not switch it off, restart it or unplug it: streams "
        "that nobody closes swallow messages for many minutes.",
        "Open Start > Administrative Tools > Services, right-click 'Office Communications Server XMPP Gateway' and click Stop; wait until its "
        "status is empty.",
        "In its properties set the startup type to Manual, so that a restart of the host does not bring it back. To go back, start it and set "
        "Automatic again.",
        f"Run: netstat -a -n -o. No line with the local port {PORT} may have a process (the last number, other than 0).",
    ]


def gateway_start(params: Params) -> list[str]:
    """On the way back: the service as it was before the end of the window."""
    return [
        f"Log on to the XMPP gateway {params['gateway_fqdn']} as a local administrator.",
        "Open Start > Administrative Tools > Services, open the properties of 'Office Communications Server XMPP Gateway', set the startup "
        "type to Automatic and click Start; see that its status stays Started.",
        f"Run: netstat -a -n -o. A line with the local port {PORT} is listening.",
    ]


def edge_by_hand(params: Params) -> list[str]:
    """Steps of the Edge, on each machine; one machine after the other where there are several."""
    machines = [str(one["fqdn"]) for one in params["machines"]]
    where = f"On {machines[0]}" if len(machines) == 1 else f"On {_listed(machines)}, one machine at a time,"
    suffix = machines[0].partition(".")[2]
    media, sxs, file = params["media_path"].rstrip("\\"), params["sxs_path"], params["configuration_file"]
    source = rf"{media}\Setup\amd64"
    entries = [f"{one['address']} {' '.join(one['names'])}" for one in params["hosts_entries"]]
    addresses = [
        f"{one['fqdn']}: internal {one['internal_address']}, external {one['external_address']}"
        for one in params["machines"]
        if one.get("internal_address") and one.get("external_address")
    ]
    steps = [
        f"{where} log on as a local administrator, name the computer by the first label of its FQDN, set the primary DNS "
        f"suffix {suffix} (System > Change settings > Change > More) and restart.",
        "Give the network interfaces their addresses, with a default gateway on the external one only"
        + (f" ({'; '.join(addresses)})" if addresses else "")
        + ".",
        f"Add to {_HOSTS} the lines: {'; '.join(entries)}."
        if entries
        else f"Add to {_HOSTS} a line for every Front End Server and for the Central Management server, unless DNS of the "
        "perimeter knows them.",
        "In Windows PowerShell 3.0 or later run: Install-WindowsFeature NET-Framework-45-Core, Windows-Identity-Foundation "
        f"-Source {sxs} (on Windows Server 2008 R2 install .NET Framework 4.5 and KB974405 instead).",
        *(
            f"Carry the root certificate {one} there, and have it trusted: certutil -addstore -f Root FILE."
            for one in params["trusted_roots"]
        ),
        rf"Install the packages in this order, each with exit code 0 or 3010: {source}\vcredist_x64.exe /q; msiexec /i "
        rf"{source}\Setup\ocscore.msi /qn; msiexec /i {source}\SQLSysClrTypes.msi /qn; msiexec /i "
        rf"{source}\SharedManagementObjects.msi /qn.",
        f"On a Front End Server run Export-CsConfiguration -FileName {file}, carry the file to the same path on the Edge "
        "by hand, and delete it on both once the Edge runs: it holds the configuration of the organisation.",
        f"{where} run: {_BOOTSTRAPPER} /BootstrapLocalMgmt /SourceDirectory:{source}.",
        f"In the Lync Server Management Shell run: Import-CsConfiguration -FileName {file} -LocalStore (never without "
        "-LocalStore), then Enable-CsReplica -Confirm:$false, then Start-CsWindowsService -Name REPLICA.",
        f"Run: {_BOOTSTRAPPER} /SourceDirectory:{source}, which installs what the local store says.",
        f"Put a certificate with the subject {params['edge_fqdn']} into the computer's personal store and run: "
        "Set-CsCertificate -Type Internal -Thumbprint THUMBPRINT.",
        f"Do the same for the external one ({', '.join(_external_names(params))}): Set-CsCertificate -Type "
        "AccessEdgeExternal,DataEdgeExternal,AudioVideoAuthentication -Thumbprint THUMBPRINT"
        + (
            f"; with {_listed(params['xmpp_domains'])} among its names as well it serves XMPP later"
            if params["xmpp_domains"]
            else ""
        )
        + ("; the machines of the pool need the same certificate with its key" if len(machines) > 1 else "")
        + ".",
        "Run Start-CsWindowsService, then Get-CsWindowsService: every service has to be Running.",
    ]
    return steps


def xmpp_by_hand(params: Params) -> list[str]:
    """Steps of the window in which XMPP is enabled, on each machine."""
    machines = [str(one["fqdn"]) for one in params["machines"]]
    where = f"On {machines[0]}" if len(machines) == 1 else f"On {_listed(machines)}, one machine at a time,"
    source = rf"{params['media_path'].rstrip(chr(92))}\Setup\amd64"
    names = names_of(params)
    known = [one.upper() for one in params["thumbprints"]]
    return [
        f"{where} log on as a local administrator and open the Lync Server Management Shell. Run Get-CsService -EdgeServer "
        f"-LocalStore: XmppListeningPort has to be {PORT} and XmppInternalPort {INNER_PORT}, otherwise wait until the "
        "configuration has replicated.",
        f"Run: {_BOOTSTRAPPER} /SourceDirectory:{source} (Setup or Remove Lync Server Components), which installs the XMPP "
        "components.",
        "Put the certificate with its key and chain into the computer's personal store"
        + (f": the one with the thumbprint {' or '.join(known)}" if known else "")
        + f". Its subject is {names[0]}, and its alternative names are exactly these or more: {', '.join(names)}. It is for "
        "server and for client authentication"
        + ("; the machines of the pool need the same certificate with its key" if len(machines) > 1 else "")
        + ".",
        f"Run: Set-CsCertificate -Type {','.join(params['uses'])} -Thumbprint THUMBPRINT.",
        "Run: Stop-CsWindowsService -Graceful, then Start-CsWindowsService, then Get-CsWindowsService: every service has to "
        f"be Running, the {_products.XMPP_PROXY_DISPLAY_NAME} among them.",
        f"Run: netstat -a -n | findstr LISTENING. Ports {PORT} (external address) and {INNER_PORT} (internal address) have to be "
        f"there; let the firewalls pass TCP {PORT} in and out at the external address, and {INNER_PORT} from the Front End "
        "Servers.",
    ]


def _external_names(params: Params) -> list[str]:
    given = [params["access_fqdn"], params["web_conferencing_fqdn"], params["av_fqdn"]]
    names = [f"subject {given[0]}", *(str(one) for one in given[1:] if one)]
    return [*dict.fromkeys(names), *(f"sip.{one}" for one in params["sip_domains"])]
