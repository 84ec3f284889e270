# -*- coding: utf-8 -*-
# Copyright: (c) 2026, lync.xmpp_migration contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GSS-TSIG with a real BIND and a private MIT KDC; a real secondary that lags; who comes second."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.lync.xmpp_migration.lab.dns.bind import Bind, executable
from ansible_collections.lync.xmpp_migration.lab.place import Place
from ansible_collections.lync.xmpp_migration.lab.wsman.kdc import Kdc
from ansible_collections.lync.xmpp_migration.plugins.module_utils import _dns_gss as gss
from ansible_collections.lync.xmpp_migration.plugins.module_utils._context import Context
from ansible_collections.lync.xmpp_migration.plugins.module_utils._errors import NeverRan
from ansible_collections.lync.xmpp_migration.plugins.module_utils._module import perform
from ansible_collections.lync.xmpp_migration.plugins.modules import dns_record_set as module

REALM, SERVER = "CORP.TEST", "ns1.corp.test"
OPTIONS = """\
options {{
  directory "{directory}"; pid-file "named.pid"; session-keyfile "session.key"; managed-keys-directory "{directory}";
  listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; dnssec-validation no; notify no;
  empty-zones-enable no; {more}
}};
controls {{ }};
"""
ZONE = """\
$TTL 5
@ IN SOA ns hostmaster 1 3600 600 86400 5
@ IN NS ns
ns IN A 127.0.0.1
_xmpp-server._tcp IN SRV 0 0 5269 old.{zone}.
host IN A 192.0.2.1
"""


class Named:
    """A BIND with a configuration of the test's own."""

    def __init__(self, directory: Path, more: str, zones: str, environment: dict[str, str] | None = None) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.port = Bind._free_port()
        text = OPTIONS.format(directory=directory, port=self.port, more=more) + zones
        (directory / "named.conf").write_text(text)
        self.process = subprocess.Popen(
            [str(executable()), "-f", "-n", "1", "-c", str(directory / "named.conf")],
            cwd=directory, env={**os.environ, **(environment or {})},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise AssertionError("named does not serve")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)


class Bed:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        (directory / "place").mkdir(mode=0o700)
        self.kdc = Kdc(Place(directory / "place"), REALM)
        self.kdc.start({"stranger": "stranger-pw"}, [])
        self.keytab = directory / "client.keytab"
        service = directory / "dns.keytab"
        commands = [
            f"addprinc -randkey DNS/{SERVER}", f"ktadd -k {service} DNS/{SERVER}",
            "addprinc -randkey dnsupdate", f"ktadd -k {self.keytab} dnsupdate", f"ktadd -k {self.keytab} stranger",
        ]  # fmt: skip
        self.kdc._run("kadmin.local", ["-r", REALM], "\n".join(commands) + "\nquit\n")
        for zone in ("corp.test", "closed.test"):
            (directory / f"{zone}.db").write_text(ZONE.format(zone=zone))
        grant = f'update-policy {{ grant "dnsupdate@{REALM}" zonesub ANY; }};'
        zones = f'zone "corp.test" {{ type primary; file "{directory}/corp.test.db"; {grant} }};\n'
        zones += f'zone "closed.test" {{ type primary; file "{directory}/closed.test.db"; }};\n'
        environment = {"KRB5_CONFIG": str(self.kdc.configuration), "KRB5_KTNAME": f"FILE:{service}"}
        self.named = Named(directory / "named", f'tkey-gssapi-keytab "{service}";', zones, environment)
        self.runs = 0

    def call(self, *values: str, zone: str = "corp.test", **options: Any) -> dict[str, Any]:
        self.runs += 1
        params = {
            "zone": zone,
            "records": [{"name": "host", "type": "A", "values": list(values)}],
            "servers": [{"address": "127.0.0.1", "port": self.named.port}],
            "gss_tsig": True,
            "kerberos_server_name": SERVER,
            "kerberos_principal": f"dnsupdate@{REALM}",
            "kerberos_keytab": str(self.keytab),
            "wait_seconds": 3,
            **options,
        }
        context = Context(str(self.directory / "state"), f"run{self.runs}", "localhost")
        return perform(module.ARGUMENT_SPEC, module.run, params, context, **module.CONSTRAINTS)

    def stop(self) -> None:
        self.named.stop()
        self.kdc.stop()


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory, needs: Callable[..., None]) -> Iterator[Bed]:
    needs("named", "krb5kdc", "kdb5_util", "kadmin.local", "gssapi")
    kept = {name: os.environ.get(name) for name in ("KRB5_CONFIG", "KRB5_KTNAME")}
    bed = Bed(tmp_path_factory.mktemp("gss"))
    yield bed
    bed.stop()
    for name, value in kept.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class TestGssTsig:
    def test_a_principal_with_its_keytab(self, bed: Bed) -> None:
        result = bed.call("192.0.2.7")
        assert result.get("failed") is None and result["changed"], result
        assert result["records"][0]["values"] == ["192.0.2.7"]
        assert bed.call("192.0.2.7")["changed"] is False

    def test_a_ticket_cache(self, bed: Bed, needs: Callable[..., None]) -> None:
        needs("kinit")
        cache = f"FILE:{bed.directory}/cc"
        subprocess.run(
            [str(shutil.which("kinit")), "-c", cache, "-k", "-t", str(bed.keytab), f"dnsupdate@{REALM}"], check=True
        )
        result = bed.call("192.0.2.8", kerberos_keytab=None, kerberos_principal=None, kerberos_cache=cache)
        assert result.get("failed") is None and result["changed"], result

    @pytest.mark.parametrize(
        ("options", "sentence"),
        [
            ({"kerberos_server_name": "elsewhere.corp.test"}, "gives no ticket for DNS/elsewhere.corp.test"),
            ({"kerberos_principal": f"nobody@{REALM}"}, "gives no ticket"),
            ({"kerberos_keytab": None, "kerberos_cache": "FILE:/nowhere"}, "gives no ticket"),
            ({"kerberos_principal": f"stranger@{REALM}"}, "answered REFUSED"),
            ({"zone": "closed.test"}, "answered REFUSED"),
            ({"kerberos_keytab": "/nowhere"}, "give both"),
            ({"kerberos_cache": "FILE:/x"}, "exclude each other"),
            ({"kerberos_server_name": None}, "as Kerberos knows it"),
            ({"tsig_key_name": "k", "tsig_secret": "QUJDREVGR0hJSktMTU5PUA=="}, "give one of them"),
        ],
    )
    def test_what_goes_wrong_changes_nothing_and_is_said(self, bed: Bed, options: dict, sentence: str) -> None:
        result = bed.call("192.0.2.99", **options)
        assert result["failed"] and sentence in result["msg"], result
        assert "192.0.2.99" not in str(bed.call("192.0.2.55")["diff"]["before"])

    def test_a_server_that_never_comes_to_an_end(self, bed: Bed) -> None:
        kerberos = gss.Kerberos(SERVER, f"dnsupdate@{REALM}", str(bed.keytab))

        def refuses(query: Any) -> Any:
            import dns.message
            import dns.rcode

            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.NOTIMP)
            return reply

        with pytest.raises(NeverRan, match="refuses to agree on a key for GSS-TSIG"):
            gss.negotiated(kerberos, refuses, "ns1")

        def goes_silent(query: Any) -> Any:
            raise OSError("gone")

        with pytest.raises(NeverRan, match="did not agree"):
            gss.negotiated(kerberos, goes_silent, "ns1")

        def echoes(query: Any) -> Any:
            import dns.message

            reply = dns.message.make_response(query)
            reply.answer = list(query.additional)
            return reply

        with pytest.raises(NeverRan, match="did not prove that it is"):
            gss.negotiated(kerberos, echoes, "ns1")
