"""Certificates for the tests of this folder."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.conftest import not_run


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """An authority, a server and a client certified by it, and an authority of somebody else."""
    if not shutil.which("openssl"):
        not_run("the openssl command, which makes the certificates", "install openssl")
    folder = tmp_path_factory.mktemp("pki")

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for authority in ("ca", "other"):
        openssl(
            "req", "-x509", *key, "-keyout", f"{authority}.key", "-out", f"{authority}.pem", "-subj",
            f"/CN={authority}", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign",  # Python 3.13 insists, as RFC 5280 does
        )  # fmt: skip
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
    for name in ("server", "client"):
        openssl("req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", f"{name}.pem", "-days", "2", "-extfile", "names",
        )  # fmt: skip
    return folder
