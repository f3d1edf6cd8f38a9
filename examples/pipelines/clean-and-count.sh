#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# clean-and-count.sh [OPTION]... - the insights of all that is in the topic now, on stdout
#
# Nothing is written to Kafka. Rejects go to stderr; options go to loginagg:
#
#   clean-and-count.sh -w 1d --count locale 2> rejects.ndjson
#
# --every 0: only the final line of each window. --lateness: a whole topic is read one partition
# after another, so that records come out of order; this is by how much they may.
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e |
    loginclean |
    loginagg --every 0 --lateness 366d "$@"
