#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# users-by-ips.sh [OPTION]... - lists the users with the most addresses first
#
#   2023-09-12T00:00:00Z 1413 users, 1509 pairs, at most 8, on average 1.07
#   8    9       a5cc4086-9e5e-4ecc-be81-2f8c2612fafc
#   6    7       0a1b7e1e-d679-4eb2-9914-d139b6b3dc9a
#
# The columns are the number of addresses, the number of logins, and the user. The script counts all
# records that are in the topic now, day by day. With --marks, it prints nothing if a stage dies.
# Options go to loginagg. For example, to list all users instead of the first ten, hour by hour:
#
#   users-by-ips.sh --each -w 1h
#
# Environment: BOOTSTRAP_SERVERS, KAFKA_TOPIC
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq

# Without -w among the options, count day by day.
case " $*" in
*' -w'* | *' --window'*) ;;
*) set -- -w 1d "$@" ;;
esac

kcat-in -t "${KAFKA_TOPIC:-user-login}" -e --marks |
    loginclean |
    loginagg --every 0 --lateness 366d --distinct ip/user_id "$@" |
    jq -rf "$jq/users-by-ips.jq"
