#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# replay-day.sh DATE [OPTION]... - the insights of one day (in UTC) once more, on stdout
#
#   replay-day.sh 2024-01-31 --count locale
#
# The day is that of the records' Kafka timestamps, by which kcat-in finds where to begin and to
# end. For events by their own time, see ../cron/login-hourly. Rejects go to stderr; options go to
# loginagg.
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

kcat-in -t "${KAFKA_TOPIC:-user-login}" -o "@$day:@$next" -e |
    loginclean |
    loginagg --every 0 --lateness 366d "$@"
