#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# hourly-device-types.sh - prints the logins of each hour by type of device
#
#   2023-09-12T03:00:00Z   3261  android 1428, iOS 1373, web 400, unknown 60
#
# The script reads the insights that the pipeline has written. An insight replaces earlier ones with
# the same key, so the last one of each hour counts, and awk keeps that one. kcat-in runs the jq
# program and prints JSON strings; sed removes the quotes around each line.
#
# Environment: BOOTSTRAP_SERVERS, INSIGHTS_TOPIC
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq

kcat-in -t "${INSIGHTS_TOPIC:-login-insights}" -e --jq-file "$jq/device-types.jq" |
    sed 's/^"\(.*\)"$/\1/' |
    awk '{ last[$1] = $0 } END { for (hour in last) print last[hour] }' |
    sort |
    awk '{ printf "%s %6d  %s\n", $1, $2, substr($0, length($1 $2) + 3) }'
