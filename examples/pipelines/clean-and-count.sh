#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# clean-and-count.sh [OPTION]... - prints the insights of everything that is in the topic now
#
# The script writes nothing to Kafka. Rejects go to stderr. Options go to loginagg:
#
#   clean-and-count.sh -w 1d --count locale 2> rejects.ndjson
#
# --every 0 prints only the final insights of each window. The partitions of a topic may be read one
# after another, so a record may be much older than the newest one. --lateness says how much older.
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e |
    loginclean |
    loginagg --every 0 --lateness 366d "$@"
