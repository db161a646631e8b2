package dev.redoubt.node.image.unpack;

/** The archive is refused, at one of its entries. */
final class Refused extends Exception {
    private static final long serialVersionUID = 1L;

    private final Refusal refusal;
    private final String entry;

    /** {@code entry} is a byte string, see {@link TarEntry}; empty when no entry is to blame. */
    Refused(Refusal refusal, String entry) {
        super(refusal + " " + entry);
        this.refusal = refusal;
        this.entry = entry;
    }

    Refusal refusal() {
        return refusal;
    }

    String entry() {
        return entry;
    }
}
