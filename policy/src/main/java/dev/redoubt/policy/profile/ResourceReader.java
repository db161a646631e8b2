package dev.redoubt.policy.profile;

import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Resources;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.OptionalLong;
import java.util.SequencedMap;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The keys of {@code resources}, in the words of the API. */
final class ResourceReader {
    private static final Pattern TIME = Pattern.compile("([0-9]{1,9})(ms|s|m|h|d)");

    private final ValueReader values;
    private final SequencedMap<String, Consumer<Value>> keys = new LinkedHashMap<>();
    private final SequencedMap<String, Consumer<Value>> ioKeys = new LinkedHashMap<>();
    private Resources resources = Resources.NONE;

    ResourceReader(ValueReader values) {
        this.values = values;
        keys.put("memory", value -> limit(value, Size::parse, Resources::withMemory));
        keys.put("cpus", value -> limit(value, Cpus::parse, Resources::withCpus));
        keys.put(
                "pids",
                value -> limit(
                        value,
                        ResourceReader::count,
                        (all, pids) -> all.withPids(Math.clamp(pids, 0, Integer.MAX_VALUE))));
        keys.put("disk", value -> limit(value, Size::parse, Resources::withDisk));
        keys.put("inodes", value -> limit(value, ResourceReader::count, Resources::withInodes));
        keys.put("io", value -> values.section(value, "io", ioKeys));
        keys.put("wall", value -> limit(value, ResourceReader::time, Resources::withWall));
        keys.put("idle", value -> limit(value, ResourceReader::time, Resources::withIdle));
        ioKeys.put(
                "readBps",
                value -> io(value, (io, bps) -> new IoLimits(bps, io.writeBps(), io.readIops(), io.writeIops())));
        ioKeys.put(
                "writeBps",
                value -> io(value, (io, bps) -> new IoLimits(io.readBps(), bps, io.readIops(), io.writeIops())));
        ioKeys.put(
                "readIops",
                value -> io(value, (io, n) -> new IoLimits(io.readBps(), io.writeBps(), n, io.writeIops())));
        ioKeys.put(
                "writeIops",
                value -> io(value, (io, n) -> new IoLimits(io.readBps(), io.writeBps(), io.readIops(), n)));
    }

    void read(Value value) {
        values.section(value, "resources", keys);
    }

    Resources resources() {
        return resources;
    }

    SequencedMap<String, Consumer<Value>> keys() {
        return keys;
    }

    SequencedMap<String, Consumer<Value>> ioKeys() {
        return ioKeys;
    }

    /** With one limit more; the records know what is in range. */
    private interface With<T> {
        Resources with(Resources all, T limit);
    }

    private <T> void limit(Value value, Function<String, T> form, With<T> with) {
        values.form(value, text -> with.with(resources, form.apply(text))).ifPresent(wider -> resources = wider);
    }

    private interface WithIo {
        IoLimits with(IoLimits all, OptionalLong limit);
    }

    private void io(Value value, WithIo with) {
        limit(
                value,
                text -> OptionalLong.of(Size.parse(text).bytes()),
                (all, limit) -> all.withIo(with.with(all.io(), limit)));
    }

    private static long count(String text) {
        if (!text.matches("[0-9]{1,10}")) {
            throw new IllegalArgumentException("not a whole number, or too large");
        }
        return Long.parseLong(text);
    }

    private static Duration time(String text) {
        Matcher time = TIME.matcher(text);
        if (!time.matches()) {
            throw new IllegalArgumentException("not a time (write 250ms, 60s, 10m, 1h or 7d)");
        }
        long count = Long.parseLong(time.group(1));
        return switch (time.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            case "h" -> Duration.ofHours(count);
            default -> Duration.ofDays(count);
        };
    }
}
