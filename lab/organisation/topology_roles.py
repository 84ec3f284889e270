# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles of a topology document and the ports they are published with.

A line per port: first ServiceVersion that has it, owner, usage, side, port, protocol, path, and what else is set.
``*`` authorises requests. # source: published topology files of 2013, 2015 and 2019 labs, whose names and numbers
agree; # inferred: what the 2010 document lacks follows from what came with Lync Server 2013 (Windows Fabric, Lyss,
XMPP, Unified Communications Web API, Persistent Chat in the topology).
"""

from __future__ import annotations

from dataclasses import dataclass

_ROLE_TYPE = "Microsoft.Rtc.Management.Deploy.Internal.ServiceRoles."


@dataclass(frozen=True)
class PortRow:
    since: int
    owner: str
    usage: str
    side: str
    port: int
    protocol: str
    path: str
    authorizes: bool
    extra: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class RoleRow:
    role_version: int
    ports: tuple[PortRow, ...] = ()
    element: str | None = None  # role-specific element, whose name also ends the Type attribute

    @property
    def type(self) -> str | None:
        return _ROLE_TYPE + self.element if self.element else None


def _rows(table: str) -> tuple[PortRow, ...]:
    rows = []
    for line in table.strip().splitlines():
        since, owner, usage, side, port, protocol, path, *extra = line.split()
        rows.append(
            PortRow(
                int(since),
                owner if ":" in owner else f"urn:component:{owner}",
                usage,
                side,
                int(port),
                protocol,
                path,
                "*" in extra,
                tuple((key, value) for key, _eq, value in (e.partition("=") for e in extra if e != "*")),
            )
        )
    return tuple(rows)


USER_SERVICES = RoleRow(
    2,
    _rows("""
5 McuFactory WebServer Primary 444 Mtls /LiveServer/McuFactory/
5 PresenceFocus UserPinManagement Primary 443 Https /LiveServer/UserPinManagement/
6 McuFactory WcfServer Primary 9001 Tcp /LiveServer/ConfDirMgmt/
"""),
)

REGISTRAR = RoleRow(
    2,
    _rows("""
5 Registrar SipServer Primary 5061 Mtls / * GruuType=HomeServer
5 Registrar WebServer Primary 444 Mtls /LiveServer/Focus/
6 WinFab WinFabFederation Primary 5090 Tcp /
6 WinFab WinFabLeaseAgent Primary 5091 Tcp /
6 WinFab WinFabClientConnection Primary 5092 Tcp /
6 WinFab WinFabIPC Primary 5093 Tcp /
6 WinFab WinFabReplication Primary 5094 Tcp /
5 QoE SipServer Primary 5061 Mtls /LiveServer/QoE/ * GruuType=QoS
6 Lyss WcfMtls Primary 5077 Mtls /
6 XmppFederation SipServer Primary 5098 Mtls / * GruuType=XmppFederation
"""),
    "RegistrarService",
)

WEB_SERVICES = RoleRow(
    1,
    _rows("""
5 OCSWebSite WebSite External 8080 Http / ConfiguredPort=80
5 OCSWebSite WebSite External 4443 Https / ConfiguredPort=443
5 OCSWebSite WebSite Primary 80 Http /
5 OCSWebSite WebSite Primary 443 Https /
5 Reach PsomServer Primary 8060 Mtls /
5 Reach PsomServer External 8061 Mtls /
5 MediaComp AppSharingCommunication Primary 49152 TcpOrUdp / Range=16383
6 McxService SipServer Primary 5086 Mtls / * GruuType=McxInternal
6 McxServiceExternal SipServer Primary 5087 Mtls / * GruuType=McxExternal
6 PersistentChatWebManager SipServer Primary 5095 Mtls / * GruuType=PersistentChatRMWebInternal
6 PersistentChatWebManagerExternal SipServer Primary 5096 Mtls / * GruuType=PersistentChatRMWebExternal
6 UcwaService SipServer Primary 5088 Mtls / * GruuType=UcwaInternal
6 UcwaServiceExternal SipServer Primary 5089 Mtls / * GruuType=UcwaExternal
"""),
    "WebService",
)

CONF_SERVICES = RoleRow(
    1,
    _rows("""
5 IMConf SipServer Primary 5062 Mtls / GruuType=chat
5 IMConf WebServer Primary 444 Mtls /LiveServer/IMMcu/
5 DataConf PsomClient Primary 8057 Tls /
5 AVConf SipServer Primary 5063 Mtls / GruuType=audio-video
5 AppSharingConf SipServer Primary 5065 Mtls / GruuType=applicationsharing
5 DataConf WebServer Primary 444 Mtls /LiveServer/DataMcu/
5 AVConf WebServer Primary 444 Mtls /LiveServer/AVMcu/
5 AppSharingConf WebServer Primary 444 Mtls /LiveServer/ASMcu/
5 MediaComp AudioCommunication Primary 49152 TcpOrUdp / Range=8348
5 MediaComp VideoCommunication Primary 57501 TcpOrUdp / Range=8034
5 MediaComp AppSharingCommunication Primary 49152 TcpOrUdp / Range=16383
"""),
    "ConfService",
)

APPLICATION_SERVER = RoleRow(
    1,
    _rows("""
5 urn:application:testbot SipServer Primary 5076 Mtls / * GruuType=Microsoft.Rtc.Applications.TestBot
5 MediaComp AudioCommunication Primary 49152 TcpOrUdp / Range=8348
5 MediaComp VideoCommunication Primary 57501 TcpOrUdp / Range=8034
"""),
    "ApplicationServerService",
)

# One external address for all services, as an estate writes it: Access 443, Web Conferencing 444, A/V 442.
EDGE_SERVER = RoleRow(
    2,
    _rows("""
5 AccessEdge SipServer Internal 5061 Mtls / *
5 AccessEdge SipClient External 443 Tls / *
5 DataEdge PsomServer Internal 8057 Mtls /
5 DataEdge PsomClient External 444 Tls /
5 MediaRelayAuthenticationEdge SipServer Internal 5062 Mtls / GruuType=MRAS
5 MediaRelayEdge TURNServer Internal 443 Tcp /
5 MediaRelayEdge TURNServer Internal 3478 Udp /
5 MediaRelayEdge TURNServer External 442 Tcp /
5 MediaRelayEdge TURNServer External 3478 Udp /
5 MediaRelayEdge MediaCommunication External 50000 TcpOrUdp / Range=10000
7 SkypeSearchProxy WcfServer Internal 4443 Mtls /
"""),
)

#: What enabling federation and XMPP federation on an Edge adds.
FEDERATION = _rows("5 AccessEdge SipServer External 5061 Mtls / *")
XMPP = _rows("""
6 XmppFederationProxy XmppServer External 5269 Tls / *
6 XmppFederationProxy XptServer Internal 23456 Mtls /XmppFederation/
""")

MANAGEMENT_SERVICES = RoleRow(1, _rows("5 ManagementServices ReplicationService Internal 4443 Https /"))

ROLE_TABLE: dict[str, RoleRow] = {
    "UserServices": USER_SERVICES,
    "Registrar": REGISTRAR,
    "WebServices": WEB_SERVICES,
    "ConfServices": CONF_SERVICES,
    "ApplicationServer": APPLICATION_SERVER,
    "EdgeServer": EDGE_SERVER,
    "ManagementServices": MANAGEMENT_SERVICES,
    "UserStore": RoleRow(1),
    "ApplicationStore": RoleRow(1),
    "CentralMgmtStore": RoleRow(1),
    "FileStore": RoleRow(1, element="FileStoreService"),
    "CentralMgmt": RoleRow(1, element="CentralMgmtService"),
}
