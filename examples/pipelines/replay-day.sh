#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# replay-day.sh DATE [OPTION]... - prints the insights of one day (in UTC) again
#
#   replay-day.sh 2024-01-31 --count locale
#
# The Kafka timestamp of a record decides whether it belongs to the day, since kcat-in finds the
# start and the end by these timestamps. To choose events by their own time, see
# ../cron/login-hourly. Rejects go to stderr. Options go to loginagg. With --marks, nothing is
# printed if a stage dies; loginmarks takes the marks out.
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

day=${1:-}
if [[ ! $day =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] ||
    ! next=$(date -u -d "$day + 1 day" +%F 2> /dev/null); then
    echo 'usage: replay-day.sh YYYY-MM-DD [OPTION]...' >&2
    exit 64
fi
shift

kcat-in -t "${KAFKA_TOPIC:-user-login}" -o "@$day:@$next" -e --marks |
    loginclean |
    loginagg --every 0 --lateness 366d "$@" |
    loginmarks --strip
