#!/bin/sh
# What the official image does at its start, as far as a service's compose file and manifests ask
# for it: makes a database for POSTGRES_USER in an empty PGDATA, as the user postgres.
set -eu
if [ "$(id -u)" = 0 ]; then
    chown -R postgres:postgres /var/lib/postgresql /run/postgresql
    exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    mkdir -p "$PGDATA"
    password=$(mktemp)
    printf '%s' "$POSTGRES_PASSWORD" >"$password"
    initdb --pgdata="$PGDATA" --username="$POSTGRES_USER" --pwfile="$password" \
        --auth-host=scram-sha-256 --auth-local=trust --encoding=UTF8 --no-sync >/dev/null
    rm "$password"
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
    pg_ctl --pgdata="$PGDATA" --wait start -o "-h '' -k /run/postgresql" >/dev/null
    createdb --host=/run/postgresql --username="$POSTGRES_USER" "$POSTGRES_DB" 2>/dev/null ||
        [ "$POSTGRES_DB" = postgres ]
    pg_ctl --pgdata="$PGDATA" --wait stop >/dev/null
fi
exec "$@" -c listen_addresses='*' -c unix_socket_directories=/run/postgresql
