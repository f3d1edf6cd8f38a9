#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# clean-and-count.sh [OPTION]... - prints the insights of everything that is in the topic now
#
# The script writes nothing to Kafka. Rejects go to stderr. Options go to loginagg:
#
#   clean-and-count.sh -w 1d --count locale 2> rejects.ndjson
#
# --every 0 prints only the final insights of each window. --lateness says how much older than the
# newest record of its partition a record may be. With --marks, nothing is printed if a stage dies;
# loginmarks takes the marks out.
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e --marks |
    loginclean |
    loginagg --every 0 --lateness 366d "$@" |
    loginmarks --strip
