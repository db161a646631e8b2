package dev.redoubt.bench;

import java.io.IOException;

/** Something to measure, in turn with others. */
record Subject(String name, Measurement measurement) {
    /** Measures once, and says what came out. */
    @FunctionalInterface
    interface Measurement {
        /** @throws PeerFailedException when it is not ours and does not work here; then the others go on without it */
        void take(Sink sink) throws IOException, InterruptedException;
    }

    /** Takes the numbers of one measurement; there may be several. */
    @FunctionalInterface
    interface Sink {
        void add(String what, Unit unit, double value);
    }
}
