#!/bin/sh
# Runs a command beside the rooms of a cluster: deploy/kubernetes/doors.sh tocsin doctor
#
# Each replica's private door is brought to a free port of this machine's loopback for as long as the command runs, and
# TOCSIN_CLI_DOORS says where they are. NAMESPACE names another namespace than tocsin. Needs whoever may `get pods` and
# `create pods/portforward` there. The command's exit status is this one's.
set -eu
[ $# -gt 0 ] || { echo "doors.sh: write the command behind it, for example: doors.sh tocsin doctor" >&2; exit 2; }
namespace=${NAMESPACE:-tocsin}
folder=$(mktemp -d)
forwards=
end() {
  [ -z "$forwards" ] || kill $forwards 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A line a pod: its name, a space, its room.
names='{range .items[*]}{.metadata.name} {.metadata.labels.app\.kubernetes\.io/name}{"\n"}{end}'
kubectl -n "$namespace" get pods -l tocsin/room=true -o "jsonpath=$names" >"$folder/.pods"
[ -s "$folder/.pods" ] || { echo "doors.sh: no room runs in the namespace $namespace (NAMESPACE=...)" >&2; exit 3; }

while read -r pod room; do
  kubectl -n "$namespace" port-forward "pod/$pod" :9100 >"$folder/$pod" 2>"$folder/$pod.says" </dev/null &
  echo "$! $pod $room" >>"$folder/.forwards"
  forwards="$forwards $!"
done <"$folder/.pods"

doors=
while read -r process pod room; do
  tries=0
  until address=$(sed -n 's/^Forwarding from \(127\.0\.0\.1:[0-9]*\) .*/\1/p' "$folder/$pod"); [ -n "$address" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 20 ] || ! kill -0 "$process" 2>/dev/null; then
      echo "doors.sh: $pod cannot be seen: $(head -n 1 "$folder/$pod.says")" >&2
      break
    fi
    sleep 1
  done
  # One that cannot be seen is named all the same, at a port that nothing answers: its silence is no consent.
  doors="$doors${doors:+,}$room=http://${address:-127.0.0.1:1}"
done <"$folder/.forwards"

TOCSIN_CLI_DOORS=$doors "$@"
