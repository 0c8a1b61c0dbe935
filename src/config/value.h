/* Looking at JSON values that somebody else wrote, and saying in a message what they are. */
#pragma once

#include "base/error.h"

#include <jansson.h>

#define VALUE_TEXT_MAX 96

/* "the string \"abc\"", "the number 70000", "true", "a list", "null", "nothing" (v is NULL). Long strings are cut,
 * control characters escaped: safe in a terminal. Returns buf. */
const char *value_describe(const json_t *v, char buf[VALUE_TEXT_MAX]);

/* A string without NUL inside, which JSON can carry and C cannot: the text, borrowed, or NULL. */
const char *value_string(const json_t *v);
