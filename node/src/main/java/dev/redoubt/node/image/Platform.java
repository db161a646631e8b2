package dev.redoubt.node.image;

import java.util.regex.Pattern;

/** Operating system and processor in Go's words, as the OCI image index has them; {@code variant} may be empty. */
public record Platform(String os, String architecture, String variant) {
    private static final Pattern WORD = Pattern.compile("[a-zA-Z0-9_.-]{1,64}");

    public Platform {
        boolean valid = WORD.matcher(os).matches()
                && WORD.matcher(architecture).matches()
                && (variant.isEmpty() || WORD.matcher(variant).matches());
        if (!valid) {
            throw new IllegalArgumentException("not a platform of the form os/architecture[/variant]");
        }
    }

    /** {@code linux/amd64} or {@code linux/arm64/v8}. */
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        if (parts.length != 2 && parts.length != 3) {
            throw new IllegalArgumentException("not a platform of the form os/architecture[/variant]");
        }
        return new Platform(parts[0], parts[1], parts.length == 3 ? parts[2] : "");
    }

    /** Of this machine. */
    public static Platform host() {
        String architecture = System.getProperty("os.arch");
        return new Platform("linux", architecture.equals("aarch64") ? "arm64" : architecture, "");
    }

    /** Whether something made for {@code offered} is what this asks for; a variant counts only when asked for. */
    boolean accepts(Platform offered) {
        return os.equals(offered.os)
                && architecture.equals(offered.architecture)
                && (variant.isEmpty() || variant.equals(offered.variant));
    }

    @Override
    public String toString() {
        return os + "/" + architecture + (variant.isEmpty() ? "" : "/" + variant);
    }
}
