package dev.redoubt.node.escape;

import dev.redoubt.protocol.Driver;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The attacks that may come out open, each with the reason why that is no way out. SECURITY.md tells people the same.
 *
 * @param reasons by probe and who attacks
 */
public record Explained(Map<Key, String> reasons) {

    /** A probe as plain or root job. */
    public record Key(String probe, As as) {}

    public Explained {
        reasons = Map.copyOf(reasons);
    }

    /** The list that comes with this build, for the walls of our own driver. */
    public static Explained builtIn() throws IOException {
        return read("explained.tsv");
    }

    /** The list for the walls that a driver builds. */
    public static Explained builtIn(Driver driver) throws IOException {
        return driver.runtimeClass().sharesKernel() ? builtIn() : read("explained-" + driver.runtimeClass() + ".tsv");
    }

    private static Explained read(String name) throws IOException {
        try (InputStream in = Explained.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException(name + " is missing in this build");
            }
            return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /** Lines of probe, {@code plain}, {@code root} or {@code both}, and reason, separated by tabs; # begins a remark. */
    static Explained parse(String text) {
        Map<Key, String> reasons = new LinkedHashMap<>();
        text.lines().filter(line -> !line.isBlank() && !line.startsWith("#")).forEach(line -> {
            String[] fields = line.split("\t", -1);
            if (fields.length != 3 || fields[2].isBlank()) {
                throw new IllegalArgumentException("not probe, user and reason: " + line);
            }
            for (As as : As.values()) {
                if (fields[1].equals("both") || fields[1].equals(as.word())) {
                    reasons.put(new Key(fields[0], as), fields[2]);
                }
            }
        });
        return new Explained(reasons);
    }

    public Optional<String> reason(Finding finding) {
        return Optional.ofNullable(reasons.get(new Key(finding.probe().name(), finding.as())));
    }
}
