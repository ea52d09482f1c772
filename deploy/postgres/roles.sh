#!/bin/sh
# Runs once, when the database is made: Callboard's role, its database, and one role for each web pool.
# Each pool has a connection limit of its own, so no pool can take the connections of another (60 in all).
set -eu
psql --set ON_ERROR_STOP=1 --set password="$CALLBOARD_DB_PASSWORD" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE callboard LOGIN CREATEDB PASSWORD :'password';
GRANT pg_monitor TO callboard;
CREATE ROLE callboard_prompts LOGIN PASSWORD :'password' CONNECTION LIMIT 10 IN ROLE callboard;
CREATE ROLE callboard_ingest LOGIN PASSWORD :'password' CONNECTION LIMIT 10 IN ROLE callboard;
CREATE ROLE callboard_ui LOGIN PASSWORD :'password' CONNECTION LIMIT 12 IN ROLE callboard;
\connect template1
CREATE EXTENSION IF NOT EXISTS vector;
\connect postgres
CREATE DATABASE callboard OWNER callboard;
SQL
