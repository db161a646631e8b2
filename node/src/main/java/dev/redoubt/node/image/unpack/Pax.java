package dev.redoubt.node.image.unpack;

import dev.redoubt.linux.FileTime;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Records of an extended header, pax(1): {@code length key=value\n}. Later ones win. Values are byte strings. */
final class Pax {
    private static final String XATTR = "SCHILY.xattr.";
    private static final String SPARSE_OFFSET = "GNU.sparse.offset";
    private static final String SPARSE_LENGTH = "GNU.sparse.numbytes";

    /** Keys that name one file and so make no sense for all that follow. */
    private static final Set<String> NEVER_GLOBAL = Set.of("path", "linkpath", "size");

    private final Map<String, String> records = new LinkedHashMap<>();
    /** GNU sparse format 0.0 repeats two keys, once per piece: the only records where order and number count. */
    private final List<String> repeated = new ArrayList<>();

    /** A copy, so that records of one entry do not stay for the next. */
    Pax copy() {
        Pax copy = new Pax();
        copy.records.putAll(records);
        return copy;
    }

    /** Adds the records of a header that holds for one entry. */
    void add(byte[] header) throws Refused {
        int at = 0;
        while (at < header.length) {
            int space = indexOf(header, ' ', at);
            int length = length(header, at, space);
            int equals = indexOf(header, '=', space);
            int end = at + length - 1;
            if (equals >= end || header[end] != '\n') {
                throw new Refused(Refusal.BAD_HEADER, "");
            }
            put(text(header, space + 1, equals), text(header, equals + 1, end));
            at += length;
        }
    }

    /** Adds the records of a header that holds for every entry from now on. */
    void addGlobal(byte[] header) throws Refused {
        add(header);
        long kept = 0;
        for (String key : records.keySet()) {
            kept += key.length() + records.getOrDefault(key, "").length();
            if (NEVER_GLOBAL.contains(key) || key.startsWith("GNU.sparse.")) {
                throw new Refused(Refusal.BAD_HEADER, "");
            }
        }
        if (kept > Limits.HEADER) {
            throw new Refused(Refusal.BAD_HEADER, "");
        }
    }

    void put(String key, String value) throws Refused {
        if (key.equals(SPARSE_OFFSET) || key.equals(SPARSE_LENGTH)) {
            repeated.add(value);
            if (repeated.size() > 2 * Limits.SPARSE_PIECES) {
                throw new Refused(Refusal.SPARSE, "");
            }
        } else if (value.isEmpty()) {
            records.remove(key);
        } else {
            records.put(key, value);
        }
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(records.get(key));
    }

    long number(String key, long otherwise) throws Refused {
        String value = records.get(key);
        return value == null ? otherwise : decimal(value);
    }

    /** Offsets and lengths in turn, as GNU sparse formats 0.0 and 0.1 have them. */
    List<String> sparseNumbers() {
        return text("GNU.sparse.map").map(map -> List.of(map.split(",", -1))).orElse(repeated);
    }

    FileTime time(long headerSeconds) throws Refused {
        String value = records.get("mtime");
        if (value == null) {
            return new FileTime(headerSeconds, 0);
        }
        boolean negative = value.startsWith("-");
        String[] parts = (negative ? value.substring(1) : value).split("\\.", 2);
        long seconds = decimal(parts[0]);
        int nanos = parts.length == 1 ? 0 : (int) decimal((parts[1] + "000000000").substring(0, 9));
        if (!negative) {
            return new FileTime(seconds, nanos);
        }
        return nanos == 0 ? new FileTime(-seconds, 0) : new FileTime(-seconds - 1, 1_000_000_000 - nanos);
    }

    Map<String, String> attributes() {
        Map<String, String> attributes = new LinkedHashMap<>();
        records.forEach((key, value) -> {
            if (key.startsWith(XATTR)) {
                attributes.put(key.substring(XATTR.length()), value);
            }
        });
        return attributes;
    }

    static long decimal(String digits) throws Refused {
        boolean plain =
                !digits.isEmpty() && digits.length() <= 18 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!plain) {
            throw new Refused(Refusal.BAD_HEADER, "");
        }
        return Long.parseLong(digits);
    }

    private static int length(byte[] header, int at, int space) throws Refused {
        long length = decimal(text(header, at, space));
        if (length > header.length - at || at + length - 1 <= space) {
            throw new Refused(Refusal.BAD_HEADER, "");
        }
        return (int) length;
    }

    private static int indexOf(byte[] header, char wanted, int from) throws Refused {
        for (int at = from; at < header.length; at++) {
            if (header[at] == wanted) {
                return at;
            }
        }
        throw new Refused(Refusal.BAD_HEADER, "");
    }

    private static String text(byte[] bytes, int from, int to) {
        return new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
    }
}
