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
    /** What a name without a host means, by a convention older than the specification. */
    private static final String DEFAULT_REGISTRY = "docker.io";

    private static final String DEFAULT_NAMESPACE = "library/";
    private static final String DEFAULT_TAG = "latest";
    private static final int MAX_LENGTH = 512;

    private static final String PART = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
    private static final Pattern REPOSITORY = Pattern.compile(PART + "(?:/" + PART + ")*");
    private static final Pattern REGISTRY =
            Pattern.compile("(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+])(?::[0-9]{1,5})?");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");
    private static final Pattern WHOLE = Pattern.compile("([^@]+?)(?::([^:/@]+))?(?:@([^@]+))?");

    /** Names of images that this program makes itself. */
    private static final Set<String> OWN = Set.of(Busybox.NAME, BaseImage.NAME);

    public Reference {
        boolean valid = REGISTRY.matcher(registry).matches()
                && REPOSITORY.matcher(repository).matches()
                && TAG.matcher(tag).matches();
        if (!valid) {
            throw new IllegalArgumentException("not an image name");
        }
    }

    /** @throws ImageException with {@code BAD_NAME} */
    public static Reference parse(String text) {
        return tryParse(text).orElseThrow(() -> bad(text));
    }

    static Optional<Reference> tryParse(String text) {
        Matcher whole = WHOLE.matcher(text);
        if (text.length() > MAX_LENGTH || !whole.matches()) {
            return Optional.empty();
        }
        String tag = Optional.ofNullable(whole.group(2)).orElse(DEFAULT_TAG);
        Optional<String> digest = Optional.ofNullable(whole.group(3));
        try {
            return Optional.of(withHost(whole.group(1), tag, digest.map(Digest::parse)));
        } catch (IllegalArgumentException invalid) {
            return Optional.empty();
        }
    }

    /** The first part is a host when it looks like none of a repository: a dot, a port, or localhost. */
    private static Reference withHost(String name, String tag, Optional<Digest> digest) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        boolean host = first.contains(".") || first.contains(":") || first.equals("localhost");
        if (host && !first.equals(DEFAULT_REGISTRY)) {
            return new Reference(first, name.substring(slash + 1), tag, digest);
        }
        String repository = host ? name.substring(slash + 1) : name;
        boolean official = !repository.contains("/");
        return new Reference(DEFAULT_REGISTRY, official ? DEFAULT_NAMESPACE + repository : repository, tag, digest);
    }

    /** Refuses what could not be asked for later, and the names of our own images. */
    static void requireLocalName(String name) {
        if (tryParse(name).isEmpty() || name.contains("@")) {
            throw bad(name);
        }
        if (OWN.contains(name)) {
            throw new ImageException(Reason.BAD_NAME, name + " is the name of a built-in image: choose another");
        }
    }

    /** What the image is kept as: {@code host/repository:tag}, or {@code host/repository@digest}. */
    public String name() {
        return registry + "/" + repository + digest.map(d -> "@" + d).orElse(":" + tag);
    }

    /** How the registry knows it: the digest, or else the tag. */
    String manifest() {
        return digest.map(Digest::toString).orElse(tag);
    }

    /** The host to ask. The default registry answers under another name than its own. */
    String host() {
        return registry.equals(DEFAULT_REGISTRY) ? "registry-1." + DEFAULT_REGISTRY : registry;
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
