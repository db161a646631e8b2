package dev.redoubt.protocol;

/** The name of one sandbox. It cannot be guessed, but it is a name, never a permission. */
public record SandboxId(String value) {
    private static final String PREFIX = "sbx";

    public SandboxId {
        IdText.check(PREFIX, value);
    }

    public static SandboxId random() {
        return new SandboxId(IdText.random(PREFIX));
    }

    @Override
    public String toString() {
        return value;
    }
}
