#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# alerts.sh [OPTION]... - insights that somebody should look at go to a topic of their own
#
# A user who came from more than MAX_IPS addresses in one window is one. Options go to kcat-in: with
# -e it ends with what is in the topic now, without it waits for more. The next run goes on where
# this one ended.
#
# An alert is the insight itself, with its key, so that of a window that fills the newest alert
# replaces those before. A topic that keeps just the newest one of each key is made by
#
#   kafka-topics.sh --create --topic login-alerts --config cleanup.policy=compact ...
#
# For other alerts, see ../jq/alerts.jq, or write what is one in its place: -j 'select(...)'.
#
# Environment: BOOTSTRAP_SERVERS, INSIGHTS_TOPIC, ALERTS_TOPIC, ALERTS_GROUP, MAX_IPS
set -eu -o pipefail

jq=$(dirname -- "$0")/../jq

kcat-in -G "${ALERTS_GROUP:-login-alerts}" -t "${INSIGHTS_TOPIC:-login-insights}" \
    --jq-file "$jq/alerts.jq" --argjson ips "${MAX_IPS:-20}" "$@" |
    kcat-out -t "${ALERTS_TOPIC:-login-alerts}"
