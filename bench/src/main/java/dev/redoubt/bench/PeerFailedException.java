package dev.redoubt.bench;

/** A program that we compare with did not do its part; the benchmark goes on without it. */
final class PeerFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    PeerFailedException(String message) {
        super(message);
    }
}
