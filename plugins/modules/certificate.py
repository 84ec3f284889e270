#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: certificate
short_description: Obtain a certificate for a Lync server
version_added: 0.1.0
description:
  - Sees that the store of the server has a certificate with its private key that carries the wanted names, is valid for some time yet, has a key of 2048 bits
    or more, a signature of SHA-256 or better, and server authentication among its purposes.
  - Where there is none, or the one that is there ends within O(renew_days), one is obtained as O(origin) says. Before that nothing happens.
  - Where a certificate still serves and another cannot be had yet, that is a warning. Where none serves, the task stops.
  - Whatever others issued is judged first. It needs all names, the subject, server authentication among its purposes, a key of 2048 bits or more that is the
    one of the request or of the PFX file, a signature of SHA-256 or better, a chain that ends in a root that the server trusts, and no critical extension that
    nobody knows. What fails is refused with every reason, and nothing is imported.
  - With a private authority or a request the private key never leaves the server. Of the request the authority takes the public key alone; names, purposes and
    validity come from the options.
  - All keys are exportable, because A/V authentication wants the same key on every server of an Edge pool.
  - The certificate is not assigned, unless O(assign) says so; see M(lync.xmpp_migration.certificate_assignment).
options:
  assign:
    description:
      - Whether the certificate is also assigned to O(uses), as M(lync.xmpp_migration.certificate_assignment) does it.
      - It is left at V(false) where a certificate is made ready ahead of the window in which it is assigned.
    type: bool
    default: false
  origin:
    description: Where the certificate comes from.
    type: dict
    suboptions:
      source:
        description:
          - V(online_ca) asks the authority O(origin.ca) of the organisation, which answers at once (C(Request-CsCertificate -CA)). The server has to be in a
            domain, because a password for the authority is not sent to it.
          - V(offline) has the server write a request, brings it to O(origin.directory), and stops until its answer lies there. The answer is judged with its
            chain before it is imported.
          - V(private_ca) answers the request with O(origin.authority) on the controller.
          - V(pfx) brings the certificate and the key in O(origin.file), which are judged before they travel.
          - V(legacy_edge) brings the certificate with its key from O(origin.holder), where the FQDN of the legacy Access Edge is kept.
          - V(imported) only looks for one that somebody imported.
          - Without it, V(private_ca) where an authority is given, and V(imported) otherwise.
        type: str
        choices:
          - private_ca
          - online_ca
          - offline
          - pfx
          - legacy_edge
          - imported
      authority:
        description: The private authority, in place of O(authority).
        type: dict
        suboptions:
          certificate:
            description: File with the certificate of the authority, PEM or DER.
            type: path
            required: true
          key:
            description: File with the private key of the authority. It has to be encrypted, and readable by its owner alone.
            type: path
            required: true
          days:
            description: How long issued certificates are valid.
            type: int
            default: 730
      ca:
        description: The online authority as C(-CA) takes it, HOST\NAME.
        type: str
      template:
        description: The certificate template that the online authority is to use (C(-Template)). Without it, that of Lync.
        type: str
      file:
        description: The PFX file on the controller, readable by its owner alone.
        type: path
      directory:
        description:
          - Where requests are put and answers are looked for, on the controller. The request is called HOST-USE.req, its answer HOST-USE.cer, .crt, .pem or
            .p7b, with the inventory name and the first of O(uses).
          - By default C(certificates) in the state directory.
        type: path
      chain:
        description: A file on the controller with the certificates of the issuing authorities, where the answer or the PFX file does not have them.
        type: path
      holder:
        description: Inventory name of the legacy Edge Server. The first of the group C(lync_legacy_edges) by default.
        type: str
      names:
        description: More alternative names, besides those of the other options.
        type: list
        elements: str
        default: []
  authority:
    description: The private certification authority, on the controller.
    type: dict
    suboptions:
      certificate:
        description: File with the certificate of the authority, PEM or DER.
        type: path
        required: true
      key:
        description: File with the private key of the authority. It has to be encrypted, and readable by its owner alone.
        type: path
        required: true
      days:
        description: How long issued certificates are valid.
        type: int
        default: 730
  authority_passphrase:
    description: Passphrase of the authority's private key.
    type: str
  pfx_passphrase:
    description: Passphrase of O(origin.file). It never leaves the controller, where the file is encrypted anew for its way.
    type: str
  wait_seconds:
    description: How long to wait for the answer to an offline request before the task stops.
    type: int
    default: 0
  trust_authority:
    description: Whether the server is made to trust the authority, where it does not.
    type: bool
    default: true
  key_size:
    description: Bits of a new key.
    type: int
    choices: [2048, 4096]
    default: 2048
extends_documentation_fragment:
  - lync.xmpp_migration._certificate
  - lync.xmpp_migration._attributes
  - lync.xmpp_migration._attributes.windows_host
requirements:
  - cryptography (on the controller)
seealso:
  - module: lync.xmpp_migration.certificate_assignment
  - name: Request-CsCertificate
    description: Microsoft's page of the cmdlet.
    link: https://learn.microsoft.com/powershell/module/skypeforbusiness/request-cscertificate
  - name: Certificate summary for XMPP federation
    description: Which names the certificate of an Edge carries.
    link: "https://learn.microsoft.com/en-us/previous-versions/office/lync-server-2013/\
      lync-server-2013-certificate-summary-extensible-messaging-and-presence-protocol-xmpp-federation"
author:
  - lync.xmpp_migration contributors (@lync-xmpp-migration)
"""

EXAMPLES = r"""
- name: Obtain the internal certificate of an Edge server
  lync.xmpp_migration.certificate:
    uses:
      - Internal
    subject: edge2013.contoso.test
    authority:
      certificate: /etc/lync/ca.pem
      key: /etc/lync/ca.key
    authority_passphrase: "{{ lync_migration_ca_key_passphrase }}"

- name: Obtain the external certificate of an Edge server with the XMPP domains
  lync.xmpp_migration.certificate:
    uses:
      - AccessEdgeExternal
      - DataEdgeExternal
      - AudioVideoAuthentication
      - XmppServer
    subject: access.contoso.test
    names:
      - webcon.contoso.test
    sip_domains:
      - contoso.test
    xmpp_domains:
      - contoso.test
    authority:
      certificate: /etc/lync/ca.pem
      key: /etc/lync/ca.key
    authority_passphrase: "{{ lync_migration_ca_key_passphrase }}"

- name: Have a public authority answer the request of the Edge server
  lync.xmpp_migration.certificate:
    uses:
      - AccessEdgeExternal
      - DataEdgeExternal
      - AudioVideoAuthentication
      - XmppServer
    subject: access.contoso.test
    names:
      - webcon.contoso.test
    sip_domains:
      - contoso.test
    xmpp_domains:
      - contoso.test
    origin:
      source: offline
      directory: /etc/lync/requests
      chain: /etc/lync/public-chain.pem

- name: Bring the certificate that the organisation has as a PFX file
  lync.xmpp_migration.certificate:
    uses:
      - AccessEdgeExternal
      - DataEdgeExternal
      - AudioVideoAuthentication
    subject: access.contoso.test
    names:
      - webcon.contoso.test
    sip_domains:
      - contoso.test
    origin:
      source: pfx
      file: /etc/lync/access.pfx
    pfx_passphrase: "{{ lync_migration_edge_external_pfx_passphrase }}"
"""

RETURN = r"""
certificate:
  description: The certificate. In check mode its thumbprint stands for one that only the authority will decide.
  returned: success
  type: dict
  contains:
    thumbprint:
      description: Thumbprint.
      type: str
    subject:
      description: Subject.
      type: str
    issuer:
      description: Issuer.
      type: str
    names:
      description: Alternative names.
      type: list
      elements: str
    not_after:
      description: End of its validity.
      type: str
    obtained:
      description: Whether it was obtained by this task.
      type: bool
  sample:
    thumbprint: 4E1A1F3C0B7F5D6E8A9B0C1D2E3F405162738495
    subject: CN=access.contoso.test
    issuer: CN=Contoso Root CA
    names: [access.contoso.test, webcon.contoso.test, sip.contoso.test, contoso.test]
    not_after: '2028-11-20T08:00:00+00:00'
    obtained: true
certificates:
  description: The assigned certificates after the task, as M(lync.xmpp_migration.certificate_assignment) returns them.
  returned: with O(assign=true)
  type: dict
  sample:
    uses:
      Internal:
        thumbprint: 4E1A1F3C0B7F5D6E8A9B0C1D2E3F405162738495
"""

from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.origin import ORIGIN_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.request import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.stored import NAME_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute

ARGUMENT_SPEC = {
    **NAME_OPTIONS,
    **ORIGIN_OPTIONS,
    "assign": {"type": "bool", "default": False},
    "trust_authority": {"type": "bool", "default": True},
    "key_size": {"type": "int", "choices": [2048, 4096], "default": 2048},
    "wait_seconds": {"type": "int", "default": 0},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
