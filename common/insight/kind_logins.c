// SPDX-License-Identifier: BSD-2-Clause
#include "insight/kind_logins.h"

#include "insight/report.h"
#include "insight/set.h"
#include "insight/table.h"
#include "insight/windows.h"
#include "json/json_write.h"

enum part { USERS, IPS, DEVICES, PART_COUNT };

static void put(const struct insight *in, const struct window_view *view, struct report *r)
{
    const struct insight_set *set = view->set;
    struct buf *b = r->b;

    json_put_member_u64(b, "logins", set->records);
    json_put_member_u64(b, "users", table_keys(&set->value[in->part[USERS]]));
    json_put_member_u64(b, "ips", table_keys(&set->value[in->part[IPS]]));
    json_put_member_u64(b, "devices", table_keys(&set->value[in->part[DEVICES]]));
    json_put_member_time(b, "first", set->first);
    json_put_member_time(b, "last", set->last);
    json_put_member_u64(b, "late", view->late);
}

void kind_logins_add(struct plan *plan)
{
    static const struct insight_kind kind = {.name = "logins", .put = put};
    static const struct json_key name[PART_COUNT] = {
        [USERS] = JSON_KEY("user_id"), [IPS] = JSON_KEY("ip"), [DEVICES] = JSON_KEY("device_id")};

    plan_add(plan, &kind, NULL, name, PART_COUNT);
}
