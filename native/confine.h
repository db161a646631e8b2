/* What a guest tells the builder of the wall that it could not put up itself (guest_confine.c, runtime.c). */
#ifndef REDOUBT_CONFINE_H
#define REDOUBT_CONFINE_H

#include <stdint.h>

enum wall { WALL_CAPABILITIES = 1, WALL_LANDLOCK = 2 };

struct missing_wall {
	uint32_t wall;
	uint32_t error; /* errno */
};

#endif
