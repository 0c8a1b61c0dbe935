/* What every unit test includes: cmocka wants its own headers in this order. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka's assert_string_equal() crashes on NULL. */
#define assert_text(a, b)                                                                                              \
        do {                                                                                                           \
                const char *_text = (a);                                                                               \
                assert_non_null(_text);                                                                                \
                assert_string_equal(_text, (b));                                                                       \
        } while (0)
