"""Certificates for tests of TLS, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path


def make_certificates(folder: Path) -> None:
    """Make an authority, `ca.pem`, with certificates for this machine and a client, and an authority of a stranger.

    Keys are beside them: `server.pem` and `server.key`.
    """
    make_authority(folder, "ca")
    make_authority(folder, "stranger")
    make_certificate(folder, "server", alternative="IP:127.0.0.1,DNS:localhost")
    make_certificate(folder, "client", alternative="DNS:client")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


def make_authority(folder: Path, name: str) -> None:
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"]
    openssl(folder, "req", "-x509", *key, "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")


def make_certificate(folder: Path, name: str, *, alternative: str) -> None:
    (folder / "names").write_text(f"subjectAltName={alternative}")
    openssl(
        folder,
        "req",
        *("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key"),
        *("-subj", f"/CN={name}"),
        "-out",
        "asked.pem",
    )
    signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"]
    openssl(folder, "x509", "-req", "-in", "asked.pem", *signer, "-days", "2", "-out", f"{name}.pem")
