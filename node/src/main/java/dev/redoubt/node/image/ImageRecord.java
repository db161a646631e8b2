package dev.redoubt.node.image;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What {@code manifests/<digest>} says of an image: the same whichever way the image came.
 *
 * <p>Lines of a word and a value, not JSON: every start of a sandbox reads one, and loading a JSON library costs a
 * fresh JVM 80 to 350 ms (measured with Jackson), this 2.
 *
 * @param layers from the top to the bottom
 * @param source where it came from
 */
record ImageRecord(
        Digest digest, List<Part> layers, ImageConfig config, Platform platform, Instant created, String source) {
    private static final String HEAD = "redoubt-image 1";

    /** A layer without its place on this machine. */
    record Part(Digest diffId, Digest key, long size) {}

    ImageRecord {
        layers = List.copyOf(layers);
    }

    Set<Digest> keys() {
        return layers.stream().map(Part::key).collect(Collectors.toUnmodifiableSet());
    }

    Image image(Layers places, List<String> names) {
        List<Layer> found = layers.stream()
                .map(part -> new Layer(part.diffId(), part.key(), places.directory(part.key()), part.size()))
                .toList();
        long size = layers.stream().mapToLong(Part::size).sum();
        return new Image(digest, names, found, config, platform, size, created, source);
    }

    String text() {
        List<String> lines = new ArrayList<>(List.of(HEAD));
        lines.add("digest " + digest);
        layers.forEach(part -> lines.add("layer " + part.diffId() + " " + part.key() + " " + part.size()));
        config.environment().forEach(value -> lines.add("env " + escape(value)));
        config.entrypoint().forEach(value -> lines.add("entrypoint " + escape(value)));
        config.command().forEach(value -> lines.add("cmd " + escape(value)));
        lines.add("user " + escape(config.user()));
        lines.add("workdir " + escape(config.workingDirectory()));
        lines.add("platform " + platform);
        lines.add("created " + created);
        lines.add("source " + escape(source));
        return String.join("\n", lines) + "\n";
    }

    /** Nothing when it is not what {@link #text} writes. */
    static Optional<ImageRecord> parse(String text) {
        try {
            Map<String, List<String>> values = values(text);
            return Optional.of(new ImageRecord(
                    Digest.parse(one(values, "digest")),
                    all(values, "layer").stream().map(ImageRecord::part).toList(),
                    new ImageConfig(
                            all(values, "env"),
                            all(values, "entrypoint"),
                            all(values, "cmd"),
                            one(values, "user"),
                            one(values, "workdir")),
                    Platform.parse(one(values, "platform")),
                    Instant.parse(one(values, "created")),
                    one(values, "source")));
        } catch (IllegalArgumentException | DateTimeException damaged) {
            return Optional.empty();
        }
    }

    private static Map<String, List<String>> values(String text) {
        if (!text.startsWith(HEAD + "\n")) {
            throw new IllegalArgumentException("not a record");
        }
        Map<String, List<String>> values = new HashMap<>();
        for (String line : text.substring(HEAD.length() + 1).split("\n", -1)) {
            int space = line.indexOf(' ');
            if (space > 0) {
                values.computeIfAbsent(line.substring(0, space), _ -> new ArrayList<>())
                        .add(unescape(line.substring(space + 1)));
            }
        }
        return values;
    }

    private static Part part(String value) {
        String[] words = value.split(" ", 3);
        if (words.length != 3) {
            throw new IllegalArgumentException("not a layer");
        }
        return new Part(Digest.parse(words[0]), Digest.parse(words[1]), Long.parseLong(words[2]));
    }

    private static List<String> all(Map<String, List<String>> values, String word) {
        return values.getOrDefault(word, List.of());
    }

    private static String one(Map<String, List<String>> values, String word) {
        List<String> found = all(values, word);
        if (found.size() != 1) {
            throw new IllegalArgumentException("one line is wanted: " + word);
        }
        return found.getFirst();
    }

    private static String escape(String value) {
        return value.replace("\\", "\\\\").replace("\n", "\\n");
    }

    private static String unescape(String value) {
        StringBuilder plain = new StringBuilder(value.length());
        for (int at = 0; at < value.length(); at++) {
            char c = value.charAt(at);
            boolean escaped = c == '\\' && at + 1 < value.length();
            if (escaped) {
                at++;
                plain.append(value.charAt(at) == 'n' ? '\n' : value.charAt(at));
            } else {
                plain.append(c);
            }
        }
        return plain.toString();
    }
}
