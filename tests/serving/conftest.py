"""Starting and ending have nothing to do with the engine: the half of the suite on SQLite is enough for them."""

import os

collect_ignore_glob = ["test_*.py"] if os.environ.get("REDIS_URL") else []
