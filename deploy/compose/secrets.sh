#!/bin/sh
# Makes what docker-compose.yml names as secrets, once: PostgreSQL's password, and the stores' URL with it. What is there
# stays. Nobody but the folder's owner gets to the files; inside, rooms that are not root must be able to read them.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
cd secrets
[ -s postgres-password ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >postgres-password
[ -s database-url ] || printf 'postgresql+psycopg://tocsin:%s@postgres:5432/tocsin' "$(cat postgres-password)" >database-url
chmod 0444 postgres-password database-url
