package dev.redoubt.policy.profile;

import dev.redoubt.protocol.FileRules.Access;
import dev.redoubt.protocol.InsidePath;
import dev.redoubt.protocol.PathPatterns;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Consumer;

/** The keys of {@code filesystem}. */
final class FileReader {
    private static final Map<String, Boolean> ROOT = Map.of("writable", false, "readonly", true);

    private final ValueReader values;
    private final SequencedMap<String, Consumer<Value>> keys = new LinkedHashMap<>();
    private Optional<Boolean> readOnlyRoot = Optional.empty();
    private final SequencedMap<InsidePath, Placed<Access>> paths = new LinkedHashMap<>();
    private final Set<String> patterns = new LinkedHashSet<>();

    FileReader(ValueReader values) {
        this.values = values;
        keys.put("root", value -> readOnlyRoot = values.word(value, ROOT));
        keys.put("readonly", value -> paths(value, Access.READ_ONLY));
        keys.put("writable", value -> paths(value, Access.WRITABLE));
        keys.put("hidden", value -> paths(value, Access.HIDDEN));
        keys.put("patterns", this::patterns);
    }

    void read(Value value) {
        values.section(value, "filesystem", keys);
    }

    Optional<Boolean> readOnlyRoot() {
        return readOnlyRoot;
    }

    SequencedMap<InsidePath, Placed<Access>> paths() {
        return paths;
    }

    List<String> patterns() {
        return List.copyOf(patterns);
    }

    SequencedMap<String, Consumer<Value>> keys() {
        return keys;
    }

    private void patterns(Value value) {
        for (Value item : values.items(value)) {
            Optional<String> pattern = values.form(item, FileReader::pattern);
            if (pattern.isPresent() && !patterns.add(pattern.get())) {
                values.complain(item.place(), pattern.get() + " is listed twice");
            }
        }
    }

    private static String pattern(String text) {
        return new PathPatterns(List.of(text)).hidden().getFirst();
    }

    private void paths(Value value, Access access) {
        for (Value item : values.items(value)) {
            Optional<InsidePath> path = values.form(item, InsidePath::new);
            if (path.isEmpty()) {
                continue;
            }
            Placed<Access> before = paths.putIfAbsent(path.get(), new Placed<>(item.place(), access));
            if (before != null) {
                values.complain(
                        item.place(),
                        path.get() + " again; line " + before.place().line() + " makes it " + before.value()
                                + " already");
            }
        }
    }
}
