#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# peek.sh [DIR] - what goes from stage to stage, kept in files
#
# Between any two stages are plain lines, so tee shows what one made of the other's output. On a
# pipeline that runs on and on, a few lines may be enough (-p: tee stays when head has left):
#
#   kcat-in -t user-login | tee -p >(head -n 5 >&2) | loginclean | ...
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

dir=${1:-$(mktemp -d)}
mkdir -p -- "$dir"

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e --rejects "$dir/rejects.ndjson" |
    tee "$dir/1-raw.ndjson" |
    loginclean --rejects "$dir/rejects.ndjson" |
    tee "$dir/2-clean.ndjson" |
    loginagg --every 0 --lateness 366d --rejects "$dir/rejects.ndjson" > "$dir/3-insights.ndjson"

wc -l "$dir"/*.ndjson
echo "Look with: less -S $dir/*.ndjson"
