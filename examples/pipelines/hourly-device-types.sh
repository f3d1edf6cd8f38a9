#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# hourly-device-types.sh - how many logins came from which kind of device, hour by hour
#
#   2023-09-12T03:00:00Z   3261  android 1428, iOS 1373, web 400, unknown 60
#
# Read from the insights, which the pipeline must have been making. An insight replaces those with
# the same key that came before it, so the last one of each hour counts; awk keeps that one. kcat-in
# runs the jq program itself and prints JSON: the quotes around each line are cut off.
#
# Environment: BOOTSTRAP_SERVERS, INSIGHTS_TOPIC
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq

kcat-in -t "${INSIGHTS_TOPIC:-login-insights}" -e --jq-file "$jq/device-types.jq" |
    sed 's/^"\(.*\)"$/\1/' |
    awk '{ last[$1] = $0 } END { for (hour in last) print last[hour] }' |
    sort |
    awk '{ printf "%s %6d  %s\n", $1, $2, substr($0, length($1 $2) + 3) }'
