#!/bin/sh
# Before each start: ingest's account at Mosquitto, drawn once, and Mosquitto's files as access.yaml says.
set -eu
umask 027
accounts=${1:-/accounts}
access="$accounts/access.yaml"
secret="$accounts/ingest.secret"

if [ ! -s "$secret" ]; then
  # Cut off between the account and its secret: begin anew.
  if [ -e "$access" ]; then
    rigline access remove-ingest ingest-1 --access "$access" --mosquitto "$accounts/mosquitto" || true
  fi
  rigline access add-ingest ingest-1 --group main --access "$access" --mosquitto "$accounts/mosquitto" > "$secret.new"
  sed -n 's/^ *secret: *//p' "$secret.new" | tr -d '"' > "$secret.cut"
  rm "$secret.new"
  test -s "$secret.cut"
  chmod 600 "$secret.cut"
  mv "$secret.cut" "$secret"
fi
rigline access mosquitto "$accounts/mosquitto" --access "$access"
