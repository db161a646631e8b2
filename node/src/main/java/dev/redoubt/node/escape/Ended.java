package dev.redoubt.node.escape;

/**
 * A program that has ended.
 *
 * @param output its standard output
 * @param exitCode 128 and the signal when one ended it
 */
public record Ended(byte[] output, int exitCode) {
    public Ended {
        output = output.clone();
    }

    @Override
    public byte[] output() {
        return output.clone();
    }
}
