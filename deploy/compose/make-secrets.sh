#!/bin/sh
# Makes the secrets of the compose file, once; what is there stays.
set -eu
cd "$(dirname "$0")"
umask 077
mkdir -p secrets
made() { [ -s "secrets/$1" ]; }
made server_secrets || openssl rand -hex 32 >secrets/server_secrets
made secrets_key || openssl rand -base64 32 >secrets/secrets_key
made demo_password || openssl rand -hex 12 >secrets/demo_password
made postgres_password || openssl rand -hex 24 >secrets/postgres_password
made database_url ||
    echo "postgresql://octoperf:$(cat secrets/postgres_password)@postgres/octoperf" >secrets/database_url
[ -e secrets/join_token ] || : >secrets/join_token
# containers read them as users of their own; the folder itself is closed to others
chmod 700 secrets
chmod 644 secrets/*
