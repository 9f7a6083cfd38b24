#!/bin/sh
# Makes what docker-compose.yml expects on this machine, once; what is there stays.
#
# Secrets: PostgreSQL's password, and the stores' URL with it. Nobody but the folder's owner gets to the files; inside,
# rooms that are not root must be able to read them.
# Folders that containers write to: pages, work and backups. Their user, 10001, owns nothing here, so everybody may put
# a file in (and take away only his own); what the command line puts there itself, keys and copies, only 10001 can read.
# Folders that containers read: opened to their users, where a umask of 027 or 077 has closed them in this checkout.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
for folder in pages work backups; do
  [ -d "../../$folder" ] || mkdir -m 1777 "../../$folder"
done
for each in ../place ../prometheus ../grafana ../alertmanager/*.*; do
  [ ! -e "$each" ] || chmod -R a+rX "$each"
done
[ ! -d ../alertmanager ] || chmod a+rx ../alertmanager # not what is in its secrets
cd secrets
[ -s postgres-password ] || head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >postgres-password
[ -s database-url ] || printf 'postgresql+psycopg://tocsin:%s@postgres:5432/tocsin' "$(cat postgres-password)" >database-url
chmod 0444 postgres-password database-url
