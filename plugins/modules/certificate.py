#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: certificate
short_description: Obtain a certificate for a Lync server from a private authority
version_added: 0.1.0
description:
  - Sees that the store of the server has a certificate with its private key that carries the wanted names, is valid for a month yet, has a key of 2048 bits
    or more, a signature of SHA-256 or better, and server authentication among its purposes.
  - Where there is none, the server makes a request (C(Request-CsCertificate -Output)), the private authority on the controller answers it, and the answer is
    imported (C(Import-CsCertificate)). The private key never leaves the server.
  - Of the request the authority takes the public key alone. Names, purposes and validity come from the options.
  - The certificate is not assigned; see M(lync.xmpp_migration.certificate_assignment).
  - Without O(authority), a certificate that was imported by other means is looked for, and the module says what is missing where there is none.
options:
  uses:
    description: What the certificate is for, such as V(Internal), V(AccessEdgeExternal), V(DataEdgeExternal), V(AudioVideoAuthentication),
      V(XmppServer), V(Default), V(WebServicesInternal) or V(WebServicesExternal).
    type: list
    elements: str
    required: true
  subject:
    description: The name that the certificate is issued to. It is also the first of its alternative names.
    type: str
    required: true
  names:
    description: Further alternative names.
    type: list
    elements: str
    default: []
  sip_domains:
    description: SIP domains of which C(sip.)<domain> is to be among the names.
    type: list
    elements: str
    default: []
  xmpp_domains:
    description: SIP domains that XMPP partners reach. The domain itself is to be among the names, because partners check it and not the host.
    type: list
    elements: str
    default: []
  server_name:
    description:
      - Whether the FQDN of the server itself is to be among the names, as on a Front End of an Enterprise pool.
    type: bool
    default: false
  assign:
    description:
      - Whether the certificate is also assigned to O(uses), as M(lync.xmpp_migration.certificate_assignment) does it.
      - It is left at V(false) where a certificate is made ready ahead of the window in which it is assigned.
    type: bool
    default: false
  shared_from:
    description:
      - Inventory name of a server of the same Edge pool that has the certificate already. It is brought from there with its key, because A/V authentication
        wants the same key on every server of a pool. On that server itself the certificate is obtained as usual.
      - The key travels as a PFX file with a password that is made for this journey, through the memory of the controller. Nothing of it is kept.
      - Not on Windows Server 2008 R2, which has no cmdlet for it.
    type: str
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

from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.request import run
from ansible_collections.lync.xmpp_migration.plugins.module_utils._certificates.stored import NAME_OPTIONS
from ansible_collections.lync.xmpp_migration.plugins.module_utils._engine.module import execute

ARGUMENT_SPEC = {
    **NAME_OPTIONS,
    "authority": {
        "type": "dict",
        "options": {
            "certificate": {"type": "path", "required": True},
            "key": {"type": "path", "required": True, "no_log": False},
            "days": {"type": "int", "default": 730},
        },
    },
    "authority_passphrase": {"type": "str", "no_log": True},
    "assign": {"type": "bool", "default": False},
    "shared_from": {"type": "str"},
    "trust_authority": {"type": "bool", "default": True},
    "key_size": {"type": "int", "choices": [2048, 4096], "default": 2048},
}


def main() -> None:
    execute(ARGUMENT_SPEC, run)


if __name__ == "__main__":
    main()
