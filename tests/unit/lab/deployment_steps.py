# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of an installation, so that a test can start in the middle of one."""

from __future__ import annotations

import base64
import typing as t

from ansible_collections.lync.xmpp_migration.lab.estate import Certificates, Edge, Pool
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_authority import Authority
from ansible_collections.lync.xmpp_migration.lab.organisation.certificate_store import Keys, Stored
from ansible_collections.lync.xmpp_migration.lab.organisation.certificates import certificates_of, names_of
from ansible_collections.lync.xmpp_migration.lab.organisation.deployment import publish_from_builder
from ansible_collections.lync.xmpp_migration.lab.organisation.topology_estate import EstateTopology
from ansible_collections.lync.xmpp_migration.lab.organisation.world import World
from ansible_collections.lync.xmpp_migration.lab.powershell.standin import StandIn
from ansible_collections.lync.xmpp_migration.tests.unit.lab.worlds import Host, world
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

BOOTSTRAPPER = r"C:\Program Files\Microsoft Lync Server 2013\Deployment\Bootstrapper.exe"
FRONT_END, EDGE = "pool2013.contoso.test", "edge2013.contoso.test"
EXTERNAL = ["AccessEdgeExternal", "DataEdgeExternal", "AudioVideoAuthentication"]
TEMP = r"C:\Users\admin\AppData\Local\Temp"


def legacy(**changes: t.Any) -> World:
    """The demonstration estate before its migration."""
    changes.setdefault("certificates", Certificates(key="ec256"))
    return world("lync2010", 10, **changes)


def add_2013(draft: EstateTopology, w: World) -> None:
    draft.add_pool(w.estate, Pool(FRONT_END, 6))
    draft.add_edge(
        w.estate,
        Edge(
            EDGE, 6, "access.contoso.test", next_hop=FRONT_END, web_conferencing_fqdn="webcon.contoso.test",
            av_fqdn="av.contoso.test", internal_address="10.0.1.40", external_address="203.0.113.40",
        ),
    )  # fmt: skip
    topology = draft.topology()
    draft.associate_edge(topology, FRONT_END, topology.service("EdgeServer:edge2010.contoso.test"))


def enable_xmpp(draft: EstateTopology) -> None:
    edge = draft.topology().service(f"EdgeServer:{EDGE}")
    draft.enable_federation(edge.key, "access.contoso.test")
    draft.enable_xmpp(edge.key)


def published(**changes: t.Any) -> World:
    """With the 2013 pool and Edge in the topology; nothing is installed on them yet."""
    w = legacy(**changes)
    publish_from_builder(w, lambda draft: add_2013(draft, w))
    w.replicate()
    return w


def run(host: Host, path: str, arguments: str = "") -> tuple[int | None, bytes]:
    request = {"id": 1, "calls": [{"executable": path, "arguments": arguments, "seconds": 600}]}
    frame = next(f for f in StandIn(host.session).perform(request) if "call" in f)
    return frame.get("exit"), base64.b64decode(frame.get("stdout") or "")


def copy_configuration(w: World, source: Host, target: Host) -> None:
    path = r"C:\Windows\Temp\configuration.zip"
    source.call("Export-CsConfiguration", FileName=path).ok()
    content = w.files.read(source.session.computer, path)
    w.files.write(target.session.computer, path, content)
    target.call("Import-CsConfiguration", FileName=path, LocalStore=True).ok()


def install(w: World, fqdn: str, source: str = FRONT_END) -> Host:
    """Local store, replica, components, enabled; certificates and a start are still to come."""
    host = Host(w, fqdn)
    assert run(host, BOOTSTRAPPER, "/BootstrapLocalMgmt")[0] == 0
    copy_configuration(w, Host(w, source), host)
    host.call("Enable-CsReplica", Confirm=False).ok()
    host.call("Start-CsWindowsService", Name="Replica").ok()
    w.clock.advance(10)
    assert run(host, BOOTSTRAPPER)[0] == 0
    host.call("Enable-CsComputer", Confirm=False).ok()
    return host


class PrivateAuthority:
    """A certification authority that the lab does not know, as an operator's own."""

    def __init__(self, w: World) -> None:
        self.authority = Authority("Operator CA", Keys("ECDH_P256", 0), w.clock.now())
        self.world = w

    def trust(self, host: Host) -> None:
        certificates_of(host.session.computer).add(Stored(self.authority.certificate), "Root")

    def answer(self, host: Host, request: str, answer: str, names: t.Sequence[str] = (), days: float = 90) -> None:
        """Sign the request in one file into a certificate in another."""
        csr = x509.load_pem_x509_csr(self.world.files.read(host.session.computer, request))
        assert csr.is_signature_valid
        certificate = self.authority.issue(
            csr.public_key(), csr.subject, names or names_of(csr), self.world.clock.now(), days=days
        )
        self.world.files.write(host.session.computer, answer, certificate.public_bytes(Encoding.PEM))

    def certify(self, host: Host, uses: t.Sequence[str], names: t.Sequence[str] = ()) -> str:
        """Request, answer, import and assign; gives the thumbprint."""
        request, answer = rf"{TEMP}\x.req", rf"{TEMP}\x.cer"
        host.call("Request-CsCertificate", New=True, Type=list(uses), Output=request, DomainName=",".join(names)).ok()
        self.answer(host, request, answer)
        [[thumb]] = host.call("Import-CsCertificate", ["Thumbprint"], Path=answer).ok()
        host.call("Set-CsCertificate", Type=list(uses), Thumbprint=thumb, Confirm=False).ok()
        return thumb


def ready_edge(w: World) -> tuple[Host, PrivateAuthority]:
    """An Edge that runs, without federation and XMPP."""
    edge, authority = install(w, EDGE), PrivateAuthority(w)
    authority.trust(edge)
    authority.certify(edge, ["Internal"])
    authority.certify(edge, EXTERNAL)
    edge.call("Start-CsWindowsService").ok()
    return edge, authority


def add_xmpp(w: World) -> None:
    """The window's topology change, replicated."""
    publish_from_builder(w, enable_xmpp)
    w.replicate()
    w.clock.advance(10)
