// SPDX-License-Identifier: BSD-2-Clause
//
// logins: how many records, and how many different users, addresses and devices.
#include "insight/plan.h"

#include "base/datetime.h"

enum part { USERS, IPS, DEVICES, PART_COUNT };

static void put_time(struct buf *b, const char *name, int64_t time)
{
    buf_printf(b, ",\"%s\":\"", name);
    time_format(b, time);
    buf_putc(b, '"');
}

static void put(const struct insight *in, const struct insight_view *view, struct buf *b)
{
    const struct insight_set *set = view->set;

    insight_put_number(b, "logins", set->records);
    insight_put_number(b, "users", insight_table_keys(&set->value[in->part[USERS]]));
    insight_put_number(b, "ips", insight_table_keys(&set->value[in->part[IPS]]));
    insight_put_number(b, "devices", insight_table_keys(&set->value[in->part[DEVICES]]));
    put_time(b, "first", set->first);
    put_time(b, "last", set->last);
    insight_put_number(b, "late", view->late);
}

void insight_add_logins(struct insight_plan *plan)
{
    static const struct insight_kind kind = {.name = "logins", .put = put};
    static const struct json_key name[PART_COUNT] = {
        [USERS] = JSON_KEY("user_id"), [IPS] = JSON_KEY("ip"), [DEVICES] = JSON_KEY("device_id")};

    insight_add(plan, &kind, NULL, name, PART_COUNT);
}
