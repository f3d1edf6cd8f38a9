#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# peek.sh [DIR] - keeps the lines between the stages in files
#
# The stages exchange plain lines, so tee can copy the output of each stage to a file. On a pipeline
# that runs all the time, a few lines may be enough. With -p, tee continues when head has exited:
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
