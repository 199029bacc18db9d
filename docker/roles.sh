#!/usr/bin/env bash
# The roles of the clinic database, made once when its volume is new: `frontdesk_owner` owns the
# schema and does not log in, `frontdesk_migrate` may act as it, `frontdesk_app` serves, under
# row-level security, `frontdesk_worker` runs the jobs that see all clinics.
set -euo pipefail

psql --set=ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set=app="$APP_PASSWORD" --set=owner="$OWNER_PASSWORD" --set=worker="$WORKER_PASSWORD" <<'SQL'
CREATE ROLE frontdesk_owner NOLOGIN;
CREATE ROLE frontdesk_worker LOGIN PASSWORD :'worker';
CREATE ROLE frontdesk_app LOGIN PASSWORD :'app';
CREATE ROLE frontdesk_migrate LOGIN PASSWORD :'owner' IN ROLE frontdesk_owner;
ALTER DATABASE frontdesk OWNER TO frontdesk_owner;
SQL
