/* NixOS's names for what a .network file says. */
#pragma once

#include <stdbool.h>

enum network_attribute_shape {
        ATTRIBUTE_SECTION,  /* an attribute set: the keys of one section */
        ATTRIBUTE_SECTIONS, /* a list of attribute sets: a section each */
        ATTRIBUTE_LINES,    /* a string or a list: lines in one section */
};

struct network_attribute {
        const char *attribute, *section, *key;
        enum network_attribute_shape shape;
        const char *nested; /* older configs wrap each list item in this attribute */
};

/* Ends with an attribute NULL. */
extern const struct network_attribute network_attributes[];

/* Those of the table, and "enable" and "extraConfig". */
bool network_attribute_is_known(const char *attribute);
