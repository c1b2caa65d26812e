#!/usr/bin/env bash
# The figures of this version beside their floors, in one run. `--json` for one JSON object.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo build --release --quiet -p starling-tui -p starling-tests
exec target/release/bench "$@"
