"""PostgreSQL and Redis that come with the Python packages, run by Callboard itself in its data directory."""
