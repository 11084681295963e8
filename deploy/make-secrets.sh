#!/bin/sh
# Writes ./secrets: passwords that nobody chose, and empty files for what providers gave you. Changes no file that is there.
# The directory is yours alone; the files can be read by the containers' users, which are not you.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
write() {
    test -e "secrets/$1" || cat >"secrets/$1"
    chmod 444 "secrets/$1"
}
random() { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; }
random | write postgres_password
random | write awizo_password
random | write grafana_password
printf 'postgresql+asyncpg://awizo:%s@db/awizo' "$(cat secrets/awizo_password)" | write awizo_database_url
for provider in awizo_smtp_url awizo_twilio_auth_token awizo_smsapi_token awizo_pdf_password; do
    write "$provider" </dev/null
done
