"""Exit code 0 when an address answers 200: the health check of the containers."""

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:  # noqa: S310 - the address comes from docker-compose.yml
    sys.exit(0 if answer.status == 200 else 1)
