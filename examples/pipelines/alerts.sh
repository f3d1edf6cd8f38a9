#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# alerts.sh [OPTION]... - copies insights that are worth an alert to a topic of their own
#
# An insight is worth an alert if some user logged in from more than MAX_IPS addresses in one
# window. Options go to kcat-in: with -e the script stops at the present end of the topic. Without -e
# it waits for more insights. The next run continues where this one ended: kcat-in commits what
# kcat-out has delivered, so no alert is lost if one of them is killed.
#
# An alert is the insight itself, with its key. So while a window fills, the newest alert replaces
# the ones before. This command creates a topic that keeps only the newest alert of each key:
#
#   kafka-topics.sh --create --topic login-alerts --config cleanup.policy=compact ...
#
# For other alerts, change ../jq/alerts.jq, or use -j 'select(...)' in its place.
#
# Environment: BOOTSTRAP_SERVERS, INSIGHTS_TOPIC, ALERTS_TOPIC, ALERTS_GROUP, MAX_IPS
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

kcat-in -G "${ALERTS_GROUP:-login-alerts}" -t "${INSIGHTS_TOPIC:-login-insights}" \
    --acks "$dir/acks" --jq-file "$jq/alerts.jq" --argjson ips "${MAX_IPS:-20}" "$@" |
    kcat-out -t "${ALERTS_TOPIC:-login-alerts}" --acks "$dir/acks"
