#!/bin/sh
# Whether awizo signed a call: its body in a file, its three headers as arguments. Needs openssl. Exit 0 when one signature is right.
# WEBHOOK_SECRET=whsec_... sh check_webhook.sh body.json "$webhook_id" "$webhook_timestamp" "$webhook_signature"
set -eu

age=$(($(date +%s) - $3))
if [ "$age" -gt 300 ] || [ "$age" -lt -300 ]; then
  echo "older or newer than five minutes" >&2
  exit 1
fi
key=$(printf %s "${WEBHOOK_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
wanted=$({ printf '%s.%s.' "$2" "$3" && cat "$1"; } | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
for given in $4; do # two while a secret changes
  if [ "$given" = "v1,$wanted" ]; then
    echo genuine
    exit 0
  fi
done
echo "not signed by awizo" >&2
exit 1
