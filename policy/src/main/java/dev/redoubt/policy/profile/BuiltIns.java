package dev.redoubt.policy.profile;

import dev.redoubt.protocol.Profile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** The profiles that need no file. Their texts lie beside this class; each is read once, when it is first asked for. */
public final class BuiltIns {
    /** In the order in which they are shown. */
    public static final List<String> NAMES = List.of(
            "default", "minimal", "ci-runner", "web-server", "batch-job", "database", "development", "hostile-tenant");

    private static final Map<String, Profile> READ = new ConcurrentHashMap<>(Map.of("default", Profile.DEFAULT));

    private BuiltIns() {}

    /** The built-in profile of this name. */
    public static Optional<Profile> find(String name) {
        if (!NAMES.contains(name)) {
            return Optional.empty();
        }
        Profile known = READ.get(name);
        if (known == null) {
            known = ProfileReader.alone().read(name, text(name)); // may extend another: not inside of computeIfAbsent
            READ.put(name, known);
        }
        return Optional.of(known);
    }

    /** All of them. */
    public static List<Profile> all() {
        return NAMES.stream().map(BuiltIns::find).flatMap(Optional::stream).toList();
    }

    /** The YAML of one of {@link #NAMES}. */
    public static String text(String name) {
        try (InputStream in = BuiltIns.class.getResourceAsStream(name + ".yaml")) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException broken) {
            throw new UncheckedIOException("the built-in profile " + name + " cannot be read", broken);
        }
    }
}
