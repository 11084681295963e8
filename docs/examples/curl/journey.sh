#!/bin/sh
# Register a person, report a paper notice, see what became of it, and check the proof. Needs curl 7.71 or newer.
# API=http://127.0.0.1:8000 KEY=awz_... AWIZO=.venv/bin/awizo sh journey.sh
set -eu

operator=poczta-polska
name=$(date +%s)-$$
now=$(date -u +%Y-%m-%dT%H:%M:%SZ)

# --retry waits as Retry-After says (429, 503), and tries again where no answer came. That is safe: an event is known by its source
# and id, and a PUT merges. The key goes in by a file descriptor, so that it does not stand in the list of processes.
ask() {
  curl --silent --show-error --fail-with-body --retry 8 --retry-all-errors --retry-max-time 300 --max-time 30 --config - "$@" <<KEY
header = "Authorization: Bearer $KEY"
KEY
}

# The value of a text member, at its first place: enough for this; in earnest, use jq.
member() {
  sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"
}

ask --request PUT "$API/v1/recipients/$operator/$name" --header 'Content-Type: application/json' --output recipient.json --data '{
  "language": "pl", "quiet_hours": null,
  "contact_points": [{"channel": "sms", "value": "+48600100200", "verified": true, "method": "counter"}],
  "consents": [{"channel": "sms", "purpose": "delivery", "granted": true, "at": "2026-11-01T10:00:00+01:00", "method": "counter"}]}'

ask "$API/v1/events" --header 'Content-Type: application/cloudevents+json' --output event.json --data '{
  "specversion": "1.0", "id": "'"$name"'", "source": "/poczta-polska/example",
  "type": "pl.awizo.delivery.notice_left.v1", "time": "'"$now"'",
  "data": {"operator": "'"$operator"'", "shipment": "R-'"$name"'", "recipient": "'"$name"'",
    "service": "registered_letter", "legal_regime": "kpa",
    "notice": {"ordinal": 1, "left_at": "'"$now"'", "place": "letterbox"},
    "facility": {"id": "UP-00-032", "name": "UP Warszawa 32", "street": "Targowa 73", "city": "Warszawa"}}}'

notification=$(sed 's/.*"notifications":\[{"id":"\([^"]*\)".*/\1/' event.json)
status=queued
while [ "$status" = queued ] || [ "$status" = sending ] || [ "$status" = sent ]; do
  sleep 2
  ask "$API/v1/notifications/$notification" --output notification.json
  status=$(sed 's/.*"channel":"sms","status":"\([^"]*\)".*/\1/' notification.json)
done
echo "notification $notification $status"

ask "$API/v1/shipments/$operator/R-$name" --output shipment.json
echo "shipment $(member state <shipment.json | head -n 1), collect by $(member safe_collect_by <shipment.json)"

sleep 3 # the last facts are published within seconds
ask "$API/v1/notifications/$notification/proof" --output bundle.json
ask "$API/log/vkey" --output vkey
${AWIZO:-awizo} verify bundle.json --vkey vkey
