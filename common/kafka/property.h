// SPDX-License-Identifier: BSD-2-Clause
//
// property: what librdkafka says about a property. It has no call for that, but prints a list,
// which -X list shows: a line for each property, with its name and whether consumers or producers
// use it.
//
//     char *list = property_list();
//     const char *property = property_find(list, "linger.ms");
//     if (property != NULL && property_kind(property) == 'P') ...
//     free(list);
#ifndef KAFKA_PROPERTY_H
#define KAFKA_PROPERTY_H

#include <stdbool.h>

// Returns the list. The caller owns it.
char *property_list(void);

// Returns what follows the property's name in the list, or NULL if librdkafka does not know it.
const char *property_find(const char *list, const char *name);

// Returns 'C' for a property of consumers only, 'P' for one of producers only, or else '*'.
char property_kind(const char *property);

// Returns whether librdkafka says that it no longer uses the property.
bool property_is_unused(const char *property);

// Returns whether the tools follow the property themselves: for OAuth in librdkafka's place
// (kafka/oauth.h), and for a Schema Registry (kafka/codec_settings.h).
bool property_is_ours(const char *name);

// Returns whether it is named like a setting of a Schema Registry.
bool property_is_registry(const char *name);

#endif
