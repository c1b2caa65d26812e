#!/usr/bin/env bash
# The figures of this version beside their floors, in one run. `--json` for one JSON object.
#   scripts/bench.sh [--json]
#   scripts/bench.sh mail [--json] [--rounds N] [--messages N] [--envelopes N] [gone|drain|office ...]
#   scripts/bench.sh discovery [--json] [--rounds N] [--minutes N] [dht|nat|lan|idle|wire ...]
#   scripts/bench.sh rooms [--json] [--nodes N] [--links N] [--turns N] [--members N] [--messages N]
#                          [gossip|removal|newcomer|five ...]
#   scripts/bench.sh screen [--json] [--messages N] [--rounds N] [--keys N] [--rate N] [start|open|keys|idle ...]
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet -p starling-tui -p starling-tests
if [ "${1:-}" = discovery ]; then
  shift
  exec target/release/meet "$@"
fi
if [ "${1:-}" = mail ]; then
  shift
  exec target/release/mail "$@"
fi
if [ "${1:-}" = rooms ]; then
  shift
  exec target/release/rooms "$@"
fi
if [ "${1:-}" = screen ]; then
  shift
  exec target/release/screen "$@"
fi
exec target/release/bench "$@"
