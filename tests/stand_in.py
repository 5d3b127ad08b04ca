"""Stands in for a service that serves, with one fault: python stand_in.py FAULT."""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

FAULT = sys.argv[1]
EMAIL = "eve@example.com" if FAULT == "somebody else" else "ada@example.com"


class Handler(BaseHTTPRequestHandler):
    """Answers like a service, but for the fault."""

    def do_GET(self) -> None:
        """Answer about readiness, the documentation and the account."""
        if self.path == "/health/ready":
            self.reply(503 if FAULT == "not ready" else 200)
        elif self.path == "/openapi.json":
            self.reply(200 if FAULT == "not production" else 404)
        else:
            known = FAULT == "open" or self.headers["Authorization"] == "Bearer token"
            self.reply(200 if known else 401, email=EMAIL)

    def do_POST(self) -> None:
        """Register, or give a token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/v1/users":
            self.reply(500 if FAULT == "no registration" else 201)
        elif FAULT == "no answer":
            self.close_connection = True
        elif FAULT == "no token":
            self.reply(200)
        else:
            self.reply(200, access_token="token")  # noqa: S106 - it lives for a second

    def reply(self, status: int, **fields: str) -> None:
        """Send an answer."""
        content = b"hello" if FAULT == "no JSON" else json.dumps(fields).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def end(*_: object) -> None:
    """End, more or less."""
    if FAULT != "deaf":
        os._exit(1 if FAULT == "ends badly" else 0)


signal.signal(signal.SIGTERM, end)
if FAULT == "never ready":
    sys.exit("There is no signing key.")
HTTPServer(("127.0.0.1", int(os.environ["APP_SERVER__PORT"])), Handler).serve_forever()
