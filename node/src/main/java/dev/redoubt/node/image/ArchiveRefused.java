package dev.redoubt.node.image;

import dev.redoubt.node.image.unpack.Refusal;

/** An archive or image is refused because of what it holds. Nothing of it is kept. */
public final class ArchiveRefused extends ImageException {
    private static final long serialVersionUID = 1L;

    private final Refusal refusal;

    /** {@code entry} is a stranger's byte string, empty when no entry is to blame. */
    ArchiveRefused(Refusal refusal, String entry) {
        super(Reason.ARCHIVE_REFUSED, sentence(refusal, entry));
        this.refusal = refusal;
    }

    public Refusal refusal() {
        return refusal;
    }

    private static String sentence(Refusal refusal, String entry) {
        String sentence = "the archive " + refusal.words();
        return entry.isEmpty() ? sentence : sentence + ": " + printable(entry);
    }

    /** So that a name cannot move the cursor of a terminal, forge a second line of a log, or fill the screen. */
    private static String printable(String entry) {
        StringBuilder text = new StringBuilder();
        entry.chars().limit(200).forEach(c -> {
            if (c >= ' ' && c <= '~' && c != '\\') {
                text.append((char) c);
            } else {
                text.append(String.format("\\x%02x", c));
            }
        });
        return entry.length() > 200 ? text + "..." : text.toString();
    }
}
