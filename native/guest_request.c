/*
 * Reads a run request. Pure: bytes in, pointers into them out, so that it can be fuzzed. The node wrote the bytes, but
 * strings in them came from callers; nothing is taken on trust.
 */
#include "guest.h"

/* A place in the bytes. Once something does not fit it stays bad and gives zeroes, so one check at the end is enough. */
struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

uint32_t read32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

uint64_t read64(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof value);
	return value;
}

static const uint8_t *take(struct cursor *cursor, size_t count)
{
	static const uint8_t zeroes[8];
	const uint8_t *from = cursor->at;

	if (cursor->bad || (size_t)(cursor->end - cursor->at) < count) {
		cursor->bad = true;
		return count <= sizeof zeroes ? zeroes : NULL;
	}
	cursor->at += count;
	return from;
}

static uint16_t take16(struct cursor *cursor)
{
	uint16_t value;
	memcpy(&value, take(cursor, sizeof value), sizeof value);
	return value;
}

static uint32_t take32(struct cursor *cursor)
{
	return read32(take(cursor, 4));
}

static uint64_t take64(struct cursor *cursor)
{
	return read64(take(cursor, 8));
}

/* The last byte is NUL and no other is: the bytes can be used as a C string where they lie. */
static const char *take_string(struct cursor *cursor)
{
	uint32_t length = take32(cursor);
	const uint8_t *bytes = length == 0 ? NULL : take(cursor, length);

	if (cursor->bad || bytes == NULL || memchr(bytes, 0, length) != bytes + length - 1) {
		cursor->bad = true;
		return "";
	}
	return (const char *)bytes;
}

static struct strings take_strings(struct cursor *cursor)
{
	struct strings strings = {.count = take32(cursor), .at = cursor->at};

	for (uint32_t i = 0; i < strings.count && !cursor->bad; i++)
		take_string(cursor);
	return strings;
}

static struct strings take_rlimits(struct cursor *cursor)
{
	struct strings limits = {.count = take32(cursor), .at = cursor->at};

	for (uint32_t i = 0; i < limits.count && !cursor->bad; i++)
		take(cursor, 20);
	return limits;
}

/* Digits of the base and nothing else: no sign, no space, no 0x. Not strtoull(3), which takes all of these. */
bool parse_number(const char *text, unsigned base, uint64_t *value)
{
	static const char digits[] = "0123456789abcdef";

	*value = 0;
	if (*text == 0)
		return false;
	for (; *text != 0; text++) {
		const char *digit = strchr(digits, *text);
		uint64_t worth = digit == NULL ? base : (uint64_t)(digit - digits);

		if (worth >= base || __builtin_mul_overflow(*value, (uint64_t)base, value) || __builtin_add_overflow(*value, worth, value))
			return false;
	}
	return true;
}

/* Walks strings that request_read has checked. */
const char *strings_next(const uint8_t **at)
{
	const char *string = (const char *)*at + 4;

	*at += 4 + read32(*at);
	return string;
}

bool request_read(const uint8_t *bytes, size_t length, struct request *request)
{
	struct cursor cursor = {.at = bytes, .end = bytes + length};
	uint16_t version = take16(&cursor);

	request->flags = take16(&cursor);
	request->rows = take16(&cursor);
	request->columns = take16(&cursor);
	request->op = take32(&cursor);
	request->capabilities = take64(&cursor);
	request->bounding = take64(&cursor);
	request->user = take_string(&cursor);
	request->cwd = take_string(&cursor);
	request->argv = take_strings(&cursor);
	request->environment = take_strings(&cursor);
	request->rlimits = take_rlimits(&cursor);

	if (cursor.bad || cursor.at != cursor.end)
		return false;
	if (version != REQUEST_VERSION || (request->flags & ~REQUEST_FLAGS) != 0 || request->op > OP_LAST)
		return false;
	/* A terminal carries bytes both ways; a file operation wants its own pipes. */
	if ((request->flags & REQUEST_PTY) != 0 && request->op != OP_EXEC)
		return false;
	/* Lent streams are all that there are: nothing of them goes through us. */
	if ((request->flags & REQUEST_LENT) != 0 && ((request->flags & (REQUEST_PTY | REQUEST_STDIN)) != 0 || request->op != OP_EXEC))
		return false;
	return request->argv.count > 0;
}
