"""What the proxy's configuration must not lose."""

from __future__ import annotations

import re
from pathlib import Path

CONFIGURATION = Path(__file__).parents[2] / "deploy/nginx/callboard.conf"


def test_idle_streams_do_not_use_up_the_connections_of_the_address_they_come_from():
    text = CONFIGURATION.read_text()
    in_general, for_streams = (
        re.search(r"limit_conn (\w+) (\d+);", part).groups()
        for part in (text[text.index("server_name") :], text[text.index("location /live/") :])
    )

    assert for_streams[0] != in_general[0]
    assert int(for_streams[1]) >= 1_000
    assert f"zone={for_streams[0]}:" in text


def test_prompts_have_processes_of_their_own_whatever_protocol_asks_for_them():
    text = CONFIGURATION.read_text()

    for path in ("/api/v1/prompts", "/api/public/v2/prompts", "/ofrep/"):
        assert re.search(rf"location {re.escape(path)}\s+{{ proxy_pass http://prompts; }}", text), path
