package dev.redoubt.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Everything one benchmark has measured so far, in the order of its first sample. */
final class Samples {
    private final Map<Key, List<Result.Sample>> values = new LinkedHashMap<>();

    private record Key(String subject, String what, Unit unit) {}

    void add(String subject, String what, Unit unit, double value, boolean quiet) {
        values.computeIfAbsent(new Key(subject, what, unit), key -> new ArrayList<>())
                .add(new Result.Sample(value, quiet));
    }

    List<Result> results() {
        List<Result> results = new ArrayList<>();
        values.forEach((key, samples) -> results.add(Result.of(key.subject(), key.what(), key.unit(), samples)));
        return List.copyOf(results);
    }
}
