"""Exit 0 if the server in this container answers /readyz with 200, else 1: Docker's HEALTHCHECK."""

import http.client
import os
import sys

# Django refuses unknown hosts, so the probe sends one that it serves.
host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].lstrip(".")
connection = http.client.HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=4)
try:
    connection.request("GET", "/readyz", headers={"Host": host})
    status = connection.getresponse().status
except (OSError, http.client.HTTPException) as error:
    sys.exit(f"no answer: {error!r}")
sys.exit(0 if status == 200 else f"answered {status}")
