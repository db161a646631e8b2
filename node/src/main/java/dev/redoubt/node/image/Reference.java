package dev.redoubt.node.image;

import dev.redoubt.node.image.ImageException.Reason;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where an image is in a registry: {@code [host[:port]/]repository[:tag][@digest]}, as every container tool reads it.
 *
 * @param registry host, perhaps with a port
 * @param tag what to ask for when there is no digest
 */
public record Reference(String registry, String repository, String tag, Optional<Digest> digest) {
    /** The one registry that has a namespace for names without one, and answers under another name than its own. */
    private static final int SHORTEST_DIGEST = 12;

    private static final String HUB = ShortNames.CONVENTION.registry();

    private static final String HUB_HOST = "registry-1." + HUB;
    private static final String HUB_NAMESPACE = "library/";
    private static final String DEFAULT_TAG = "latest";
    private static final int MAX_LENGTH = 512;

    private static final String PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    private static final Pattern REPOSITORY = Pattern.compile(PART + "(?:/" + PART + ")*");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
    private static final Pattern WHOLE = Pattern.compile("([^@]+?)(?::([^:/@]+))?(?:@([^@]+))?");

    /** Names of images that this program makes itself. */
    private static final Set<String> OWN = Set.of(Busybox.NAME, BaseImage.NAME);

    public Reference {
        boolean valid = ShortNames.isRegistry(registry)
                && REPOSITORY.matcher(repository).matches()
                && TAG.matcher(tag).matches();
        if (!valid) {
            throw new IllegalArgumentException("not an image name");
        }
    }

    /** @throws ImageException with {@code BAD_NAME} */
    static Reference parse(String text, ShortNames shortNames) {
        return tryParse(text, shortNames).orElseThrow(() -> bad(text));
    }

    static Optional<Reference> tryParse(String text, ShortNames shortNames) {
        Matcher whole = WHOLE.matcher(text);
        if (text.length() > MAX_LENGTH || !whole.matches()) {
            return Optional.empty();
        }
        String tag = Optional.ofNullable(whole.group(2)).orElse(DEFAULT_TAG);
        Optional<String> digest = Optional.ofNullable(whole.group(3));
        try {
            return Optional.of(withHost(whole.group(1), tag, digest.map(Digest::parse), shortNames));
        } catch (IllegalArgumentException invalid) {
            return Optional.empty();
        }
    }

    /** The first part is a host when it looks like none of a repository: a dot, a port, or localhost. */
    private static Reference withHost(String name, String tag, Optional<Digest> digest, ShortNames shortNames) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean host = first.contains(".") || first.contains(":") || first.equals("localhost");
        String registry = host ? first : shortNames.registry();
        String repository = host ? name.substring(slash + 1) : name;
        boolean official = registry.equals(HUB) && !repository.contains("/");
        return new Reference(registry, official ? HUB_NAMESPACE + repository : repository, tag, digest);
    }

    /** Refuses what could not be asked for later, and the names of our own images. */
    static void requireLocalName(String name) {
        if (tryParse(name, ShortNames.CONVENTION).isEmpty() || name.contains("@")) {
            throw bad(name);
        }
        if (isDigest(name)) {
            throw new ImageException(
                    Reason.BAD_NAME, name + " could be taken for the digest of another image: choose another name");
        }
        if (OWN.contains(name)) {
            throw new ImageException(Reason.BAD_NAME, name + " is the name of a built-in image: choose another");
        }
    }

    /** Whether a text is a digest, or as much of one as is taken for it, and so no name. */
    static boolean isDigest(String text) {
        String hex = text.startsWith("sha256:") ? text.substring(7) : text;
        return hex.length() >= SHORTEST_DIGEST && hex.matches("[0-9a-f]+");
    }

    /** What the image is kept as: {@code host/repository:tag}, or {@code host/repository@digest}. */
    public String name() {
        return registry + "/" + repository + digest.map(d -> "@" + d).orElse(":" + tag);
    }

    /** How the registry knows it: the digest, or else the tag. */
    String manifest() {
        return digest.map(Digest::toString).orElse(tag);
    }

    /** The host to ask. */
    String host() {
        return registry.equals(HUB) ? HUB_HOST : registry;
    }

    @Override
    public String toString() {
        return name();
    }

    private static ImageException bad(String text) {
        String shown = text.length() > 100 ? text.substring(0, 100) + "..." : text;
        return new ImageException(Reason.BAD_NAME, "not an image name: " + shown.replaceAll("[^ -~]", "?"));
    }
}
