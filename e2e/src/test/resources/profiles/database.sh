#!/bin/sh
# Runs inside: a PostgreSQL cluster made, started, written to, stopped and found again.
set -eu
export PATH="/usr/lib/postgresql/15/bin:$PATH" PGDATA="$HOME/data" PGHOST=/tmp PGUSER=user
initdb --no-locale --encoding=UTF8 --auth=trust --no-sync >/tmp/initdb.log
start() { pg_ctl -w -o "-k /tmp" -l /tmp/server.log start >/dev/null || { cat /tmp/server.log; exit 1; }; }
start
psql -qd postgres -c "create table t as select i, md5(i::text) as m from generate_series(1, 20000) i; create index on t (m)"
pg_ctl -w -m fast stop >/dev/null
start
echo "rows $(psql -Atqd postgres -c "select count(*) from t where m >= '0'")"
psql -Atqd postgres -h 127.0.0.1 -c "select 'over tcp'"
pg_ctl -w -m fast stop >/dev/null
