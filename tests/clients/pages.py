"""Empty pages on separate origins, from which a frontend's scripts would call the server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><title>A frontend</title>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing: the test asks for what it needs."""


@contextmanager
def serve_pages() -> Iterator[str]:
    """Serve such a page at every path and yield the origin. Its host differs from the test servers' host, because the
    live server admits pages of its own host on any port.
    """
    with ThreadingHTTPServer(("127.0.0.1", 0), _Page) as pages:
        thread = threading.Thread(target=pages.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://localhost:{pages.server_port}"
        finally:
            pages.shutdown()
            thread.join()
