#!/bin/sh
# The image runs this once, when it makes the database: awizo's role owns its database and is no superuser.
set -eu
psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$(cat "${SECRETS:-/run/secrets}/awizo_password")" \
    --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE awizo LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'password';
CREATE DATABASE awizo OWNER awizo TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE awizo FROM PUBLIC;
SQL
