# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports of the services in a Lync Server 2013 topology, as data.

PRIVATE to the collection: it can have breaking changes at any time.
"""

from __future__ import annotations

from .document import Element

# One port a line: owner, usage, side, port, protocol, path; then name=value of what else the port has.
USER_SERVICES = """
component:McuFactory WebServer Primary 444 Mtls /LiveServer/McuFactory/
component:PresenceFocus UserPinManagement Primary 443 Https /LiveServer/UserPinManagement/
component:McuFactory WcfServer Primary 9001 Tcp /LiveServer/ConfDirMgmt/
"""
REGISTRAR = """
component:Registrar SipServer Primary 5061 Mtls / AuthorizesRequests=true GruuType=HomeServer
component:Registrar WebServer Primary 444 Mtls /LiveServer/Focus/
component:WinFab WinFabFederation Primary 5090 Tcp /
component:WinFab WinFabLeaseAgent Primary 5091 Tcp /
component:WinFab WinFabClientConnection Primary 5092 Tcp /
component:WinFab WinFabIPC Primary 5093 Tcp /
component:WinFab WinFabReplication Primary 5094 Tcp /
component:QoE SipServer Primary 5061 Mtls /LiveServer/QoE/ AuthorizesRequests=true GruuType=QoS
component:Lyss WcfMtls Primary 5077 Mtls /
component:XmppFederation SipServer Primary 5098 Mtls / AuthorizesRequests=true GruuType=XmppFederation
"""
WEB_SERVICES = """
component:OCSWebSite WebSite External 8080 Http / ConfiguredPort=80
component:OCSWebSite WebSite External 4443 Https / ConfiguredPort=443
component:OCSWebSite WebSite Primary 80 Http /
component:OCSWebSite WebSite Primary 443 Https /
component:Reach PsomServer Primary 8060 Mtls /
component:Reach PsomServer External 8061 Mtls /
component:MediaComp AppSharingCommunication Primary 49152 TcpOrUdp / Range=16383
component:McxService SipServer Primary 5086 Mtls / AuthorizesRequests=true GruuType=McxInternal
component:McxServiceExternal SipServer Primary 5087 Mtls / AuthorizesRequests=true GruuType=McxExternal
component:PersistentChatWebManager SipServer Primary 5095 Mtls / AuthorizesRequests=true \
GruuType=PersistentChatRMWebInternal
component:PersistentChatWebManagerExternal SipServer Primary 5096 Mtls / AuthorizesRequests=true \
GruuType=PersistentChatRMWebExternal
component:UcwaService SipServer Primary 5088 Mtls / AuthorizesRequests=true GruuType=UcwaInternal
component:UcwaServiceExternal SipServer Primary 5089 Mtls / AuthorizesRequests=true GruuType=UcwaExternal
"""
CONFERENCING_IM = """
component:IMConf SipServer Primary 5062 Mtls / GruuType=chat
component:IMConf WebServer Primary 444 Mtls /LiveServer/IMMcu/
"""
CONFERENCING_ALL = (
    CONFERENCING_IM
    + """
component:DataConf PsomClient Primary 8057 Tls /
component:AVConf SipServer Primary 5063 Mtls / GruuType=audio-video
component:AppSharingConf SipServer Primary 5065 Mtls / GruuType=applicationsharing
component:DataConf WebServer Primary 444 Mtls /LiveServer/DataMcu/
component:AVConf WebServer Primary 444 Mtls /LiveServer/AVMcu/
component:AppSharingConf WebServer Primary 444 Mtls /LiveServer/ASMcu/
component:MediaComp AudioCommunication Primary 49152 TcpOrUdp / Range=8348
component:MediaComp VideoCommunication Primary 57501 TcpOrUdp / Range=8034
component:MediaComp AppSharingCommunication Primary 49152 TcpOrUdp / Range=16383
"""
)
APPLICATION_SERVER = """
application:testbot SipServer Primary 5076 Mtls / AuthorizesRequests=true GruuType=Microsoft.Rtc.Applications.TestBot
component:MediaComp AudioCommunication Primary 49152 TcpOrUdp / Range=8348
component:MediaComp VideoCommunication Primary 57501 TcpOrUdp / Range=8034
component:MediaComp AppSharingCommunication Primary 49152 TcpOrUdp / Range=16383
"""
EDGE_SERVER = """
component:AccessEdge SipServer Internal 5061 Mtls /
component:AccessEdge SipClient External {access_port} Tls / ConfiguredFqdn={access_fqdn}
component:DataEdge PsomServer Internal 8057 Mtls /
component:DataEdge PsomClient External {web_conferencing_port} Tls / ConfiguredFqdn={web_conferencing_fqdn}
component:MediaRelayAuthenticationEdge SipServer Internal 5062 Mtls / AuthorizesRequests=true GruuType=MRAS
component:MediaRelayEdge TURNServer Internal 443 Tcp /
component:MediaRelayEdge TURNServer External {av_port} Tcp / ConfiguredFqdn={av_fqdn}
component:MediaRelayEdge TURNServer Internal 3478 Udp /
component:MediaRelayEdge TURNServer External 3478 Udp / ConfiguredFqdn={av_fqdn}
component:MediaRelayEdge MediaCommunication External 50000 TcpOrUdp / Range=10000 ConfiguredFqdn={av_fqdn}
"""
FEDERATION = "component:AccessEdge SipServer External 5061 Mtls / ConfiguredFqdn={access_fqdn}"
XMPP = """
component:XmppFederationProxy XmppServer External 5269 Tls / AuthorizesRequests=true
component:XmppFederationProxy XptServer Internal 23456 Mtls /XmppFederation/
"""
MANAGEMENT_SERVICES = "component:ReplicationService Replication Internal 4443 Https /"
WEB_COMPONENTS = (
    "ABHandler ABFiles AutodiscoverService CAHandler CAHandlerAnon CollabContent Cscp DataCollabWeb "
    "DeviceUpdateDownload DeviceUpdateStore Dialin DLExpansion LIService Lwa McxService Meet OnlineAuth PowerShell "
    "Reach RgsAgentService StoreWeb UcwaService WebScheduler WebTicket PersistentChatWeb PersistentChatWebManager "
    "HybridConfigService"
).split()


def ports(table: str) -> tuple[Element, ...]:
    """The Port elements of a table."""
    result = []
    for line in table.splitlines():
        if not line:
            continue
        owner, usage, side, number, protocol, path, *more = line.split(" ")
        extra = dict(item.split("=", 1) for item in more)
        authorizes = extra.pop("AuthorizesRequests", "false")
        attributes = {
            "Owner": f"urn:{owner}",
            "Usage": usage,
            "InterfaceSide": side,
            "InterfaceNumber": "1",
            "Port": number,
            "Protocol": protocol,
            "UrlPath": path,
            "AuthorizesRequests": authorizes,
            **extra,
        }
        result.append(Element("Port", tuple(attributes.items())))
    return tuple(result)
