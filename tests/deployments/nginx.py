"""nginx with the configuration of deploy/nginx, in front of servers on this machine."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

from tests.deployments.files import adapted
from tests.servers import free_port
from tests.servers.process import Server

HOST_NAME = "pay.example"


class Nginx(Server):
    """The proxy. Its certificate, for `HOST_NAME`, is made for it."""

    binaries = ("nginx",)
    start_seconds = 20

    def __init__(self, *, web_ports: tuple[int, int], live_ports: tuple[int, int]) -> None:
        """Take the ports of the two servers, and of their live servers."""
        super().__init__()
        self.plain_port = free_port()
        changes = {
            "listen 8443": f"listen {self.host}:{self.port}",
            "listen 8080": f"listen {self.host}:{self.plain_port}",
            "web1:8000": f"{self.host}:{web_ports[0]}",
            "web2:8000": f"{self.host}:{web_ports[1]}",
            "web1:8001": f"{self.host}:{live_ports[0]}",
            "web2:8001": f"{self.host}:{live_ports[1]}",
            "/tmp/": f"{self.folder}/",  # noqa: S108 - where the file has it
            "/etc/nginx/tls": str(self.folder),
            "worker_processes auto": "worker_processes 1",
            # The limit of open files is the machine's.
            "worker_connections 8192": "worker_connections 256",
        }
        (self.folder / "nginx.conf").write_text(adapted("nginx/nginx.conf", changes))

    @property
    def url(self) -> str:
        return f"https://{self.host}:{self.port}"

    @property
    def certificate(self) -> Path:
        """Return the file to trust."""
        return self.folder / "tls.crt"

    def check(self) -> subprocess.CompletedProcess[str]:
        """Let nginx check its configuration."""
        self._initialize()
        command = [str(self.binary), *self._arguments(), "-t"]
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def trust(self) -> ssl.SSLContext:
        """Return what a client needs to trust the certificate."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def connect(self) -> socket.socket:
        """Return a new connection, before the handshake."""
        return self._connect(timeout_seconds=20)

    def connect_safely(self) -> ssl.SSLSocket:
        """Return a new connection, after the handshake."""
        return self.trust().wrap_socket(self.connect(), server_hostname=HOST_NAME)

    def _initialize(self) -> None:
        options = f"-nodes -days 2 -subj /CN={HOST_NAME} -addext subjectAltName=DNS:{HOST_NAME}"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", *options.split()]
        command += ["-keyout", str(self.folder / "tls.key"), "-out", str(self.certificate)]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    def _arguments(self) -> list[str]:
        return ["-p", str(self.folder), "-c", str(self.folder / "nginx.conf"), "-g", "daemon off;"]

    def _answers(self, connection: socket.socket) -> bool:
        return True  # It listens once it is ready.
